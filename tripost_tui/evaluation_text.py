"""An evaluation, and two of them compared, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from db.evals import EvalStore, StoredEvaluation
from db.records import Subtask
from engine.comparing import Crosstab, Measure, NotComparable, Pairs, outcome
from engine.evals.pairing import pairs_of
from engine.evals.summary import Figures, Summary, Votes
from engine.statistics import Share, bootstrap_difference
from tripost_tui.state.comparison_text import table_lines
from tripost_tui.text import clean_text

_WIDE = 20


def summary_text(summary: Summary, decoding: str) -> str:
    """The report of an evaluation; safe to print."""
    evaluation = summary.evaluation
    lines = [
        f"Evaluation {evaluation.id}: {evaluation.model}",
        f"Test: {summary.test_name}; {decoding}",
    ]
    if evaluation.trained_on:
        lines.append(
            f"!! TRAINED ON {evaluation.trained_on:,} of these {summary.questions:,} questions: "
            "this says nothing of new ones"
        )
    if not summary.is_whole:
        lines.append(
            f"!! NOT WHOLE: {summary.all.n:,} of {summary.questions:,} questions are answered"
        )
    lines += [f"note: {text}" for text in (*evaluation.notes, *summary.test_notes)]
    columns = [("all", summary.all)]
    columns = [(name.value, part) for name, part in summary.subtasks.items()] + columns
    lines += ["", *_accuracy(columns), "", *_updates(columns)]
    if summary.unknown:
        lines.append(f"{summary.unknown:,} questions are neither known as seen nor as unseen")
    lines += ["", *_prose(summary)]
    for votes in summary.votes:
        lines += ["", *_votes(votes, summary.all)]
    return clean_text("\n".join(lines) + "\n")


def _accuracy(columns: Sequence[tuple[str, Figures]]) -> list[str]:
    """A row for each way to count, with Wilson's 95% intervals."""
    heads = [f"{name} ({part.n:,})" for name, part in columns]
    rows = [f"{'right, %':<20}" + "".join(f"{head:>{_WIDE}}" for head in heads)]
    for label, name in (
        ("first attempt", "first"),
        ("final answer", "final"),
        ("first, read flexibly", "first_flexible"),
        ("final, read flexibly", "final_flexible"),
    ):
        cells = [_share(part.share(getattr(part, name))) for _, part in columns]
        rows.append(f"{label:<20}" + "".join(f"{cell:>{_WIDE}}" for cell in cells))
    return rows


def _updates(columns: Sequence[tuple[str, Figures]]) -> list[str]:
    rows = []
    for label, name in (
        ("updated", "attempted"),
        ("wrong to right", "wrong_to_right"),
        ("right to wrong", "right_to_wrong"),
        ("updated, unchanged", "unchanged"),
    ):
        cells = []
        for _, part in columns:
            count = getattr(part, name)
            share = f" ({100 * count / part.n:.1f}%)" if part.n else ""
            cells.append(f"{count:,}{share}")
        rows.append(f"{label:<20}" + "".join(f"{cell:>{_WIDE}}" for cell in cells))
    return rows


def _prose(summary: Summary) -> list[str]:
    found = summary.all
    lines = []
    if found.updates:
        owed = found.owed.value
        share = f", {owed:.1%} of all right answers are owed to updates" if owed is not None else ""
        lines.append(f"Updates change accuracy by {100 * found.gain:+.1f} points{share}.")
        repeated = found.repeated
        lines.append(
            f"Of {found.updates:,} updates {found.same:,} are the attempt before word for word, "
            f"{found.nearly_same:,} nearly so ({repeated.count / found.updates:.1%})."
        )
        if found.collapses:
            lines.append("!! COLLAPSE: most updates repeat the attempt that they should improve")
    else:
        lines.append("No answer was updated.")
    rate = found.tokens / summary.evaluation.seconds if summary.evaluation.seconds else 0.0
    speed = f", {rate:,.0f} a second" if rate else ""
    each = f", {found.tokens / found.n:,.0f} an item" if found.n else ""
    lines.append(f"{found.tokens:,} tokens{each}{speed}.")
    ends = ", ".join(f"{end} {count:,}" for end, count in sorted(summary.ends.items()))
    lines.append(f"Ended by: {ends or 'nothing'}.")
    return lines


