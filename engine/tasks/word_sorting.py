"""Word sorting: ``Sort the following words alphabetically:`` and, below it, ``List: …``.

Subtasks of the paper: seen questions have 2 to 7 words, unseen ones 8 to 20. The rationale sorts
by first letters, then each subpart that is left open by the next ones. Scripted FBK checks an
attempt in reading order; scripted IMP continues from the flagged step.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from db.records import Item, Split, Subtask
from engine.tasks.base import (
    BuiltInTask,
    Candidate,
    CannotImprove,
    CannotJudge,
    steps_before,
    take_right,
)
from engine.tasks.word_sorting_judge import STATED_ANSWER, Judge
from engine.tasks.word_sorting_rationale import (
    WORD,
    Established,
    NoQuestion,
    continue_rationale,
    read_words,
)
from engine.trajectory import Attempt, Feedback

_ANY_ANSWER = re.compile(r"answer is:?", re.IGNORECASE)
_LONGEST_ANSWER = 6_000
_SENTENCE_END = re.compile(r"[.!](?:\s|$)")
_MARKUP = str.maketrans({**dict.fromkeys('"`*[]()“”'), "’": "'", "<": " ", ",": " , "})


@dataclass(frozen=True, slots=True)
class Length:
    """How many words a question has, and whether all begin with the same two letters."""

    fewest: int
    most: int
    alike: bool = False

    @classmethod
    def parse(cls, text: str) -> Length:
        """Read ``5``, ``2-7`` or ``2-7p``. Raises ValueError that says what is allowed."""
        match = re.fullmatch(r"([1-9][0-9]?)(?:-([1-9][0-9]?))?(p?)", text)
        if match is not None:
            length = cls(int(match[1]), int(match[2] or match[1]), bool(match[3]))
            if 2 <= length.fewest <= length.most <= 30:
                return length
        raise ValueError(
            f"{text!r} is no difficulty; allowed: 2 to 30 words, as in '5' or '2-7', and a 'p' "
            "after them for words with a common prefix"
        )


@cache
def vocabulary() -> tuple[str, ...]:
    """Return the words that questions are made of; ``words_licence.txt`` says where from."""
    return tuple(Path(__file__).with_name("words.txt").read_text(encoding="ascii").split())


@cache
def families() -> Mapping[str, tuple[str, ...]]:
    """Return the words with the same first two letters, for each two letters."""
    by_prefix: dict[str, list[str]] = defaultdict(list)
    for word in vocabulary():
        by_prefix[word[:2]].append(word)
    return {prefix: tuple(words) for prefix, words in by_prefix.items()}


class WordSorting(BuiltInTask):
    """The task as `engine.tasks.base.Task` asks for it."""

    name = "word_sorting"
    title = "Word sorting"
    hint = ""
    notation = (
        "5 or 2-7: so many words (2 to 30); 2-7p: words that begin with the same two letters, so "
        "that subparts lie within subparts"
    )
    paper_seen: tuple[str, ...] = ("2-7",)
    paper_unseen: tuple[str, ...] = ("8-20",)

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        self._lengths = {
            Subtask.SEEN: tuple(map(Length.parse, seen or self.paper_seen)),
            Subtask.UNSEEN: tuple(map(Length.parse, unseen or self.paper_unseen)),
        }

    def content(self, question: str) -> str:
        """Return the words that are to be sorted, whatever their order."""
        try:
            return _content(read_words(question))
        except NoQuestion:
            return ""

    def candidate(self, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        words = _draw_words(rng.choice(self._lengths[subtask]), rng)
        return Candidate(_content(words), lambda: self._item(words, split, subtask))

    def _item(self, words: Sequence[str], split: Split, subtask: Subtask) -> Item:
        question = f"Sort the following words alphabetically:\nList: {' '.join(words)}"
        return Item(
            task=self.name,
            split=split,
            subtask=subtask,
            question=question,
            answer=" ".join(sorted(words)),
            rationale=self.rationale(question).text,
            meta={"words": len(words)},
        )

    def rationale(self, question: str) -> Attempt:
        try:
            return continue_rationale(Established(read_words(question)))
        except NoQuestion as error:
            raise CannotImprove(str(error)) from error

    def answer(self, attempt: Attempt) -> str | None:
        match = STATED_ANSWER.fullmatch(attempt.final_response or "")
        return match["answer"] if match else None

    def answer_flexible(self, text: str) -> str | None:
        ends = [match.end() for match in _ANY_ANSWER.finditer(text)]
        return _read_list(text[ends[-1] :][:_LONGEST_ANSWER]) if ends else None

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        try:
            return Judge(question, show_working=show_working).judge(attempt)
        except NoQuestion as error:
            raise CannotJudge(str(error)) from error

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        kept = steps_before(attempt, feedback)
        try:
            judge = Judge(question)
        except NoQuestion as error:
            raise CannotImprove(str(error)) from error
        take_right(judge, kept)
        return continue_rationale(judge.established)


def _draw_words(length: Length, rng: random.Random) -> list[str]:
    count = rng.randint(length.fewest, length.most)
    if length.alike:
        return rng.sample(
            rng.choice([words for words in families().values() if len(words) >= count]), count
        )
    return rng.sample(vocabulary(), count)


def _content(words: Iterable[str]) -> str:
    return " ".join(sorted(set(words)))


def _read_list(text: str) -> str | None:
    """Read words from ``a b c.``, ``"a" < "b"`` or ``a, b, and c!``; None where there are none."""
    line = text.lstrip().split("\n", 1)[0]
    sentence = _SENTENCE_END.split(line, maxsplit=1)[0].translate(_MARKUP).lower()
    words = re.sub(r" , +(?:and +(?=[^ ,]))?", " ", sentence).split()
    words = [word.strip("'") if word[0] == word[-1] == "'" else word for word in words]
    words = [word for word in words if re.fullmatch(WORD, word)]
    return " ".join(words) or None
