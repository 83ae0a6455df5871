"""Small questions that show what an expert can do: JSON by a schema, seeds, speed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.expert_settings import ExpertSettings
from local_experts.accounts import tokens_of
from local_experts.protocol import Expert, Message, Reply, Request, Role

_SCHEMA = {
    "type": "object",
    "properties": {"larger": {"type": "integer"}},
    "required": ["larger"],
    "additionalProperties": False,
}
_QUESTION = 'Which is larger, 17 or 25? Reply with a JSON object: {"larger": number}'
_STORY = "Write four sentences about an old lighthouse."
_STORY_TOKENS = 256
_SEED = 7


class Finding(StrEnum):
    """How a step came out; a note is worth knowing, and keeps nobody from using the expert."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at; ``fix`` says what to do about it."""

    name: str
    finding: Finding
    detail: str
    fix: str = ""


def schema_step(expert: Expert, settings: ExpertSettings) -> Step:
    """Ask for a tiny piece of JSON by a schema, and look whether that is what comes."""
    reply = expert.ask(
        Request(
            messages=(Message(Role.USER, _QUESTION),),
            schema=_SCHEMA,
            max_tokens=settings.reply_tokens,
        )
    )
    if _follows(reply.text):
        return Step("schema", Finding.OK, "its reply is JSON that follows the schema")
    inner = reply.text[reply.text.find("{") : reply.text.rfind("}") + 1]
    if _follows(inner):
        detail = "its reply is JSON with other text around it, which is read all the same"
        return Step("schema", Finding.NOTE, detail)
    said = f"its reply does not follow the schema: {reply.text[:200].strip() or '(nothing)'}"
    fix = "Many replies may be of no use; tripost experts bench counts them."
    return Step("schema", Finding.NOTE, said, fix)


def _follows(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and list(value) == ["larger"] and type(value["larger"]) is int


def repeated(expert: Expert, settings: ExpertSettings) -> Iterator[Step]:
    """Ask the same twice with one seed, and take the time of the second call."""
    request = Request(
        messages=(Message(Role.USER, _STORY),),
        temperature=1.0,
        seed=_SEED,
        max_tokens=min(_STORY_TOKENS, settings.reply_tokens),
    )
    first = expert.ask(request)
    second = expert.ask(request)
    if (first.text, first.thinking) == (second.text, second.thinking):
        yield Step("seeds", Finding.OK, "one seed gave the same text twice")
    else:
        detail = "one seed gave two texts; a run records replies, and is repeated from those"
        yield Step("seeds", Finding.NOTE, detail)
    yield Step("speed", Finding.OK, _speed(request, second))


def _speed(request: Request, reply: Reply) -> str:
    _, written = tokens_of(request, reply)
    about = "" if reply.reply_tokens is not None else "about "
    rate = f"{written / reply.seconds:,.1f} tokens/s, " if reply.seconds > 0 else ""
    return f"{about}{rate}{reply.seconds:.2g} s for {written:,} tokens"
