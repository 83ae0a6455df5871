"""An iteration compared with the start, and working times, in the words of the report."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import EvaluatedItem, Subtask
from engine.report import compare
from engine.report_layout import duration_text

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def evaluated(finals: Sequence[bool]) -> list[EvaluatedItem]:
    return [
        EvaluatedItem(
            run_id=1,
            iteration=0,
            item_id=number,
            text="",
            first_answer=None,
            final_answer=None,
            first_correct=False,
            final_correct=final,
            first_flexible=False,
            final_flexible=final,
            updates=0,
            finish_reason="stop",
            tokens=0,
            subtask=Subtask.SEEN,
            question="",
            answer="",
        )
        for number, final in enumerate(finals)
    ]


@given(pairs)
def test_the_difference_is_that_of_the_accuracies(outcomes: list[tuple[bool, bool]]) -> None:
    start, now = (evaluated(finals) for finals in zip(*outcomes, strict=True))
    comparison = compare(start, now)
    assert comparison is not None
    share = [sum(item.final_correct for item in items) / len(items) for items in (start, now)]
    assert comparison.difference == pytest.approx(share[1] - share[0])
    assert comparison.interval.low <= comparison.difference <= comparison.interval.high


@given(pairs)
def test_the_other_way_round_it_is_as_much_worse(outcomes: list[tuple[bool, bool]]) -> None:
    start, now = (evaluated(finals) for finals in zip(*outcomes, strict=True))
    there, back = compare(start, now), compare(now, start)
    assert there is not None
    assert back is not None
    assert there.difference == -back.difference
    assert there.p == back.p


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.96, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_working_times_are_short(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
