"""Two models' items printed: as text, as JSON lines, or as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import click

from db.records import EvaluatedItem, Subtask
from engine.comparing import Crosstab, ItemOrder, Measure, Outcome, Pairs, outcome
from tripost_tui.progress import write_json
from tripost_tui.state.comparison_text import table_lines
from tripost_tui.state.item_passages import verdict
from tripost_tui.state.items_desk import with_words
from tripost_tui.state.items_store import StoreItems
from tripost_tui.state.models import Model, names_of
from tripost_tui.text import clean_text

_PAGE = 200
_CSV_COLUMNS = (
    *("item", "change", "subtask", "question", "reference_answer"),
    *(f"{side}_{what}" for side in "ab" for what in ("first", "final", "right", "text")),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What counts, and which items to list; ``limit`` None lists all of them."""

    measure: Measure
    subtask: Subtask | None
    kinds: tuple[Outcome, ...]
    words: str
    limit: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One item of the list."""

    kind: Outcome
    first: EvaluatedItem
    second: EvaluatedItem


def print_comparison(first: Model, second: Model, wanted: Wanted, *, form: str) -> None:
    """Print to stdout; ``form`` is text, json or csv. Raises NotComparable, StoreError."""
    with closing(StoreItems()) as items:
        pairs = items.pairs(first, second)
        table = pairs.crosstab(wanted.measure, wanted.subtask)
        listed = _listed(items, pairs, (first, second), wanted)
        if form == "json":
            write_json(_head_json(first, second, pairs, table, wanted))
            for one in listed:
                write_json(_item_json(one))
        elif form == "csv":
            _write_csv(listed)
        else:
            _print_text(first, second, pairs, table, wanted, listed)


def _listed(
    items: StoreItems, pairs: Pairs, models: tuple[Model, Model], wanted: Wanted
) -> Iterator[Listed]:
    places = pairs.places(wanted.measure, None, wanted.subtask, ItemOrder.CHANGES)
    places = [at for at in places if pairs.outcome(at, wanted.measure) in wanted.kinds]
    if wanted.words.strip():
        found = with_words(items, pairs, models, wanted.words)
        places = [at for at in places if at in found]
    places = places[: wanted.limit]
    for begin in range(0, len(places), _PAGE):
        page = places[begin : begin + _PAGE]
        before = items.evaluated(models[0], [pairs.first_ids[at] for at in page])
        after = items.evaluated(models[1], [pairs.second_ids[at] for at in page])
        for at in page:
            kind = pairs.outcome(at, wanted.measure)
            yield Listed(kind, before[pairs.first_ids[at]], after[pairs.second_ids[at]])


def _print_text(
    first: Model,
    second: Model,
    pairs: Pairs,
    table: Crosstab,
    wanted: Wanted,
    listed: Iterator[Listed],
) -> None:
    names = names_of(first, second)
    kind = f" {wanted.subtask.value}" if wanted.subtask else ""
    so_far = min(pairs.first_n, pairs.second_n) < pairs.tests
    of = f" of {pairs.tests:,} so far" if so_far else ""
    lines = [
        f"A: {names[0]}",
        f"B: {names[1]}",
        f"{table.pairs:,}{kind} items{of}, {wanted.measure}",
        "",
        *table_lines(table),
        "",
        f"{_sentence(table)} (exact two-sided McNemar test)",
    ]
    click.echo(clean_text("\n".join(lines)))
    for one in listed:
        item = one.first
        block = [
            "",
            f"Item {item.item_id}, {item.subtask}: {_CHANGES[one.kind]}",
            f"Question: {item.question}",
            f"Reference answer: {item.answer}",
        ]
        for letter, side in zip("AB", (one.first, one.second), strict=True):
            block.append(f"{letter}, {verdict(side, wanted.measure)[1]}:")
            block += [f"  {line}" for line in side.text.split("\n")]
        click.echo(clean_text("\n".join(block)))


_CHANGES = {
    Outcome.BROKEN: "right -> wrong",
    Outcome.FIXED: "wrong -> right",
    Outcome.BOTH_WRONG: "both wrong",
    Outcome.BOTH_RIGHT: "both right",
}


def _sentence(table: Crosstab) -> str:
    if not table.pairs:
        return "B against A: no item has been answered by both"
    return f"B against A: {outcome(table.difference, table.p(), 'A')}"


def _head_json(
    first: Model, second: Model, pairs: Pairs, table: Crosstab, wanted: Wanted
) -> dict[str, Any]:
    return {
        "kind": "comparison",
        "a": _model_json(first),
        "b": _model_json(second),
        "measure": wanted.measure.value,
        "subtask": wanted.subtask.value if wanted.subtask else None,
        "test_items": pairs.tests,
        "pairs": table.pairs,
        "both_right": table.both_right,
        "fixed": table.fixed,
        "broken": table.broken,
        "both_wrong": table.both_wrong,
        "difference": table.difference,
        "p": table.p(),
        "outcome": _sentence(table),
    }


def _model_json(model: Model) -> dict[str, Any]:
    return {"project": str(model.path), "run": model.run_id, "iteration": model.iteration}


def _item_json(one: Listed) -> dict[str, Any]:
    return {
        "kind": "item",
        "item": one.first.item_id,
        "change": one.kind.value,
        "subtask": one.first.subtask.value,
        "question": one.first.question,
        "reference_answer": one.first.answer,
        "a": _side_json(one.first),
        "b": _side_json(one.second),
    }


def _side_json(item: EvaluatedItem) -> dict[str, Any]:
    names = (
        *("text", "first_answer", "final_answer", "first_correct", "final_correct"),
        *("first_flexible", "final_flexible", "updates", "finish_reason", "tokens"),
    )
    return {name: getattr(item, name) for name in names}


def _write_csv(listed: Iterator[Listed]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for one in listed:
        item = one.first
        row: list[object] = [item.item_id, one.kind.value, item.subtask.value]
        row += [clean_text(item.question), clean_text(item.answer)]
        for right, side in zip(_rights(one.kind), (one.first, one.second), strict=True):
            said = (side.first_answer, side.final_answer)
            row += ["" if each is None else clean_text(each) for each in said]
            row += [int(right), clean_text(side.text)]
        writer.writerow(row)


def _rights(kind: Outcome) -> tuple[bool, bool]:
    """Whether the first and the second model are right, as what is measured has it."""
    return (
        kind in (Outcome.BROKEN, Outcome.BOTH_RIGHT),
        kind in (Outcome.FIXED, Outcome.BOTH_RIGHT),
    )
