"""The schooling of the student for multistep arithmetic.

Small numbers and short texts come first: they teach arithmetic and copying in minutes, which long
texts alone do not. Telling two numbers apart has a lesson of its own: with its share of the
mixture alone that was not learned in ten million tokens, and at the very start not either. The
last lesson is mostly judging and putting right: with less of it updates do not use feedback.
"""

from __future__ import annotations

from db.records import Item
from engine.embedded.arithmetic_skills import SKILLS, amend, check, compare, recheck, review
from engine.embedded.curriculum import Curriculum, Lesson, Size, with_more
from engine.embedded.tokenizer import FEEDBACK, FORMAT
from engine.tasks.multistep_arithmetic import MultistepArithmetic

PHRASES = (
    *FORMAT,
    MultistepArithmetic.hint,
    'This equation can be written as "',
    '", where ',
    "Let's calculate ",
    "Then, the final equation is ",
    "Final response",
    "So the answer is ",
    "Check (",
    "): ",
    "? ",
    ", so ",
    " is right.",
    " is wrong.",
    *FEEDBACK,
    "List: ",
    "Task: ",
    "work out",
    "simplify",
    "copy",
    "replace",
    " by ",
    " and ",
    " is ",
    ", ",
    " = ",
    " + ",
    " - ",
    " * ",
)

LESSONS = (
    Lesson(0.05, ("2x1", "3x1"), 0.40, 0.2),
    Lesson(0.16, ("3x1", "4x1"), 0.50, 0.5),
    Lesson(0.30, (), 0.40, 1.0, with_more(SKILLS, {compare: 0.25, recheck: 0.25})),
    Lesson(0.50, (), 0.50, 1.0),
    Lesson(
        1.00,
        (),
        0.40,
        1.0,
        with_more(SKILLS, {amend: 0.20, check: 0.25, recheck: 0.09, review: 0.28}),
    ),
)


def kind(item: Item) -> str:
    """Name operands and levels, as in 4x2."""
    return f"{item.meta['operands']}x{len(item.meta['depth_levels'])}"


CURRICULUM = Curriculum(
    task=MultistepArithmetic,
    phrases=PHRASES,
    skills=SKILLS,
    lessons=LESSONS,
    size=Size(hidden=128, layers=4, key_heads=2, feed_forward=384, million_tokens=46.0),
    kind=kind,
    about="arithmetic worked out, other calculations checked and put right in the words of "
    "feedback, text copied and amended",
)
