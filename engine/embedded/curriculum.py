"""What a student of the package is schooled in, lesson by lesson: the same for all tasks.

A document is a prompt and what is to be learned as its continuation. A lesson mixes gold
rationales of fresh questions with documents of general skills, each in its share of the text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from db.records import Item, Split, Subtask
from engine.embedded.tokenizer import build_tokenizer, learn_merges
from engine.tasks.base import BuiltInTask
from engine.trajectory import prompt

Document = tuple[str, str]
"""A prompt and what is to be learned as its continuation."""


class Draw(random.Random):
    """Random numbers of a lesson; ``level`` from 0 to 1 is how long and large things may be."""

    level = 1.0

    def upto(self, low: int, high: int) -> int:
        """Draw between ``low`` and ``high``, the latter the nearer the level is to 1."""
        return self.randint(low, low + round((high - low) * self.level))


Skill = tuple[Callable[[Draw], Document], float]
"""A kind of documents and its share of the text of all skills."""


@dataclass
class Progress:
    """Share of the token budget that is used."""

    done: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """Until which share of the budget; kinds of the questions (none: the paper's seen ones);
    share of the text that is rationales; level of the skills, and which (none: the usual)."""

    until: float
    seen: tuple[str, ...]
    rationales: float
    level: float
    skills: tuple[Skill, ...] = ()


@dataclass(frozen=True, slots=True)
class Size:
    """A student's architecture, and its budget of tokens.

    A head has 32 dimensions; ``key_heads`` are those of keys and values.
    """

    hidden: int
    layers: int
    key_heads: int
    feed_forward: int
    million_tokens: float
    batch_tokens: int = 3072


@dataclass(frozen=True, slots=True)
class Curriculum:
    """The schooling of the student for one task.

    ``phrases`` are tokens of their own, and so are ``words`` and so many ``pieces`` of those of a
    ``lexicon``; ``skills`` have their usual shares; ``kind`` names the kind of a question and
    ``about`` the data, both for the card.
    """

    task: type[BuiltInTask]
    phrases: tuple[str, ...]
    skills: tuple[Skill, ...]
    lessons: tuple[Lesson, ...]
    size: Size
    kind: Callable[[Item], str]
    about: str
    words: tuple[str, ...] = ()
    lexicon: tuple[str, ...] = ()
    pieces: int = 0

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Make the student's tokenizer."""
        return build_tokenizer(self.phrases, self.words, learn_merges(self.lexicon, self.pieces))

    def documents(self, rng: Draw, progress: Progress) -> Iterator[Document]:
        """Yield gold rationales and documents of skills, lesson by lesson."""
        for lesson in self.lessons:
            rng.level = lesson.level
            sources = [(self._rationales(lesson, rng), lesson.rationales)]
            sources += [
                (_repeatedly(draw, rng), (1 - lesson.rationales) * share)
                for draw, share in lesson.skills or self.skills
            ]
            written = [0] * len(sources)
            while progress.done < lesson.until:
                # The kind that is furthest behind its share of the text comes next.
                behind = [size / share for size, (_, share) in zip(written, sources, strict=True)]
                kind = behind.index(min(behind))
                start, continuation = next(sources[kind][0])
                written[kind] += len(start) + len(continuation)
                yield start, continuation

    def _rationales(self, lesson: Lesson, rng: Draw) -> Iterator[Document]:
        """Yield questions of a lesson with their gold rationales, without end."""
        task = self.task(lesson.seen)
        while True:
            for item in task.generate(Split.TRAIN, [Subtask.SEEN], 50, rng.randrange(2**60)):
                yield prompt(item.question, task.hint), item.rationale

    def skills_of(self, lesson: Lesson) -> str:
        """Say which skills have another share in a lesson than usual."""
        usual = dict(self.skills)
        more = [
            f"{draw.__name__} {share:.0%}" for draw, share in lesson.skills if share > usual[draw]
        ]
        return f"more of {', '.join(more)}" if more else "all"


def with_more(
    skills: tuple[Skill, ...], shares: Mapping[Callable[[Draw], Document], float]
) -> tuple[Skill, ...]:
    """Return all skills, some of them with another share; the rest share what is left."""
    left = 1 - sum(shares.values())
    rest = sum(share for one, share in skills if one not in shares)
    return tuple((one, shares.get(one, share * left / rest)) for one, share in skills)


def _repeatedly(draw: Callable[[Draw], Document], rng: Draw) -> Iterator[Document]:
    """Yield what ``draw`` draws, without end."""
    while True:
        yield draw(rng)
