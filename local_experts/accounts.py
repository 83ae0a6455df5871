"""What experts cost: prices, and ceilings that end the asking."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from local_experts.errors import BudgetReached, ExpertAddressInvalid
from local_experts.protocol import Reply, Request

_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a million tokens read and of a million written, in any currency."""

    prompt: float = 0.0
    reply: float = 0.0

    def cost(self, prompt_tokens: int, reply_tokens: int) -> float:
        return (self.prompt * prompt_tokens + self.reply * reply_tokens) / 1e6


def parse_price(text: str) -> tuple[str, Price]:
    """Read ``NAME=PROMPT/REPLY``, such as ``openai:gpt-5-mini=0.25/2``.

    Raises ExpertAddressInvalid.
    """
    name, _, prices = text.rpartition("=")
    prompt, _, reply = prices.partition("/")
    try:
        price = Price(float(prompt), float(reply))
    except ValueError:
        price = Price(-1)
    if not name or not (0 <= price.prompt < 1e9 and 0 <= price.reply < 1e9):
        raise ExpertAddressInvalid(
            f"{text}: a price is EXPERT=PROMPT/REPLY for a million tokens of each, such as "
            "openai:gpt-5-mini=0.25/2."
        )
    return name, price


def tokens_of(request: Request, reply: Reply) -> tuple[int, int]:
    """Tokens read and written: the server's count, or where it tells none, by characters."""
    asked = sum(len(message.content) for message in request.messages)
    written = len(reply.text) + len(reply.thinking)
    return (
        asked // _CHARACTERS_PER_TOKEN if reply.prompt_tokens is None else reply.prompt_tokens,
        written // _CHARACTERS_PER_TOKEN if reply.reply_tokens is None else reply.reply_tokens,
    )


class Budget:
    """Ceilings on what may be spent, 0 for none; for any number of threads.

    Calls that are under way when a ceiling is reached are finished and counted.
    """

    def __init__(
        self, tokens: int = 0, cost: float = 0.0, *, spent_tokens: int = 0, spent_cost: float = 0.0
    ) -> None:
        self._tokens, self._cost = tokens, cost
        self._spent_tokens, self._spent_cost = spent_tokens, spent_cost
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises BudgetReached where nothing may be spent any more."""
        with self._lock:
            tokens, cost = self._spent_tokens, self._spent_cost
        if self._tokens and tokens >= self._tokens:
            raise BudgetReached(f"{tokens:,} tokens are used of {self._tokens:,}.")
        if self._cost and cost >= self._cost:
            raise BudgetReached(f"{cost:.4g} is spent of {self._cost:.4g}.")

    def spend(self, tokens: int, cost: float) -> None:
        with self._lock:
            self._spent_tokens += tokens
            self._spent_cost += cost
