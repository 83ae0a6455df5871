"""A chat's question and reply as tokens, as its template writes them in one text."""

from __future__ import annotations

from typing import cast

from transformers import PreTrainedTokenizerBase

from engine.data_text import DataTokenizer
from engine.student.chat_template import read_template, useless

_ASKED, _REPLIED = "1 + 2 =", "Answer: (1) A = 3."


class Chat:
    """What goes before a reply, and what ends it: ``end_id``.

    ``data`` tokenises pieces of questions and replies; ``lead`` are blanks that begin each reply.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read the tokenizer's template.

        Raises:
            StudentError: there is none, or it cannot be used.
        """
        self._tokenizer = tokenizer
        frame = read_template(tokenizer)
        self._frame = frame
        self.lead = frame.lead
        self.data = DataTokenizer(tokenizer, frame.before + frame.between + frame.after)
        self._before, self._between = map(self._template_ids, (frame.before, frame.between))
        self._own_controls = self._controls(self._before) + self._controls(self._between)
        end = self._template_ids(frame.after.lstrip())
        if not end or end[0] not in self.data.controls:
            raise useless("a reply does not end with a token of its own")
        self.end_id = end[0]
        self._compare_with_whole()

    @property
    def own_ids(self) -> frozenset[int]:
        """The ids that the template writes around any question and reply."""
        return frozenset({*self._before, *self._between, self.end_id})

    def around_question(self) -> tuple[str, str]:
        """Return the template's own text before a question, and between it and a reply's text."""
        return self._frame.before, self._frame.between + self._frame.lead

    def head_ids(self, question: str) -> list[int]:
        """Tokenise a chat up to its reply, the question in it as text alone."""
        frame = self._frame
        question = question.strip() if frame.trims else question
        ids = self._template_ids(frame.before + question + frame.between)
        if self._controls(ids) == self._own_controls:
            return ids
        # The question has the text of control tokens.
        return [*self._before, *self.data.piece(question)[0], *self._between]

    def _controls(self, ids: list[int]) -> int:
        return sum(index in self.data.controls for index in ids)

    def _template_ids(self, text: str) -> list[int]:
        """Tokenise the template's own text, with its control tokens."""
        found = self._tokenizer(text, add_special_tokens=False, split_special_tokens=False)
        return cast(list[int], found["input_ids"])

    def _compare_with_whole(self) -> None:
        """Find out that prompt, reply and end make the very ids of a whole chat."""
        frame = self._frame
        ours = [*self.head_ids(_ASKED), *self.data.piece(frame.lead + _REPLIED)[0]]
        parts = (frame.before, _ASKED, frame.between, frame.lead, _REPLIED, frame.after)
        whole = self._template_ids("".join(parts))
        if whole[: len(ours)] != ours or self.end_id not in whole[len(ours) :]:
            raise useless("a prompt and the reply to it are not what it writes as one text")
