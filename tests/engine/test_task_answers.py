"""Answers that each built-in task reads: strictly from an attempt, flexibly from any text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from db.records import Split, Subtask
from engine.tasks import TASKS
from engine.trajectory import Attempt, parse_attempt

STRICT: dict[str, list[tuple[str, str | None]]] = {
    "multistep_arithmetic": [
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
    "word_sorting": [
        ("So the answer is: art at&t o'clock.", "art at&t o'clock"),
        ("So the answer is: art.", "art"),
        ("So the answer is: art bat", None),
        ("So the answer is: art  bat.", None),
        ("So the answer is: art, bat.", None),
        ("So the answer is art bat.", None),
        ("So the answer is: Art bat.", None),
        ("So the answer is: .", None),
        ("So the answer is: art.\nOr bat.", None),
        ("So the answer is: \u0667.", None),
        (f"So the answer is: {'a' * 49}.", None),
    ],
    "date_understanding": [
        ("So the answer is (F).", "(F)"),
        ("So the answer is (G).", "(G)"),
        ("So the answer is (F)", None),
        ("So the answer is F.", None),
        ("so the answer is (F).", None),
        ("So the answer is (f).", None),
        ("So the answer is (F). ", None),
        ("So the answer is (F).\nOr (B).", None),
        ("So the answer is 12/25/1937.", None),
    ],
    "logical_deduction": [
        ("So the answer is (A).", "(A)"),
        ("So The answer is (G).", "(G)"),
        ("Ben finished last. So the answer is (B).", "(B)"),
        ("So the answer is (H).", None),
        ("So the answer is (a).", None),
        ("So the answer is A.", None),
        ("So the answer is (A)", None),
        ("So the answer is (A). ", None),
        ("So the answer is (A).\nOr (B).", None),
        ("Maybe\nnot. So the answer is (A).", None),
        ("(A)", None),
    ],
}
FLEXIBLE: dict[str, list[tuple[str, str | None]]] = {
    "multistep_arithmetic": [
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
    "word_sorting": [
        ("the answer is art bat", "art bat"),
        ("The Answer is: **Art, bat, and cat**!", "art bat cat"),
        ("So the answer is art, and, cat.", "art and cat"),
        ("The answer is: art, bat and", "art bat and"),
        ('the answer is: "art" < [“bat” < `cat`].', "art bat cat"),
        ("the answer is: 'art' 'bat'. That is all.", "art bat"),
        ("the answer is: o’clock at&t.", "o'clock at&t"),
        ("the answer is:\nart bat\n\nDone.", "art bat"),
        ("answer is a b. No, the answer is b c.", "b c"),
        ("the answer is", None),
        ("the answer is: ...", None),
        ("art bat", None),
    ],
    "date_understanding": [
        ("the answer is (b)", "(B)"),
        ("The Answer is: **(C)**!", "(C)"),
        ("answer is (A). No, the answer is (D).", "(D)"),
        ("The answer is B.", "(B)"),
        ("Answer: option (E)", "(E)"),
        ("so option F", "(F)"),
        ("the answer is a Monday", None),
        ("answer is an option", None),
        ("the answer is 12/25/1937", None),
        ("(A) 12/25/1937", None),
    ],
    "logical_deduction": [
        ("the answer is (C)", "(C)"),
        ("The Answer is: **(D)**!", "(D)"),
        ("answer is (A). No, the answer is (B).", "(B)"),
        ("Answer: C", "(C)"),
        ("Option (B) is right", "(B)"),
        ("the answer is (b)", "(B)"),
        ("the answer is Amy", None),
        ("the answer is a bird", None),
        ("the answer is (H)", None),
        ("(A) is right", None),
        ("Options:", None),
    ],
}
SIGNS = {
    "multistep_arithmetic": "answer i:*$-, 0123\n\t",
    "word_sorting": "answer i:*$-, 0123<\"'and\n\t",
    "date_understanding": "answer i:*(ABz) \n",
    "logical_deduction": "answer i:*()ABCG \n",
}
"""What a text that is nearly an answer is made of."""

FORM = {
    "multistep_arithmetic": "0|-?[1-9][0-9]*",
    "word_sorting": r"\S+(?: \S+)*",
    "date_understanding": r"\([A-Z]\)",
    "logical_deduction": r"\([A-G]\)",
}
PIECES = [
    " ", "*", "* ", "9", ",", "9,", "$", "a", "a ", "A", "(", "'", "\n", ". ", " , ", ", and ",
    "answer", "answer is", "answer is ", "answer is: ", "answer is (", "answer is (A) ", "choice: ",
]  # fmt: skip


def cases(table: dict[str, list[tuple[str, str | None]]]) -> list[tuple[str, str, str | None]]:
    return [(name, text, answer) for name in TASKS for text, answer in table[name]]


@pytest.mark.parametrize(("name", "final", "answer"), cases(STRICT))
def test_the_strict_answer_is_the_final_response_to_the_letter(
    name: str, final: str, answer: str | None
) -> None:
    assert TASKS[name]().answer(parse_attempt(f"(1) a\n(Final response) {final}")) == answer


@pytest.mark.parametrize("name", TASKS)
def test_an_attempt_without_final_response_has_no_answer(name: str) -> None:
    task = TASKS[name]()
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1)
    final = parse_attempt(item.rationale).final_response
    assert task.answer(parse_attempt(f"(Final response) {final}")) == item.answer
    assert task.answer(parse_attempt(f"(1) {final}")) is None
    assert task.answer(Attempt(())) is None
    assert not task.is_right(None, item.answer)


@pytest.mark.parametrize(("name", "text", "answer"), cases(FLEXIBLE))
def test_the_flexible_answer_is_the_last_one_stated(
    name: str, text: str, answer: str | None
) -> None:
    assert TASKS[name]().answer_flexible(text) == answer


@pytest.mark.parametrize("name", TASKS)
@given(data=st.data())
def test_reading_an_answer_never_fails(name: str, data: st.DataObject) -> None:
    task = TASKS[name]()
    text = data.draw(st.text() | st.text(SIGNS[name], max_size=60).map("answer is{}".format))
    for answer in (task.answer_flexible(text), task.answer(parse_attempt(text))):
        assert answer is None or re.fullmatch(FORM[name], answer)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", TASKS)
@patience()
def test_the_answer_of_a_megabyte_is_read_in_linear_time(name: str, piece: str) -> None:
    task = TASKS[name]()
    text = piece * (1_000_000 // len(piece))
    task.answer_flexible(f"The answer is{text}")
    for final in (f"So the answer is {text}.", f"So the answer is: {text}."):
        task.answer(parse_attempt(f"(Final response) {final}"))
    task.answer(parse_attempt(f"(Final response) {text}. So the answer is ({text})."))
