"""Finding what a person means by a few words of its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.errors import TripostError

_WORD = re.compile(r"\d+(?:\.\d+)?(?:gb|[bm])(?![a-z])|\d+(?:\.\d+)?|[a-z]+")
_UNIT = re.compile(r"(\d)[\s-]*(?:gi?b)\b")


class UnknownName(TripostError):
    """No model or card of that name, or several; ``candidates`` are those that are near."""

    exit_code = 2

    def __init__(self, message: str, title: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(message, title)
        self.candidates = tuple(candidates)


def words(text: str, ignored: frozenset[str] = frozenset()) -> list[str]:
    """Letters and numbers apart, a number with its unit: ``qwen2.5-3b`` is qwen, 2.5, 3b."""
    joined = _UNIT.sub(r"\1gb", text.lower())
    return [word for word in _WORD.findall(joined) if word not in ignored]


def matching(said: str, names: Iterable[str], ignored: frozenset[str] = frozenset()) -> list[str]:
    """Return the names that have all words of ``said``, or only the one that has no others.

    Case, spaces and signs do not matter, nor do ``ignored`` words.
    """
    wanted = words(said, ignored)
    if not wanted:
        return []
    found = {name: words(name, ignored) for name in names}
    exact = [name for name, there in found.items() if there == wanted]
    return exact or [name for name, there in found.items() if contains(there, wanted)]


def contains(there: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether each of the ``wanted`` words is ``there``, as often as it is wanted."""
    rest = list(there)
    for word in wanted:
        if word not in rest:
            return False
        rest.remove(word)
    return True
