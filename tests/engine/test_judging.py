"""Attempts in a file: each row comes back, judged or with a reason, whatever stands in it."""

import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_data import CODEX, needs_codex, records

from db.records import Item, Split, Subtask
from engine.attempt_rows import JUDGED_KEYS, read_attempts
from engine.judging import AttemptJudge, Form, Unknown
from engine.tasks import TASKS
from engine.tasks.trial import with_answer
from engine.trajectory import FINAL_RESPONSE, parse_attempt, parse_body, split_attempt

MULTISTEP = "multistep_arithmetic"


def judged(judge: AttemptJudge, *rows: Mapping[str, Any] | bytes) -> list[dict[str, Any]]:
    """Rows, as objects or as raw lines, through the reader and the judge."""
    raw = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return list(judge.judge(read_attempts(io.BytesIO(b"\n".join(raw)))))


@cache
def items(name: str) -> list[Item]:
    return TASKS[name]().generate(Split.TEST, list(Subtask), 6, seed=4)


def row_of(item: Item, attempt: str | None = None) -> dict[str, str]:
    return {"question": item.question, "attempt": item.rationale if attempt is None else attempt}


# --- what is found ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_gold_rationales_are_right_and_accepted(name: str) -> None:
    judge = AttemptJudge(TASKS[name]())
    rows = [row_of(item) for item in items(name)]
    for row, item, found in zip(rows, items(name), judged(judge, *rows), strict=True):
        feedback = {"verdict": "correct", "step": None, "span": None, "reason": None}
        assert found == row | {
            "answer": item.answer,
            "answer_form": "strict",
            "correct": True,
            "feedback": feedback,
        }
    assert judge.tally.rows == judge.tally.accepted == judge.tally.right[Form.STRICT] == len(rows)


@pytest.mark.parametrize("name", TASKS)
def test_a_wrong_answer_is_wrong_and_its_place_is_named(name: str) -> None:
    task = TASKS[name]()
    judge = AttemptJudge(task)
    item, other = items(name)[0], next(o for o in items(name) if o.answer != items(name)[0].answer)
    wrong = with_answer(item, other.answer)
    (found,) = judged(judge, row_of(item, wrong.text))
    said = task.feedback(item.question, wrong)
    assert (found["answer"], found["correct"]) == (other.answer, False)
    assert found["feedback"] == {
        "verdict": "incorrect",
        "step": FINAL_RESPONSE,
        "span": said.span,
        "reason": said.reason,
    }
    assert (judge.tally.rejected, judge.tally.right.total()) == (1, 0)


def stated_by(attempt: str) -> str | None:
    """What a person reads as the answer of one of Codex's attempts; some broke off before."""
    _, states, said = attempt.rpartition("So the answer is ")
    return said.strip().removesuffix(".") if states else None


@needs_codex
@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.stem)
def test_every_real_attempt_is_right_exactly_where_it_states_its_target(path: Path) -> None:
    """Its own form can be read flexibly alone; with its last sentence as the task has it, strictly.

    FBK leaves all of them alone: they are of another form.
    """
    name = next(name for name in TASKS if path.stem.startswith(name))
    rows = records(path)
    flexible, strict = AttemptJudge(TASKS[name]()), AttemptJudge(TASKS[name]())
    form = "So the answer is: {}." if name == "word_sorting" else "So the answer is {}."
    answers = [stated_by(row["attempt"]) for row in rows]
    restated = [
        row if said is None else row | {"attempt": f"(1) x\n(Final response) {form.format(said)}"}
        for row, said in zip(rows, answers, strict=True)
    ]
    assert len(rows) == 125
    for judge, asked, how in ((flexible, rows, "flexible"), (strict, restated, "strict")):
        for row, said, found in zip(rows, answers, judged(judge, *asked), strict=True):
            assert found["correct"] is (said == row["target"])
            assert (found["answer"], found["answer_form"]) == (said, how if said else None)
    stating = sum(said is not None for said in answers)
    assert flexible.tally.answered == {Form.FLEXIBLE: stating}
    assert strict.tally.answered == {Form.STRICT: stating}
    assert flexible.tally.right.total() == strict.tally.right.total() > 40
    assert flexible.tally.not_judged == {Unknown.ATTEMPT_FORM: 125}


def test_the_target_counts_before_the_question() -> None:
    item = items(MULTISTEP)[0]
    judge = AttemptJudge(TASKS[MULTISTEP]())
    rows = [row_of(item) | {"target": target} for target in (int(item.answer), "12345678")]
    strange = row_of(item) | {"question": "How many?", "target": item.answer}
    right, wrong, of_another = judged(judge, *rows, strange)
    assert (right["correct"], wrong["correct"], of_another["correct"]) == (True, False, True)
    assert right["target"] == int(item.answer)
    assert of_another["not_judged"]["kind"] == "no question of this task"


def test_a_target_that_no_answer_could_be_is_named() -> None:
    item = items("logical_deduction")[0]
    letter = item.answer.strip("()")
    (found,) = judged(AttemptJudge(TASKS["logical_deduction"]()), row_of(item) | {"target": letter})
    assert found["answer"] == item.answer
    assert found["correct"] is None
    assert found["not_compared"]["kind"] == "target of another form"
    assert repr(letter) in found["not_compared"]["message"]


