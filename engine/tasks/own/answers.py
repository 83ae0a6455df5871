"""Answers: how each kind is read from what a model wrote, and when two are the same.

The strict form is the method's, ``So the answer is X.``; `stated` reads it. `find_stated` looks
for an answer in any text that states one: after the last of "answer is", "####" and "\\boxed{".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from engine.tasks.own.numbers import find_number, last_number, read_number, same_number
from engine.tasks.own.settings import (
    AnswerSettings,
    ChoiceAnswer,
    ExactAnswer,
    NumberAnswer,
    PythonAnswer,
    RegexAnswer,
    WordsAnswer,
)

MOST_ANSWER_CHARS = 10_000
_BEGIN, _END = "So the answer is ", "."
_STATES = re.compile(r"answer is|####|\\boxed ?\{", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<![ .][A-Z])(?<!\b[A-Z][a-z])[.!?] +(?=[\"'(]?[A-Z])")
_LABELS = re.compile(r"^\([0-9]{1,9}(?:\.[0-9]{1,9}){0,9}\)", re.MULTILINE)
_LETTER = re.compile(r"\(([A-Z])\)")
_BARE_LETTER = re.compile(r"(?:option |choice )?([A-Z])(?![\w'’])", re.IGNORECASE)
_DECORATION = " \t\n:*_`\"'“”\u2018\u2019"


class AnswerReader(Protocol):
    """One kind of answer. Nothing here ever raises but what a script of the person's does."""

    def read(self, said: str) -> str | None:
        """Read the X of ``So the answer is X.``; None where it is no answer of this kind."""
        ...

    def find(self, text: str) -> str | None:
        """Read the answer from any text that states one."""
        ...

    def same(self, answer: str, gold: str) -> bool:
        """Compare an answer with the gold answer."""
        ...


def stated(final_response: str | None) -> str | None:
    """The X of ``So the answer is X.``; None where a final response says something else."""
    text = (final_response or "").strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        return None
    said = text[len(_BEGIN) : -len(_END)].strip()
    return said if 0 < len(said) <= MOST_ANSWER_CHARS else None


def state(answer: str) -> str:
    """The final response that states an answer."""
    return f"{_BEGIN}{answer}{_END}"


def find_stated(text: str) -> str | None:
    """What follows the last words that announce an answer, up to the end of the sentence."""
    last: re.Match[str] | None = None
    for match in _STATES.finditer(text):
        last = match
    if last is None:
        return None
    rest = text[last.end() : last.end() + MOST_ANSWER_CHARS]
    if last[0].endswith("{"):
        return _bare(_in_braces(rest))
    line = rest.lstrip(_DECORATION).partition("\n")[0]
    sentence = _SENTENCE_END.split(line, maxsplit=1)[0]
    return _bare(sentence)


def _bare(text: str) -> str | None:
    """The text without what only sets it off; dollars on both sides are LaTeX."""
    bare = text.strip(_DECORATION).rstrip(".").strip(_DECORATION)
    if len(bare) > 2 and bare[0] == bare[-1] == "$":
        bare = bare.strip("$").strip(_DECORATION)
    return bare or None


def _in_braces(text: str) -> str:
    depth = 1
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return text[:index]
    return ""


@dataclass(frozen=True, slots=True)
class Folding:
    """Which differences of writing do not count."""

    ignore_case: bool = True
    fold_whitespace: bool = True

    def __call__(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text.strip())
        if self.fold_whitespace:
            text = " ".join(text.split())
        return text.casefold() if self.ignore_case else text


@dataclass(frozen=True, slots=True)
class ExactReader:
    fold: Folding = Folding()

    def read(self, said: str) -> str | None:
        return said

    def find(self, text: str) -> str | None:
        return find_stated(text)

    def same(self, answer: str, gold: str) -> bool:
        return self.fold(answer) == self.fold(gold)


@dataclass(frozen=True, slots=True)
class NumberReader:
    settings: NumberAnswer
    fold: Folding

    def read(self, said: str) -> str | None:
        return said if read_number(said, self.settings.decimal_comma) else None

    def find(self, text: str) -> str | None:
        said, comma = find_stated(text), self.settings.decimal_comma
        found = find_number(said, comma) if said is not None else None
        # The number of a step is no answer.
        return found if found is not None else last_number(_LABELS.sub("", text), comma)

    def same(self, answer: str, gold: str) -> bool:
        return same_number(answer, gold, self.settings, self.fold)


@dataclass(frozen=True, slots=True)
class ChoiceReader:
    def read(self, said: str) -> str | None:
        return said if _LETTER.fullmatch(said) else None

    def find(self, text: str) -> str | None:
        said = find_stated(text) or ""
        letter = _LETTER.search(said) or _BARE_LETTER.fullmatch(said.strip("() "))
        if letter is not None:
            return f"({letter[1].upper()})"
        letters = _LETTER.findall(text)
        return f"({letters[-1]})" if letters else None

    def same(self, answer: str, gold: str) -> bool:
        return answer == gold


@dataclass(frozen=True, slots=True)
class WordsReader:
    settings: WordsAnswer
    fold: Folding

    def read(self, said: str) -> str | None:
        return said

    def find(self, text: str) -> str | None:
        return find_stated(text)

    def same(self, answer: str, gold: str) -> bool:
        separator = self.settings.separator or ("," if "," in gold else "")
        mine, wanted = self._words(answer, separator), self._words(gold, separator)
        return sorted(mine) == sorted(wanted) if self.settings.any_order else mine == wanted

    def _words(self, text: str, separator: str) -> list[str]:
        text = self.fold(text.strip("[]"))
        if not separator.strip():
            # A model that is asked for words in a row may yet write commas.
            return [word.strip("\"'") for word in text.replace(",", " ").split()]
        words = [word.strip(" \"'") for word in text.split(separator.strip())]
        return [word.removeprefix("and ") for word in words]


def reader_of(settings: AnswerSettings) -> AnswerReader:
    """The reader of a kind of answer that needs no process of its own.

    Answers that a script compares are read like exact ones.
    """
    fold = Folding(settings.ignore_case, settings.fold_whitespace)
    match settings:
        case NumberAnswer():
            return NumberReader(settings, fold)
        case ChoiceAnswer():
            return ChoiceReader()
        case WordsAnswer():
            return WordsReader(settings, fold)
        case ExactAnswer() | PythonAnswer() | RegexAnswer():
            return ExactReader(fold)
