"""Two models on the same test items: which items changed, and whether that can be luck.

A model is a student at some point: at the start of a run or after one of its iterations. Its
items are paired with another's only where both have the same task and the same test items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

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
    """

    first_ids: Sequence[int]
    second_ids: Sequence[int]
    marks: bytes
    unseen: bytes
    lengths: Sequence[int]
    first_n: int
    second_n: int
    tests: int

    def __len__(self) -> int:
        return len(self.marks)

    def crosstab(self, measure: Measure, subtask: Subtask | None = None) -> Crosstab:
        """Count the pairs, of one subtask alone where that is given."""
        counts: Counter[Outcome] = Counter()
        table = _outcome_of(measure)
        wanted = _wanted(subtask)
        for (mark, unseen), n in Counter(zip(self.marks, self.unseen, strict=True)).items():
            if unseen in wanted:
                counts[_OUTCOMES[table[mark]]] += n
        return Crosstab(
            both_right=counts[Outcome.BOTH_RIGHT],
            fixed=counts[Outcome.FIXED],
            broken=counts[Outcome.BROKEN],
            both_wrong=counts[Outcome.BOTH_WRONG],
        )

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
    ) -> list[int]:
        """Places of pairs in some order; of one outcome or subtask alone where that is given."""
        outcomes = self.marks.translate(_outcome_of(measure))
        wanted = _wanted(subtask)
        unseen = self.unseen
        found = [at for at in range(len(outcomes)) if unseen[at] in wanted]
        if kind is not None:
            code = _OUTCOMES.index(kind)
            found = [at for at in found if outcomes[at] == code]
        if order is ItemOrder.CHANGES:
            found.sort(key=outcomes.__getitem__)
        elif order is ItemOrder.SHORTEST:
            found.sort(key=self.lengths.__getitem__)
        return found


def _wanted(subtask: Subtask | None) -> tuple[int, ...]:
    return (0, 1) if subtask is None else (int(subtask is Subtask.UNSEEN),)


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
    tests = first[0].test_lengths(tasks[0])
    same_file = first[0].path == second[0].path
    other = None if same_file else _counterparts(first[0], second[0], tasks[0], names)
    before, after = (
        dict(store.evaluation_marks(run_id, iteration)) for store, run_id, iteration in models
    )
    both = [
        (item_id, partner, before[item_id] | after[partner] << 4, unseen, length)
        for item_id, unseen, length in tests
        if item_id in before and (partner := item_id if other is None else other[item_id]) in after
    ]
    first_ids, second_ids, marks, unseen_ones, lengths = (
        zip(*both, strict=True) if both else ((), (), (), (), ())
    )
    return Pairs(
        first_ids,
        second_ids,
        bytes(marks),
        bytes(unseen_ones),
        lengths,
        len(before),
        len(after),
        len(tests),
    )


def same_test(one: Sequence[TestItem], other: Sequence[TestItem]) -> bool:
    """Whether two tests have the same questions with the same reference answers."""
    # Made with the same settings they are in the same order, too.
    return len(one) == len(other) and (_rows(one) == _rows(other) or _asked(one) == _asked(other))


def _rows(tests: Sequence[TestItem]) -> list[tuple[str, str, str]]:
    return [row[1:] for row in tests]


def _asked(tests: Sequence[TestItem]) -> set[tuple[str, str, str]]:
    return set(_rows(tests))


def _counterparts(first: Store, second: Store, task: str, names: tuple[str, str]) -> dict[int, int]:
    """For each test item of the first store, which one it is in the second."""
    tests, others = first.test_items(task), second.test_items(task)
    if not same_test(tests, others):
        common = len(_asked(tests) & _asked(others))
        raise NotComparable(
            f"Their test items differ: {names[0]} was tested on {len(tests):,}, {names[1]} on "
            f"{len(others):,}, and {common:,} of them are the same. Make the other project with "
            "the same task, difficulties, task.seed and task.test_items."
        )
    ids = {question: item_id for item_id, _, question, _ in others}
    return {item_id: ids[question] for item_id, _, question, _ in tests}
