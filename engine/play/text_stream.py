"""A growing text of tokens as pieces that a person can be shown at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\ufffd"
_LONGEST_CHARACTER = 4
"""Tokens that may hold one character in parts: bytes of UTF-8."""


class TextStream:
    """Turns tokens into pieces that add up to the beginning of the text, without its stop string.

    What may be the beginning of the stop string is held back until it is known not to be, and so is
    a character of which bytes are missing.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: str, leading: str) -> None:
        """``leading`` are characters that the text is shown without at its beginning."""
        self._decode = decode
        self._stop = stop
        self._leading = leading
        self._from = self._read = 0
        self._held = ""
        self._begun = False

    def more(self, ids: Sequence[int]) -> str:
        """Return what is new, given all tokens so far; empty while nothing is sure."""
        # A few tokens before the new ones: what a token decodes to may depend on them.
        before = self._decode(ids[self._from : self._read])
        text = self._decode(ids[self._from :])
        waits = text.endswith(_BROKEN) and len(ids) - self._read < _LONGEST_CHARACTER
        if waits or len(text) <= len(before):
            return ""
        self._from, self._read = self._read, len(ids)
        self._held += text[len(before) :]
        if not self._begun:
            self._held = self._held.lstrip(self._leading)
            self._begun = bool(self._held)
        sure = len(self._held) - self._may_be_stop()
        piece, self._held = self._held[:sure], self._held[sure:]
        return piece

    def _may_be_stop(self) -> int:
        """Return how many characters at the end may begin the stop string."""
        most = min(len(self._stop) - 1, len(self._held))
        return next((n for n in range(most, 0, -1) if self._stop.startswith(self._held[-n:])), 0)
