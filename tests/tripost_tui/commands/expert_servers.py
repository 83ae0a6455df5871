"""Servers of experts for the commands, over real HTTP: right ones, wrong ones, hostile ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "engine"))

from perfect_expert import reply_to

from engine.tasks import TASKS
from tests.local_experts.ollama_server import OllamaServer
from tests.local_experts.openai_server import OpenAiServer
from tests.local_experts.serving import Answering, Body

TASK = TASKS["multistep_arithmetic"]()
MODEL = "qwen3:8b"
CANARY = "sk-canary-7f3a9c"
HOSTILE = "\x1b]0;owned\x07\x9b2J [red]x[/red] \u202e \x00"
CONTROLS = {"\x1b", "\x07", "\x9b", "\u202e", "\x00"}


def is_about_an_attempt(body: Body) -> bool:
    return any("<attempt>" in message["content"] for message in body["messages"])


def perfect(body: Body) -> str:
    """What a model says that is never wrong, also to the small questions of a check."""
    if is_about_an_attempt(body):
        return reply_to(TASK, body["messages"])
    if "larger" in body["messages"][-1]["content"]:
        return '{"larger": 25}'
    return "An old lighthouse stood on a rock. Its lamp was dark. Gulls lived there. Nobody came."


def blind(body: Body) -> str:
    """What a model says that sees no error, and continues perfectly where it is told of one."""
    if is_about_an_attempt(body) and "<feedback>" not in body["messages"][-1]["content"]:
        return json.dumps({"check": "All is right.", "step": "none", "span": "", "reason": ""})
    return perfect(body)


def hostile(body: Body) -> str:
    """What a model says that wants to steer the terminal."""
    if is_about_an_attempt(body) and "<feedback>" not in body["messages"][-1]["content"]:
        said = json.loads(perfect(body))
        return json.dumps({**said, "reason": HOSTILE})
    return perfect(body) if is_about_an_attempt(body) else HOSTILE


def ollama(answer: Answering = perfect, **more: object) -> OllamaServer:
    return OllamaServer(answer, **{"models": (MODEL,), **more})  # type: ignore[arg-type]


def openai(answer: Answering = perfect, **more: object) -> OpenAiServer:
    return OpenAiServer(answer, **{"models": (MODEL,), **more})  # type: ignore[arg-type]


def at(server: OllamaServer | OpenAiServer, model: str = MODEL) -> str:
    """The name of a server's model."""
    kind = "ollama" if isinstance(server, OllamaServer) else "openai"
    return f"{kind}:{model}@{server.url}"


def asked_of(server: OllamaServer | OpenAiServer) -> list[str]:
    """All that was asked of a server's model, in a form that can be compared."""
    chats = [*server.calls("/api/chat"), *server.calls("/v1/chat/completions")]
    return [json.dumps(chat.body, sort_keys=True) for chat in chats]
