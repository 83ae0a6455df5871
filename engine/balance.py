"""What stage 2 leaves of what was collected, filter by filter: as stored, or as it would be now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from db.records import ExampleKind
from engine.editing import DropReason

Counts = Mapping[ExampleKind, int]
"""Examples by kind; a kind without any may be missing."""


class Filter(StrEnum):
    """The filters of stage 2, in their order."""

    REVIEW = "rejected in review"
    UNUSABLE = "cannot be used"
    REPEATS = "repeats"
    LENGTH = "too long"
    REBALANCING = "surplus"


_FILTERS = {
    DropReason.REJECTED: Filter.REVIEW,
    DropReason.DUPLICATE: Filter.REPEATS,
    DropReason.TOO_LONG: Filter.LENGTH,
    DropReason.SURPLUS: Filter.REBALANCING,
}


@dataclass(frozen=True, slots=True)
class FilterStep:
    """One filter: what it takes out, why, and what is left after it."""

    filter: Filter
    lost: Counts
    left: Counts
    reasons: Mapping[str, int]

    @property
    def lost_in_all(self) -> int:
        return sum(self.lost.values())


@dataclass(frozen=True, slots=True)
class Balance:
    """Examples made, what each filter takes out, and what is trained on."""

    made: Counts
    steps: tuple[FilterStep, ...]

    @property
    def selected(self) -> Counts:
        return self.steps[-1].left

    @property
    def selected_in_all(self) -> int:
        return sum(self.selected.values())

    @property
    def made_in_all(self) -> int:
        return sum(self.made.values())

    @property
    def share_of_improving(self) -> float | None:
        """p as it is; None where nothing is trained on."""
        total = self.selected_in_all
        return self.selected.get(ExampleKind.IMPROVING, 0) / total if total else None

    @property
    def costliest(self) -> FilterStep | None:
        """The filter that takes out most; None where none takes any."""
        worst = max(self.steps, key=lambda step: step.lost_in_all)
        return worst if worst.lost_in_all else None

    def step(self, which: Filter) -> FilterStep:
        return self.steps[list(Filter).index(which)]

    @property
    def before_rebalancing(self) -> Counts:
        return self.step(Filter.LENGTH).left


@dataclass(frozen=True, slots=True)
class Scarce:
    """What rebalancing lacks: ``missing`` more of these, and it would leave nothing out."""

    improving: bool
    missing: int


def filter_of(reason: str) -> Filter:
    """Return which filter leaves examples out for a reason, that of another version included."""
    try:
        return _FILTERS.get(DropReason(reason), Filter.UNUSABLE)
    except ValueError:
        return Filter.UNUSABLE


def balance_of(counts: Mapping[tuple[ExampleKind, str | None], int]) -> Balance:
    """Make the account of examples counted by kind and why they are left out, None if not."""
    made: Counter[ExampleKind] = Counter()
    lost: dict[Filter, Counter[ExampleKind]] = {each: Counter() for each in Filter}
    reasons: dict[Filter, Counter[str]] = {each: Counter() for each in Filter}
    for (kind, reason), count in counts.items():
        made[kind] += count
        if reason is not None:
            which = filter_of(reason)
            lost[which][kind] += count
            reasons[which][str(reason)] += count
    steps, left = [], made.copy()
    for each in Filter:
        left = left - lost[each]
        steps.append(FilterStep(each, dict(lost[each]), dict(left), dict(reasons[each])))
    return Balance(dict(made), tuple(steps))


def counted(
    kinds: Iterable[tuple[ExampleKind, str | None]],
) -> Balance:
    """Make the account of examples one by one."""
    return balance_of(Counter(kinds))


def scarce(balance: Balance, ratio: float) -> Scarce | None:
    """Tell what is short for r; None where nothing is taken out, or nothing could be."""
    before = balance.before_rebalancing
    improving = before.get(ExampleKind.IMPROVING, 0)
    others = sum(before.values()) - improving
    if ratio <= 0 or not improving or not others:
        return None
    if improving / ratio < others / 2:
        return Scarce(True, ceil(ratio * others / 2) - improving)
    return Scarce(False, missing) if (missing := ceil(2 * improving / ratio) - others) > 0 else None
