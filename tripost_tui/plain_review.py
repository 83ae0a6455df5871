"""Review by lines: shows a trajectory, asks what to do with it, stores the answer at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from db.records import Item, Trajectory
from db.review_conditions import PENDING, ReviewField, ReviewFilter, ReviewOrder
from db.review_records import (
    ReviewChange,
    ReviewKind,
    ReviewState,
    ReviewStep,
)
from db.store import Store
from engine.reason_tags import REASON_TAGS
from engine.review import (
    EditRefused,
    Recheck,
    as_reviewed,
    check_some,
    edited,
    edited_update,
    recheck,
)
from engine.second_looks import second_look
from engine.tasks.base import Task
from engine.trajectory import parse
from tripost_tui.review_text import check_text, trajectory_lines
from tripost_tui.text import clean_text, one_line

KEYS = "a accept · x reject · s later · u undo · f flag · m note · e edit · 1-9 tags · ? · q quit"
HELP = (
    "a accept     x reject      s to the end of the queue",
    "u undo       U redo        f flag, or take the flag away",
    "m note       e edit the last attempt in $EDITOR      E edit all of it",
    *(f"{number} {tag}" for number, tag in enumerate(REASON_TAGS, 1)),
    "q quit; what is decided is stored already",
)
_DECIDING = {"a": ReviewKind.ACCEPT, "x": ReviewKind.REJECT}
_SAID = {ReviewKind.ACCEPT: "accepted", ReviewKind.REJECT: "rejected"}


def wanted_queue(wanted: ReviewFilter) -> ReviewFilter:
    """Return a filter without what is decided, unless it asks for a status itself."""
    asks = any(term.field is ReviewField.STATUS for term in wanted.terms)
    return wanted if asks else wanted.also(PENDING)


def check_all(store: Store, task: Task, run_id: int, tell: Callable[[str], None]) -> None:
    """Have the checker look at all trajectories, which a filter or an order may ask for."""
    done = 0
    while more := check_some(store, task, run_id, limit=1000):
        done += more
        if done % 2000 == 0:
            tell(f"the checker has looked at {done:,} trajectories")


@dataclass(frozen=True, slots=True)
class _Shown:
    item: Item
    row: Trajectory
    """As it was collected."""
    state: ReviewState
    text: str
    blind: bool


class PlainReview:
    """A queue of trajectories and a person with a keyboard.

    ``ask`` shows a prompt and returns a line, None at the end of the input. ``edit`` lets a text
    be edited and returns it, None where it was left as it is.
    """

    def __init__(
        self,
        store: Store,
        task: Task,
        run_id: int,
        *,
        ask: Callable[[str], str | None],
        tell: Callable[[str], None],
        edit: Callable[[str], str | None],
    ) -> None:
        self._store = store
        self._task = task
        self._run_id = run_id
        self._ask = ask
        self._tell = tell
        self._edit = edit
        self._queue: deque[int] = deque()
        self._put_off: set[int] = set()
        self.decided = 0

    def run(self, wanted: ReviewFilter, order: ReviewOrder, limit: int | None = None) -> None:
        """Go through what the filter lets through until it ends, or ``limit`` are decided."""
        ids = self._store.review_ids(self._run_id, wanted_queue(wanted), order)
        self._queue = deque(ids)
        if not ids:
            self._tell_of_nothing()
            return
        while self._queue and (limit is None or self.decided < limit):
            again = second_look(self._store, self._run_id)
            if again is not None and again not in self._put_off:
                going_on = self._look_again(again)
            else:
                going_on = self._look_at(self._queue[0])
            if not going_on:
                break
        self._tell(self._summary())

    def _tell_of_nothing(self) -> None:
        counts = self._store.review_counts(self._run_id)
        text = f"Nothing to review: {counts.accepted:,} accepted, {counts.rejected:,} rejected"
        hidden = f"; the filter hides {counts.pending:,} pending" if counts.pending else ""
        self._tell(f"{text}{hidden}.")

    def _summary(self) -> str:
        counts = self._store.review_counts(self._run_id)
        return (
            f"{self.decided:,} decided now. Of all: {counts.accepted:,} accepted, "
            f"{counts.rejected:,} rejected, {counts.pending:,} pending."
        )

    # --- one trajectory ------------------------------------------------------------------------

    def _look_at(self, key: int) -> bool:
        """Show a trajectory and do what is said; return whether to go on."""
        shown = self._show(key, blind=False)
        while (said := self._prompt()) is not None:
            if said in _DECIDING:
                self._change(shown, _DECIDING[said])
                self._tell(f"{_SAID[_DECIDING[said]]} {key}")
                self.decided += 1
                self._queue.popleft()
                return True
            if said == "s":
                self._queue.rotate(-1)
                return True
            if said in ("u", "U"):
                # It may have been about this one, or has brought another to the front.
                self._turn_back(redo=said == "U")
                return True
            if said in ("e", "E"):
                self._edited(shown, whole=said == "E")
                return True
            self._mark(shown, said)
            shown = self._read(key, blind=False)
        return False

    def _look_again(self, key: int) -> bool:
        shown = self._show(key, blind=True)
        while (said := self._prompt("a accept · x reject · s not now · q quit")) is not None:
            if said in _DECIDING:
                self._change(shown, _DECIDING[said], blind=True)
                first = shown.state.status
                same = first.value == _SAID[_DECIDING[said]]
                self._tell("as before" if same else f"before, it was {first}; that stays")
                return True
            if said == "s":
                self._put_off.add(key)
                return True
        return False

    def _prompt(self, keys: str = KEYS) -> str | None:
        """Return what was typed, None for the end."""
        line = self._ask(f"{keys} > ")
        return None if line is None or line.strip() == "q" else line.strip()

    def _read(self, key: int, *, blind: bool) -> _Shown:
        row = self._store.trajectory(key)
        state = self._store.review_state(key)
        text = row.text if state.edited is None else state.edited
        return _Shown(self._store.item(row.item_id), row, state, text, blind)

    def _show(self, key: int, *, blind: bool) -> _Shown:
        shown = self._read(key, blind=blind)
        check: Recheck | None = None
        if not blind:
            check = recheck(self._task, shown.item, shown.text)
            if shown.state.edited is None:
                self._store.add_checks({key: check.verdict})
        counts = self._store.review_counts(self._run_id)
        self._tell(f"\n--- {counts.decided:,} of {counts.total:,} decided ---")
        row = as_reviewed(shown.row, shown.state, self._task.hint)
        for line in trajectory_lines(shown.item, row, shown.state, check):
            self._tell(line)
        return shown

    # --- what is said --------------------------------------------------------------------------

    def _change(
        self,
        shown: _Shown,
        kind: ReviewKind,
        *,
        blind: bool = False,
        tags: tuple[str, ...] = (),
        text: str | None = None,
    ) -> None:
        change = ReviewChange(
            trajectory_id=shown.row.id, kind=kind, tags=tags, text=text, blind=blind
        )
        self._store.review_step(self._run_id, [change])

    def _mark(self, shown: _Shown, said: str) -> None:
        """Store what leaves the trajectory in front: a flag, a tag, a note."""
        if said == "f":
            kind = ReviewKind.UNFLAG if shown.state.flagged else ReviewKind.FLAG
            self._change(shown, kind)
            self._tell("flagged" if kind is ReviewKind.FLAG else "no longer flagged")
        elif said[:1] == "m" and said[1:2] in ("", " "):
            note = said[2:].strip() or (self._ask("note (empty: none) > ") or "").strip()
            self._change(shown, ReviewKind.NOTE, text=note or None)
            self._tell("noted" if note else "no note")
        elif len(said) == 1 and said in "123456789":
            tag = REASON_TAGS[int(said) - 1]
            tags = tuple(sorted({*shown.state.tags} ^ {tag}))
            self._change(shown, ReviewKind.TAGS, tags=tags)
            self._tell(f"tags: {clean_text(', '.join(tags)) or 'none'}")
        elif said == "?":
            for line in HELP:
                self._tell(line)
        elif said:
            self._tell(f"{one_line(said, 20)!r} is no key; ? tells which there are")

    def _turn_back(self, *, redo: bool) -> None:
        store = self._store
        step = store.redo_review(self._run_id) if redo else store.undo_review(self._run_id)
        if step is None:
            self._tell("nothing to redo" if redo else "nothing to undo")
            return
        self._tell(f"{'redone' if redo else 'undone'}: {step_text(step)}")
        # What is no longer decided so comes to the front; what is again leaves the queue.
        touched = {
            event.trajectory_id: None
            for event in step.events
            if event.trajectory_id is not None and event.kind in _SAID and not event.blind
        }
        others = [key for key in self._queue if key not in touched]
        self._queue = deque(others if redo else [*touched, *others])
        self.decided = max(0, self.decided + (len(touched) if redo else -len(touched)))

    def _edited(self, shown: _Shown, *, whole: bool) -> None:
        trajectory = parse(shown.text, self._task.hint)
        if trajectory is None:
            self._tell("this trajectory cannot be read, and so not be edited")
            return
        text = self._edit(shown.text if whole else trajectory.last.text)
        if text is None:
            self._tell("left as it is")
            return
        try:
            if whole:
                change, found = edited(self._task, shown.item, shown.row, text)
            else:
                change, found = edited_update(
                    self._task, shown.item, shown.row, text, before=shown.text
                )
        except EditRefused as error:
            self._tell(clean_text(str(error)))
            return
        if change.text == shown.state.edited:
            self._tell("left as it is")
            return
        self._store.review_step(self._run_id, [change])
        self._tell(f"edited; the checker says {check_text(found)}")


def step_text(step: ReviewStep) -> str:
    """What a step did: ``reject of trajectory 17``, ``accept of 40 trajectories``."""
    kinds = " and ".join(dict.fromkeys(event.kind.value for event in step.events))
    touched = {event.trajectory_id for event in step.events}
    if len(touched) == 1:
        return f"{kinds} of trajectory {touched.pop()}"
    return f"{kinds} of {len(touched):,} trajectories"
