"""Text that others wrote as tokens: what reads like a control token stays the letters that it is.

A question may contain ``<|im_end|>``, by accident or to end the user's message where its author
wants, and a student may write it. Tokenizers make the control token of it unless told otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

Spans = list[tuple[int, int]]
"""Where tokens lie in a text: beginning and end of each."""

_ANCHORS = ("\n", ":", "a")
"""What a piece is set after where a tokenizer puts a blank before every text."""

_PROBE = "(1) A = 3.\n(Final response) So it is 3."


class Tokenizer(Protocol):
    """What is asked of a tokenizer: transformers' own, or `engine.light_tokens`' without torch."""

    eos_token_id: Any
    bos_token_id: Any
    unk_token_id: Any

    @property
    def added_tokens_decoder(self) -> Mapping[int, Any]: ...

    @property
    def all_special_ids(self) -> Iterable[int]: ...

    def __call__(
        self,
        text: str,
        *,
        add_special_tokens: bool = ...,
        split_special_tokens: bool = ...,
        return_offsets_mapping: bool = ...,
    ) -> Any: ...

    def decode(self, ids: list[int], /, *, clean_up_tokenization_spaces: bool) -> Any: ...

    def convert_ids_to_tokens(self, ids: int) -> Any: ...


class DataTokenizer:
    """Tokenises pieces of texts so that, joined, they are the text again and nothing else."""

    def __init__(self, tokenizer: Tokenizer, template: str = "") -> None:
        """``template`` is the chat template's text, whose own tokens are control tokens too."""
        self._tokenizer = tokenizer
        self.controls = _controls(tokenizer, template)
        self._anchors: list[tuple[str, list[int]]] = []
        if self._adds_to_every_text():
            self._anchors = [(text, self._found(text)["input_ids"]) for text in _ANCHORS]

    @property
    def keeps_text(self) -> bool:
        """Tell whether pieces come back from their tokens as they were, line ends included."""
        pieces = _PROBE, f"\n{_PROBE}"
        ids = [self.piece(piece)[0] for piece in pieces]
        return all(self.decode(i) == p for i, p in zip(ids, pieces, strict=True))

    def beginning(self, text: str) -> list[int]:
        """Tokenise a text that nothing goes before."""
        ids = self._found(text)["input_ids"]
        at = self._cut(text, ids)
        return self.beginning(text[:at]) + self.piece(text[at:])[0] if at else ids

    def piece(self, text: str, places: bool = False) -> tuple[list[int], Spans]:
        """Tokenise a text that others go before; ``places`` asks for where each token lies."""
        ids, spans = self._anchored(text, places)
        if not (at := self._cut(text, ids)):
            return ids, spans
        (left, of_left), (right, of_right) = (self.piece(t, places) for t in (text[:at], text[at:]))
        return left + right, of_left + [(start + at, end + at) for start, end in of_right]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids that others go before, as they are, control tokens included."""
        before = self._anchors[0][1] if self._anchors else []
        start = len(self._decoded(before)) if before else 0
        return self._decoded(before + ids)[start:]

    def _decoded(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, clean_up_tokenization_spaces=False))

    def _found(self, text: str, places: bool = False) -> dict[str, Any]:
        found = self._tokenizer(
            text,
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=places,
        )
        return cast(dict[str, Any], found)

    def _anchored(self, text: str, places: bool) -> tuple[list[int], Spans]:
        for anchor, its_ids in self._anchors:
            found = self._found(anchor + text, places)
            count, shift = len(its_ids), len(anchor)
            if found["input_ids"][:count] == its_ids:
                spans = found["offset_mapping"][count:] if places else []
                moved = [(max(0, start - shift), end - shift) for start, end in spans]
                return found["input_ids"][count:], moved
            # The anchor has merged with what begins the piece.
        found = self._found(text, places)
        return found["input_ids"], found["offset_mapping"] if places else []

    def _cut(self, text: str, ids: list[int]) -> int:
        """Tell where to cut a text so that it has no control token any more; 0 where it has none.

        Told not to make them, a tokenizer may still: those that are no special tokens, and those
        that are words of its model.
        """
        if len(text) < 2 or self.controls.isdisjoint(ids):
            return 0
        ((often, _),) = Counter(i for i in ids if i in self.controls).most_common(1)
        name = str(self._tokenizer.convert_ids_to_tokens(often))
        places = [match.start() for match in re.finditer(re.escape(name), text)]
        # In the middle of many, so that cuts do not nest deeply.
        return places[len(places) // 2] + 1 if places and len(name) > 1 else len(text) // 2

    def _adds_to_every_text(self) -> bool:
        """Tell whether two texts, tokenised and joined, are more than the two."""
        once = self._found(_PROBE)["input_ids"]
        return self._decoded(once + once) != _PROBE + _PROBE and (
            len(self._decoded(once + once)) > 2 * len(_PROBE)
        )


def _controls(tokenizer: Tokenizer, template: str) -> frozenset[int]:
    """Return the ids that no text of others may have.

    Blanks and line ends are text, also where a tokenizer has tokens of their own for them, and so
    is what it does not know.
    """
    added = tokenizer.added_tokens_decoder
    found = {
        index
        for index, token in added.items()
        if not token.content.isspace() and (token.special or token.content in template)
    }
    found |= set(tokenizer.all_special_ids)
    others = {tokenizer.eos_token_id, tokenizer.bos_token_id}
    return frozenset(found - ({tokenizer.unk_token_id} - others))
