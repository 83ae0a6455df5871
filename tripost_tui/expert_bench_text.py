"""A comparison of experts, as tables of 80 columns and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.experts.bench import Score
from engine.statistics import Share
from tripost_tui.expert_bench import Row, alike, costs_of, ranked, step_share
from tripost_tui.expert_list import filled
from tripost_tui.text import one_line

_LEGEND = (
    "Percent, with 95% intervals (Wilson). step: FBK names the step that is wrong; span: and a "
    "part of it that overlaps with the wrong one; exact: just that part; fixed: the script accepts "
    "IMP's update, IMP being given the true feedback; gave up, unusable: of FBK's and IMP's "
    "together. Seconds and tokens are those of a call."
)


def tables_text(rows: Sequence[Row], seed: int) -> str:
    """All tables, one for each task, the best expert first; safe to print."""
    tasks = dict.fromkeys(row.task for row in rows)
    blocks = [_table([row for row in rows if row.task == task], seed) for task in tasks]
    return "\n\n".join([*blocks, "\n".join(filled(_LEGEND, ""))])


def _table(rows: Sequence[Row], seed: int) -> str:
    rows = ranked(rows)
    total = max(row.errors for row in rows)
    lines = [f"{one_line(rows[0].task, 40)}: {total} planted errors, seed {seed}", ""]
    for number, row in enumerate(rows, 1):
        lines.append(f"{number:>2}  {one_line(row.expert, 1000)}")
        if row.problem is not None:
            said = f"not asked to the end: {one_line(str(row.problem), 600)}"
            lines += filled(said, "      ")
    heads = ("step", "span", "exact", "fixed", "gave up", "unusable")
    lines += ["", " " * 4 + "".join(f"{head:>12}" for head in heads)]
    lines += [
        f"{number:>2}  " + "".join(f"{_share_text(share):>12}" for share in _shares(row).values())
        for number, row in enumerate(rows, 1)
    ]
    more = f"{'done':>8}{'at once':>9}{'calls':>7}{'replayed':>10}{'median s':>10}{'90% s':>8}"
    lines += ["", f"{'':4}{more}{'in':>7}{'out':>6}{'cost':>10}"]
    lines += [_costs_line(number, row) for number, row in enumerate(rows, 1)]
    return "\n".join([*lines, *_told_apart(rows)])


def _told_apart(rows: Sequence[Row]) -> list[str]:
    pairs = [f"{first + 1} and {second + 1}" for first, second in alike(rows)]
    if sum(step_share(row).of > 0 for row in rows) < 2:
        return []
    if not pairs:
        return ["", "All intervals of step are apart."]
    told = f"Not distinguishable by step, as the intervals overlap: {', '.join(pairs)}."
    return ["", *filled(f"{told} More errors (-n) may tell.", "")]


def _shares(row: Row) -> dict[str, Share]:
    found = row.summary
    fbk, imp = found.feedback, found.improve
    if fbk is None or imp is None:
        return dict.fromkeys(("step", "span", "exact", "fixed", "gave_up", "unusable"), Share(0, 0))
    return {
        "step": fbk.step,
        "span": fbk.span_overlapping,
        "exact": fbk.span_exact,
        "fixed": imp.fixed,
        "gave_up": _both(fbk.gave_up, imp.gave_up),
        "unusable": _both(fbk.unusable, imp.unusable),
    }


def _both(one: Share, other: Share) -> Share:
    return Share(one.count + other.count, one.of + other.of)


def _share_text(share: Share) -> str:
    if share.value is None:
        return "-"
    low, high = share.interval.low, share.interval.high
    return f"{share.value:.0%} {low * 100:.0f}-{high * 100:.0f}"


def _costs_line(number: int, row: Row) -> str:
    costs = costs_of(row)
    if not costs.calls:
        return f"{number:>2}  {row.done:>8}{row.at_once:>9}{0:>7}"
    cost = f"{costs.cost:.4g}" if costs.cost else "-"
    return (
        f"{number:>2}  {row.done:>8}{row.at_once:>9}{costs.calls:>7}{row.replayed:>10}"
        f"{costs.median_s:>10.2f}{costs.p90_s:>8.2f}{costs.prompt_tokens:>7.0f}"
        f"{costs.reply_tokens:>6.0f}{cost:>10}"
    )


def result_facts(row: Row, seed: int) -> dict[str, Any]:
    """One row as JSON values."""
    found, costs = row.summary, costs_of(row)
    fbk, imp = found.feedback, found.improve
    return {
        "kind": "result",
        "task": row.task,
        "expert": row.expert,
        "seed": seed,
        "errors": row.errors,
        "done": row.done,
        "problem": None if row.problem is None else str(row.problem),
        "step": _share_facts(fbk.step if fbk else None),
        "span_overlapping": _share_facts(fbk.span_overlapping if fbk else None),
        "span_exact": _share_facts(fbk.span_exact if fbk else None),
        "feedback_gave_up": _share_facts(fbk.gave_up if fbk else None),
        "feedback_unusable": _share_facts(fbk.unusable if fbk else None),
        "step_by_kind": _by_kind(fbk.by_kind if fbk else {}),
        "fixed": _share_facts(imp.fixed if imp else None),
        "improve_gave_up": _share_facts(imp.gave_up if imp else None),
        "improve_unusable": _share_facts(imp.unusable if imp else None),
        "fixed_by_kind": _by_kind(imp.by_kind if imp else {}),
        "at_once": row.at_once,
        "calls": costs.calls,
        "replayed": row.replayed,
        "median_s": costs.median_s,
        "p90_s": costs.p90_s,
        "prompt_tokens": costs.prompt_tokens,
        "reply_tokens": costs.reply_tokens,
        "cost": costs.cost,
    }


def alike_facts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Which experts cannot be told apart, as JSON values, task by task."""
    told: list[dict[str, Any]] = []
    for task in dict.fromkeys(row.task for row in rows):
        here = ranked([row for row in rows if row.task == task])
        told += [
            {
                "kind": "not distinguishable",
                "task": task,
                "experts": [here[first].expert, here[second].expert],
            }
            for first, second in alike(here)
        ]
    return told


def item_facts(row: Row, number: int, score: Score) -> dict[str, Any]:
    """What an expert made of one error, as JSON values."""
    planted, fbk, imp = score.planted, score.feedback, score.improve
    return {
        "kind": "item",
        "task": row.task,
        "expert": row.expert,
        "number": number,
        "change": planted.kind,
        "question": planted.item.question,
        "attempt": planted.attempt.text,
        "truth": planted.truth.render(),
        "finding": str(fbk.finding) if fbk else None,
        "feedback": fbk.feedback.render() if fbk and fbk.feedback else None,
        "feedback_why": fbk.why if fbk else None,
        "fix": str(imp.fix) if imp else None,
        "update": imp.update.text if imp and imp.update else None,
        "update_why": imp.why if imp else None,
    }


def _share_facts(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    return {
        "count": share.count,
        "of": share.of,
        "share": share.value,
        "low": share.interval.low,
        "high": share.interval.high,
    }


def _by_kind(shares: Mapping[str, Share]) -> dict[str, Any]:
    return {kind: _share_facts(share) for kind, share in shares.items()}
