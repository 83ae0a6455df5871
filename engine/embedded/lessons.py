"""What the embedded student is schooled in, lesson by lesson.

Small numbers and short texts come first: they teach arithmetic and copying in minutes, which long
texts alone do not. Telling two numbers apart has a lesson of its own: with its share of the
mixture alone that was not learned in ten million tokens, and at the very start not either. The
last lesson is mostly judging and putting right: with less of it updates do not use feedback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from db.records import Split, Subtask
from engine.embedded.calculations import Draw
from engine.embedded.skills import (
    SKILLS,
    Document,
    Skill,
    amend,
    check,
    compare,
    recheck,
    review,
)
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import prompt

PAPER = "the paper's seen ones"


@dataclass
class Progress:
    """Share of the token budget that is used."""

    done: float = 0.0


def with_more(shares: Mapping[Callable[[Draw], Document], float]) -> tuple[Skill, ...]:
    """Return all skills, some of them with another share; the rest share what is left."""
    left = 1 - sum(shares.values())
    rest = sum(share for one, share in SKILLS if one not in shares)
    return tuple((one, shares.get(one, share * left / rest)) for one, share in SKILLS)


@dataclass(frozen=True)
class Lesson:
    """Until which share of the budget; kinds of the questions (none: the paper's seen ones);
    share of the text that is rationales; level of the skills, and which."""

    until: float
    seen: tuple[str, ...]
    rationales: float
    level: float
    skills: tuple[Skill, ...] = SKILLS


LESSONS = (
    Lesson(0.05, ("2x1", "3x1"), 0.40, 0.2),
    Lesson(0.16, ("3x1", "4x1"), 0.50, 0.5),
    Lesson(0.30, (), 0.40, 1.0, with_more({compare: 0.25, recheck: 0.25})),
    Lesson(0.50, (), 0.50, 1.0),
    Lesson(1.00, (), 0.40, 1.0, with_more({amend: 0.20, check: 0.25, recheck: 0.09, review: 0.28})),
)


def documents(rng: Draw, progress: Progress) -> Iterator[Document]:
    """Yield gold rationales of fresh questions and documents of skills, lesson by lesson."""
    for lesson in LESSONS:
        rng.level = lesson.level
        sources = [(rationales(lesson, rng), lesson.rationales)]
        sources += [
            (repeatedly(draw, rng), (1 - lesson.rationales) * share)
            for draw, share in lesson.skills
        ]
        written = [0] * len(sources)
        while progress.done < lesson.until:
            # The kind that is furthest behind its share of the text comes next.
            behind = [size / share for size, (_, share) in zip(written, sources, strict=True)]
            kind = behind.index(min(behind))
            start, continuation = next(sources[kind][0])
            written[kind] += len(start) + len(continuation)
            yield start, continuation


def repeatedly(draw: Callable[[Draw], Document], rng: Draw) -> Iterator[Document]:
    """Yield what ``draw`` draws, without end."""
    while True:
        yield draw(rng)


def rationales(lesson: Lesson, rng: Draw) -> Iterator[Document]:
    """Yield questions of a lesson with their gold rationales, without end."""
    task = MultistepArithmetic(lesson.seen)
    while True:
        for item in task.generate(Split.TRAIN, [Subtask.SEEN], 50, rng.randrange(2**60)):
            yield prompt(item.question, task.hint), item.rationale


def skills_of(lesson: Lesson) -> str:
    """Say which skills have another share in a lesson than usual."""
    usual = dict(SKILLS)
    more = [f"{draw.__name__} {share:.0%}" for draw, share in lesson.skills if share > usual[draw]]
    return f"more of {', '.join(more)}" if more else "all"
