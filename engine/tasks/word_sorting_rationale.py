"""Gold rationales of word sorting, and their continuation from any right beginning.

Words are sorted by their first letters; words with the same letter form a subpart, which is
sorted by the next letters, in steps of its own. Alphabetical means by ASCII code, as in the
paper's data: a word that has ended comes first, then signs and digits, then letters. A letter is
written with its position in the alphabet, and what is no letter with 0: ``"art"="" (0)``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache

from engine.trajectory import FINAL_RESPONSE, Attempt, Step

FIRST = "The first letter: "
ORDER = "We now have: "
SUBPART = "Now sort this subpart "
HENCE = "Hence, we have "
ANSWER = "So the answer is: "

WORD = r"[a-z0-9&'-]{1,48}"
MOST_WORDS = 100
_WORD = re.compile(WORD)

_ONES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TEENS = (
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_TENS = ("twent", "thirt", "fort")
ORDINALS = (
    *_ONES,
    *_TEENS,
    *(f"{ten}{end}" for ten in _TENS for end in ("ieth", *map("y-{}".format, _ONES))),
)  # fmt: skip
"""What a letter is called by its place; one more than a word has letters."""

_HEAD = re.compile(r"\s{0,9}Sort the following words alphabetically:\s{1,9}List:")
_LONGEST_QUESTION = 6_000


class NoQuestion(ValueError):
    """The text is no question of this task; the message says why."""


def read_words(question: str) -> list[str]:
    """Return the words to sort, in their order. Raises `NoQuestion`."""
    head = _HEAD.match(question)
    if head is None or len(question) > _LONGEST_QUESTION:
        raise NoQuestion("the question is no list of words to sort")
    words = question[head.end() :].split()
    if not 1 <= len(words) <= MOST_WORDS:
        raise NoQuestion(f"the question needs between 1 and {MOST_WORDS} words")
    for word in words:
        if _WORD.fullmatch(word) is None:
            raise NoQuestion(f"{word!r} is not 1 to 48 small letters, digits or any of & ' -")
    return words


def letter(word: str, place: int) -> str:
    """Return the letter at a place, counted from 1; nothing where the word has ended."""
    return word[place - 1 : place]


def position(sign: str) -> int:
    """Return the position in the alphabet, from 1; 0 for what is no letter."""
    return ord(sign) - 96 if "a" <= sign <= "z" else 0


def grouped(words: Sequence[str], place: int) -> list[list[str]]:
    """Sort words by the letter at a place; those that this leaves open stand together."""
    by_letter: dict[str, list[str]] = {}
    for word in words:
        by_letter.setdefault(letter(word, place), []).append(word)
    groups: list[list[str]] = []
    for _, group in sorted(by_letter.items()):
        groups += [group] if is_open(group) else [[word] for word in group]
    return groups


def is_open(group: Sequence[str]) -> bool:
    """Tell whether there is an order to find; there is none for a word given twice."""
    return len(group) > 1 and group.count(group[0]) < len(group)


class Due(Enum):
    """What the next step has to do."""

    FIRST = auto()
    ORDER = auto()
    SUBPART = auto()
    HENCE = auto()
    ANSWER = auto()
    NOTHING = auto()


@dataclass(slots=True)
class Part:
    """Words that are being sorted, the whole list or a subpart.

    ``place`` is that of the letters looked at last; ``groups`` is the order by these letters,
    empty until it is stated; ``prefix`` and ``count`` are for the labels of the part's steps.
    """

    words: list[str]
    prefix: str = ""
    place: int = 0
    groups: list[list[str]] = field(default_factory=list)
    count: int = 0

    @property
    def open_groups(self) -> list[list[str]]:
        return [group for group in self.groups if is_open(group)]


class Established:
    """What the steps so far have settled, and what is due next."""

    def __init__(self, words: Sequence[str]) -> None:
        self.steps: list[Step] = []
        self.order: list[str] = []
        self._parts = [Part(list(words))]
        self.due = self._next()

    @property
    def part(self) -> Part:
        """The innermost part that is being sorted."""
        return self._parts[-1]

    def _next(self) -> Due:
        if not self._parts:
            final = bool(self.steps) and self.steps[-1].label == FINAL_RESPONSE
            return Due.NOTHING if final else Due.ANSWER
        part = self.part
        if part.place == 0:
            return Due.FIRST
        if not part.groups:
            return Due.ORDER
        return Due.SUBPART if any(map(is_open, part.groups)) else Due.HENCE

    @property
    def label(self) -> str:
        """The label that the next step must have."""
        return f"{self.part.prefix}{self.part.count + 1}" if self._parts else FINAL_RESPONSE

    def add(self, step: Step, subpart: Sequence[str] = ()) -> None:
        """Take a right step, the due one; ``subpart`` is the open group that it looks at."""
        due = self.due
        if self._parts:
            self.part.count += 1
        if due is Due.FIRST:
            self.part.place = 1
        elif due is Due.ORDER:
            self.part.groups = grouped(self.part.words, self.part.place)
        elif due is Due.SUBPART:
            self._enter(step, list(subpart))
        elif due is Due.HENCE:
            self._leave()
        self.steps.append(step)
        self.due = self._next()

    def _enter(self, step: Step, subpart: list[str]) -> None:
        part = self.part
        # A subpart that its letters leave as it was is sorted further on the same level.
        if part.prefix and part.groups == [subpart]:
            part.place += 1
            part.groups = []
        else:
            self._parts.append(Part(subpart, f"{step.label}.", part.place + 1))

    def _leave(self) -> None:
        part = self._parts.pop()
        order = sorted(part.words)
        if not self._parts:
            self.order = order
            return
        groups = self.part.groups
        at = groups.index(part.words)
        groups[at : at + 1] = [[word] for word in order]


def quoted(words: Sequence[str], separator: str) -> str:
    return '"' + f'"{separator}"'.join(words) + '"' if words else ""


def bracketed(words: Sequence[str]) -> str:
    """Write a subpart: ``["a" ? "b"]``."""
    return f"[{quoted(words, ' ? ')}]"


def letter_entry(word: str, place: int) -> str:
    """Write a word with its letter at a place: ``"art"="r" (18)``."""
    return f'"{word}"{_signs(word[place - 1 : place])}'


@lru_cache(maxsize=1 << 8)
def _signs(sign: str) -> str:
    return f'="{sign}" ({position(sign)})'


def _letters(words: Sequence[str], place: int) -> str:
    return ", ".join([letter_entry(word, place) for word in words])


def group_entry(group: Sequence[str], place: int) -> str:
    """Write words that share their letter at a place: ``(18) ["art" ? "arm"]``."""
    words = bracketed(group) if len(group) > 1 else quoted(group, "")
    return f"({position(letter(group[0], place))}) {words}"


def right_text(known: Established, subpart: Sequence[str] = ()) -> str:
    """Write the step that is due, without its label and full stop."""
    due = known.due
    if due is Due.ANSWER:
        return f"{ANSWER}{' '.join(known.order)}"
    part = known.part
    if due is Due.FIRST:
        return f"{FIRST}{_letters(part.words, 1)}"
    if due is Due.ORDER:
        groups = grouped(part.words, part.place)
        return f"{ORDER}{' < '.join([group_entry(group, part.place) for group in groups])}"
    if due is Due.SUBPART:
        looking = f"by looking at their {ORDINALS[part.place]} letters"
        return f"{SUBPART}{bracketed(subpart)} {looking}: {_letters(subpart, part.place + 1)}"
    return f"{HENCE}{quoted(sorted(part.words), ' < ')}"


def continue_rationale(known: Established) -> Attempt:
    """Write the right steps that are still to come after the established ones."""
    while known.due is not Due.NOTHING:
        subpart = known.part.open_groups[0] if known.due is Due.SUBPART else []
        known.add(Step(known.label, f"{right_text(known, subpart)}."), subpart)
    return Attempt(tuple(known.steps))
