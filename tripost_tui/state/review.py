"""A review as it goes: the queue, where one is in it, and what one decides.

Belongs to one thread, since a store's connection does: others see it as a `ReviewView`. Each
decision is stored before the next key is looked at, so that nothing is lost, whatever ends the
app.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from db.errors import StoreMissing
from db.review_conditions import PENDING, ReviewFilter, ReviewOrder
from db.review_records import (
    ReviewChange,
    ReviewKind,
    ReviewRow,
    ReviewSpeed,
    ReviewState,
    ReviewStatus,
    ReviewStep,
)
from engine.reason_tags import REASON_TAGS
from engine.review_filter import parse_filter
from tripost_tui.actions.keymap import fill, key_of
from tripost_tui.state import review_words as words
from tripost_tui.state.review_port import ReviewItem, ReviewPort
from tripost_tui.state.review_view import NOTHING_COUNTED, ReviewView, moved_counts, places_of
from tripost_tui.text import one_line

ORDERS = (ReviewOrder.NEWEST, ReviewOrder.CHECKER, ReviewOrder.SHORTEST)
ASKS_ABOVE = 20
"""Trajectories at once above which a person is asked whether they mean it."""
MOST_AT_ONCE = 5_000
"""A larger step would keep the engine from writing for too long."""
PAGE = 100
_MOST_ROWS = 2_000
_PACE_S = 600.0
"""The pace is that of the last ten minutes, and of this session."""
_NOWHERE = sys.maxsize
_LOOK_EVERY = 5
"""Decisions after which it is looked whether a second look is due."""


class ReviewDesk:
    """What a person does in review. `view` tells how it stands after that."""

    def __init__(self, port: ReviewPort, clock: Callable[[], float] = time.time) -> None:
        self._port = port
        self._clock = clock
        self._name = ""
        self._began = 0.0
        self._loaded = False
        self._ids: Sequence[int] = ()
        self._pending: set[int] = set()
        self._left_at: int | None = None
        """A place where something undecided is, as far as is known; _NOWHERE if there is none."""
        self._at = -1
        self._rows: dict[int, ReviewRow] = {}
        self._item: ReviewItem | None = None
        self._counts = NOTHING_COUNTED
        self._speed: ReviewSpeed | None = None
        self._wanted, self._filter = "", ReviewFilter()
        self._order = ReviewOrder.NEWEST
        self._anchor: int | None = None
        self._blind = False
        self._second: int | None = None
        self._due: int | None = None
        self._put_off: set[int] = set()
        self._decisions = 0
        self._seen_event = self._newest_seen = self._newest_listed = 0
        self._fresh = 0
        self._unchecked = True
        self._said = ""
        self._serial = 0

    def view(self) -> ReviewView:
        """What others may see; what was to be said is in it once."""
        self._serial += 1
        said, self._said = self._said, ""
        return ReviewView(
            serial=self._serial,
            name=self._name,
            loaded=self._loaded,
            ids=self._ids,
            at=self._at,
            rows=self._rows.copy(),
            item=self._item,
            counts=self._counts,
            speed=self._speed,
            wanted=self._wanted,
            order=self._order,
            left_here=self._left_here(),
            hidden=max(0, self._counts.total - len(self._ids)) if self._wanted else 0,
            fresh=self._fresh,
            anchor=self._anchor,
            blind=self._blind,
            second_look=self._second is not None,
            said=said,
        )

    def close(self) -> None:
        self._port.close()

    # --- the list --------------------------------------------------------------------------

    def open(self) -> None:
        """Begin at the first undecided trajectory; also after something went wrong."""
        self._name = self._port.open()
        self._began = self._clock()
        self._seen_event = self._port.newest_event()
        self._loaded = True
        self._newest_seen = self._newest()
        self.read_anew()

    def read_anew(self) -> None:
        """Make the list anew by filter and order."""
        self._newest_listed = self._newest()
        self._read_pending()
        self._rows = {}
        self._fresh = 0
        self._recount()
        self._list()

    def _relist(self) -> None:
        """Make the list of another filter or order; all is read anew only if there is news."""
        known = (self._seen_event, self._newest_listed)
        if (self._port.newest_event(), self._newest()) != known:
            self.read_anew()
        else:
            self._list()

    def _list(self) -> None:
        kept = self._ids[self._at] if self._at >= 0 else None
        self._ids = self._port.ids(self._filter, self._order)
        self._left_at = None
        self._anchor = self._second = None
        self._at = -1
        if self._ids:
            first = next((at for at, key in enumerate(self._ids) if key in self._pending), None)
            if first is None:
                first = self._place(kept) or 0
            self._at = first
        self._show()

    def narrow(self, text: str) -> None:
        """Take ``text`` for the filter. Raises FilterFault, and leaves all as it is then."""
        wanted = parse_filter(text)
        self._wanted, self._filter = text.strip(), wanted
        self._relist()

    def turn_order(self) -> None:
        """The next order: newest, disagreeing with the checker, shortest."""
        place = ORDERS.index(self._order) if self._order in ORDERS else -1
        self._order = ORDERS[(place + 1) % len(ORDERS)]
        self._relist()
        self._said = f"Order: {words.ORDERS[self._order]}."

    def look(self, first: int, count: int) -> None:
        """Have the rows of these places at hand."""
        places = range(max(0, first - PAGE // 2), min(len(self._ids), first + count + PAGE // 2))
        lacking = [self._ids[at] for at in places if self._ids[at] not in self._rows]
        if lacking:
            if len(self._rows) > _MOST_ROWS:
                self._rows = {}
                lacking = [self._ids[at] for at in places]
            self._rows |= {row.trajectory_id: row for row in self._port.rows(lacking)}

    # --- moving ----------------------------------------------------------------------------

    def move(self, by: int) -> None:
        self.go(self._at + by)

    def go(self, place: int) -> None:
        """Stand at a place, at the nearest where there is none."""
        self._second = None
        if self._ids:
            self._at = min(max(place, 0), len(self._ids) - 1)
        self._show()

    def later(self) -> None:
        """Put the trajectory to the end of the queue."""
        if self._second is not None:
            self._put_off.add(self._second)
            self._second = None
            self._show()
        elif self._at >= 0:
            key = self._ids[self._at]
            self._ids = [*self._ids[: self._at], *self._ids[self._at + 1 :], key]
            self._anchor = None
            self._advance(self._at)

    def mark_range(self) -> None:
        """Begin a range here, or let go of it."""
        self._anchor = self._at if self._anchor is None and self._at >= 0 else None

    def turn_blind(self) -> None:
        self._blind = not self._blind
        word = "hidden" if self._blind else "shown"
        self._said = f"The checker's verdict is {word}."

    def back(self) -> bool:
        """Leave the innermost of second look, range and filter; False where there is none."""
        if self._second is not None:
            self.later()
        elif self._anchor is not None:
            self._anchor = None
        elif self._wanted:
            self.narrow("")
        else:
            return False
        return True

    # --- deciding --------------------------------------------------------------------------

    def decide(self, kind: ReviewKind) -> None:
        """Accept or reject the trajectory or all of the range, and go on to the next."""
        if self._second is not None:
            self._look_again(self._second, kind)
            return
        chosen = self._chosen()
        if not chosen or (len(chosen) == 1 and self._changed_elsewhere()):
            return
        if len(chosen) > MOST_AT_ONCE:
            self._said = f"{len(chosen):,} at once are too many: {MOST_AT_ONCE:,} at most."
            return
        self._store([ReviewChange(trajectory_id=key, kind=kind) for key in chosen])
        if len(chosen) > 1:
            verb = "Accepted" if kind is ReviewKind.ACCEPT else "Rejected"
            self._said = (
                f"{verb} {len(chosen):,} trajectories; {key_of('review.undo')} takes it back."
            )
        self._decisions += len(chosen)
        last = self._range()[-1]
        self._anchor = None
        self._advance(last + 1)
        if self._due is not None:
            self._look_again_at(self._due)

    def flag(self) -> None:
        if (state := self._current()) is not None:
            kind = ReviewKind.UNFLAG if state.flagged else ReviewKind.FLAG
            self._change(ReviewChange(trajectory_id=state.trajectory_id, kind=kind))

    def tag(self, number: int) -> None:
        """Put the reason tag of a key on the trajectory, or take it off."""
        if (state := self._current()) is not None:
            tags = tuple(sorted(set(state.tags) ^ {REASON_TAGS[number - 1]}))
            key = state.trajectory_id
            self._change(ReviewChange(trajectory_id=key, kind=ReviewKind.TAGS, tags=tags))

    def note(self, trajectory_id: int, text: str) -> None:
        """Replace the note; an empty one takes it away."""
        note = text.strip() or None
        if note != self._port.state(trajectory_id).note:
            change = ReviewChange(trajectory_id=trajectory_id, kind=ReviewKind.NOTE, text=note)
            self._change(change)

    def edit(self, trajectory_id: int, attempt: str) -> None:
        """Take a text for the last attempt; the original is kept. Raises EditRefused."""
        revision = self._port.revise(trajectory_id, attempt)
        self._change(revision.change)
        self._said = revision.said

    def undo(self) -> None:
        self._turned("Undone", self._port.undo(), "Nothing to undo.")

    def redo(self) -> None:
        self._turned("Redone", self._port.redo(), "Nothing to redo.")

    # --- others ----------------------------------------------------------------------------

    def poll(self) -> bool:
        """Look for what others have decided and collected; tell whether there was something."""
        if not self._loaded:
            self.open()
            return True
        changed = self._port.newest_event() != self._seen_event and self._catch_up()
        newest = self._newest()
        if newest != self._newest_seen:
            before = self._counts.total
            self._newest_seen = newest
            self._unchecked = True
            self._recount()
            self._fresh += max(0, self._counts.total - before)
            if not self._ids and not self._wanted:
                self.read_anew()
            changed = True
        # To look for what is unchecked is slow where all is checked.
        if self._unchecked:
            self._unchecked = bool(self._port.check_some())
            shown = self._item and self._port.item(self._item.id)
            changed = changed or shown != self._item
            self._item = shown
        if self._decisions >= _LOOK_EVERY and self._due is None and self._second is None:
            self._decisions = 0
            due = self._port.second_look()
            self._due = None if due in self._put_off else due
        return changed

    def _newest(self) -> int:
        return next(iter(self._port.ids(ReviewFilter(), ReviewOrder.NEWEST, 1)), 0)

    def _catch_up(self, own_step: int | None = None) -> bool:
        """Take in what is new in the record; tell whether some of it is not of ``own_step``."""
        events = self._port.events(self._seen_event)
        if not events:
            return False
        self._seen_event = events[-1].id
        touched = {event.trajectory_id for event in events}
        foreign = {event.trajectory_id for event in events if event.step != own_step}
        if None in foreign:
            # Somebody else took something back, which may be anything.
            self._rows = {}
            self._read_pending()
        self._refresh(key for key in touched if key is not None)
        if None in foreign:
            self._recount()
        if foreign and own_step is None:
            self._said = "Somebody else has decided here meanwhile."
        if self._item is not None and (self._item.id in foreign or None in foreign):
            self._show()
        return bool(foreign)

    def _changed_elsewhere(self) -> bool:
        """Look whether the trajectory is still as it is shown; show it anew if it is not."""
        shown = self._item
        if shown is None or self._port.state(shown.id) == shown.state:
            return False
        self._catch_up()
        self._show()
        now = self._item.state.status if self._item else "gone"
        self._said = (
            f"Somebody else has changed this one meanwhile: now {now}. Press again to go on."
        )
        return True

    # --- within ----------------------------------------------------------------------------

    def _range(self) -> range:
        return places_of(self._at, self._anchor)

    def _chosen(self) -> list[int]:
        return [self._ids[at] for at in self._range()]

    def _current(self) -> ReviewState | None:
        """The state of what is shown, read anew: others may have changed it."""
        if self._second is not None:
            self._said = fill("A second look is to accept or reject; {review.later} puts it off.")
            return None
        return None if self._item is None else self._port.state(self._item.id)

    def _change(self, change: ReviewChange) -> None:
        self._store([change])
        self._show()

    def _store(self, changes: Sequence[ReviewChange]) -> None:
        self._catch_up(self._port.step(changes))

    def _advance(self, start: int) -> None:
        """Go to the next undecided trajectory from ``start`` on, then from the beginning."""
        places = chain(range(start, len(self._ids)), range(min(start, len(self._ids))))
        found = next((at for at in places if self._ids[at] in self._pending), None)
        if found is not None:
            self._at = found
        self._show()

    def _turned(self, verb: str, step: ReviewStep | None, nothing: str) -> None:
        """Say what was undone or redone, and go there."""
        if step is None:
            self._said = nothing
            return
        keys = [event.trajectory_id for event in step.events if event.trajectory_id is not None]
        self._refresh(keys)
        self._catch_up(step.step)
        self._second = self._anchor = None
        question = ""
        if keys:
            rows = self._port.rows(keys[:1])
            question = one_line(rows[0].question, 60) if rows else ""
            place = self._place(keys[0])
            if place is not None:
                self._at = place
        self._said = words.turned(verb, step, question)
        self._show()

    def _refresh(self, keys: Iterable[int]) -> None:
        """Read the rows of these again, whether they are undecided, and the counts."""
        known = list(keys)
        before = [self._rows.get(key) for key in known]
        now = self._port.rows(known)
        for row in now:
            key = row.trajectory_id
            if key in self._rows:
                self._rows[key] = row
            if row.status is ReviewStatus.PENDING:
                self._pending.add(key)
                self._left_at = None
            else:
                self._pending.discard(key)
        if None in before or len(now) != len(before):
            self._recount()
        else:
            # To count all takes longer than all else that a key does.
            self._counts = moved_counts(self._counts, [row for row in before if row], now)
            self._pace()

    def _read_pending(self) -> None:
        """Whatever the filter: a filter by words looks at every text, and once is enough."""
        self._pending = set(self._port.ids(ReviewFilter((PENDING,)), ReviewOrder.NEWEST))
        self._left_at = None

    def _left_here(self) -> bool:
        """Whether something undecided is in the list."""
        at = self._left_at
        if at is None or (at != _NOWHERE and self._ids[at] not in self._pending):
            places = range(len(self._ids))
            at = next((at for at in places if self._ids[at] in self._pending), _NOWHERE)
            self._left_at = at
        return at != _NOWHERE

    def _recount(self) -> None:
        self._counts = self._port.counts()
        self._pace()

    def _pace(self) -> None:
        self._speed = self._port.speed(max(self._began, self._clock() - _PACE_S))

    def _place(self, key: int | None) -> int | None:
        return next((at for at, each in enumerate(self._ids) if each == key), None)

    def _show(self) -> None:
        """Have the item and the rows around it at hand."""
        key = self._second or (self._ids[self._at] if self._at >= 0 else None)
        try:
            self._item = None if key is None else self._port.item(key)
        except StoreMissing:
            self._item = None
            self._said = fill("This trajectory is gone; {review.anew} reads the list anew.")
        self.look(self._at, 1)

    # --- second looks ----------------------------------------------------------------------

    def _look_again_at(self, key: int) -> None:
        self._due, self._second = None, key
        self._said = "A second look: decide as if for the first time."
        self._show()

    def _look_again(self, key: int, kind: ReviewKind) -> None:
        self._second = None
        self._store([ReviewChange(trajectory_id=key, kind=kind, blind=True)])
        self._said = "Second look noted; the first decision stays."
        self._show()
