"""What a run has shown and what it has not, in plain words, made of its figures alone."""

from __future__ import annotations

from dataclasses import dataclass

from engine.comparing import SIGNIFICANT_BELOW, Crosstab
from engine.report import ALL, IterationEvaluation, share_text
from engine.report_whole import Paired, WholeReport
from engine.statistics import Interval, Share, p_text

_METHODS = {
    "tripost": "TriPosT",
    "continued_rationale": "continued training on gold rationales",
    "lmsi": "LMSI (training on its own right samples)",
}


@dataclass(frozen=True, slots=True)
class Story:
    """Sentences: what was done, what was shown, what was not."""

    done: tuple[str, ...]
    shown: tuple[str, ...]
    not_shown: tuple[str, ...]


def method_name(method: str) -> str:
    return _METHODS.get(method, method)


def story_of(whole: WholeReport) -> Story:
    """Tell it; never more than the figures say, and less where they are missing."""
    return Story(tuple(_done(whole)), tuple(_shown(whole)), tuple(_not_shown(whole)))


def _done(whole: WholeReport) -> list[str]:
    report = whole.report
    run = report.run
    told = [
        f"One run, with the seed {run.seed}, of {method_name(report.method)} on the task "
        f"{report.task}: the student {run.student}, {_n(run.iterations, 'iteration')}."
    ]
    if report.evaluations:
        groups = report.evaluations[-1].accuracy
        parts = [f"{groups[name].final.of:,} {name}" for name in groups if name != ALL]
        told.append(
            f"It is tested on {groups[ALL].final.of:,} items that are not trained on"
            f" ({', '.join(parts)})."
        )
    return told


def _shown(whole: WholeReport) -> list[str]:
    evaluations = whole.report.evaluations
    if not evaluations:
        return ["Nothing yet: no iteration has been evaluated."]
    last = evaluations[-1]
    if last.iteration == 0:
        final = last.accuracy[ALL].final
        return [
            f"The starting student gets {_share(final)} of the items right. "
            "Nothing after it has been evaluated."
        ]
    told = [_against_start(whole, last)]
    first = _find(whole, ALL, "first attempts")
    if first is not None:
        told.append(
            f"Its first attempts alone are right on {share_text(first.last.value)}, at the start "
            f"on {share_text(first.start.value)}: {_difference(first)}."
        )
    told.append(_updates(whole))
    groups = [_find(whole, name, "final answers") for name in last.accuracy if name != ALL]
    if len(groups) > 1:
        told += [
            f"On {group.group} items its final answers are right on "
            f"{share_text(group.last.value)}, at the start on {share_text(group.start.value)}: "
            f"{_difference(group)}."
            for group in groups
            if group is not None
        ]
    cost = _cost(whole)
    return [*told, cost] if cost else told


def _against_start(whole: WholeReport, last: IterationEvaluation) -> str:
    after = f"After iteration {last.iteration}"
    paired = _find(whole, ALL, "final answers")
    if paired is None:
        return (
            f"{after} its final answers are right on {_share(last.accuracy[ALL].final)}; with "
            "what it was at the start this cannot be compared, item by item."
        )
    fixed, broken = paired.table.fixed, paired.table.broken
    so_far = "" if last.complete else f", of the {last.n} items that it has been tested on so far"
    return (
        f"{after} its final answers are right on {_share(paired.last)}, at the start on "
        f"{_share(paired.start)}{so_far}. Of the same {paired.table.pairs:,} items {fixed:,} went "
        f"from wrong to right and {broken:,} from right to wrong: {_difference(paired)}."
    )


def _updates(whole: WholeReport) -> str:
    table = whole.transitions[-1].within
    said = (
        f"Its own updates turned {_n(table.fixed, 'wrong first attempt')} right and spoiled "
        f"{_n(table.broken, 'right one')}"
    )
    if table.fixed == table.broken == 0:
        return f"{said}."
    p = table.p()
    if p >= SIGNIFICANT_BELOW:
        return f"{said}: not distinguishable from luck ({p_text(p)})."
    more = "more repaired than spoiled" if table.fixed > table.broken else "more spoiled"
    return f"{said}: {more}, {p_text(p)}."


def _cost(whole: WholeReport) -> str:
    means = {
        one.iteration: one.tested / one.test_items for one in whole.spent if one.test_items > 0
    }
    last = max(means, default=0)
    if last == 0 or not means.get(0):
        return ""
    return (
        f"An item now takes {means[last]:,.0f} generated tokens on average, feedback and updates "
        f"included, where it took {means[0]:,.0f} at the start ({means[last] / means[0]:.1f} times "
        "as many)."
    )


def _not_shown(whole: WholeReport) -> list[str]:
    report = whole.report
    told = [
        "How much of this varies from seed to seed: it is one run with one seed, and intervals "
        "and p-values are about the choice of test items alone."
    ]
    if report.method == "tripost":
        told.append(
            "That it is the corrections that help: the run has no control with the same budget "
            "(more training on gold rationales, training on its own right samples, or a majority "
            "vote at as many generated tokens), and each of them may do as well or better."
        )
    else:
        told.append(
            "How other methods do with the same budget: this run has no other one beside it."
        )
    final = _find(whole, ALL, "final answers")
    if final is not None and final.table.p() >= SIGNIFICANT_BELOW:
        told.append(
            "That nothing changed: what cannot be told from luck may still be a difference, "
            f"anywhere from {_points(final.interval)}."
        )
    if (tests := _tests(whole)) > 1:
        told.append(
            f"That each of the tests below holds beside the others: they are {tests}, each at the "
            "5% level on its own and not corrected for their number."
        )
    told.append("Anything about other tasks, other difficulties or other students.")
    return told


def _tests(whole: WholeReport) -> int:
    """How many different tests are told: one and the same may stand in two tables."""
    within = sum(one.within.fixed + one.within.broken > 0 for one in whole.transitions)
    between = sum(
        one.since is not None and bool(one.before) and one.since.fixed + one.since.broken > 0
        for one in whole.transitions
    )
    earlier = [one for one in whole.report.evaluations[:-1] if one.against_start is not None]
    return len(whole.paired) + within + between + len(earlier)


def _find(whole: WholeReport, group: str, what: str) -> Paired | None:
    return next((one for one in whole.paired if (one.group, one.what) == (group, what)), None)


def _difference(paired: Paired) -> str:
    """In points with its interval, and whether that can be luck."""
    table = paired.table
    said = f"{100 * table.difference:+.1f} points (95% interval {_points(paired.interval)})"
    return f"{said}, {_outcome(table)}"


def _outcome(table: Crosstab) -> str:
    p = table.p()
    if p >= SIGNIFICANT_BELOW:
        return f"not distinguishable from luck ({p_text(p)})"
    return f"{'better' if table.difference > 0 else 'worse'} than the start, {p_text(p)}"


def _points(interval: Interval) -> str:
    return f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def _share(share: Share) -> str:
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{share_text(share.value)} (95% interval {low:.1f} to {high:.1f})"


def _n(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
