"""Two models on the same test items: which items changed, and whether that can be luck.

A model is a student at some point: at the start of a run or after one of its iterations. Its
items are paired with another's only where both have the same task and the same test items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import chain, compress
from operator import eq, itemgetter

from db.evaluation import (
    FINAL_FLEXIBLE,
    FINAL_RIGHT,
    FIRST_FLEXIBLE,
    FIRST_RIGHT,
    TestItem,
)
from db.records import Subtask
from db.store import Store
from engine.errors import TripostError
from engine.statistics import mcnemar, p_text

SIGNIFICANT_BELOW = 0.05
"""The level of McNemar's test below which a difference is called one."""


class NotComparable(TripostError):
    """Two models have no test items in common, or different ones."""

    title = "These two cannot be compared"
    exit_code = 2


class Measure(StrEnum):
    """Which answer counts, and how it is read."""

    FINAL = "final answer, strict"
    FINAL_FLEXIBLE = "final answer, flexible"
    FIRST = "first attempt, strict"
    FIRST_FLEXIBLE = "first attempt, flexible"

    @property
    def first(self) -> bool:
        """True for the first attempt, False for the final answer."""
        return self in (Measure.FIRST, Measure.FIRST_FLEXIBLE)

    @property
    def flexible(self) -> bool:
        return self in (Measure.FINAL_FLEXIBLE, Measure.FIRST_FLEXIBLE)


_BITS = {
    Measure.FIRST: FIRST_RIGHT,
    Measure.FINAL: FINAL_RIGHT,
    Measure.FIRST_FLEXIBLE: FIRST_FLEXIBLE,
    Measure.FINAL_FLEXIBLE: FINAL_FLEXIBLE,
}


class Outcome(StrEnum):
    """How an item went with the first model and with the second."""

    BROKEN = "broken"
    FIXED = "fixed"
    BOTH_WRONG = "both wrong"
    BOTH_RIGHT = "both right"


_OUTCOMES = tuple(Outcome)


class ItemOrder(StrEnum):
    CHANGES = "changes first"
    TEST = "as in the test"
    SHORTEST = "shortest question first"


@dataclass(frozen=True, slots=True)
class Crosstab:
    """Items by how they went with both models. ``fixed`` were wrong with the first and are right
    with the second, ``broken`` the other way round."""

    both_right: int
    fixed: int
    broken: int
    both_wrong: int

    @property
    def pairs(self) -> int:
        return self.both_right + self.fixed + self.broken + self.both_wrong

    def count(self, kind: Outcome) -> int:
        return {
            Outcome.BROKEN: self.broken,
            Outcome.FIXED: self.fixed,
            Outcome.BOTH_WRONG: self.both_wrong,
            Outcome.BOTH_RIGHT: self.both_right,
        }[kind]

    @property
    def difference(self) -> float:
        """By how much more the second gets right, as a share; 0 of nothing."""
        return (self.fixed - self.broken) / self.pairs if self.pairs else 0.0

    def p(self) -> float:
        """McNemar's, exact and two-sided."""
        return _mcnemar(self.fixed, self.broken)


_mcnemar = lru_cache(maxsize=64)(mcnemar)


def outcome(difference: float, p: float, than: str) -> str:
    """A difference in plain words; ``difference`` is a share, ``than`` what it is against."""
    if p >= SIGNIFICANT_BELOW:
        return f"not distinguishable from luck ({p_text(p)})"
    word = "better" if difference > 0 else "worse"
    return f"{word} than {than} by {abs(100 * difference):.1f} points, {p_text(p)}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Items that two models have both been tested on, in the order of the first one's test.

    ``first_ids`` and ``second_ids`` are the same unless the two are in different databases.
    ``first_n`` and ``second_n`` count what each has been tested on so far, of ``tests`` items.
    ``marks`` has a byte for each pair: four bits of the first model, four of the second.
    ``unseen`` has one, too: 1 or 0.
    """

    first_ids: Sequence[int]
    second_ids: Sequence[int]
    marks: bytes
    unseen: bytes
    first_n: int
    second_n: int
    tests: int

    def __len__(self) -> int:
        return len(self.marks)

    def crosstab(self, measure: Measure, subtask: Subtask | None = None) -> Crosstab:
        """Count the pairs, of one subtask alone where that is given."""
        cells = self._cells(measure)
        counts = [
            sum(map(cells.count, _cells_of(kind, subtask)))
            for kind in (Outcome.BOTH_RIGHT, Outcome.FIXED, Outcome.BROKEN, Outcome.BOTH_WRONG)
        ]
        return Crosstab(*counts)

    def _cells(self, measure: Measure) -> bytes:
        """A byte for each pair, of those that `_cells_of` names."""
        # As one number each, all pairs are put together at once.
        outcomes = int.from_bytes(self.marks.translate(_outcome_of(measure)), "little")
        unseen = int.from_bytes(self.unseen, "little")
        return (outcomes | unseen << 2).to_bytes(len(self), "little")

    def outcome(self, place: int, measure: Measure) -> Outcome:
        return _OUTCOMES[_outcome_of(measure)[self.marks[place]]]

    def subtask(self, place: int) -> Subtask:
        return Subtask.UNSEEN if self.unseen[place] else Subtask.SEEN

    def places(
        self,
        measure: Measure,
        kind: Outcome | None = None,
        subtask: Subtask | None = None,
        order: ItemOrder = ItemOrder.TEST,
        lengths: Mapping[int, int] | None = None,
    ) -> list[int]:
        """Places of pairs in some order; of one outcome or subtask alone where that is given.

        ``lengths`` are those of the first model's items, which an order by them needs.
        """
        cells, every = self._cells(measure), range(len(self))
        kinds = tuple(Outcome) if kind is None else (kind,)
        if order is ItemOrder.CHANGES:
            parts = [compress(every, cells.translate(_chosen((each,), subtask))) for each in kinds]
            return list(chain.from_iterable(parts))
        found = list(compress(every, cells.translate(_chosen(kinds, subtask))))
        if order is ItemOrder.SHORTEST:
            if lengths is None:
                raise ValueError("an order by length needs the lengths")
            found.sort(key=[lengths[item_id] for item_id in self.first_ids].__getitem__)
        return found


def _cells_of(kind: Outcome, subtask: Subtask | None) -> tuple[int, ...]:
    """The bytes of pairs with this outcome, of one subtask or of both."""
    seen = _OUTCOMES.index(kind)
    if subtask is None:
        return seen, seen | 4
    return (seen | 4 if subtask is Subtask.UNSEEN else seen,)


@cache
def _chosen(kinds: tuple[Outcome, ...], subtask: Subtask | None) -> bytes:
    """A table from a pair's byte to 1 where it has one of these outcomes, else to 0."""
    wanted = {cell for kind in kinds for cell in _cells_of(kind, subtask)}
    return bytes(cell in wanted for cell in range(256))


