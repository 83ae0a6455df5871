"""Multistep arithmetic: its questions, gold rationales and answers."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from db.records import Item, Split, Subtask
from engine.expressions import evaluate, parse
from engine.tasks import TASKS, make_task
from engine.tasks.base import CannotImprove, CannotJudge, mixed_subtasks
from engine.tasks.multistep_arithmetic import (
    MultistepArithmetic,
    Shape,
)
from engine.trajectory import (
    Attempt,
    Trajectory,
    Turn,
    correct,
    parse_attempt,
    render,
)
from engine.trajectory import parse as parse_trajectory

TASK = MultistepArithmetic()
BOTH = [Subtask.SEEN, Subtask.UNSEEN]
DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "tripost_reference"


def _records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _reference(kind: str) -> list[dict[str, Any]]:
    paths = sorted(REFERENCE.glob(f"multistep_arithmetic_{kind}_l3-4d2-22*.jsonl"))
    return [record for path in paths for record in _records(path)]


needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
needs_codex = pytest.mark.skipif(
    not (DATA / "codex_attempts").is_dir(), reason="no attempts of other models here"
)


@needs_reference
def test_our_rationales_are_the_references_word_for_word() -> None:
    records = _reference("baseline_rationale")
    assert len(records) == 600
    for record in records:
        gold = record["meta_data"]
        assert TASK.rationale(gold["question"]).text == gold["rationale"]


@needs_reference
def test_the_script_accepts_all_rationales_of_the_reference() -> None:
    for record in _reference("baseline_rationale"):
        gold = record["meta_data"]
        attempt = parse_attempt(gold["rationale"])
        assert TASK.feedback(gold["question"], attempt) == correct(attempt)
        assert TASK.is_right(TASK.answer(attempt), gold["answer"])
        assert TASK.answer_flexible(gold["rationale"]) == gold["answer"]


@needs_reference
def test_texts_of_the_reference_are_read_and_written_the_same() -> None:
    records = _reference("baseline_rationale")
    for record in records:
        read = parse_trajectory(record["text"], TASK.hint)
        assert read is not None
        assert read.question == record["meta_data"]["question"]
        assert render(read, TASK.hint) == record["text"]


@needs_reference
def test_the_script_judges_the_references_samples_as_their_answers_do() -> None:
    for record in _reference("LMSI_rationale"):
        read = parse_trajectory(record["text"], TASK.hint)
        if read is not None and TASK.feedback(read.question, read.first).is_correct:
            gold = str(evaluate(parse(read.question.removesuffix("="))))
            assert TASK.answer(read.first) == gold


@needs_codex
def test_answers_of_another_model_are_read_as_people_read_them() -> None:
    records = _records(DATA / "codex_attempts" / "multistep_arithmetic_two.jsonl")
    for record in records:
        stated = re.findall(r"So the answer is (.*)\.", record["attempt"])
        read = TASK.answer_flexible(record["attempt"])
        assert read == (stated[-1] if stated else None)
        with pytest.raises(CannotJudge):
            TASK.feedback(record["question"], parse_attempt(record["attempt"]))


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


@pytest.mark.parametrize(
    "question",
    [
        "", "=", "1 + 2 =", "((1 + 2) =", "(1 + 2)) =", "(1 + ) =", "(9**9**9) =", "(A + 1) =",
        "A + (1 + 2) =", "(1 + 2) (3 + 4) =", "(1 / 2) =", f"({'9' * 50} + 1) =",
        f"({' * '.join(['9' * 20] * 5)}) =", "+".join(["(1 + 1)"] * 27) + " =",
        "(" * 1_000_000, "(1 + 2) + " * 100_000 + "(3 + 4) =", "(1\x00) =", "\n",
    ],
)  # fmt: skip
@patience()
def test_what_is_no_question_has_no_rationale(question: str) -> None:
    with pytest.raises(CannotImprove):
        TASK.rationale(question)


# --- items -------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_items() -> None:
    first = TASK.generate(Split.TEST, BOTH, 40, seed=3)
    assert MultistepArithmetic().generate(Split.TEST, BOTH, 40, seed=3) == first
    assert TASK.generate(Split.TEST, BOTH, 20, seed=3) == first[:20]
    assert TASK.generate(Split.TEST, BOTH, 40, seed=4) != first
    assert TASK.generate(Split.DEV, BOTH, 40, seed=3) != first


def test_generating_does_not_depend_on_random_numbers_of_others() -> None:
    random.seed(1)
    first = TASK.generate(Split.TRAIN, BOTH, 10, seed=1)
    random.seed(2)
    assert TASK.generate(Split.TRAIN, BOTH, 10, seed=1) == first


def _questions(items: list[Item]) -> set[str]:
    return {item.question for item in items}


@pytest.mark.parametrize("shape", ["2x1", "4x2"])
@pytest.mark.parametrize("seed", range(5))
def test_no_question_is_in_two_splits(seed: int, shape: str) -> None:
    task = MultistepArithmetic([shape], [shape])
    test = _questions(task.generate(Split.TEST, BOTH, 200, seed))
    dev = _questions(task.generate(Split.DEV, [Subtask.SEEN], 50, seed, test))
    train = _questions(task.generate(Split.TRAIN, [Subtask.SEEN], 500, seed, test | dev))
    assert (len(test), len(dev), len(train)) == (200, 50, 500)
    assert not test & dev
    assert not (test | dev) & train


def test_what_is_excluded_is_never_drawn() -> None:
    first = TASK.generate(Split.TRAIN, BOTH, 50, seed=1)
    excluded = _questions(first[::2])
    again = TASK.generate(Split.TRAIN, BOTH, 50, seed=1, exclude=excluded)
    assert not _questions(again) & excluded


@pytest.mark.parametrize("share", [0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0])
def test_subtasks_are_mixed_as_asked(share: float) -> None:
    mixed = mixed_subtasks(200, share)
    assert len(mixed) == 200
    for end in range(1, 201):
        assert abs(mixed[:end].count(Subtask.UNSEEN) - share * end) < 1


def test_subtasks_share_evenly_and_have_their_own_difficulties() -> None:
    items = TASK.generate(Split.TEST, BOTH, 400, seed=1)
    shapes = {
        subtask: {
            Shape(item.meta["operands"], len(item.meta["depth_levels"]))
            for item in items
            if item.subtask is subtask
        }
        for subtask in BOTH
    }
    assert sum(item.subtask is Subtask.SEEN for item in items) == 200
    seen, unseen = (set(map(Shape.parse, names)) for names in (TASK.paper_seen, TASK.paper_unseen))
    assert shapes == {Subtask.SEEN: seen, Subtask.UNSEEN: unseen}
    assert not seen & unseen


@given(st.integers(2, 9), st.integers(1, 3), st.integers())
def test_a_difficulty_is_operands_and_levels_of_pairs(
    operands: int, levels: int, seed: int
) -> None:
    task = make_task(TASK.name, [f"{operands}x{levels}"])
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    groups = [group.split(")")[0] for group in item.question.split("(") if ")" in group]
    assert len(groups) == 2**levels
    assert all(len(group.split()) == 2 * operands - 1 for group in groups)
    assert item.meta == {"operands": operands, "depth_levels": [2] * levels}


@pytest.mark.parametrize("text", ["", "4", "x2", "1x2", "4x0", "4x4", "44x1", "4X2", "4 x 2"])
def test_an_unknown_difficulty_is_refused_with_what_is_allowed(text: str) -> None:
    message = f"'{text}' is no difficulty; allowed: 2 to 9 operands x 1 to 3 levels, as in '4x2'"
    for seen, unseen in (([text], []), ([], ["3x1", text])):
        with pytest.raises(ValueError, match="is no difficulty") as caught:
            make_task(TASK.name, seen, unseen)
        assert str(caught.value) == message


def test_tasks_are_made_by_name() -> None:
    assert all(make_task(name).name == name for name in TASKS)
    with pytest.raises(KeyError):
        make_task("chess")


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "answer"),
    [
        ("So the answer is -7.", "-7"),
        ("So the answer is 007.", "7"),
        ("So the answer is -0.", "0"),
        ("So the answer is 7", None),
        ("so the answer is 7.", None),
        ("So the answer is 7. ", None),
        ("So the answer is 7.\nOr 8.", None),
        ("So the answer is 7.0.", None),
        ("So the answer is \u0667.", None),
        (f"So the answer is {'9' * 5000}.", None),
    ],
)
def test_the_strict_answer_is_the_final_response_to_the_letter(
    final: str, answer: str | None
) -> None:
    assert TASK.answer(parse_attempt(f"(1) a\n(Final response) {final}")) == answer


def test_an_attempt_without_final_response_has_no_answer() -> None:
    assert TASK.answer(Attempt(())) is None
    assert TASK.answer(parse_attempt("(1) So the answer is 7.")) is None
    assert not TASK.is_right(None, "7")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the answer is 7", "7"),
        ("The Answer is: **-1,234**!", "-1234"),
        ("answer is $5. No, the answer is 6.", "6"),
        ("answer is - 5", "-5"),
        ("answer is\n**\n5", "5"),
        ("answer is -\n5", None),
        ("answer is -\t5", None),
        ("it is 7", None),
        ("answer is seven", None),
    ],
)
def test_the_flexible_answer_is_the_last_one_stated(text: str, answer: str | None) -> None:
    assert TASK.answer_flexible(text) == answer


@given(st.text() | st.text("answer i:*$-, 0123\n\t", max_size=40).map("answer is{}".format))
def test_reading_an_answer_never_fails(text: str) -> None:
    for answer in (TASK.answer_flexible(text), TASK.answer(parse_attempt(text))):
        assert answer is None or answer == str(int(answer))


@pytest.mark.parametrize("piece", [" ", "*", "* ", "9", ",", "9,", "answer is", "answer is ", "$"])
@patience()
def test_the_answer_of_a_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    TASK.answer_flexible(f"The answer is{text}")
    TASK.answer(parse_attempt(f"(Final response) So the answer is {text}."))
