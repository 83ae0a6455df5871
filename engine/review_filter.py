"""The language in which a person says which trajectories to review.

Terms stand side by side and all of them must hold: ``status:pending iter:2 -flagged updates>1
"quoted words"``. A term that begins with ``-`` must not hold. What is no term of another kind is
looked for in the text of the trajectory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from db.records import Origin
from db.review_conditions import (
    AuthorKind,
    Comparison,
    FilterValue,
    ReviewField,
    ReviewFilter,
    ReviewOrder,
    ReviewTerm,
)
from db.review_records import CheckVerdict, ReviewStatus

LONGEST = 1000
"""Characters of a filter."""
MOST_TERMS = 50
TAG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""How a reason tag is written."""

_NUMBERS = {
    "iter": ReviewField.ITERATION,
    "updates": ReviewField.UPDATES,
    "len": ReviewField.LENGTH,
}
_CHOICES: Mapping[str, tuple[ReviewField, type[StrEnum]]] = {
    "status": (ReviewField.STATUS, ReviewStatus),
    "check": (ReviewField.CHECK, CheckVerdict),
    "origin": (ReviewField.ORIGIN, Origin),
    "by": (ReviewField.BY, AuthorKind),
}
T = TypeVar("T", bound=StrEnum)
_NAMES = (*_CHOICES, *_NUMBERS, "tag", "author")
_QUOTED = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)(?P<end>"?)', re.DOTALL)
_FIELD = re.compile(r"(?P<name>[A-Za-z]+)(?P<sign><=|>=|:|<|>|=)(?P<value>[^\s\"]*)")
_WORD = re.compile(r"[^\s\"]+")
_DIGITS = re.compile(r"[0-9]{1,9}")
_BARE = re.compile(r"[^\s\"\\:<>=-][^\s\"\\:<>=]*")
"""Words and names that need no quotes."""


class FilterFault(Exception):
    """What is wrong with a filter, where (counted from 0), and what is allowed there."""

    def __init__(self, message: str, position: int, allowed: str) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.message}, at character {self.position + 1}. {self.allowed}"


def parse_filter(text: str) -> ReviewFilter:
    """Read a filter; an empty one lets everything through. Raises FilterFault."""
    if len(text) > LONGEST:
        raise FilterFault("too long", LONGEST, f"A filter has {LONGEST} characters at most.")
    terms: list[ReviewTerm] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return ReviewFilter(tuple(terms))
        if len(terms) == MOST_TERMS:
            raise FilterFault("too many terms", at, f"A filter has {MOST_TERMS} at most.")
        term, at = _term(text, at)
        terms.append(term)


def render_filter(wanted: ReviewFilter) -> str:
    """Write a filter so that it is read as the same."""
    return " ".join(map(_rendered, wanted.terms))


def parse_order(text: str) -> ReviewOrder:
    """Read the name of an order. Raises FilterFault."""
    found = _chosen(ReviewOrder, text.strip().lower())
    if found is None:
        raise FilterFault(f"no order: {text.strip()[:40]!r}", 0, _one_of(ReviewOrder))
    return found


def _term(text: str, at: int) -> tuple[ReviewTerm, int]:
    """Read the term that begins at ``at``, and tell where it ends."""
    negated = text[at] == "-"
    begin = at + negated
    if begin == len(text) or text[begin].isspace():
        raise FilterFault("'-' stands alone", at, "It turns the term round that follows it.")
    if text[begin] == '"':
        words, end = _quoted(text, begin)
        return ReviewTerm(ReviewField.WORDS, words, negated=negated), end
    if (match := _FIELD.match(text, begin)) and match["name"].lower() in _NAMES:
        return _of_field(text, match, negated)
    if match and match["sign"] == ":" and match["value"][:2] != "//":
        raise FilterFault(
            f"no field {match['name']!r}",
            begin,
            f"Fields are {', '.join(_NAMES)}; to look for these words, quote them.",
        )
    match = _WORD.match(text, begin)
    assert match is not None
    if match[0].lower() == "flagged":
        return ReviewTerm(ReviewField.FLAGGED, True, negated=negated), match.end()
    return ReviewTerm(ReviewField.WORDS, match[0], negated=negated), match.end()


def _of_field(text: str, match: re.Match[str], negated: bool) -> tuple[ReviewTerm, int]:
    name, sign, value = match["name"].lower(), match["sign"], match["value"]
    at, end = match.start("value"), match.end()
    if not value and text[end : end + 1] == '"':
        value, end = _quoted(text, end)
    comparison = Comparison.EQUAL
    found: FilterValue | None
    if name in _NUMBERS:
        field = _NUMBERS[name]
        if not _DIGITS.fullmatch(value):
            raise FilterFault(
                f"{name} wants a number", at, f"Such as {name}:2, {name}>1 or {name}<=800."
            )
        found, comparison = int(value), Comparison("=" if sign == ":" else sign)
    elif sign not in ":=":
        raise FilterFault(f"{name} is not compared", match.start("sign"), f"Write {name}:…")
    elif name in _CHOICES:
        field, kind = _CHOICES[name]
        found = _chosen(kind, value.lower())
        if found is None:
            raise FilterFault(f"{name} has no value {value[:40]!r}", at, _one_of(kind))
    elif name == "tag":
        field, found = ReviewField.TAG, value.lower()
        if not TAG.fullmatch(found):
            raise FilterFault("a tag is missing", at, "Such as tag:wrong-step.")
    else:
        field, found = ReviewField.AUTHOR, value
        if not found:
            raise FilterFault("an author is missing", at, "Such as author:student.")
    return ReviewTerm(field, found, comparison, negated), end


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Read the quoted text that begins at ``at``. In it, a backslash stands before ``\"``."""
    match = _QUOTED.match(text, at)
    assert match is not None
    if not match["end"]:
        raise FilterFault("a quote is not closed", at, 'A text in quotes ends with ".')
    found = re.sub(r"\\(.)", r"\1", match["text"], flags=re.DOTALL)
    if not found:
        raise FilterFault("nothing stands in the quotes", at, 'Such as "so the answer".')
    return found, match.end()


def _rendered(term: ReviewTerm) -> str:
    before = "-" if term.negated else ""
    match term.field:
        case ReviewField.FLAGGED:
            return f"{before}flagged"
        case ReviewField.WORDS:
            words = str(term.value)
            plain = _BARE.fullmatch(words) and words.lower() != "flagged"
            return before + (words if plain else _in_quotes(words))
        case ReviewField.AUTHOR:
            name = str(term.value)
            return f"{before}author:{name if _BARE.fullmatch(name) else _in_quotes(name)}"
        case ReviewField.ITERATION | ReviewField.UPDATES | ReviewField.LENGTH:
            equal = term.comparison is Comparison.EQUAL
            return f"{before}{term.field}{':' if equal else term.comparison}{term.value}"
        case _:
            return f"{before}{term.field}:{term.value}"


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _chosen(kind: type[T], value: str) -> T | None:
    return next((one for one in kind if one.value == value), None)


def _one_of(kind: type[StrEnum]) -> str:
    return f"One of {', '.join(one.value for one in kind)}."
