"""Scripted FBK of word sorting: the first error of an attempt, in reading order.

Each step lists words: with their letters, in the groups that these make, or in order. A listing
is read entry by entry: first what an entry says, then whether it may follow the one before, and
when all are read, whether one is missing. The flagged span is the entry, or both entries between
which a word stands wrong or is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.tasks.base import CannotJudge
from engine.tasks.word_sorting_listing import Listing, sort_key, spelled
from engine.tasks.word_sorting_rationale import (
    ANSWER,
    ORDINALS,
    WORD,
    Due,
    Established,
    bracketed,
    group_entry,
    grouped,
    letter,
    letter_entry,
    position,
    read_words,
    right_text,
)
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, Step, correct, incorrect

_LETTER = re.compile(r'"([^"]*)"="([^"]*)" \(([0-9]{1,9})\)')
_GROUP = re.compile(r'\(([0-9]{1,9})\) ("[^"]*"|\[[^]]*\])')
_QUOTED = re.compile(r'"([^"]*)"')
_SPACED = re.compile(r' ?"([^"]*)" ?')
_SUBPART = re.compile(
    r"(?P<subpart>\[[^]]*\]) "
    r"by looking at their (?P<letters>(?P<ordinal>[a-z-]{1,20}) letters): "
)
STATED_ANSWER = re.compile(rf"{ANSWER}(?P<answer>{WORD}(?: {WORD})*)\.")

_HEADS = {
    Due.FIRST: re.compile(r"The first letters?: "),
    Due.ORDER: re.compile(r"We (?:now )?have: "),
    Due.SUBPART: re.compile(r"Now (?:let's )?sort this subpart "),
    Due.HENCE: re.compile(r"(?:Hence|Therefore|Thus), we have "),
    Due.ANSWER: re.compile(ANSWER),
}
_NO_STEP = "this is no step of the sorting"


class Judge:
    """Scripted FBK: reads steps in order, remembers what they settle, names the first error.

    Raises `engine.tasks.word_sorting_rationale.NoQuestion`.
    """

    def __init__(self, question: str, *, show_working: bool = False) -> None:
        self._words = read_words(question)
        self._show_working = show_working
        self._working: list[str] = []
        self.established = Established(self._words)

    def judge(self, attempt: Attempt) -> Feedback:
        """Judge a whole attempt. Raises `CannotJudge`."""
        verdict = self._verdict(attempt)
        return replace(verdict, working=" ".join(self._working)) if self._working else verdict

    def _verdict(self, attempt: Attempt) -> Feedback:
        if not attempt.steps:
            raise CannotJudge("the attempt has no numbered steps")
        for step in attempt.steps:
            error = self.step(step)
            if error is not None:
                return error
        if attempt.final_response is None:
            raise CannotJudge("the attempt has no final response")
        return correct(attempt)

    def step(self, step: Step) -> Feedback | None:
        """Judge the next step; a right one is added to what is established."""
        known, due = self.established, self.established.due
        subpart = known.part.open_groups[0] if due is Due.SUBPART else []
        if (
            due is not Due.NOTHING
            and not self._show_working
            and step.label == known.label
            and step.text == f"{right_text(known, subpart)}."
        ):
            # What a rationale would have here need not be read, which takes several times as long.
            known.add(step, subpart)
            return None
        subpart = []
        kind, head = _kind(step.text)
        error = self._label(step, head) or self._sentence(step, kind, head)
        if error is None:
            if due is Due.FIRST:
                error = self._letters(step, head, self._words, 1)
            elif due is Due.ORDER:
                error = self._order(step, head)
            elif due is Due.SUBPART:
                subpart, error = self._subpart(step, head)
            else:
                error = self._sorted(step, head)
        if error is None:
            known.add(step, subpart)
        elif not error.span:
            error = replace(error, span=step.text)
        return error

    def _label(self, step: Step, head: str) -> Feedback | None:
        known = self.established
        if known.due is Due.NOTHING:
            reason = "the final response is already given"
        elif step.label == known.label:
            return None
        elif known.due is Due.ANSWER:
            reason = "the words are sorted: the final response comes next"
        elif step.label == FINAL_RESPONSE:
            return incorrect(step.label, head.rstrip(" :"), "the words are not sorted yet")
        else:
            reason = f"this is step ({known.label})"
        # A label alone may look like a position in the alphabet.
        return incorrect(step.label, f"({step.label}) {step.text.split(' ', 1)[0]}", reason)

    def _sentence(self, step: Step, kind: Due | None, head: str) -> Feedback | None:
        """Check that the step is of the kind that is due, and a whole sentence."""
        if kind is None:
            return incorrect(step.label, step.text, _NO_STEP)
        if kind is not self.established.due:
            return incorrect(step.label, head.rstrip(" :"), self._what_is_due())
        if not step.text.endswith("."):
            return incorrect(step.label, step.text, "the full stop is missing")
        return None

    def _what_is_due(self) -> str:
        known = self.established
        if known.due is Due.FIRST:
            return "the first letters of all words come first"
        if known.due is Due.ORDER:
            return "the order by these letters comes next"
        if known.due is Due.SUBPART:
            return f"{bracketed(known.part.open_groups[0])} is not sorted yet"
        if known.due is Due.HENCE:
            return "nothing is left to sort here"
        return "the answer comes next"

    def _letters(self, step: Step, head: str, words: Sequence[str], place: int) -> Feedback | None:
        """Check the letters at a place, listed after ``head``, of words in any order."""
        right = [letter_entry(word, place) for word in words]

        def due(word: str) -> str:
            return f"{spelled(word, place)} ({position(letter(word, place))})"

        listing = Listing(step, head, ", ", right, [[word] for word in words], due, words)

        def read(at: int) -> str | Feedback:
            entry = listing.entries[at]
            match = _LETTER.fullmatch(entry)
            if match is None:
                return listing.unreadable(at, right[0])
            word, sign, number = match.groups()
            if word not in listing.ranks:
                return listing.error(entry, self._stranger(word))
            if sign != letter(word, place) or int(number) != position(sign):
                return listing.error(entry, f"it is {letter_entry(word, place)}")
            return word

        return self._judged(listing, read, ordered=False)

    def _order(self, step: Step, head: str) -> Feedback | None:
        """Check the groups that the letters looked at last make, and their order."""
        part = self.established.part
        place, ordinal = part.place, ORDINALS[part.place - 1]
        groups = grouped(part.words, place)
        right = [group_entry(group, place) for group in groups]

        def due(word: str) -> str:
            return f"({position(letter(word, place))})"

        listing = Listing(step, head, " < ", right, groups, due, part.words)

        def read(at: int) -> str | Feedback:
            entry = listing.entries[at]
            match = _GROUP.fullmatch(entry)
            words = _words_of(match[2]) if match else []
            if match is None or not words:
                return listing.unreadable(at, right[0])
            stranger = next((word for word in words if word not in listing.ranks), None)
            if stranger is not None:
                return listing.error(f'"{stranger}"', self._stranger(stranger))
            first = words[0]
            group = groups[listing.ranks[first][0]]
            other = next((word for word in words if word not in group), None)
            if other is not None:
                both = f"{letter_entry(first, place)}, {letter_entry(other, place)}"
                return listing.error(match[2], f"their {ordinal} letters differ: {both}")
            if int(match[1]) != position(letter(first, place)):
                return listing.error(entry, f"it is {letter_entry(first, place)}")
            if sorted(words) != sorted(group) or match[2].startswith("[") == (len(group) == 1):
                return listing.error(entry, f"it is {group_entry(group, place)}")
            return first

        return self._judged(listing, read, ordered=True)

    def _subpart(self, step: Step, head: str) -> tuple[list[str], Feedback | None]:
        """Check a step that looks into an open group, and return the group."""
        match = _SUBPART.match(step.text, len(head))
        if match is None:
            return [], incorrect(step.label, step.text, _NO_STEP)
        part, named = self.established.part, match["subpart"]
        words = sorted(_words_of(named))
        subpart = next((group for group in part.open_groups if sorted(group) == words), None)
        if subpart is None:
            reason = f"the subpart to sort is {bracketed(part.open_groups[0])}"
            return [], incorrect(step.label, named, reason)
        if match["ordinal"] != ORDINALS[part.place]:
            reason = f"the {ORDINALS[part.place]} letters come next"
            return [], incorrect(step.label, match["letters"], reason)
        return subpart, self._letters(step, head + match[0], subpart, part.place + 1)

    def _sorted(self, step: Step, head: str) -> Feedback | None:
        """Check the order of all words of the part, or of the final response."""
        final = self.established.due is Due.ANSWER
        words = self.established.order if final else sorted(self.established.part.words)
        right = [f'"{word}"' for word in words]
        separator = " " if final else " < "

        def due(word: str) -> str:
            return "" if final else sort_key(word, words)

        wanted = self._words if final else self.established.part.words
        listing = Listing(step, head, separator, right, [[word] for word in words], due, wanted)

        def read(at: int) -> str | Feedback:
            entry = listing.entries[at]
            if final:
                # Bare, a word may be a part of another one.
                word, span = entry, listing.until(at)
                if not word:
                    return listing.error(step.text, "words stand with one blank between them")
            else:
                match = _QUOTED.fullmatch(entry)
                if match is None:
                    return listing.unreadable(at, right[0])
                word, span = match[1], entry
            return word if word in listing.ranks else listing.error(span, self._stranger(word))

        return self._judged(listing, read, ordered=True)

    def _judged(
        self, listing: Listing, read: Callable[[int], str | Feedback], *, ordered: bool
    ) -> Feedback | None:
        error = listing.judge(read, ordered=ordered)
        if self._show_working and (working := listing.check().text):
            self._working.append(working)
        return error

    def _stranger(self, word: str) -> str:
        where = "in this subpart" if word in self._words else "in the list"
        return f'"{word}" is not {where}'


def _kind(text: str) -> tuple[Due | None, str]:
    """Tell what a step does, and the words that say so."""
    for kind, head in _HEADS.items():
        if match := head.match(text):
            return kind, match[0]
    return None, ""


def _words_of(text: str) -> list[str]:
    """Read ``"a"`` or ``["a" ? "b"]``; none where the text is neither."""
    pieces = text[1:-1].split("?") if text.startswith("[") else [text]
    found = [_SPACED.fullmatch(piece) for piece in pieces]
    return [match[1] for match in found if match] if all(found) else []