def _votes(votes: Votes, found: Figures) -> list[str]:
    lines = [f"Majority vote over first attempts, temperature {votes.temperature:g}"]
    for one in votes.rounds:
        mark = "  <- at equal tokens" if one is votes.equal else ""
        plural = "s" if one.samples > 1 else " "
        lines.append(
            f"{one.samples:>4} sample{plural} {_share(Share(one.right, one.n)):>{_WIDE}}"
            f"{one.tokens:>14,} tokens{mark}"
        )
    final = _share(found.share(found.final))
    lines.append(f"{'final answer':<12} {final:>{_WIDE}}{votes.budget:>14,} tokens")
    if not votes.is_spent:
        lines.append("The samples took fewer tokens than self-improvement did: raise --votes.")
    return lines


def _share(share: Share) -> str:
    """``43.3 (31.6 to 55.9)``, in percent."""
    if share.value is None:
        return "-"
    interval = share.interval
    return f"{100 * share.value:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


# --- two of them ---------------------------------------------------------------------------------


def comparison_facts(
    first: tuple[EvalStore, StoredEvaluation], second: tuple[EvalStore, StoredEvaluation]
) -> dict[str, object]:
    """Two evaluations compared, as plain values. Raises NotComparable, StoreError."""
    pairs = pairs_of(first, second)
    return {
        "kind": "comparison",
        "a": first[1].id,
        "b": second[1].id,
        "measures": {
            measure.value: {
                name: _table_json(pairs.crosstab(measure, subtask))
                for name, subtask in _subtasks(first[0], first[1], pairs)
            }
            for measure in Measure
        },
    }


def comparison_text(
    first: tuple[EvalStore, StoredEvaluation], second: tuple[EvalStore, StoredEvaluation]
) -> str:
    """Two evaluations compared; safe to print. Raises NotComparable, StoreError."""
    pairs = pairs_of(first, second)
    lines = [f"A: {_named(first[1])}", f"B: {_named(second[1])}"]
    for measure in (Measure.FINAL, Measure.FIRST):
        table = pairs.crosstab(measure)
        lines += ["", f"{table.pairs:,} items, {measure}", *table_lines(table)]
        lines.append(_sentence(table))
        for name, subtask in _subtasks(first[0], first[1], pairs)[:-1]:
            part = pairs.crosstab(measure, subtask)
            lines.append(f"  {name} ({part.pairs:,}): {_sentence(part)}")
    lines.append("(exact two-sided McNemar tests; bootstrap intervals of the difference, 95%)")
    return clean_text("\n".join(lines) + "\n")


def _named(evaluation: StoredEvaluation) -> str:
    mark = f" !! trained on {evaluation.trained_on:,} of them" if evaluation.trained_on else ""
    return f"evaluation {evaluation.id}, {evaluation.model}{mark}"


def _subtasks(
    store: EvalStore, evaluation: StoredEvaluation, pairs: Pairs
) -> list[tuple[str, Subtask | None]]:
    """Subtasks that can be told apart, and all at the end."""
    known = {question.subtask for question in store.questions(evaluation.test_id)}
    parts: list[tuple[str, Subtask | None]] = []
    # A question of neither would be counted as seen.
    if None not in known and len(known) > 1:
        parts = [(subtask.value, subtask) for subtask in Subtask]
    return [*parts, ("all", None)]


def _sentence(table: Crosstab) -> str:
    said = outcome(table.difference, table.p(), "A")
    said = f"B is {said}"
    if not table.pairs:
        return said
    interval = bootstrap_difference(table.fixed, table.broken, table.pairs)
    return (
        f"{said}; difference {100 * table.difference:+.1f} points "
        f"({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
    )


def _table_json(table: Crosstab) -> dict[str, object]:
    p = table.p()
    interval = bootstrap_difference(table.fixed, table.broken, table.pairs) if table.pairs else None
    return {
        "both_right": table.both_right,
        "fixed": table.fixed,
        "broken": table.broken,
        "both_wrong": table.both_wrong,
        "difference": table.difference,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "p": p,
        "outcome": outcome(table.difference, p, "A"),
    }


__all__ = ["NotComparable", "comparison_facts", "comparison_text", "summary_text"]
