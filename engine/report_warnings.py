"""What a reader of a report has to know before trusting its figures."""

from __future__ import annotations

from db.records import RunStatus
from engine.report import IterationEvaluation
from engine.report_whole import WholeReport

CUT_OFF_ABOVE = 0.05
"""Share of test items that reached their length limit, from which it is told."""


def warnings_of(whole: WholeReport) -> list[str]:
    """Return them in the order of their weight; texts of the run itself come last."""
    report = whole.report
    found = []
    if report.run.status is not RunStatus.FINISHED:
        why = f" ({report.run.why_ended})" if report.run.why_ended else ""
        found.append(f"The run is not finished: it is {report.run.status.value}{why}.")
    found += _missing(whole)
    found += [said for one in report.evaluations for said in _evaluation(one)]
    for one in report.changed_values:
        found.append(f"Settings changed while the run went on, by the examples of: {one.said}.")
    if report.experts_changed:
        found.append(
            f"The experts changed {_times(len(report.experts_changed))} while the run went on: "
            "iterations are not corrected by the same ones."
        )
    not_numbers = sum(step.loss is None for step in whole.steps)
    if not_numbers:
        found.append(
            f"The loss of {_count(not_numbers, 'training step')} was not a number; the figure "
            "leaves them out."
        )
    if whole.schema_steps:
        found.append(
            "The database was brought up to date after the run was made "
            f"({', '.join(whole.schema_steps)}): what older versions did not store may be missing."
        )
    if whole.told_in_all:
        found += [f"Told by the run: {message}" for message in whole.told]
        more = whole.told_in_all - len(whole.told)
        if more:
            found.append(f"The run told {_count(more, 'more warning')} that are left out here.")
    return found


def _missing(whole: WholeReport) -> list[str]:
    report = whole.report
    there = {one.iteration for one in report.evaluations}
    absent = [at for at in range(report.run.iterations + 1) if at not in there]
    if not absent:
        return []
    if not there:
        return ["Nothing was evaluated."]
    names = ["the start" if at == 0 else f"iteration {at}" for at in absent]
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return [f"There is no evaluation of {listed}. Nothing stands in for it."]


def _evaluation(one: IterationEvaluation) -> list[str]:
    name = "the start" if one.iteration == 0 else f"iteration {one.iteration}"
    found = []
    if not one.complete:
        found.append(
            f"The evaluation of {name} is partial: {one.n} of {one.wanted} items. Its shares are "
            "of these alone."
        )
    if one.iteration and one.against_start is None:
        found.append(f"The test of {name} has no items in common with that of the start.")
    elif one.against_start is not None and one.against_start.pairs < one.n:
        found.append(
            f"The tests of {name} and the start have {one.against_start.pairs} items in common, "
            f"of {one.n}; they are compared on these."
        )
    share = one.cut_off.value
    if share is not None and share > CUT_OFF_ABOVE:
        found.append(
            f"In the test of {name} {one.cut_off.count} of {one.n} texts reached their length "
            "limit: some answers may be wrong for that reason alone."
        )
    return found


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
