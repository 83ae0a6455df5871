"""Errors planted in gold rationales, to try experts on: what is wrong is known by the scripts.

One step of a right attempt is changed as a small model might get it wrong: a number off by a
little, a sign, two words swapped, another option. The scripted FBK has then to name that step; its
diagnosis is the truth that an expert is compared with. Nothing here knows a task: the changes are
made to text, and a change that the script does not mind is none. The steps after the changed one
stay as they are, so that often the answer is still right.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from db.records import Item
from engine.experts.changes import CHANGES
from engine.experts.replies import ReplyUnusable, read_feedback
from engine.tasks.base import CannotJudge, Task
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, parse_attempt

MOST_TRIES = 40
"""Changes of one item that the script does not mind, after which another item is taken."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A wrong attempt at an item's question, and the first error, as the script names it."""

    item: Item
    attempt: Attempt
    truth: Feedback
    kind: str


def plant(task: Task, items: Sequence[Item], count: int, seed: int = 0) -> Iterator[Planted]:
    """Plant errors in gold rationales of ``items``, ``count`` at most, no attempt twice.

    Items are taken in turn, and kinds and steps so that all have about the same share. The same
    arguments give the same errors. There are fewer where rationales are missing, or no script of
    FBK names an error.
    """
    used: Counter[str] = Counter()
    seen: set[tuple[str, Attempt]] = set()
    usable: Iterable[Item] = (item for item in items if _is_right(task, item))
    turn = 0
    while usable and len(seen) < count:
        fruitful: list[Item] = []
        for item in usable:
            rng = random.Random(f"{seed}/{turn}/{item.question}")
            found = _planted(task, item, used, rng, seen)
            if found is None:
                continue
            fruitful.append(item)
            seen.add((item.question, found.attempt))
            yield found
            if len(seen) == count:
                return
        usable, turn = fruitful, turn + 1


def _is_right(task: Task, item: Item) -> bool:
    """Tell whether FBK accepts the gold rationale, so that all errors are planted ones."""
    if not item.rationale:
        return False
    try:
        return task.feedback(item.question, parse_attempt(item.rationale)).is_correct
    except CannotJudge:
        return False


def _planted(
    task: Task,
    item: Item,
    used: Counter[str],
    rng: random.Random,
    seen: Collection[tuple[str, Attempt]],
) -> Planted | None:
    """Plant one error, of a kind and in a step that are rare so far; no attempt of ``seen``."""
    gold = parse_attempt(item.rationale)
    places = [(kind, index) for kind in CHANGES for index in range(len(gold.steps))]
    rng.shuffle(places)
    parts = [_part(gold, index) for index in range(len(gold.steps))]
    places.sort(key=lambda place: (used[place[0]], used[parts[place[1]]]))
    tries = 0
    for kind, index in places:
        step = gold.steps[index]
        text = CHANGES[kind](step.text, rng)
        if text is None or text == step.text:
            continue
        changed = replace(step, text=text)
        attempt = Attempt((*gold.steps[:index], changed, *gold.steps[index + 1 :]))
        if (item.question, attempt) in seen:
            continue
        truth = _first_error(task, item, attempt)
        if truth is not None and truth.step == step.label:
            used.update((kind, parts[index]))
            return Planted(item, attempt, truth, kind)
        tries += 1
        if tries == MOST_TRIES:
            break
    return None


def _part(attempt: Attempt, index: int) -> str:
    """Where in an attempt a step is, told alike for short and long ones."""
    if attempt.steps[index].label == FINAL_RESPONSE:
        return FINAL_RESPONSE
    return f"third {3 * index // max(1, len(attempt.steps) - 1) + 1}"


def _first_error(task: Task, item: Item, attempt: Attempt) -> Feedback | None:
    """The script's diagnosis, if it has one that an expert could reply."""
    try:
        truth = task.feedback(item.question, attempt)
        return truth if read_feedback(as_reply(truth), attempt) == truth else None
    except (CannotJudge, ReplyUnusable):
        return None


def as_reply(feedback: Feedback) -> str:
    """Write a feedback that names an error as FBK's reply."""
    reply = {"step": feedback.step, "span": feedback.span, "reason": feedback.reason}
    return json.dumps({"check": "", **reply}, ensure_ascii=False)
