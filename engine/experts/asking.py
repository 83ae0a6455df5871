"""Asking a language model until its reply can be used, or it is clear that none will come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.expert_settings import ExpertSettings
from engine.experts.replies import ReplyUnusable
from local_experts.calling import Caller
from local_experts.errors import CallFailed, ExpertRefused, PromptTooLong
from local_experts.protocol import Finish, Json, Message, Request, Role

T = TypeVar("T")

_SHOWN_AGAIN_CHARS = 2_000
_OF_THE_REQUEST = (200, 400, 413, 422)
"""Statuses that concern what was asked; with 200 a filter withheld the reply."""


class NotAnswerable(Exception):
    """The expert cannot be asked this: it is too long, or the server does not take it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How one expert is asked in one role. ``seed`` is that of what is asked about."""

    caller: Caller
    role: str
    temperature: float
    settings: ExpertSettings
    seed: int

    @property
    def author(self) -> str:
        """As turns name the expert."""
        return f"expert:{self.caller.expert.name}"

    def ask(
        self,
        messages: tuple[Message, ...],
        schema: Json,
        read: Callable[[str], T],
        variant: str = "",
    ) -> T:
        """Ask, and again with the complaint where ``read`` finds the reply unusable.

        ``variant`` tells one sample from another. Raises the last ReplyUnusable, NotAnswerable,
        and what `Caller.ask` raises for the expert as a whole.
        """
        request = Request(
            messages=messages,
            schema=schema,
            temperature=self.temperature,
            # A greedy reply is the same for all who ask the same.
            seed=_seed(self.seed, self.role, variant) if self.temperature else 0,
            max_tokens=self.settings.reply_tokens,
        )
        asked = request
        for left in range(self.settings.reasks, -1, -1):
            try:
                reply = self.caller.ask(asked, self.role)
            except (PromptTooLong, CallFailed) as error:
                raise NotAnswerable(str(error)) from error
            except ExpertRefused as error:
                # A filter of contents, for example: another question may be answered.
                if error.status in _OF_THE_REQUEST:
                    raise NotAnswerable(str(error)) from error
                raise
            try:
                if reply.finish is Finish.LENGTH:
                    raise ReplyUnusable(
                        f"The reply was cut after {self.settings.reply_tokens} tokens. Be shorter."
                    )
                return read(reply.text)
            except ReplyUnusable as error:
                if not left:
                    raise
                asked = replace(
                    request,
                    messages=(*messages, *_again(reply.text, error)),
                    # Else a second complaint about the same reply would be the same request.
                    seed=asked.seed + 1,
                )
        raise AssertionError("the last round returns or raises")


def _again(reply: str, error: ReplyUnusable) -> tuple[Message, Message]:
    # No template takes an empty message, and some want the roles to take turns.
    said = reply[:_SHOWN_AGAIN_CHARS].strip() or "(nothing)"
    return Message(Role.ASSISTANT, said), Message(Role.USER, f"{error.complaint} Reply again.")


def _seed(seed: int, role: str, variant: str) -> int:
    digest = hashlib.sha256(f"{seed}/{role}/{variant}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:4]) >> 1
