"""What an iteration would train on if its examples were made now, without making them.

Trajectories are read once each and kept as outlines, so that a changed p is a matter of choosing
anew, and what is collected or reviewed meanwhile of looking at that alone. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from db.records import Item, Run, Split
from db.review_records import ReviewState, ReviewStatus
from db.store import Store
from engine.balance import Balance, counted
from engine.config import check_settings, with_values
from engine.drafting import Drafting, choose
from engine.editing import DropReason
from engine.errors import ConfigError, RunFailed
from engine.light_tokens import Tokens, length_limit, tokens_of
from engine.postprocess import Draft, Outline
from engine.project import Project
from engine.settings import Settings
from engine.stage_two import Values
from engine.task_setup import project_task
from engine.tasks.base import Task

_AT_ONCE = 200
_MORE_TOKENS = 64
"""Than a text has bytes: what is set before it, and its end."""


def settings_of_run(project: Project, run: Run) -> Settings:
    """Return the settings that a run began with; the project's, where they cannot be read."""
    if not run.config:
        return project.settings
    try:
        return check_settings(run.config, f"run {run.id}")
    except ConfigError:
        return project.settings


@dataclass(frozen=True, slots=True)
class Chosen:
    """Examples as they would be, and the account of them."""

    outlines: list[Outline]
    balance: Balance


class Preview:
    """The examples of an iteration as they would be made now. Belongs to one thread."""

    def __init__(
        self,
        project: Project,
        store: Store,
        run: Run,
        iteration: int,
        pulse: Callable[[int, int], object] = lambda done, total: None,
    ) -> None:
        """``pulse`` is called all the time, with how much is done of how much; it may raise.

        Raises ConfigError where the task is of no use.
        """
        self._store, self._run_id, self.iteration = store, run.id, iteration
        self.settings = settings_of_run(project, run)
        self.tokens = tokens_of(self.settings)
        self.limit = length_limit(self.settings)
        # Outlines have no weights; finding out what updates change takes most of the time.
        self._unweighted = with_values(self.settings, {"train.change_factor": 1.0})
        self._task = project_task(replace(project, settings=self.settings))
        self._items = {i.id: i for i in store.items(self._task.name, Split.TRAIN)}
        self._pulse = pulse
        self._done = self._total = 0
        self._reviews: dict[int, ReviewState] = {}
        self._review_event = -1
        self._last = 0
        self._of: dict[int, tuple[Outline, ...]] = {}
        self._gold: list[Outline] | None = None
        self._long: dict[str, bool] = {}

    def close(self) -> None:
        self._task.close()

    @property
    def task(self) -> Task:
        return self._task

    def look(self) -> None:
        """Take in what has been collected and reviewed since.

        Raises StoreError, and RunFailed for a damaged database.
        """
        making = self._making()
        self._take_reviews()
        if making.has_trajectories:
            self._read_on(making)
        if self._gold is None:
            # FBK looks at each of these, which takes its time.
            items = making.gold_items()
            self._total = self._done + len(items)
            gold = []
            for item in items:
                gold.append(self._outline(making.of_gold(item), 0))
                self._tick()
            self._gold = gold

    def choose(self, values: Values) -> Chosen:
        """Choose among what `look` has seen, with these p and weights. Raises ConfigError."""
        settings = with_values(self.settings, values)
        everything = [each for some in self._of.values() for each in some]
        everything += self._gold or []
        outlines = choose(everything, settings, self.iteration, self._is_long)
        return Chosen(outlines, counted((each.kind, each.dropped) for each in outlines))

    # --- making ----------------------------------------------------------------------------

    def _making(self) -> Drafting:
        items = list(self._items.values())
        return Drafting(self._unweighted, self._task, items, self.iteration)

    def _take_reviews(self) -> None:
        event = self._store.newest_review_event()
        if event == self._review_event:
            return
        with self._store.snapshot():
            now = dict(self._store.review_states(self._run_id, self.iteration))
            event = self._store.newest_review_event()
        before, self._reviews, self._review_event = self._reviews, now, event
        for key in (before.keys() | now.keys()) & self._of.keys():
            if _effect(before.get(key)) != _effect(now.get(key)):
                row = self._store.trajectory(key)
                self._add(self._making(), key, row.item_id, row.text)

    def _read_on(self, making: Drafting) -> None:
        count, newest = self._store.trajectory_count(self._run_id, self.iteration)
        self._total = max(self._total, count + (0 if self._gold else len(making.gold_items())))
        while self._last < newest:
            rows = self._store.trajectory_texts(self._run_id, self.iteration, self._last, _AT_ONCE)
            if not rows:
                return
            for key, item_id, text in rows:
                self._add(making, key, item_id, text)
                self._last = key
                self._tick()

    def _add(self, making: Drafting, key: int, item_id: int, text: str) -> None:
        item = self._items.get(item_id)
        if item is None:
            raise RunFailed(f"Trajectory {key} belongs to no training question.")
        drafts = making.of_trajectory(key, text, item, self._reviews.get(key))
        self._of[key] = tuple(self._outline(draft, turn) for turn, draft in enumerate(drafts))

    def _outline(self, draft: Draft, turn: int) -> Outline:
        length = sum(len(text.encode(errors="surrogatepass")) for text, _ in draft.segments)
        outline = Outline(
            draft.kind,
            draft.text_hash,
            draft.item_id,
            draft.trajectory_id,
            turn,
            length,
            draft.dropped,
        )
        # A token stands for at least a byte: most texts need not be tokenised.
        may_be_long = length + _MORE_TOKENS > self.limit and self.tokens.are_known
        # Nor one that is there already: of several passes many are.
        if may_be_long and outline.text_hash not in self._long:
            self._long[outline.text_hash] = self.tokens.is_long(draft.segments, self.limit)
        return outline

    def _is_long(self, outline: Outline) -> bool:
        return self._long.get(outline.text_hash, False)

    def _tick(self) -> None:
        self._done += 1
        self._pulse(self._done, max(self._done, self._total))


