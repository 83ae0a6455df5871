"""What a step of word sorting lists, read entry by entry, and the working that shows it.

First what an entry says, then whether it may follow the one before, and when all are read, whether
one is missing. A verdict alone asks a student to see at a glance what it has just overlooked in
good faith; the working looks at each listed word, and then for each word that has to be there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.tasks.word_sorting_rationale import letter, position
from engine.trajectory import Feedback, Step, incorrect

_QUOTED = re.compile(r'"([^"]*)"')


class Found(StrEnum):
    """How a listed word is found, or one that should be listed."""

    RIGHT = "right"
    WRONG = "wrong"
    AGAIN = "again"
    LATE = "late"
    IN = "in"
    MISSING = "missing"


@dataclass
class Check:
    """The working of one step: ``Check (2): "art" (1) right; "art" in, "bar" missing.``"""

    label: str
    _listed: list[str] = field(default_factory=list)
    _wanted: list[str] = field(default_factory=list)

    def look_at(self, word: str, due: str, found: Found) -> None:
        """Say of a listed word what is ``due`` with it, and how it was found."""
        self._listed.append(" ".join([f'"{word}"', *([due] if due else []), found]))

    def look_for(self, word: str, listed: list[str]) -> None:
        """Say of a word that should be listed whether it is; ``listed`` is then without it."""
        is_in = word in listed
        if is_in:
            listed.remove(word)
        self._wanted.append(f'"{word}" {Found.IN if is_in else Found.MISSING}')

    @property
    def text(self) -> str:
        """The sentence; empty where nothing was looked at."""
        parts = [", ".join(part) for part in (self._listed, self._wanted) if part]
        return f"Check ({self.label}): {'; '.join(parts)}." if parts else ""


def spelled(word: str, place: int) -> str:
    """Spell a word up to a place: ``a-r`` for ``art`` and 2; ``a-r-t-`` where it has ended."""
    return "-".join([*word[:place], *([""] * (place > len(word)))])


def sort_key(word: str, words: Sequence[str]) -> str:
    """Write the positions of the letters that tell a word from the others: ``(6, 1)``.

    Letters that all words begin with are left out.
    """
    others = [other for other in words if other != word]
    alike = [_letters_alike(word, other) for other in others]
    places = range(min(alike, default=0) + 1, max(alike, default=0) + 2)
    return f"({', '.join(str(position(letter(word, place))) for place in places)})"


def _letters_alike(word: str, other: str) -> int:
    """Count the letters with which both begin."""
    pairs = enumerate(zip(word, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(word), len(other)))


def until(head: str, separator: str, entries: Sequence[str], at: int) -> str:
    """Quote an entry together with what stands before it."""
    if at == 0:
        return f"{head.rpartition('] ')[2]}{entries[0]}"
    if at == len(entries):
        return f"{entries[-1]}."
    return f"{entries[at - 1]}{separator}{entries[at]}"


class Listing:
    """What a step lists, and what it should.

    ``right`` holds the right entries as they are written, and ``words`` the words of each. For the
    working, ``due`` tells what is due with a word, and ``wanted`` has all words as they were given.
    """

    def __init__(
        self,
        step: Step,
        head: str,
        separator: str,
        right: Sequence[str],
        words: Sequence[Sequence[str]],
        due: Callable[[str], str],
        wanted: Sequence[str],
    ) -> None:
        self._label, self._head, self._separator = step.label, head, separator
        self._right, self._words = right, words
        self._due, self._wanted = due, wanted
        self.entries = step.text[len(head) :].removesuffix(".").split(separator)
        self.ranks: dict[str, list[int]] = defaultdict(list)
        for rank, group in enumerate(words):
            for word in group:
                self.ranks[word].append(rank)
        self._found: list[int] = []
        self._slip: Found | None = Found.WRONG

    def judge(self, read: Callable[[int], str | Feedback], *, ordered: bool) -> Feedback | None:
        """Judge the entries one by one, then what is missing.

        ``read`` judges an entry by itself and returns a word of it.
        """
        found = self._found
        for at in range(len(self.entries)):
            word = read(at)
            if isinstance(word, Feedback):
                return word
            rank = next((rank for rank in self.ranks[word] if rank not in found), None)
            if rank is None:
                self._slip = Found.AGAIN
                return self.error(self.until(at), f'"{word}" is listed already')
            if ordered and found and rank < found[-1]:
                self._slip = Found.LATE
                reason = f"{self._right[rank]} comes before {self._right[found[-1]]}"
                return self.error(self.until(at), reason)
            found.append(rank)
        for rank, entry in enumerate(self._right):
            if rank not in found:
                at = found.index(rank - 1) + 1 if rank else 0
                return self.error(self.until(at), f"{entry} is missing")
        return None

    def check(self) -> Check:
        """Show, of a listing that has been judged, what was looked at and found."""
        check = Check(self._label)
        right, rest = self.entries[: len(self._found)], self.entries[len(self._found) :]
        for entry in right:
            for word in self._words_in(entry):
                check.look_at(word, self._due(word), Found.RIGHT)
        if rest:
            self._look_at_wrong(check, rest[0])
            return check
        listed = [word for at in self._found for word in self._words[at]]
        for word in self._wanted:
            check.look_for(word, listed)
        return check

    def _look_at_wrong(self, check: Check, entry: str) -> None:
        """Go through the words of a wrong entry until one is wrong, or is missing."""
        words = self._words_in(entry)
        if self._slip is None or not entry:
            return
        group = next((group for group in self._words if words[0] in group), [])
        if self._slip is not Found.WRONG or not self._is_begun_right(entry, words[0]):
            check.look_at(words[0], self._due_with(words[0]), self._slip)
            return
        seen: set[str] = set()
        for word in words:
            found = Found.AGAIN if word in seen else Found.RIGHT
            if word not in group:
                found = Found.WRONG
            check.look_at(word, self._due_with(word), found)
            if found is not Found.RIGHT:
                return
            seen.add(word)
        for word in group:
            if word not in seen:
                check.look_at(word, self._due_with(word), Found.MISSING)

    def _is_begun_right(self, entry: str, first: str) -> bool:
        """Tell of a wrong entry whether its beginning is what is due with its first word."""
        return first in self.ranks and entry.startswith(self._due(first))

    def _due_with(self, word: str) -> str:
        return self._due(word) if word in self.ranks else ""

    def _words_in(self, entry: str) -> list[str]:
        """Return the words of an entry in the form of its kind; the letter of one is none."""
        quoted: list[str] = _QUOTED.findall(entry)
        return quoted[:1] if '"="' in entry else quoted or [entry]

    def until(self, at: int) -> str:
        return until(self._head, self._separator, self.entries, at)

    def unreadable(self, at: int, example: str) -> Feedback:
        self._slip = None
        return self.error(self.until(at), f"an entry is written as {example}")

    def error(self, span: str, reason: str) -> Feedback:
        return incorrect(self._label, span, reason)
