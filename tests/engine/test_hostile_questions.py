"""What is no question of a built-in task is refused by its script, by name and in linear time."""

from functools import cache

import pytest
from patience import patience

from db.records import Item, Split, Subtask
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, CannotJudge
from engine.trajectory import FINAL_RESPONSE, incorrect, parse_attempt

SORT = "Sort the following words alphabetically:\nList:"
ASKED = "What is the date today in MM/DD/YYYY?"


@cache
def item_of(name: str) -> Item:
    (item,) = TASKS[name]().generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1)
    return item


FOR_ANY_TASK = [
    "", "?", "\n", "\x00", "\ud800", "(", "Options:", "\nOptions:\n", ": . ", "x" * 9999,
    " " * 1_000_000, "\n" * 1_000_000, "(" * 1_000_000, "a, " * 300_000,
]  # fmt: skip
NO_QUESTIONS = {
    "multistep_arithmetic": [
        "=", "((1 + 2) =", "(1 + 2)) =", "(1 + ) =", "(1 +) =", "(9**9**9) =", "9**9**9 =",
        "A =", "(A + 1) =", "A + (1 + 2) =", "(1 + 2) (3 + 4) =", "(1 / 2) =",
        f"({'9' * 50} + 1) =", "+".join(["(1 + 1)"] * 27) + " =",
        "(1 + 2) + " * 100_000 + "(3 + 4) =", "(1\x00) =",
    ],
    "word_sorting": [
        "List: a b", SORT.removesuffix("\nList:"), f"{SORT} ", f"{SORT} B a", f"{SORT} é",
        f"{SORT} \u0661", f'{SORT} "a" b', f"{SORT} a\x00", f"{SORT} \ud800", f"{SORT} {'a' * 49}",
        f"{SORT} a;b", f"{SORT}{' a' * 101}", f"{SORT} {'a ' * 500_000}",
        f"{SORT} {'a' * 1_000_000}", f"{SORT} {' ' * 1_000_000}",
        f"{' ' * 1_000_000}{SORT} a b",
    ],
    "date_understanding": [
        f"{ASKED}\nOptions:\n(A) 1/1/2000",
        f"Today is nice. {ASKED}\nOptions:\n(A) 01/01/2000",
        f"Today is 2/30/2001. {ASKED}\nOptions:\n(A) 02/28/2001",
        f"Today is 2/3. {ASKED}\nOptions:\n(A) 02/03/2001",
        "Today is 2/3/2001. What is the date in 3 days in MM/DD/YYYY?\nOptions:\n(A) 02/03/2001",
        "Today is 2/3/2001. What is the date 9999 years ago in MM/DD/YYYY?\nOptions:\n(A) 2/3/2001",
        f"Today is 2/3/2001. {ASKED}\nOptions:\n",
        f"Today is 2/3/2001. {ASKED}",
        "9999 is coming in 999999 hours. What is the date",
        "Jane and John married on 2/3/2001. It is their 999999-year anniversary today. "
        f"{ASKED}\nOptions:\n(A) 02/03/2001",
        item_of("date_understanding").question.replace("?", " " * 1_000_000, 1),
        item_of("date_understanding").question + "(G) 01/01/2000\n" * 100_000,
    ],
    "logical_deduction": [
        "three books: a. b", "three books: " * 1000,
        "On a shelf, there are three books: a red book, a blue book, and a tan book. It rains.",
    ],
}  # fmt: skip


def no_questions(name: str) -> list[str]:
    """Texts that are none of any task, none of this one, and questions of the others."""
    others = [item_of(other).question for other in TASKS if other != name]
    return [*FOR_ANY_TASK, *NO_QUESTIONS[name], *others]


@pytest.mark.parametrize(
    ("name", "question"),
    [
        pytest.param(name, question, id=f"{name}-{number}")
        for name in TASKS
        for number, question in enumerate(no_questions(name))
    ],
)
@patience()
def test_what_is_no_question_is_neither_solved_nor_judged_nor_improved(
    name: str, question: str
) -> None:
    task = TASKS[name]()
    gold = parse_attempt(item_of(name).rationale)
    with pytest.raises(CannotImprove):
        task.rationale(question)
    with pytest.raises(CannotJudge):
        task.feedback(question, gold)
    for step in ("1", "2", FINAL_RESPONSE):
        with pytest.raises(CannotImprove):
            task.improve(question, gold, incorrect(step, "a", "b"))


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("multistep_arithmetic", "1 + 2 ="),
        ("multistep_arithmetic", f"({' * '.join(['9' * 20] * 5)}) ="),
        ("date_understanding", f"Today is 2/3/2001. {ASKED}\nOptions:\n(A) 02/04/2001"),
    ],
)
def test_what_can_be_judged_but_has_no_right_answer_has_no_rationale(
    name: str, question: str
) -> None:
    task = TASKS[name]()
    assert not task.feedback(question, parse_attempt(item_of(name).rationale)).is_correct
    with pytest.raises(CannotImprove):
        task.rationale(question)


@pytest.mark.parametrize("name", TASKS)
@patience()
def test_to_exclude_what_is_no_question_changes_nothing(name: str) -> None:
    task = TASKS[name]()
    first = task.generate(Split.TRAIN, [Subtask.SEEN], 3, seed=2)
    assert task.generate(Split.TRAIN, [Subtask.SEEN], 3, 2, no_questions(name)) == first