def test_without_a_target_a_strange_question_has_no_gold_answer() -> None:
    judge = AttemptJudge(TASKS[MULTISTEP]())
    (found,) = judged(judge, {"question": "Who?", "attempt": "So the answer is 5."})
    assert (found["answer"], found["answer_form"], found["correct"]) == ("5", "flexible", None)
    assert found["not_compared"]["kind"] == "no question of this task"
    assert judge.tally.not_compared == {Unknown.NO_QUESTION: 1}


def test_what_follows_the_attempt_is_not_judged() -> None:
    item, other = items(MULTISTEP)[:2]
    more = f"Feedback: no.\nUpdated Answer: Let's think step by step.\n{other.rationale}"
    judge = AttemptJudge(TASKS[MULTISTEP]())
    (found,) = judged(judge, row_of(item, f"{item.rationale}\n{more}"))
    assert (found["answer"], found["correct"]) == (item.answer, True)
    assert found["feedback"]["verdict"] == "correct"
    assert found["not_read"] == len(more)
    assert judge.tally.longer == 1


def test_windows_line_ends_inside_an_attempt_are_line_ends() -> None:
    item = items(MULTISTEP)[0]
    row = row_of(item, item.rationale.replace("\n", "\r\n") + "\r\n")
    (found,) = judged(AttemptJudge(TASKS[MULTISTEP]()), row)
    assert (found["answer_form"], found["feedback"]["verdict"]) == ("strict", "correct")
    assert found["attempt"] == row["attempt"]


def test_what_a_row_has_besides_is_kept_and_what_judging_adds_is_replaced() -> None:
    item = items(MULTISTEP)[0]
    row = row_of(item) | {"id": [1, {"é": None}], "temperature": 0.5}
    judge = AttemptJudge(TASKS[MULTISTEP]())
    (first,) = judged(judge, row | dict.fromkeys(JUDGED_KEYS, "old"))
    assert {key: first[key] for key in row} == row
    assert "old" not in first.values()
    assert judged(judge, first) == [first]


# --- whatever a model wrote ---------------------------------------------------------------------

PIECES = [
    *("9**9**9", "(" * 5000, "[" * 5000, "9" * 5000, "-" * 5000, "\ud800", "\x00\x1b[2J\x7f\u202e"),
    *("(1) ", "(1.1) ", "\n(2) ", "(Final response) ", "So the answer is ", "answer is: (", " = "),
    *("Feedback: ", "\nFeedback: ", "\nUpdated Answer: ", '" is incorrect. This is because ', '"'),
    *("99999 years ago ", "10 days before ", "31/31/9999", "today is ", "Combining (1) and (9), "),
    *("??", "? ", "< ", '["a" ? ', "A = ", "²", "٣", "Ⅳ", "\r", "\u2028", "e\u0301", "${x}", "%s"),
]
TEXT = st.text(st.characters()) | st.lists(st.sampled_from(PIECES)).map("".join)


@st.composite
def attempts(draw: st.DrawFn, name: str) -> tuple[str, str]:
    """A question and what might be written about it: a gold rationale, with things put into it."""
    item = draw(st.sampled_from(items(name)))
    text = draw(st.sampled_from([item.rationale, ""]))
    for _ in range(draw(st.integers(0, 3))):
        at, end = draw(st.integers(0, len(text))), draw(st.integers(0, 30))
        text = text[:at] + draw(TEXT) + text[at + end :]
    return item.question, text


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=200)
@given(data=st.data())
def test_judging_never_raises_and_all_it_says_can_be_written(
    name: str, data: st.DataObject
) -> None:
    question, attempt = data.draw(attempts(name))
    target = data.draw(st.none() | TEXT)
    judge = AttemptJudge(TASKS[name]())
    (found,) = judged(judge, {"question": question, "attempt": attempt, "target": target})
    assert json.loads(json.dumps(found)) == found
    assert (found["correct"] is None) == ("not_compared" in found)
    assert (found["feedback"] is None) == ("not_judged" in found)
    # The question is a good one: it is never to blame.
    assert Unknown.NO_QUESTION not in {*judge.tally.not_judged, *judge.tally.not_compared}
    (found,) = judged(judge, {"question": data.draw(TEXT), "attempt": attempt})
    assert (found["correct"] is None) == ("not_compared" in found)


@given(st.lists(st.sampled_from([*PIECES, "\n", "Updated Answer:"])).map("".join))
def test_the_attempt_that_is_judged_is_the_first_of_the_trajectory(text: str) -> None:
    attempt, follows = split_attempt(text)
    assert parse_attempt(attempt) == parse_body("", text, "").first
    assert text in (attempt + follows, f"{attempt}\n{follows}")


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    "piece",
    [
        *("x", "(", "9", "(1) ", "\n(1) x", "9**", "- ", "answer is ", "today is 1/1/2000 ", "? "),
        *('"a" < ', "\x00", "\ud800", " = ", "and (1), ", "\nFeedback: "),
    ],
)
def test_a_megabyte_is_judged(name: str, piece: str) -> None:
    """Alone, in a first step and in a final response."""
    long = piece * (1_000_000 // len(piece))
    item = items(name)[0]
    first, *rest = item.rationale.split("\n")
    texts = (long, "\n".join([first[:-1] + long, *rest]), item.rationale[:-1] + long + ".")
    judge = AttemptJudge(TASKS[name]())
    for text in texts:
        assert judge.judge_attempt(item.question, text, None)["correct"] in (True, False)
    found = judge.judge_attempt(long, item.rationale, None)
    assert found["correct"] is None
    assert found["not_judged"]["kind"] == "no question of this task"
