"""The schooling of the student for word sorting.

Few and short words come first. The sorting by marks is the counterpart of what feedback and
updates are in the task: the last lesson is mostly that.
"""

from __future__ import annotations

from db.records import Item
from engine.embedded.curriculum import Curriculum, Lesson, Size, with_more
from engine.embedded.sorting_skills import SKILLS, amend, check, repeat, review, spell
from engine.embedded.tokenizer import FEEDBACK, FORMAT
from engine.tasks.word_sorting import WordSorting, vocabulary
from engine.tasks.word_sorting_listing import Found
from engine.tasks.word_sorting_rationale import ORDINALS

PHRASES = (
    *FORMAT,
    *FEEDBACK,
    "Sort the following words alphabetically:\nList: ",
    "Task: ",
    "Marks: ",
    " by marks: ",
    " letters of ",
    "The first letter: ",
    "We now have: ",
    "Now sort this subpart ",
    " by looking at their ",
    " letters: ",
    "Hence, we have ",
    "Final response",
    "So the answer is: ",
    "Check (",
    "): ",
    "it is ",
    " is missing",
    " is listed already",
    " comes before ",
    " is not in the list",
    " is not in this subpart",
    '"="',
    '" (',
    '), "',
    ') "',
    '" < (',
    '" < "',
    '" ? "',
    '["',
    '"] < (',
    '"]',
    ') right, "',
    '" right, "',
    '" in, "',
    '" in. ',
    '".\n(',
    ").\n(",
    "), ",
    ") ",
    " (",
    ". ",
    ", ",
    " < ",
    '" ',
    '; "',
)

WORDS = (
    *(ordinal for ordinal in ORDINALS if "-" not in ordinal),
    *Found,
    *("sort", "by", "marks", "letters", "order", "compare", "copy", "repeat", "replace"),
    *map(str, range(10, 27)),
)

_COPYING = with_more(SKILLS, {repeat: 0.40, spell: 0.15})

LESSONS = (
    Lesson(0.08, ("2-3",), 0.40, 0.3, _COPYING),
    Lesson(0.20, ("2-5",), 0.45, 0.6, _COPYING),
    Lesson(0.55, (), 0.50, 1.0),
    Lesson(1.00, (), 0.35, 1.0, with_more(SKILLS, {amend: 0.18, check: 0.28, review: 0.30})),
)


def kind(item: Item) -> str:
    """Name the number of words."""
    return f"{len(item.answer.split())} words"


CURRICULUM = Curriculum(
    task=WordSorting,
    phrases=PHRASES,
    skills=SKILLS,
    lessons=LESSONS,
    words=WORDS,
    lexicon=vocabulary(),
    pieces=400,
    size=Size(
        hidden=128,
        layers=4,
        key_heads=4,
        feed_forward=256,
        million_tokens=18.0,
        batch_tokens=1536,
    ),
    kind=kind,
    about="words spelled, numbers ordered, lists compared and copied, words sorted by given "
    "marks, which is checked and put right in the words of feedback",
)
