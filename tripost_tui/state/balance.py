"""The balance as a person works with it: an iteration, p and weights, a list, an example.

A desk belongs to one thread; what has to be counted is in its view, and is brought by another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from db.records import ExampleKind
from engine.balance import Balance
from engine.postprocess import ratio_of, share_of_improving
from engine.preview import LateReviews
from engine.stage_two import Values
from tripost_tui.state.balance_port import BalancePort, Counted, Entry, Job, Overview
from tripost_tui.state.balance_view import ALL, DROPPED, LATE, TRAINS, BalanceView, Source
from tripost_tui.state.balance_words import late_word, saved_words

RATIO = "postprocess.ratio"
_STEP = 0.05
_PAGE = 100


class BalanceDesk:
    """Raises what its port raises; what it shows is then as it was."""

    def __init__(self, port: BalancePort) -> None:
        self._port = port
        self._view = BalanceView()
        self._values: dict[str, float] | None = None
        """What a person has written here; None where it is as saved or used."""
        self._chosen: int | None = None
        self._counted: Counted | None = None
        self._stored: dict[int, tuple[Balance, Sequence[Entry] | None]] = {}
        self._late_of: tuple[int, int, LateReviews] | None = None
        self._listed: tuple[object, ...] = ()
        self._listed_entries: Sequence[Entry] | None = None

    def close(self) -> None:
        self._port.close()

    def view(self) -> BalanceView:
        """How it stands; what is to be said is said once."""
        view = self._view
        self._view = replace(view, serial=view.serial + 1, said="")
        return replace(view, serial=view.serial + 1)

    # --- looking ---------------------------------------------------------------------------

    def poll(self) -> None:
        """Look at what has changed."""
        overview = self._port.overview()
        if self._view.overview is not None and overview.run_id != self._view.overview.run_id:
            self._stored, self._counted, self._late_of = {}, None, None
        self._show(overview)

    def _show(self, overview: Overview) -> None:
        iteration = self._chosen or _latest(overview)
        is_made = iteration in overview.made
        values = self._values_of(overview, iteration, is_made)
        view = replace(
            self._view,
            loaded=True,
            overview=overview,
            iteration=iteration,
            values=values,
            edited=self._values is not None,
            reviews=self._port.reviews(iteration),
        )
        if is_made and self._values is None:
            view = self._with_stored(view, iteration)
        elif overview.collected.get(iteration) or view.facts.is_gold_alone:
            view = self._with_counted(view, overview, iteration, is_made)
        else:
            view = replace(
                view,
                source=Source.NOTHING,
                balance=None,
                entries=(),
                job=None,
                wants_more=False,
                late=LateReviews(),
            )
        self._view = view
        self._list(())

    def _values_of(self, overview: Overview, iteration: int, is_made: bool) -> Values:
        if self._values is not None:
            return self._values
        if is_made:
            return self._port.used(iteration)
        return overview.saved or overview.began_with

    def _with_stored(self, view: BalanceView, iteration: int) -> BalanceView:
        known = self._stored.get(iteration)
        if known is None:
            # The counts first: who opens the screen need not wait for the list.
            balance, entries = self._port.stored(iteration), None
            late = LateReviews()
        else:
            balance, entries = known
            entries = self._port.entries(iteration) if entries is None else entries
            late = self._late(view, iteration)
        self._stored[iteration] = balance, entries
        return replace(
            view,
            source=Source.STORED,
            balance=balance,
            is_old=False,
            entries=entries or (),
            late=late,
            job=None,
            wants_more=entries is None,
        )

    def _late(self, view: BalanceView, iteration: int) -> LateReviews:
        assert view.overview is not None
        event = view.overview.stamp[1]
        if self._late_of is None or self._late_of[:2] != (iteration, event):
            self._late_of = (iteration, event, self._port.late(iteration))
        return self._late_of[2]

    def _with_counted(
        self, view: BalanceView, overview: Overview, iteration: int, is_made: bool
    ) -> BalanceView:
        job = Job(iteration, tuple(sorted(view.values.items())), overview.stamp)
        counted = self._counted
        if counted is not None and counted.job.iteration != iteration:
            counted = None
        balance, entries = view.balance, view.entries
        if counted is not None:
            balance, entries = counted.chosen.balance, counted.chosen.outlines
        elif iteration != self._view.iteration:
            balance, entries = None, ()
        done = counted is not None and counted.job == job
        return replace(
            view,
            source=Source.WHAT_IF if is_made else Source.PREVIEW,
            balance=balance,
            is_old=not done,
            entries=entries,
            late=LateReviews(),
            job=None if done else job,
            wants_more=False,
        )

    def take(self, counted: Counted) -> None:
        """Take in what was counted."""
        self._counted = counted
        if self._view.overview is not None:
            self._show(self._view.overview)

    # --- the list --------------------------------------------------------------------------

    def _list(self, at: tuple[int, ...]) -> None:
        """Make the list anew where it has to be; stay at the place one is, or go to ``at``.

        Going somewhere does not bring the example there.
        """
        view = self._view
        listed = (view.iteration, view.rows, view.kind, view.late)
        if self._listed != listed or self._listed_entries is not view.entries:
            there = [TRAINS, DROPPED, *_reasons(view.balance), ALL]
            if view.late.all:
                there.insert(2, LATE)
            rows = view.rows if view.rows in there else TRAINS
            shown = _shown(view.entries, rows, view.kind, view.late)
            same = bool(self._listed) and self._listed[0] == view.iteration
            place = min(view.at, len(shown) - 1) if same else 0
            view = replace(
                view,
                rows=rows,
                rows_there=tuple(there),
                shown=shown,
                at=max(place, 0) if shown else -1,
                questions={},
                example=None,
            )
            self._listed = (view.iteration, view.rows, view.kind, view.late)
            self._listed_entries = view.entries
        if at and view.shown:
            view = replace(view, at=max(0, min(at[0], len(view.shown) - 1)))
        self._view = view
        self._look_around()
        if not at:
            self.show_example()

    def _look_around(self) -> None:
        view = self._view
        if view.at >= 0:
            self.look(max(0, view.at - _PAGE // 2), _PAGE)

    def look(self, first: int, count: int) -> None:
        """Have the lines from a place on at hand."""
        view = self._view
        places = view.shown[max(0, first) : first + count]
        wanted = [view.entries[place].item_id for place in places]
        lacking = [key for key in wanted if key not in view.questions]
        if lacking:
            found = self._port.questions(lacking)
            kept = view.questions if len(view.questions) < 20 * _PAGE else {}
            self._view = replace(view, questions={**kept, **found})

    def show_example(self) -> None:
        """Have the example at hand that one is at."""
        view = self._view
        if view.at < 0:
            self._view = replace(view, example=None)
            return
        entry = view.entries[view.shown[view.at]]
        key = (view.iteration, view.source, view.overview and view.overview.stamp)
        same = view.example is not None and view.example.entry is entry
        if same and self._shown_with == (dict(view.values), key):
            return
        example = self._port.example(view.iteration, entry, view.values)
        late = late_word(entry.trajectory_id, view.late)
        self._shown_with = (dict(view.values), key)
        self._view = replace(view, example=replace(example, late=late))

    _shown_with: tuple[object, ...] = ()

    def move(self, by: int) -> None:
        """Go to another example; `show_example` brings its text."""
        self._list((self._view.at + by,))

    def go(self, place: int) -> None:
        self._list((place,))

    def turn_rows(self, by: int = 1) -> None:
        """Show other lines: what trains, what is left out, each reason for it, all."""
        there = self._view.rows_there
        at = there.index(self._view.rows) if self._view.rows in there else 0
        self._view = replace(self._view, rows=there[(at + by) % len(there)], at=0)
        self._list((0,))

    def turn_kind(self) -> None:
        """Show one kind of examples after the other, then all of them."""
        kinds = [None, *ExampleKind]
        after = kinds[(kinds.index(self._view.kind) + 1) % len(kinds)]
        self._view = replace(self._view, kind=after, at=0)
        self._list((0,))

    # --- iterations and values -------------------------------------------------------------

    def turn_iteration(self, by: int) -> None:
        overview = self._view.overview
        if overview is None:
            return
        last = overview.iterations
        chosen = min(max(1, self._view.iteration + by), last)
        if chosen == self._view.iteration:
            end = "first" if by < 0 else "last"
            self._view = replace(self._view, said=f"This is the run's {end} iteration.")
            return
        self._chosen, self._values = chosen, None
        self._view = replace(self._view, at=0)
        self._show(overview)

    def set_values(self, values: Mapping[str, float]) -> None:
        """Look at it with these p and weights; the others stay as they are."""
        overview = self._view.overview
        if overview is None:
            return
        wanted = {**self._view.values, **values}
        iteration = self._view.iteration
        self._values = None
        before = dict(self._values_of(overview, iteration, iteration in overview.made))
        self._values = None if wanted == before else wanted
        self._show(overview)

    def nudge(self, by: int) -> None:
        """Raise or lower p by steps of 0.05."""
        p = share_of_improving(max(0.0, self._view.ratio))
        wanted = round((p + by * _STEP) / _STEP) * _STEP
        if wanted < _STEP / 2:
            self.set_values({RATIO: 0.0})
        else:
            self.set_values({RATIO: round(ratio_of(min(wanted, 0.95)), 6)})

    def reset(self) -> None:
        """Back to p and the weights as they are saved, or were used."""
        self._values = None
        if self._view.overview is not None:
            self._show(self._view.overview)

    def save(self) -> None:
        """Write p and the weights that are shown into project.toml."""
        values = dict(self._view.values)
        self._port.save(values)
        self._view = replace(self._view, said=saved_words(self._view))
        self._values = None
        overview = self._port.overview()
        next_iteration = self._view.next_iteration
        if self._view.iteration in overview.made and next_iteration is not None:
            self._view = replace(self._view, at=0)
        self._show(overview)


def _latest(overview: Overview) -> int:
    """The iteration to begin with: the last one of which there is anything."""
    there = [i for i, count in overview.collected.items() if count]
    return max([*there, *overview.made, *overview.collecting, 1])


def _reasons(balance: Balance | None) -> list[str]:
    """Why examples are left out, in the order of the filters."""
    steps = balance.steps if balance is not None else ()
    return [reason for step in steps for reason in step.reasons]


def _shown(
    entries: Sequence[Entry], rows: str, kind: ExampleKind | None, late: LateReviews
) -> Sequence[int]:
    """Places of the entries that ``rows`` and ``kind`` let through."""
    if rows == ALL and kind is None:
        return range(len(entries))
    numbered = enumerate(entries)
    if kind is not None:
        numbered = ((n, e) for n, e in numbered if e.kind is kind)  # type: ignore[assignment]
    if rows == ALL:
        return [n for n, _ in numbered]
    if rows == TRAINS:
        return [n for n, e in numbered if e.dropped is None]
    if rows == DROPPED:
        return [n for n, e in numbered if e.dropped is not None]
    if rows == LATE:
        return [n for n, e in numbered if e.trajectory_id in late.all]
    return [n for n, e in numbered if e.dropped == rows]
