"""Stage 2: trajectories become training examples, without repeats, in the wanted proportion.

TriPosT, section 3.2. Every update of a trajectory makes an improving example
(question, attempt, feedback, updated attempt); its last attempt with the positive feedback
makes a non-improving one; gold rationales with positive feedback are the third kind. They
are brought to r : 1 : 1, so that improving examples are the share p = r / (r + 2).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from db.records import ExampleKind, Segment
from engine.differences import changes
from engine.editing import DropReason
from engine.trajectory import (
    FEEDBACK_PREFIX,
    UPDATE_PREFIX,
    Attempt,
    Feedback,
    Trajectory,
    prompt,
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Loss weights of the parts of an example.

    ``improvement`` is the paper's w: everything from the first ``Feedback:`` on in an
    improving example. ``question`` and ``wrong_attempt`` are 1 in the reference. ``change``
    multiplies the weight of what an update changes of the attempt; in a long attempt that is
    one token in twenty, and the others only repeat it.
    """

    question: float = 0.0
    wrong_attempt: float = 1.0
    improvement: float = 1.5
    change: float = 1.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A training example before it is stored; ``dropped`` says why it is not trained on."""

    kind: ExampleKind
    segments: tuple[Segment, ...]
    item_id: int
    trajectory_id: int | None = None
    dropped: DropReason | None = None

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.segments)

    @property
    def text_hash(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Outline:
    """A draft without its text: all that choosing looks at, small enough to keep 100,000s of.

    ``turn`` is its place among the drafts of its trajectory. ``length_bytes`` is that of its text.
    """

    kind: ExampleKind
    text_hash: str
    item_id: int
    trajectory_id: int | None
    turn: int
    length_bytes: int
    dropped: DropReason | None = None


Sketch = TypeVar("Sketch", Draft, Outline)


def share_of_improving(ratio: float) -> float:
    """Return p for r: the share of improving examples that rebalancing aims at."""
    return ratio / (ratio + 2)


def ratio_of(share: float) -> float:
    """Return r for p, a share below 1: the inverse of `share_of_improving`."""
    return 2 * share / (1 - share)


def split_into_turns(
    trajectory: Trajectory, hint: str, weights: Weights, item_id: int, trajectory_id: int | None
) -> list[Draft]:
    """Make the examples of one trajectory; a diagnosis without an update counts as improving."""
    drafts = []
    question = (prompt(trajectory.question, hint), weights.question)
    for index, turn in enumerate(trajectory.turns):
        if turn.feedback_text is None:
            continue
        feedback = f"{FEEDBACK_PREFIX} {turn.feedback_text}"
        if turn.feedback is not None and turn.feedback.is_correct:
            segments: tuple[Segment, ...] = (
                question,
                (f"{turn.attempt.text}\n", 1.0),
                (feedback, 1.0),
            )
            kind = ExampleKind.NON_IMPROVING
        else:
            segments = (
                question,
                (f"{turn.attempt.text}\n", weights.wrong_attempt),
                (feedback, weights.improvement),
            )
            if index + 1 < len(trajectory.turns):
                update = trajectory.turns[index + 1].attempt
                segments = (*segments, *_update(turn.attempt, update, hint, weights))
            kind = ExampleKind.IMPROVING
        drafts.append(Draft(kind, segments, item_id, trajectory_id))
    return drafts


def _update(attempt: Attempt, update: Attempt, hint: str, weights: Weights) -> list[Segment]:
    """Write an update, with what it changes weighed apart."""
    head = (f"\n{UPDATE_PREFIX}{hint}\n", weights.improvement)
    if weights.change == 1:
        return [head, (update.text, weights.improvement)]
    runs = tuple(
        (len(text), weights.improvement * (weights.change if changed else 1))
        for text, changed in changes(attempt.text, update.text)
    )
    return [head, (update.text, runs)]


def ground_truth(
    question: str,
    rationale: Attempt,
    feedback: Feedback,
    hint: str,
    item_id: int,
    weights: Weights,
) -> Draft:
    """Make an example of a gold rationale and the positive feedback on it."""
    segments = (
        (prompt(question, hint), weights.question),
        (f"{rationale.text}\n", 1.0),
        (f"{FEEDBACK_PREFIX} {feedback.render()}", 1.0),
    )
    return Draft(ExampleKind.GROUND_TRUTH, segments, item_id)


def plain(
    question: str,
    attempt: str,
    hint: str,
    item_id: int,
    weights: Weights,
    kind: ExampleKind,
    trajectory_id: int | None = None,
) -> Draft:
    """Make an example without feedback, as the baselines train on."""
    segments = ((prompt(question, hint), weights.question), (attempt, 1.0))
    return Draft(kind, segments, item_id, trajectory_id)


def short_answer(
    question: str, answer: str, item_id: int, weights: Weights, trajectory_id: int | None
) -> Draft:
    """Make an example of the bare answer, which LMSI trains on beside the rationale."""
    segments = (
        (f"Q: {question}\nAnswer:", weights.question),
        (f" So the answer is {answer}.", 1.0),
    )
    return Draft(ExampleKind.NON_IMPROVING, segments, item_id, trajectory_id)


def drop_repeats(drafts: Iterable[Sketch]) -> list[Sketch]:
    """Mark examples whose text an earlier one has."""
    seen: set[str] = set()
    marked = []
    for draft in drafts:
        if draft.dropped is None:
            text = draft.text_hash
            if text in seen:
                draft = replace(draft, dropped=DropReason.DUPLICATE)
            seen.add(text)
        marked.append(draft)
    return marked


def rebalance(drafts: Iterable[Sketch], ratio: float, seed: int) -> list[Sketch]:
    """Mark the surplus of each kind so that improving : others = ratio : 1 : 1.

    Where non-improving examples or ground truth run short, the other kind fills up, so that the
    share p of improving examples stays. ``ratio`` <= 0 leaves everything, and so does a lack of
    improving or of all other examples. The choice depends on the seed alone.
    """
    drafts = list(drafts)
    pools: dict[ExampleKind, list[int]] = {kind: [] for kind in ExampleKind}
    for index, draft in enumerate(drafts):
        if draft.dropped is None:
            pools[draft.kind].append(index)
    improving, plain_, truths = (
        len(pools[kind])
        for kind in (ExampleKind.IMPROVING, ExampleKind.NON_IMPROVING, ExampleKind.GROUND_TRUTH)
    )
    if ratio <= 0 or not improving or not plain_ + truths:
        return drafts
    unit = min(improving / ratio, (plain_ + truths) / 2)
    others = min(round(2 * unit), plain_ + truths)
    non_improving = min(plain_, max((others + 1) // 2, others - truths))
    wanted = {
        ExampleKind.IMPROVING: min(round(unit * ratio), improving),
        ExampleKind.NON_IMPROVING: non_improving,
        ExampleKind.GROUND_TRUTH: others - non_improving,
    }
    rng = random.Random(f"rebalance/{seed}")
    kept: set[int] = set()
    for kind, pool in pools.items():
        kept.update(rng.sample(pool, wanted[kind]))
    return [
        draft
        if draft.dropped is not None or index in kept
        else replace(draft, dropped=DropReason.SURPLUS)
        for index, draft in enumerate(drafts)
    ]
