"""Who corrected a run's attempts, as tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from db.expert_records import AuthorCounts, ExpertAccount
from engine.report_experts import ExpertWork, GivenUp
from engine.report_layout import Table, table_of

_Row = TypeVar("_Row", AuthorCounts, GivenUp, ExpertAccount)


def expert_tables(work: ExpertWork | None) -> tuple[Table, ...]:
    """Tables of what was done by whom, by iteration and in all; none where only scripts were."""
    if work is None:
        return ()
    return _authors(work), _given_up(work), _calls(work), _costs(work)


def _authors(work: ExpertWork) -> Table:
    rows = [
        (when, one.author, str(one.feedbacks), str(one.updates))
        for when, one in _with_sums(work.authors, work.in_all().authors)
    ]
    note = (
        "In the trajectories that were kept. Gold: feedback that needed nobody, since the answer "
        "is the right one. Student: what it wrote itself, and was left as it is."
    )
    columns = ("iteration", "author", "feedback", "updates")
    return table_of("Who corrected", columns, rows, {2, 3}, note, "No trajectory is kept yet.")


def _given_up(work: ExpertWork) -> Table:
    rows = [
        (when, one.who, one.reason, str(one.count))
        for when, one in _with_sums(work.given_up, work.in_all().given_up)
    ]
    note = "Attempts that were dropped since FBK or IMP, whoever was asked, had nothing usable."
    columns = ("iteration", "whose", "reason", "count")
    return table_of("Given up by FBK and IMP", columns, rows, {3}, note, "Nothing was given up.")


_NO_CALL = "No call was made: all replies came from the record."


def _calls(work: ExpertWork) -> Table:
    rows = [
        (
            when,
            one.role,
            one.expert,
            f"{one.replies:,}",
            f"{one.failed:,}",
            f"{one.seconds / one.replies:.2f} s" if one.replies else "–",
        )
        for when, one in _with_sums(work.accounts, work.in_all().accounts)
    ]
    note = (
        "Calls that this run made; what was replied before is taken from the record, and is not "
        "among them."
    )
    columns = ("iteration", "asked for", "expert", "replies", "failed", "time per reply")
    return table_of("Calls of experts", columns, rows, {3, 4, 5}, note, _NO_CALL)


def _costs(work: ExpertWork) -> Table:
    rows = [
        (
            when,
            one.role,
            one.expert,
            f"{one.prompt_tokens:,}",
            f"{one.reply_tokens:,}",
            f"{one.untold:,}",
            f"{one.cost:.4f}" if one.cost else "–",
        )
        for when, one in _with_sums(work.accounts, work.in_all().accounts)
    ]
    note = (
        "As servers count; not counted: replies that came without a count. Cost is by the prices "
        "in the settings."
    )
    columns = (
        *("iteration", "asked for", "expert"),
        *("tokens in", "tokens out", "not counted", "cost"),
    )
    return table_of("Tokens and cost of experts", columns, rows, {3, 4, 5, 6}, note, _NO_CALL)


def _with_sums(rows: Sequence[_Row], sums: Sequence[_Row]) -> list[tuple[str, _Row]]:
    """Rows with what stands in their first column; sums follow where there are two iterations."""
    shown = [(str(row.iteration), row) for row in rows]
    if len({row.iteration for row in rows}) > 1:
        shown += [("all", row) for row in sums]
    return shown
