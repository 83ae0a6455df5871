"""A chat as the one text that a model continues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_experts.back_ends.replies import THINK
from local_experts.protocol import Message, Role

_SPEAKERS = {Role.SYSTEM: "System", Role.USER: "User", Role.ASSISTANT: "Assistant"}


@dataclass(frozen=True, slots=True)
class ChatText:
    """A text to continue, and the texts at which a reply ends.

    ``has_control_tokens`` says that names of control tokens in it mean these tokens, and that the
    token for a text's beginning is among them where there is one.
    """

    text: str
    stops: tuple[str, ...] = ()
    has_control_tokens: bool = False

    @property
    def begins_thinking(self) -> bool:
        """Whether the reply begins inside of a block of thoughts."""
        return self.text.rstrip().endswith(THINK)


def plain_text(messages: Sequence[Message]) -> ChatText:
    """A chat for a model that has no template of its own: speakers' names before their words."""
    turns = [f"{_SPEAKERS[message.role]}: {message.content}\n\n" for message in messages]
    stops = tuple(f"\n{speaker}:" for speaker in _SPEAKERS.values())
    return ChatText("".join([*turns, f"{_SPEAKERS[Role.ASSISTANT]}:"]), stops)


def template_text(
    template: str, messages: Sequence[Message], *, begin: str, end: str, thinking: bool | None
) -> ChatText:
    """A chat by the model's own ``template``, in which ``begin`` and ``end`` are its tokens.

    A template that knows no system message gets it at the head of the first one. Raises ValueError
    or jinja2.TemplateError where the template does not take the messages.
    """
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    write = Jinja2ChatFormatter(template, eos_token=end, bos_token=begin)
    wish: dict[str, Any] = {} if thinking is None else {"enable_thinking": thinking}
    try:
        written = write(messages=_as_dicts(messages), **wish)
    except ValueError:
        if messages[0].role is not Role.SYSTEM or len(messages) < 2:
            raise
        first, second, *rest = messages
        joined = Message(second.role, f"{first.content}\n\n{second.content}")
        written = write(messages=_as_dicts([joined, *rest]), **wish)
    return ChatText(written.prompt, has_control_tokens=True)


def _as_dicts(messages: Sequence[Message]) -> Any:
    return [{"role": str(message.role), "content": message.content} for message in messages]
