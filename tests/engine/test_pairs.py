"""Lists and counts of pairs are the same as those made pair by pair."""

from hypothesis import given
from hypothesis import strategies as st

from db.evaluation import FINAL_FLEXIBLE, FINAL_RIGHT, FIRST_FLEXIBLE, FIRST_RIGHT
from db.records import Subtask
from engine.comparing import Crosstab, ItemOrder, Measure, Outcome, Pairs

BITS = {
    Measure.FIRST: FIRST_RIGHT,
    Measure.FINAL: FINAL_RIGHT,
    Measure.FIRST_FLEXIBLE: FIRST_FLEXIBLE,
    Measure.FINAL_FLEXIBLE: FINAL_FLEXIBLE,
}
KINDS = {
    (True, False): Outcome.BROKEN,
    (False, True): Outcome.FIXED,
    (False, False): Outcome.BOTH_WRONG,
    (True, True): Outcome.BOTH_RIGHT,
}
RANKS = list(Outcome)

items = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15), st.booleans()), max_size=60)
measures = st.sampled_from(Measure)
subtasks = st.none() | st.sampled_from(Subtask)


def pairs_of(rows: list[tuple[int, int, bool]]) -> Pairs:
    ids = list(range(7, 7 + len(rows)))
    marks = bytes(first | second << 4 for first, second, _ in rows)
    unseen = bytes(unseen for *_, unseen in rows)
    return Pairs(ids, ids, marks, unseen, len(ids), len(ids), len(ids))


def kinds_of(rows: list[tuple[int, int, bool]], measure: Measure) -> list[Outcome]:
    bit = BITS[measure]
    return [KINDS[bool(first & bit), bool(second & bit)] for first, second, _ in rows]


def of_subtask(rows: list[tuple[int, int, bool]], subtask: Subtask | None) -> list[int]:
    wanted = {None: (True, False), Subtask.SEEN: (False,), Subtask.UNSEEN: (True,)}[subtask]
    return [at for at, (*_, unseen) in enumerate(rows) if unseen in wanted]


@given(items, measures, subtasks, st.none() | st.sampled_from(Outcome), st.sampled_from(ItemOrder))
def test_places_are_those_found_pair_by_pair(
    rows: list[tuple[int, int, bool]],
    measure: Measure,
    subtask: Subtask | None,
    kind: Outcome | None,
    order: ItemOrder,
) -> None:
    kinds, pairs = kinds_of(rows, measure), pairs_of(rows)
    expected = [at for at in of_subtask(rows, subtask) if kind in (None, kinds[at])]
    lengths = {item_id: item_id * 7 % 5 for item_id in pairs.first_ids}
    if order is ItemOrder.CHANGES:
        expected.sort(key=lambda at: RANKS.index(kinds[at]))
    elif order is ItemOrder.SHORTEST:
        expected.sort(key=lambda at: lengths[pairs.first_ids[at]])
    assert pairs.places(measure, kind, subtask, order, lengths) == expected


@given(items, measures, subtasks)
def test_counts_are_those_found_pair_by_pair(
    rows: list[tuple[int, int, bool]], measure: Measure, subtask: Subtask | None
) -> None:
    kinds = kinds_of(rows, measure)
    found = [kinds[at] for at in of_subtask(rows, subtask)]
    assert pairs_of(rows).crosstab(measure, subtask) == Crosstab(
        both_right=found.count(Outcome.BOTH_RIGHT),
        fixed=found.count(Outcome.FIXED),
        broken=found.count(Outcome.BROKEN),
        both_wrong=found.count(Outcome.BOTH_WRONG),
    )
