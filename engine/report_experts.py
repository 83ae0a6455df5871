"""Who corrected a run's attempts: what each author wrote, what was given up, what calls it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any, TypeVar

from db.expert_records import AuthorCounts, ExpertAccount
from db.records import DropStage
from db.store import Store
from engine.editing import DropReason

FBK, IMP = "FBK", "IMP"

_EXPERT = "expert:"
"""How the author of a turn begins who is a language model."""

_WHOSE: Mapping[str, str] = {
    DropReason.FEEDBACK_FAILED: FBK,
    DropReason.FEEDBACK_GAVE_UP: FBK,
    DropReason.FEEDBACK_UNUSABLE: FBK,
    DropReason.IMPROVE_FAILED: IMP,
    DropReason.IMPROVE_GAVE_UP: IMP,
    DropReason.IMPROVE_UNUSABLE: IMP,
    DropReason.UPDATE_WITHOUT_ANSWER: IMP,
    DropReason.UPDATE_UNCHANGED: IMP,
    DropReason.UPDATE_CHANGES_PREFIX: IMP,
    DropReason.UPDATE_KEEPS_SPAN: IMP,
}

_Row = TypeVar("_Row", AuthorCounts, "GivenUp", ExpertAccount)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """Attempts of an iteration that were dropped since FBK or IMP (``who``) had nothing usable."""

    iteration: int
    who: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertWork:
    """What was done by whom, a row for each iteration.

    ``authors`` counts turns of kept trajectories; ``given_up`` has the drops that are FBK's or
    IMP's, experts' or scripts'; ``accounts`` has the calls that this run made: what it took from
    the record of an earlier one is not among them.
    """

    authors: Sequence[AuthorCounts]
    given_up: Sequence[GivenUp]
    accounts: Sequence[ExpertAccount]

    def in_all(self) -> ExpertWork:
        """Sum over the iterations; the rows' ``iteration`` is 0 then."""
        return ExpertWork(
            authors=_summed(self.authors, lambda one: (one.author,)),
            given_up=_summed(self.given_up, lambda one: (one.who, one.reason)),
            accounts=_summed(self.accounts, lambda one: (one.role, one.expert)),
        )


def expert_work(store: Store, run_id: int) -> ExpertWork | None:
    """Read who corrected a run's attempts; None where no language model had a part.

    Raises StoreError.
    """
    authors, accounts = store.author_counts(run_id), store.expert_accounts(run_id)
    if not accounts and not any(one.author.startswith(_EXPERT) for one in authors):
        return None
    given_up = [
        GivenUp(iteration=iteration, who=_WHOSE[reason], reason=reason, count=count)
        for (iteration, stage, reason), count in store.drop_counts(run_id).items()
        if stage is DropStage.EDIT and reason in _WHOSE
    ]
    given_up.sort(key=lambda one: (one.iteration, one.who, -one.count, one.reason))
    return ExpertWork(
        # A student that wrote nothing but first attempts corrected nothing.
        authors=[one for one in authors if one.feedbacks or one.updates],
        given_up=given_up,
        accounts=accounts,
    )


def experts_json(work: ExpertWork) -> dict[str, Any]:
    """Return the same as JSON values, by iteration and ``in_all``; times are seconds."""
    return {**_json(work, with_iteration=True), "in_all": _json(work.in_all())}


def _json(work: ExpertWork, *, with_iteration: bool = False) -> dict[str, Any]:
    rows: dict[str, list[dict[str, Any]]] = {
        "authors": [asdict(one) for one in work.authors],
        "given_up": [asdict(one) for one in work.given_up],
        "accounts": [asdict(one) for one in work.accounts],
    }
    if not with_iteration:
        for row in chain.from_iterable(rows.values()):
            del row["iteration"]
    return rows


def _summed(rows: Sequence[_Row], key: Callable[[_Row], tuple[str, ...]]) -> list[_Row]:
    """Rows with the same key as one, in the order in which keys come first."""
    found: dict[tuple[str, ...], _Row] = {}
    for row in rows:
        so_far = found.get(key(row))
        numbers = {
            name: value
            for name, value in asdict(row).items()
            if name != "iteration" and not isinstance(value, str)
        }
        if so_far is not None:
            numbers = {name: value + getattr(so_far, name) for name, value in numbers.items()}
        found[key(row)] = replace(row, iteration=0, **numbers)
    return list(found.values())