class Examples:
    """Single examples of a run, whole, as they would be made now. Belongs to one thread."""

    def __init__(self, project: Project, run: Run) -> None:
        """Raises ConfigError where the task is of no use."""
        self._settings = settings_of_run(project, run)
        self._task = project_task(replace(project, settings=self._settings))
        self._tokens: Tokens | None = None

    def close(self) -> None:
        self._task.close()

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def task(self) -> Task:
        return self._task

    @property
    def tokens(self) -> Tokens:
        if self._tokens is None:
            self._tokens = tokens_of(self._settings)
        return self._tokens

    def draft(self, store: Store, iteration: int, outline: Outline, values: Values) -> Draft:
        """Make the example that an outline is of, with these weights.

        Raises StoreError, RunFailed and ConfigError.
        """
        settings = with_values(self._settings, values)
        item: Item = store.item(outline.item_id)
        making = Drafting(settings, self._task, (), iteration)
        if outline.trajectory_id is None:
            return making.of_gold(item)
        with store.snapshot():
            row = store.trajectory(outline.trajectory_id)
            review = store.review_state(row.id)
        drafts = making.of_trajectory(row.id, row.text, item, review)
        # An edit that has come since may have fewer turns.
        return drafts[min(outline.turn, len(drafts) - 1)]


def _effect(review: ReviewState | None) -> tuple[bool, str | None]:
    """What a review changes about examples."""
    if review is None:
        return False, None
    return review.status is ReviewStatus.REJECTED, review.edited


@dataclass(frozen=True, slots=True)
class LateReviews:
    """Trajectories about which something was decided that came too late for the examples.

    ``rejected`` ones are trained on all the same, ``restored`` ones stay left out, of ``edited``
    ones the text before the edit is trained on.
    """

    rejected: frozenset[int] = frozenset()
    restored: frozenset[int] = frozenset()
    edited: frozenset[int] = frozenset()

    @property
    def all(self) -> frozenset[int]:
        return self.rejected | self.restored | self.edited


def late_reviews(store: Store, run_id: int, iteration: int, examples: Examples) -> LateReviews:
    """Compare reviews as they stand with an iteration's stored examples. Raises StoreError."""
    with store.snapshot():
        entries = store.example_entries(run_id, iteration)
        states = store.review_states(run_id, iteration)
        edits = store.edited_in_review(run_id, iteration)
    known = {each.trajectory_id for each in entries if each.trajectory_id is not None}
    left_out = {e.trajectory_id for e in entries if e.dropped == str(DropReason.REJECTED)}
    now = {key for key, state in states.items() if state.status is ReviewStatus.REJECTED}
    rejected = frozenset(key for key in now & known if key not in left_out)
    restored = frozenset(key for key in left_out if key is not None and key not in now)
    changed = set()
    making = Drafting(examples.settings, examples.task, (), iteration)
    for key in (edits & known) - now:
        row = store.trajectory(key)
        drafts = making.of_trajectory(key, row.text, store.item(row.item_id), states.get(key))
        if {draft.text_hash for draft in drafts} != store.example_hashes(run_id, iteration, key):
            changed.add(key)
    return LateReviews(rejected, restored, frozenset(changed))
