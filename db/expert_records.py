"""Rows of expert models: their calls, what these cost, and what they wrote."""

import time
from dataclasses import dataclass, field

from db.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertCall:
    """One call of an expert: what was asked, and what came back or why nothing did.

    ``key`` stands for all that the reply depends on; one reply is kept for a key. ``role`` is
    what the expert was asked as (``feedback``, ``improve``). Tokens are the server's count, None
    where it does not tell. ``cost`` is in the currency of the prices in the settings.
    """

    run_id: int
    iteration: int
    key: str
    role: str
    expert: str
    request: Json
    reply: str | None = None
    thinking: str = ""
    finish: str | None = None
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    seconds: float = 0.0
    cost: float = 0.0
    error: str | None = None
    at: float = field(default_factory=time.time)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertAccount:
    """The calls of one expert in one role, summed. ``seconds`` is the time its replies took.

    ``failed`` calls brought no reply. Tokens count what servers told; ``untold`` replies came
    without a count.
    """

    iteration: int
    role: str
    expert: str
    replies: int
    failed: int
    prompt_tokens: int
    reply_tokens: int
    untold: int
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorCounts:
    """What one author wrote of the trajectories that an iteration kept.

    ``updates`` are attempts after a trajectory's first.
    """

    iteration: int
    author: str
    feedbacks: int
    updates: int