@cache
def _outcome_of(measure: Measure) -> bytes:
    """A table from a pair's marks to the place of its outcome in `_OUTCOMES`."""
    bit = _BITS[measure]
    of = {
        (False, False): Outcome.BOTH_WRONG,
        (False, True): Outcome.FIXED,
        (True, False): Outcome.BROKEN,
        (True, True): Outcome.BOTH_RIGHT,
    }
    return bytes(
        _OUTCOMES.index(of[bool(mark & bit), bool((mark >> 4) & bit)]) for mark in range(256)
    )


def read_pairs(
    first: tuple[Store, int, int], second: tuple[Store, int, int], names: tuple[str, str]
) -> Pairs:
    """Pair up the items of two models, each a store, a run and an iteration.

    Raises:
        NotComparable: one has no evaluation, or their tests differ; ``names`` are for the text.
        StoreError: a store cannot be read.
    """
    tasks, models = [], (first, second)
    for (store, run_id, iteration), name in zip(models, names, strict=True):
        task = store.evaluated_task(run_id, iteration)
        if task is None:
            raise NotComparable(f"There is no evaluation of {name} yet.")
        tasks.append(task)
    if tasks[0] != tasks[1]:
        raise NotComparable(
            f"{names[0]} has the task {tasks[0]}, {names[1]} the task {tasks[1]}. "
            "Only models with the same test items can be compared."
        )
    of_subtask = {subtask: first[0].test_ids(tasks[0], subtask) for subtask in Subtask}
    tests = sorted(chain.from_iterable(of_subtask.values()))
    unseen = frozenset(of_subtask[Subtask.UNSEEN])
    same_file = first[0].path == second[0].path
    other = None if same_file else _counterparts(first[0], second[0], tasks[0], names)
    before, after = (
        dict(store.evaluation_marks(run_id, iteration)) for store, run_id, iteration in models
    )
    partners = tests if other is None else list(map(other.__getitem__, tests))
    if len(before) < len(tests) or len(after) < len(tests):
        both = [
            (one, two)
            for one, two in zip(tests, partners, strict=True)
            if one in before and two in after
        ]
        first_ids, second_ids = [one for one, _ in both], [two for _, two in both]
    else:
        first_ids, second_ids = tests, partners
    marks = int.from_bytes(bytes(map(before.__getitem__, first_ids)), "little")
    marks |= int.from_bytes(bytes(map(after.__getitem__, second_ids)), "little") << 4
    return Pairs(
        first_ids,
        second_ids,
        marks.to_bytes(len(first_ids), "little"),
        bytes(map(unseen.__contains__, first_ids)),
        len(before),
        len(after),
        len(tests),
    )


def same_test(one: Sequence[TestItem], other: Sequence[TestItem]) -> bool:
    """Whether two tests have the same questions with the same reference answers."""
    # Made with the same settings they are in the same order, too.
    return _same_rows(one, other) or (len(one) == len(other) and _asked(one) == _asked(other))


def _same_rows(one: Sequence[TestItem], other: Sequence[TestItem]) -> bool:
    return len(one) == len(other) and all(map(eq, map(_row, one), map(_row, other)))


_row = itemgetter(1, 2, 3)


def _asked(tests: Sequence[TestItem]) -> set[tuple[str, str, str]]:
    return set(map(_row, tests))


def _counterparts(first: Store, second: Store, task: str, names: tuple[str, str]) -> dict[int, int]:
    """For each test item of the first store, which one it is in the second."""
    tests, others = first.test_items(task), second.test_items(task)
    if _same_rows(tests, others):
        return {item[0]: other[0] for item, other in zip(tests, others, strict=True)}
    if not same_test(tests, others):
        common = len(_asked(tests) & _asked(others))
        raise NotComparable(
            f"Their test items differ: {names[0]} was tested on {len(tests):,}, {names[1]} on "
            f"{len(others):,}, and {common:,} of them are the same. Make the other project with "
            "the same task, difficulties, task.seed and task.test_items."
        )
    ids = {question: item_id for item_id, _, question, _ in others}
    return {item_id: ids[question] for item_id, _, question, _ in tests}
