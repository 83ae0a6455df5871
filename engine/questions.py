"""Which training questions an iteration asks, and of which it takes the gold rationales."""

from __future__ import annotations

from collections.abc import Sequence

from db.records import Item
from engine.settings import Settings


def asked_questions(items: Sequence[Item], settings: Settings, iteration: int) -> list[Item]:
    """Return the iteration's questions, shortest first: fresh ones as long as there are any.

    ``items`` are the task's training questions in the order in which they were added.
    """
    count = min(settings.collect.questions, len(items))
    start = (iteration - 1) * count
    chosen = [items[(start + offset) % len(items)] for offset in range(count)]
    return sorted(chosen, key=lambda item: (len(item.question), item.id))


def gold_questions(items: Sequence[Item], settings: Settings, iteration: int) -> list[Item]:
    """Return the questions whose gold rationales are trained on.

    An edited attempt often ends as the gold rationale of its question, and repeats are dropped;
    ground truth is therefore taken from questions that no iteration asks, if there are any.
    """
    asked = asked_questions(items, settings, iteration)
    first = len(asked) * settings.run.iterations
    spare = [item for item in items[first:] if item.rationale]
    if not spare:
        return [item for item in asked if item.rationale]
    start = (iteration - 1) * len(asked)
    count = min(len(asked), len(spare))
    return [spare[(start + offset) % len(spare)] for offset in range(count)]
