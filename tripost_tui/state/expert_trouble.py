"""Whether a run ended for an expert's sake, which one, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Event, Run, RunStatus
from engine.control import BUDGET_CAUSE
from engine.errors import ExpertUnavailable


@dataclass(frozen=True, slots=True)
class ExpertTrouble:
    """``expert`` is None where it is not known, or where none is to blame: a budget is used up."""

    title: str
    message: str
    expert: str | None = None


def expert_trouble(run: Run, told: Sequence[Event]) -> ExpertTrouble | None:
    """Tell it from the run's row and the last event of its end among those that were ``told``."""
    if run.status not in (RunStatus.FAILED, RunStatus.STOPPED):
        return None
    ends = [one for one in told if one.kind == f"run.{run.status}"]
    data = ends[-1].data if ends else {}
    if data.get("cause") == BUDGET_CAUSE:
        return ExpertTrouble("The budget for experts is used up", run.reason or "")
    if data.get("exit_code") != ExpertUnavailable.exit_code:
        return None
    title, message = data.get("title"), data.get("message")
    expert = data.get("expert")
    return ExpertTrouble(
        title if isinstance(title, str) else ExpertUnavailable.title,
        message if isinstance(message, str) else run.reason or "",
        expert if isinstance(expert, str) else None,
    )


def refused(error: ExpertUnavailable) -> ExpertTrouble:
    """The same where an engine was not even started."""
    return ExpertTrouble(error.title, error.message, error.expert)
