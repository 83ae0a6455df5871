"""The schooling of the student for word sorting.

Few and short words come first. The sorting by marks is the counterpart of what feedback and
updates are in the task: the last lesson is mostly that.
"""

from __future__ import annotations

from db.records import Item
from engine.embedded.curriculum import Curriculum, Lesson, Size, with_more
from engine.embedded.sorting_skills import SKILLS, amend, check, compare, review
from engine.embedded.tokenizer import FORMAT
from engine.tasks.word_sorting import WordSorting
from engine.tasks.word_sorting_rationale import ORDINALS

PHRASES = (
    *FORMAT,
    "Sort the following words alphabetically:\nList: ",
    "Task: ",
    "sort by marks ",
    "Marks: ",
    " by marks: ",
    "compare",
    "copy",
    "replace",
    "order",
    "letter of ",
    "The first letter: ",
    "We now have: ",
    "Now sort this subpart ",
    " by looking at their ",
    " letters: ",
    "Hence, we have ",
    *ORDINALS[:9],
    "Final response",
    "So the answer is: ",
    "In step (",
    ') the part "',
    '" is incorrect.',
    " This is because ",
    "Step (1) is correct.",
    "Steps (1) to (",
    ") are correct.",
    " The final response is also correct.",
    "it is ",
    " is missing",
    " is listed already",
    " comes before ",
    " is not in the list",
    " is not in this subpart",
    '"="',
    '" (',
    '"), "',
    '" < "',
    '" ? "',
    '["',
    '"]',
    "), ",
    ") ",
    " (",
    " < ",
    " by ",
)

LESSONS = (
    Lesson(0.05, ("2-3",), 0.50, 0.3),
    Lesson(0.15, ("2-5",), 0.50, 0.6),
    Lesson(0.50, (), 0.50, 1.0),
    Lesson(
        1.00,
        (),
        0.40,
        1.0,
        with_more(SKILLS, {amend: 0.15, check: 0.30, compare: 0.12, review: 0.30}),
    ),
)


def kind(item: Item) -> str:
    """Name the number of words."""
    return f"{len(item.answer.split())} words"


CURRICULUM = Curriculum(
    task=WordSorting,
    phrases=PHRASES,
    skills=SKILLS,
    lessons=LESSONS,
    size=Size(hidden=64, layers=3, feed_forward=192, million_tokens=24.0),
    kind=kind,
    about="words spelled, numbers ordered, lists compared, copied and amended, words sorted by "
    "given marks, which is checked and put right in the words of feedback",
)
