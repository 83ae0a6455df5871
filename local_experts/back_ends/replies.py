"""What back ends have in common: messages out; a reply in, with its thinking and its limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from local_experts.errors import ExpertReplyInvalid
from local_experts.protocol import OnText, Request

TEXT_LIMIT = 200_000
"""Characters of a reply, thinking included. No request asks for nearly as much."""

THINK = "<think>"
"""Where models with open weights begin their thinking."""

_BLOCK = re.compile(r"<think>(.*?)</think>\s*", re.DOTALL)


def plain_messages(request: Request) -> list[dict[str, str]]:
    """The messages as JSON has them. Half of a surrogate pair is in no UTF-8, and becomes ``?``."""
    return [
        {
            "role": str(message.role),
            "content": message.content.encode(errors="replace").decode(),
        }
        for message in request.messages
    ]


class ReplyText:
    """Gathers the pieces of one reply; ``on_text`` is told its length with each.

    ``clean`` takes a key out, which some servers repeat: replies are stored.
    """

    def __init__(
        self, where: str, on_text: OnText | None, clean: Callable[[str], str] = str
    ) -> None:
        self._where = where
        self._on_text = on_text
        self._clean = clean
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._length = 0

    def add(self, text: str, thinking: str = "") -> None:
        """Raises ExpertReplyInvalid where the reply gets too long."""
        if not text and not thinking:
            return
        self._length += len(text) + len(thinking)
        if self._length > TEXT_LIMIT:
            raise ExpertReplyInvalid(
                f"{self._where}: the reply is longer than {TEXT_LIMIT:,} characters."
            )
        self._text.append(text)
        self._thinking.append(thinking)
        if self._on_text is not None:
            self._on_text(self._length)

    def parts(self) -> tuple[str, str]:
        """The text, and the thinking that came beside it or inside it."""
        text, inline = split_thinking("".join(self._text))
        return self._clean(text), self._clean("".join(self._thinking) + inline)


def split_thinking(text: str, begins_thinking: bool = False) -> tuple[str, str]:
    """``text`` without its thinking, and the thinking.

    Thinking stands between ``<think>`` and ``</think>``. Some templates write the opening tag
    into the prompt, so that a reply begins inside (``begins_thinking`` where that is known); a
    reply that a limit cut may end inside.
    """
    if begins_thinking and not text.lstrip().startswith(THINK):
        text = THINK + text
    thinking: list[str] = []
    opens, closes = text.find(THINK), text.find("</think>")
    if closes >= 0 and (opens < 0 or closes < opens):
        thinking.append(text[:closes])
        text = text[closes + len("</think>") :].lstrip()
    elif opens < 0:
        return text, ""
    thinking += _BLOCK.findall(text)
    text = _BLOCK.sub("", text)
    text, opened, rest = text.partition(THINK)
    if opened:
        thinking.append(rest)
    # Where thinking stood before the answer, the space between them is no part of it.
    return text.strip() if opened else text.lstrip(), "\n".join(part.strip() for part in thinking)
