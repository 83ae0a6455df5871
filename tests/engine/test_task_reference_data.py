"""Each built-in task on data of others: the paper's, BIG-Bench-Hard, and another model's attempts.

What the script says of rationales that models wrote is in the tests of those tasks.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from reference_data import (
    BBH,
    CODEX,
    big_bench,
    needs_bbh,
    needs_codex,
    needs_reference,
    records,
    reference,
)

from engine.expressions import evaluate, parse
from engine.tasks import TASKS
from engine.tasks.base import BuiltInTask, CannotImprove, CannotJudge
from engine.tasks.date_question import read_question
from engine.tasks.date_words import slashes
from engine.trajectory import correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

WORD_FOR_WORD = {"multistep_arithmetic": 600, "word_sorting": 473}
"""Tasks of which the paper's rationales follow a script, with how many there are."""

READ_OTHERWISE = {"date_understanding": [201], "logical_deduction": [217, 373, 379]}
"""Texts that are not written again as they were: lines without a label, or in brackets."""

RIGHT: dict[str, Callable[[str], list[str]]] = {
    "multistep_arithmetic": lambda asked: [str(evaluate(parse(asked.removesuffix("="))))],
    "word_sorting": lambda asked: [" ".join(sorted(asked.split("List: ")[1].split(" ")))],
    "date_understanding": lambda asked: [f"({x})" for x in read_question(asked).right_letters],
    "logical_deduction": lambda asked: [answer_of("logical_deduction", asked)],
}
"""The answers that are right: several, where options repeat each other."""

LEAST_ACCEPTED = {
    "multistep_arithmetic": 200,
    "word_sorting": 350,
    "date_understanding": 40,
    "logical_deduction": 100,
}

WRONG_GOLD = {
    "date_understanding": {
        2: "01/09/1963", 23: "12/23/2014", 72: "10/22/2001", 73: "02/07/2012", 80: "11/23/2001",
        102: "11/23/2001", 117: "11/21/2001", 122: "01/01/1963",
    },
}  # fmt: skip
"""Questions of BIG-Bench-Hard whose gold answer is not the date that they ask for."""

NOT_JUDGED = {
    "multistep_arithmetic_two": "no final response",
    "word_sorting": "no numbered steps",
    "date_understanding": "no final response",
    # It writes ``?`` for any number of objects.
    **{f"logical_deduction_{n}_objects": "another notation" for n in ("three", "five", "seven")},
}
ANSWERED_RIGHT = {
    "multistep_arithmetic_two": 62,
    "word_sorting": 52,
    "date_understanding": 107,
    "logical_deduction_three_objects": 106,
    "logical_deduction_five_objects": 74,
    "logical_deduction_seven_objects": 44,
}


def answer_of(name: str, question: str) -> str:
    task = TASKS[name]()
    answer = task.answer(task.rationale(question))
    assert answer is not None
    return answer


def task_of(path: Path) -> BuiltInTask:
    """A file is named after its task and, if there are several, its difficulty."""
    return next(task() for name, task in TASKS.items() if path.stem.startswith(name))


# --- the paper's ---------------------------------------------------------------------------------


@needs_reference
@pytest.mark.parametrize("name", WORD_FOR_WORD)
def test_our_rationales_are_the_references_word_for_word(name: str) -> None:
    task = TASKS[name]()
    golds = [record["meta_data"] for record in reference(name, "baseline_rationale")]
    assert len(golds) == WORD_FOR_WORD[name]
    for gold in golds:
        assert task.rationale(gold["question"]).text == gold["rationale"]


@needs_reference
@pytest.mark.parametrize("name", WORD_FOR_WORD)
def test_the_script_accepts_all_rationales_of_the_reference(name: str) -> None:
    task = TASKS[name]()
    for record in reference(name, "baseline_rationale"):
        gold = record["meta_data"]
        attempt = parse_attempt(gold["rationale"])
        # A list of words, or the answer itself.
        answer = gold["answer"] if isinstance(gold["answer"], str) else " ".join(gold["answer"])
        assert task.feedback(gold["question"], attempt) == correct(attempt)
        assert task.is_right(task.answer(attempt), answer)
        assert task.answer_flexible(gold["rationale"]) == answer


@needs_reference
@pytest.mark.parametrize("name", TASKS)
def test_texts_of_the_reference_are_read_and_written_the_same(name: str) -> None:
    hint = TASKS[name].hint
    otherwise = []
    for number, record in enumerate(reference(name, "baseline_rationale")):
        read = parse_trajectory(record["text"], hint)
        assert read is not None
        assert read.question.partition("\nOptions:")[0] == record["meta_data"]["question"]
        if render(read, hint) != record["text"]:
            otherwise.append(number)
    assert otherwise == READ_OTHERWISE.get(name, [])


@needs_reference
@pytest.mark.parametrize("name", TASKS)
def test_of_the_references_samples_only_right_ones_are_accepted(name: str) -> None:
    task = TASKS[name]()
    judged = accepted = 0
    for record in reference(name, "LMSI_rationale"):
        read = parse_trajectory(record["text"], task.hint)
        if read is None:
            continue
        try:
            feedback = task.feedback(read.question, read.first)
        except CannotJudge:
            # Of the other tasks, what breaks off or is of another form.
            assert name not in WORD_FOR_WORD
            continue
        judged += 1
        if feedback.is_correct:
            assert task.answer(read.first) in RIGHT[name](read.question)
            accepted += 1
    assert judged > 100
    assert accepted > LEAST_ACCEPTED[name]


# --- BIG-Bench-Hard ------------------------------------------------------------------------------


@needs_bbh
@pytest.mark.parametrize("path", BBH, ids=lambda path: path.stem)
def test_our_answers_are_those_of_big_bench_hard(path: Path) -> None:
    task = task_of(path)
    examples = big_bench(path)
    assert len(examples) == 125
    wrong = {}
    for number, example in enumerate(examples):
        question = example["input"]
        try:
            rationale = task.rationale(question)
        except CannotImprove as reason:
            assert "no option is" in str(reason)  # noqa: PT017
            wrong[number] = slashes(read_question(question).target)
            continue
        if task.answer(rationale) != example["target"]:
            wrong[number] = slashes(read_question(question).target)
        else:
            assert task.feedback(question, rationale) == correct(rationale)
    assert wrong == WRONG_GOLD.get(task.name, {})


# --- another model -------------------------------------------------------------------------------


@needs_codex
@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.stem)
def test_answers_of_another_model_are_read_as_people_read_them(path: Path) -> None:
    """It was cut off, or ends without a final response: FBK leaves its attempts alone."""
    task = task_of(path)
    right = 0
    attempts = records(path)
    for record in attempts:
        stated = re.findall(r"So the answer is (.*)\.", record["attempt"])[-1:]
        read = task.answer_flexible(record["attempt"])
        assert read == (stated[0] if stated else None)
        assert task.is_right(read, record["target"]) == (stated == [record["target"]])
        right += stated == [record["target"]]
        with pytest.raises(CannotJudge, match=NOT_JUDGED[path.stem]):
            task.feedback(record["question"], parse_attempt(record["attempt"]))
    assert (len(attempts), right) == (125, ANSWERED_RIGHT[path.stem])
