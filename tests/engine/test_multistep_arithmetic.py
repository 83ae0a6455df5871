"""Multistep arithmetic: its questions and gold rationales."""

from hypothesis import given
from hypothesis import strategies as st

from db.records import Split, Subtask
from engine.expressions import evaluate, parse
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import Trajectory, Turn, correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

TASK = MultistepArithmetic()


@given(st.integers(2, 9), st.integers(1, 3), st.integers())
def test_every_item_is_sound(operands: int, levels: int, seed: int) -> None:
    task = MultistepArithmetic([f"{operands}x{levels}"])
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    rationale = parse_attempt(item.rationale)
    assert item.answer == str(evaluate(parse(item.question.removesuffix("="))))
    assert task.answer(rationale) == item.answer
    assert task.rationale(item.question) == rationale
    assert task.feedback(item.question, rationale) == correct(rationale)
    assert len(rationale.steps) == 2**levels + 3
    trajectory = Trajectory(item.question, (Turn.of(rationale, correct(rationale)),))
    read = parse_trajectory(render(trajectory, task.hint), task.hint)
    assert read is not None
    assert (read.question, read.first) == (item.question, rationale)


def test_a_rationale_names_the_parts_then_calculates() -> None:
    assert TASK.rationale("((1 - 8 + 6) - (-6 * 2 + 5)) =").text == (
        '(1) This equation can be written as "(A - B)", '
        "where A = (1 - 8 + 6) and B = (-6 * 2 + 5).\n"
        "(2) Let's calculate A = (1 - 8 + 6) = ((1 - 8) + 6) = (-7 + 6) = -1.\n"
        "(3) Let's calculate B = (-6 * 2 + 5) = ((-6 * 2) + 5) = (-12 + 5) = -7.\n"
        "(4) Then, the final equation is (A - B) = (-1 - -7) = 6.\n"
        "(Final response) So the answer is 6."
    )


@given(st.integers(2, 9), st.integers(1, 3), st.integers())
def test_a_difficulty_is_operands_and_levels_of_pairs(
    operands: int, levels: int, seed: int
) -> None:
    task = MultistepArithmetic([f"{operands}x{levels}"])
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    groups = [group.split(")")[0] for group in item.question.split("(") if ")" in group]
    assert len(groups) == 2**levels
    assert all(len(group.split()) == 2 * operands - 1 for group in groups)
    assert item.meta == {"operands": operands, "depth_levels": [2] * levels}
