"""Stage 2 up to the choice: what trajectories and gold rationales make, and how it is chosen.

The engine stores what comes out (`engine.selection`); whoever wants to see it before looks at the
same (`engine.balance`). Nothing here loads the student.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.records import ExampleKind, Item
from db.review_records import ReviewState, ReviewStatus
from engine.editing import DropReason
from engine.errors import RunFailed
from engine.expert_settings import SCRIPT
from engine.methods import Attempts, Gold, attempts_by, facts_of
from engine.postprocess import (
    Draft,
    Sketch,
    Weights,
    drop_repeats,
    ground_truth,
    plain,
    rebalance,
    short_answer,
    split_into_turns,
)
from engine.questions import asked_questions, gold_questions
from engine.seeds import item_seed
from engine.settings import Settings
from engine.tasks.base import CannotJudge, Task
from engine.trajectory import correct, parse, parse_attempt


def weights_of(settings: Settings) -> Weights:
    """Return the loss weights that examples get."""
    train = settings.train
    uniform = facts_of(settings).uniform
    return Weights(
        question=train.question_weight,
        wrong_attempt=train.wrong_attempt_weight,
        change=1.0 if uniform else train.change_factor,
        improvement=1.0 if uniform else train.weight,
    )


@dataclass(frozen=True, slots=True)
class Drafting:
    """Makes the examples of an iteration; ``pulse`` is called between them.

    ``items`` are the task's training questions in the order in which they were added.
    """

    settings: Settings
    task: Task
    items: Sequence[Item]
    iteration: int
    pulse: Callable[[], object] = lambda: None

    @property
    def has_trajectories(self) -> bool:
        """Tell whether the run's method makes examples of trajectories."""
        return attempts_by(self.settings) is not Attempts.NOBODY

    def gold_items(self) -> list[Item]:
        """Return the questions of which `of_gold` is to be asked, in their order."""
        gold = facts_of(self.settings).gold
        if gold is Gold.GROUND_TRUTH:
            return gold_questions(self.items, self.settings, self.iteration)
        if gold is Gold.NONE:
            return []
        asked: Sequence[Item] = self.items
        if gold is Gold.ASKED:
            asked = asked_questions(self.items, self.settings, self.iteration)
        return [item for item in asked if item.rationale]

    def of_trajectory(
        self, key: int, text: str, item: Item, review: ReviewState | None = None
    ) -> list[Draft]:
        """Make a trajectory's examples as a person left it: edited, or marked as rejected.

        Raises:
            RunFailed: the stored text cannot be read.
        """
        hint, weights = self.task.hint, weights_of(self.settings)
        dropped: DropReason | None = None
        trajectory = parse(text, hint)
        if trajectory is None:
            raise RunFailed(f"Trajectory {key} cannot be read back; the database is damaged.")
        if review is not None and review.edited is not None:
            if edited := parse(review.edited, hint):
                trajectory = edited
            else:
                dropped = DropReason.EDIT_UNREADABLE
        if review is not None and review.status is ReviewStatus.REJECTED:
            dropped = DropReason.REJECTED
        if not facts_of(self.settings).corrects:
            kind, attempt = ExampleKind.NON_IMPROVING, trajectory.first.text
            drafts = [plain(item.question, attempt, hint, item.id, weights, kind, key)]
            if self.settings.postprocess.short_answers:
                drafts.append(short_answer(item.question, item.answer, item.id, weights, key))
        else:
            drafts = split_into_turns(trajectory, hint, weights, item.id, key)
        return drafts if dropped is None else [replace(each, dropped=dropped) for each in drafts]

    def of_gold(self, item: Item) -> Draft:
        """Make the example of a gold rationale; what scripted FBK rejects is no ground truth.

        Where language models alone give feedback, nobody is asked about an answer that is right.
        """
        self.pulse()
        hint, weights = self.task.hint, weights_of(self.settings)
        if facts_of(self.settings).gold is not Gold.GROUND_TRUTH:
            kind = ExampleKind.GROUND_TRUTH
            return plain(item.question, item.rationale, hint, item.id, weights, kind)
        gold = parse_attempt(item.rationale)
        if SCRIPT not in self.settings.experts.feedback:
            draft = ground_truth(item.question, gold, correct(gold), hint, item.id, weights)
            return draft if gold.steps else replace(draft, dropped=DropReason.ATTEMPT_UNREADABLE)
        show_working = self.settings.collect.show_working
        try:
            praise = self.task.feedback(item.question, gold, show_working=show_working)
        except CannotJudge:
            kind = ExampleKind.GROUND_TRUTH
            draft = plain(item.question, item.rationale, hint, item.id, weights, kind)
            return replace(draft, dropped=DropReason.FEEDBACK_FAILED)
        draft = ground_truth(item.question, gold, praise, hint, item.id, weights)
        return draft if praise.is_correct else replace(draft, dropped=DropReason.GOLD_REJECTED)

    def spare_gold(self) -> tuple[int, int]:
        """Return how many spare questions there are for gold rationales, and how many are used."""
        asked = len(asked_questions(self.items, self.settings, self.iteration))
        used = asked * self.settings.run.iterations
        return self.settings.task.train_items - used, asked


def choose(
    drafts: Iterable[Sketch],
    settings: Settings,
    iteration: int,
    is_long: Callable[[Sketch], bool],
) -> list[Sketch]:
    """Mark what is left out: repeats, what is too long, the surplus; in the order of `Filter`.

    The choice depends on the run's seed alone.
    """
    chosen = list(_mark_long(drop_repeats(drafts), is_long))
    if facts_of(settings).balances:
        seed = item_seed(settings.run.seed, iteration, "rebalance")
        chosen = rebalance(chosen, settings.postprocess.ratio, seed)
    return chosen


def _mark_long(drafts: Iterable[Sketch], is_long: Callable[[Sketch], bool]) -> Iterator[Sketch]:
    for draft in drafts:
        long = draft.dropped is None and is_long(draft)
        yield replace(draft, dropped=DropReason.TOO_LONG) if long else draft


def used_reviews(reviews: Iterable[ReviewState]) -> dict[str, Any]:
    """Return what the stage's account says of reviews: nothing, where there are none."""
    states = list(reviews)
    if not states:
        return {}
    counts = Counter(state.status for state in states)
    return {
        "reviewed": {
            "accepted": counts[ReviewStatus.ACCEPTED],
            "rejected": counts[ReviewStatus.REJECTED],
            "edited": sum(
                state.edited is not None and state.status is not ReviewStatus.REJECTED
                for state in states
            ),
            "flagged": sorted(state.trajectory_id for state in states if state.flagged),
        }
    }
