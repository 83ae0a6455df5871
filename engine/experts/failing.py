"""What goes wrong with experts in a run, as errors that a run ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from engine.errors import BudgetUsedUp, ExpertUnavailable
from local_experts.errors import BudgetReached, ExpertError

_GOES_ON = "What is collected is kept, no reply is asked for again: `tripost run` goes on from here"


def unavailable(error: ExpertError, then: str = "", expert: str | None = None) -> ExpertUnavailable:
    """Return an expert's error as one of ours; ``then`` says what becomes of the run."""
    said = " ".join(filter(None, (error.message, then)))
    return ExpertUnavailable(said, error.title, error.expert or expert)


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raise BudgetUsedUp or ExpertUnavailable in place of an ExpertError."""
    try:
        yield
    except BudgetReached as error:
        raise BudgetUsedUp(
            f"the budget for experts is used up: {error.message} Raise experts.budget_tokens or "
            "experts.budget_cost, and `tripost run` goes on from here"
        ) from error
    except ExpertError as error:
        raise unavailable(error, f"{_GOES_ON}.") from error


def missing_replies(missing: Sequence[str], attempts: int) -> ExpertUnavailable:
    """Return the error of a run that is offline and lacks replies."""
    whose = "; ".join(f"{count} x {what}" for what, count in Counter(missing).most_common(10))
    return ExpertUnavailable(
        f"{len(missing)} of {attempts} attempts wait for replies that are not recorded: {whose} "
        f"Without --offline (experts.offline = false) they are asked for. {_GOES_ON}.",
        "Offline, and replies are missing",
    )
