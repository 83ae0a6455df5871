"""The texts of a trajectory as a student's tokens, for training and for sampling alike.

A text is tokenised in pieces, which end where the student begins or stops writing; what it is
prompted with is then what it was trained on, token for token, whatever its tokenizer merges.
For a chat model the question is a user's message, and all else the reply to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from transformers import PreTrainedTokenizerBase

from engine.data_text import DataTokenizer
from engine.errors import StudentError
from engine.student.chat import Chat

Prompting = Literal["auto", "plain", "chat"]

_QUESTION, _ANSWER = "Q: ", "\nAnswer:"


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
        A template that cannot be used makes it ``plain``, and ``complaint`` says why.

        Raises:
            StudentError: there is no end-of-text token; texts do not come back from tokens as they
                were; a chat is asked for, and its template is missing or of no use.
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
        self.complaint = ""
        start = tokenizer("")["input_ids"][:1]
        self._start: list[int] = start if start == [tokenizer.bos_token_id] else []
        self._chat = self._choose_chat(prompting)
        if self._chat is not None:
            self.end_id = self._chat.end_id
            self.end_ids |= {self.end_id}
        self._data = self._chat.data if self._chat else DataTokenizer(tokenizer)
        if not self._data.keeps_text:
            raise StudentError(
                "Its tokenizer does not keep texts as they are: line ends, blanks or capitals are "
                "lost, of which trajectories are made. Choose another student.",
                "The tokenizer loses text",
            )

    @property
    def is_chat(self) -> bool:
        return self._chat is not None

    @property
    def unused_ids(self) -> frozenset[int]:
        """The ids that no text has: control tokens that neither end nor frame one."""
        own = self._chat.own_ids if self._chat else frozenset(self._start)
        return self._data.controls - self.end_ids - own

    def around_question(self) -> tuple[str, str]:
        """Return the text before a question, and that between it and the reply to it.

        Without the token that the tokenizer itself puts before every text.
        """
        if self._chat is None:
            return _QUESTION, "\n"
        before, after = self._chat.around_question()
        if self._start:
            before = before.removeprefix(str(self.tokenizer.bos_token))
        return before, after

    @property
    def end_texts(self) -> list[str]:
        """The tokens that end what a student writes, as text."""
        return [str(self.tokenizer.convert_ids_to_tokens(index)) for index in sorted(self.end_ids)]

    def prompt_ids(self, pieces: Sequence[str]) -> list[int]:
        """Tokenise a text from its beginning; its first piece is the question's.

        A chat's prompt ends within the assistant's message.
        """
        if not pieces:
            return list(self._start)
        first, *others = pieces
        ids = self._chat_ids(first) if self._chat else self._start + self._data.beginning(first)
        for piece in others:
            ids += self.piece_ids(piece)
        return ids

    def piece_ids(self, text: str) -> list[int]:
        """Tokenise a text that others go before."""
        return self._data.piece(text)[0]

    def piece_with_places(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The same, with the place of each token in the text: its beginning and its end.

        Raises:
            StudentError: the tokenizer cannot tell.
        """
        if not self.tokenizer.is_fast:
            raise StudentError(
                "Its tokenizer cannot tell where its tokens lie. Set train.change_factor to 1."
            )
        return self._data.piece(text, places=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids that a student generated."""
        return self._data.decode(list(ids))

    def _choose_chat(self, prompting: Prompting) -> Chat | None:
        """Return what a chat is made of, if one is asked for or the model was tuned to it."""
        if prompting == "plain" or (prompting == "auto" and not self.tokenizer.chat_template):
            return None
        try:
            chat = Chat(self.tokenizer)
        except StudentError as error:
            if prompting == "chat":
                raise
            self.complaint = error.message
            return None
        return chat if prompting == "chat" or chat.end_id in self.end_ids else None

    def _chat_ids(self, first: str) -> list[int]:
        assert self._chat is not None
        text = first.removeprefix(_QUESTION)
        # A question may have such a line itself: it goes as far as the last one.
        question, marker, rest = text.rpartition(_ANSWER) if _ANSWER in text else (text, "", "")
        reply = (marker + rest).removeprefix("\n")
        return self._chat.head_ids(question) + self.piece_ids(self._chat.lead + reply)
