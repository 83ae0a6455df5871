"""The texts of a trajectory as a student's tokens, for training and for sampling alike.

A text is tokenised in pieces, which end where the student begins or stops writing; what it is
prompted with is then what it was trained on, token for token, whatever its tokenizer merges.
For a chat model the question is a user's message, and all else the reply to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from engine.errors import StudentError

Prompting = Literal["auto", "plain", "chat"]

_ANCHOR = "\n"
"""What a piece is set after where a tokenizer puts a blank before every text."""

_QUESTION, _ANSWER = "Q: ", "\nAnswer:"
_PROBE = "(1) A = 3."


class TextFormat:
    """Tokenises the pieces of a text; ``end_id`` ends it, ``end_ids`` end what is generated."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        prompting: Prompting = "plain",
        other_ends: Iterable[int] = (),
    ) -> None:
        """``other_ends`` are ids that end a text beside the tokenizer's own.

        ``auto`` is ``chat`` where the tokenizer has a chat template whose replies end with one of
        these ids: a base model may have a template, but nothing that it was taught ends like it.

        Raises:
            StudentError: there is no end-of-text token; the chat template is missing or of no use.
        """
        if tokenizer.eos_token_id is None:
            raise StudentError(
                "Its tokenizer has no end-of-text token (eos_token), so that the student could "
                "never learn to stop. Set one in tokenizer_config.json.",
                "The tokenizer has no end of text",
            )
        self.tokenizer = tokenizer
        self.end_id: int = tokenizer.eos_token_id
        self.end_ids = frozenset({self.end_id, *other_ends})
        start = tokenizer("")["input_ids"][:1]
        self._start: list[int] = start if start == [tokenizer.bos_token_id] else []
        self._anchor: list[int] = []
        if self._adds_to_every_text():
            self._anchor = self._ids(_ANCHOR)
        self.is_chat = prompting == "chat" or (prompting == "auto" and self._speaks_in_chats())
        if self.is_chat:
            self.end_id = self._end_of_reply()
            self.end_ids |= {self.end_id}
            self._check_template()

    def prompt_ids(self, pieces: Sequence[str]) -> list[int]:
        """Tokenise a text from its beginning; its first piece is the question's.

        A chat's prompt ends within the assistant's message.
        """
        if not pieces:
            return list(self._start)
        first, *others = pieces
        ids = self._chat_ids(first) if self.is_chat else [*self._start, *self._ids(first)]
        for piece in others:
            ids += self.piece_ids(piece)
        return ids

    def piece_ids(self, text: str) -> list[int]:
        """Tokenise a text that others go before."""
        return self._piece(text)[0]

    def piece_with_places(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The same, with the place of each token in the text: its beginning and its end.

        Raises:
            StudentError: the tokenizer cannot tell.
        """
        if not self.tokenizer.is_fast:
            raise StudentError(
                "Its tokenizer cannot tell where its tokens lie. Set train.change_factor to 1."
            )
        return self._piece(text, places=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids that a student generated."""
        return str(self.tokenizer.decode(list(ids)))

    def _ids(self, text: str) -> list[int]:
        return cast(list[int], self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _piece(self, text: str, places: bool = False) -> tuple[list[int], list[tuple[int, int]]]:
        anchor = self._anchor
        before = _ANCHOR if anchor else ""
        found = self._found(before + text, places)
        if found["input_ids"][: len(anchor)] != anchor:
            # The anchor has merged with what begins the piece.
            anchor, before = [], ""
            found = self._found(text, places)
        ids = found["input_ids"][len(anchor) :]
        if not places:
            return ids, []
        shift = len(before)
        spans = found["offset_mapping"][len(anchor) :]
        return ids, [(max(0, start - shift), end - shift) for start, end in spans]

    def _found(self, text: str, places: bool) -> dict[str, Any]:
        return cast(
            dict[str, Any],
            self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=places),
        )

    def _adds_to_every_text(self) -> bool:
        """Tell whether two texts, tokenised and joined, are more than the two."""
        once = self._ids(_PROBE)
        return len(self.decode(once + once)) > len(2 * self.decode(once))

    # --- chats -----------------------------------------------------------------------------

    def _chat_ids(self, first: str) -> list[int]:
        question, marker, rest = first.removeprefix(_QUESTION).partition(_ANSWER)
        head = self._rendered([{"role": "user", "content": question}], generating=True)
        return self._ids(head) + self.piece_ids((marker + rest).removeprefix("\n"))

    def _rendered(self, messages: list[dict[str, str]], *, generating: bool) -> str:
        return str(
            self.tokenizer.apply_chat_template(
                messages,
                tokenize=False,
                add_generation_prompt=generating,
                # Thoughts before the answer are no part of a trajectory; other templates ignore it.
                enable_thinking=False,
            )
        )

    def _speaks_in_chats(self) -> bool:
        try:
            return bool(self.tokenizer.chat_template) and self._end_of_reply() in self.end_ids
        except StudentError:
            return False

    def _end_of_reply(self) -> int:
        """Return the token that ends an assistant's message. Raises StudentError."""
        if not self.tokenizer.chat_template:
            raise StudentError(
                'student.prompting is "chat", but its tokenizer has no chat template. Set '
                'student.prompting to "plain".',
                "The student has no chat template",
            )
        try:
            text = self._rendered(_exchange(_PROBE), generating=False)
        except (TemplateError, TypeError, ValueError) as error:
            raise _useless(f"it fails: {error}") from error
        _, found, after = text.rpartition(_PROBE)
        ids = self._ids(after)
        if not found or not ids:
            raise _useless("it does not write a reply as it is, with an end of its own")
        return ids[0]

    def _check_template(self) -> None:
        """Find out that prompt, reply and end make the very ids of a whole chat."""
        whole = self._ids(self._rendered(_exchange(f"Answer: {_PROBE}"), generating=False))
        head = self._chat_ids(f"{_QUESTION}1 + 2 ={_ANSWER}")
        ours = [*head, *self.piece_ids(f" {_PROBE}"), self.end_id]
        if whole[: len(ours)] != ours:
            raise _useless("a prompt and the reply to it are not what it writes as one text")


def _exchange(reply: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": "1 + 2 ="},
        {"role": "assistant", "content": reply},
    ]


def _useless(why: str) -> StudentError:
    return StudentError(
        f"The chat template of its tokenizer cannot be used: {why}. Set student.prompting to "
        '"plain".',
        "The chat template cannot be used",
    )
