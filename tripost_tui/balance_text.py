"""Stage 2 of a run as facts and as text, for who has no screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.records import ExampleKind
from db.review_records import ReviewCounts
from engine.balance import Balance
from engine.methods import METHODS
from engine.stage_two import Values
from tripost_tui.state.balance_port import BalancePort, CountPort, Entry, Overview, ShownExample
from tripost_tui.state.balance_view import BalanceView, Source
from tripost_tui.state.balance_words import (
    KINDS,
    count_rows,
    example_said,
    kept_said,
    late_said,
    nothing_said,
    p_reached,
    shortage,
    source_said,
    values_said,
    weight_runs,
    weighted_text,
)
from tripost_tui.text import clean_text, one_line


@dataclass(frozen=True, slots=True)
class Told:
    """An iteration's stage 2, and some of its examples."""

    view: BalanceView
    shown: Sequence[ShownExample]


def look(
    port: BalancePort,
    counter: CountPort,
    iteration: int | None,
    values: Values | None,
    show: int,
    rows: str,
) -> Told:
    """Look at an iteration, the latest unless given; ``values`` are what to try, None for none.

    Raises TripostError and StoreError.
    """
    overview = port.overview()
    there = [i for i, count in overview.collected.items() if count]
    chosen = iteration or max([*there, *overview.made, 1])
    used = port.used(chosen) if chosen in overview.made else overview.saved or overview.began_with
    wanted = {**used, **(values or {})}
    edited = wanted != dict(used)
    source, balance = Source.NOTHING, None
    entries: Sequence[Entry] = ()
    late = BalanceView().late
    if chosen in overview.made and not edited:
        source, balance = Source.STORED, port.stored(chosen)
        entries, late = port.entries(chosen), port.late(chosen)
    elif overview.collected.get(chosen) or METHODS[overview.method].is_gold_alone:
        source = Source.WHAT_IF if chosen in overview.made else Source.PREVIEW
        counted = counter.count(chosen, wanted, lambda done, total: None)
        balance, entries = counted.balance, counted.outlines
    view = BalanceView(
        loaded=True,
        overview=overview,
        iteration=chosen,
        source=source,
        balance=balance,
        reviews=port.reviews(chosen),
        late=late,
        values=wanted,
        edited=edited,
        entries=entries,
    )
    wanted_rows = (e for e in entries if rows == "all" or (e.dropped is None) == (rows == "trains"))
    picked = [entry for entry, _ in zip(wanted_rows, range(show), strict=False)]
    return Told(view, [port.example(chosen, entry, wanted) for entry in picked])


def lines_of(told: Told) -> Iterator[str]:
    """It as plain lines."""
    view, overview = told.view, told.view.overview
    assert overview is not None
    where = f"iteration {view.iteration} of {overview.iterations}"
    method = f", {view.facts.title}" if view.facts.uniform or view.facts.is_gold_alone else ""
    yield f"{one_line(overview.name)}: {where}{method}, {source_said(view)}"
    yield ", ".join(values_said(view.values, view.facts))
    if view.balance is None:
        yield nothing_said(view.facts)[0]
        return
    yield kept_said(view)
    yield f"{'':<20}" + "".join(f"{name:>15}" for name in (*KINDS.values(), "all"))
    for row in count_rows(view.balance, brief=False):
        cells = [f"-{n:,}" if row.lost and n else f"{n:,}" for n in (*row.counts, row.total)]
        yield f"{row.name:<20}" + "".join(f"{cell:>15}" for cell in cells)
    yield p_reached(view.balance, view.ratio, view.facts)
    if view.late.all:
        yield f"Not in this training: {late_said(view.late)} since."
    if (short := shortage(view, in_app=False)) is not None:
        yield ": ".join(short)
    for number, example in enumerate(told.shown, 1):
        yield from _example_lines(number, example)


def _example_lines(number: int, example: ShownExample) -> Iterator[str]:
    entry = example.entry
    state = "trains" if entry.dropped is None else f"left out: {one_line(str(entry.dropped))}"
    origin = f"trajectory {entry.trajectory_id}" if entry.trajectory_id else "gold rationale"
    yield ""
    yield f"--- {number}: {KINDS[entry.kind]}, {state}, {origin}"
    why = f" ({one_line(example.why)})" if example.why else ""
    yield f"{example_said(example.pieces, example.basis)}, by {example.basis.value}{why}"
    yield clean_text(weighted_text(example.pieces))


def facts_of(told: Told) -> dict[str, Any]:
    """It as JSON."""
    view, overview = told.view, told.view.overview
    assert overview is not None
    return {
        "project": overview.name,
        "run": overview.run_id,
        "method": overview.method,
        "iteration": view.iteration,
        "iterations": overview.iterations,
        "source": view.source.name.lower(),
        "settings": dict(view.values),
        "trajectories": view.kept,
        "reviews": _reviews(view.reviews),
        "balance": None if view.balance is None else _balance(view.balance),
        "too_late": {
            "rejected": sorted(view.late.rejected),
            "restored": sorted(view.late.restored),
            "edited": sorted(view.late.edited),
        },
        "shortage": ": ".join(short) if (short := shortage(view, in_app=False)) else None,
        "holds_from_iteration": _next(overview),
        "examples": [_example(example) for example in told.shown],
    }


def _next(overview: Overview) -> int | None:
    return BalanceView(overview=overview).next_iteration


def _reviews(counts: ReviewCounts) -> dict[str, int]:
    return {
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "edited": counts.edited,
        "undecided": counts.pending,
    }


def _balance(balance: Balance) -> dict[str, Any]:
    worst = balance.costliest
    return {
        "made": _kinds(balance.made),
        "filters": [
            {
                "filter": step.filter.name.lower(),
                "left_out": _kinds(step.lost),
                "left": _kinds(step.left),
                "reasons": dict(step.reasons),
            }
            for step in balance.steps
        ],
        "selected": _kinds(balance.selected),
        "p": balance.share_of_improving,
        "costliest": None if worst is None else worst.filter.name.lower(),
    }


def _kinds(counts: Mapping[ExampleKind, int]) -> dict[str, int]:
    return {kind.value: counts.get(kind, 0) for kind in ExampleKind}


def _example(example: ShownExample) -> dict[str, Any]:
    entry = example.entry
    return {
        "kind": entry.kind.value,
        "left_out": None if entry.dropped is None else str(entry.dropped),
        "trajectory": entry.trajectory_id,
        "item": entry.item_id,
        "weights_of": example.basis.name.lower(),
        "why_not_exact": example.why or None,
        "tokens": sum(piece.tokens for piece in example.pieces) or None,
        "segments": [[text, weight] for text, weight in weight_runs(example.pieces)],
    }
