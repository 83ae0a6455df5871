"""Letters of options: (A), (B) …"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LETTER = re.compile(r"\(([A-Z])\)")


def letter_of(answer: str, options: Sequence[tuple[str, str]]) -> str | None:
    """The option that an answer names by its letter or its text, as in ``(B)``.

    Without options any letter will do. A text counts before a letter without parentheses: with
    the options "B" and "A", the answer "B" is (A).
    """
    letters = [letter for letter, _ in options]
    if match := _LETTER.fullmatch(answer):
        return answer if not letters or match[1] in letters else None
    for letter, text in options:
        if _folded(text) == _folded(answer):
            return f"({letter})"
    if re.fullmatch("[A-Z]", answer) and (not letters or answer in letters):
        return f"({answer})"
    return None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
