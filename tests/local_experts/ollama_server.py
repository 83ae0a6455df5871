"""Ollama's documented API over real HTTP, with any answers and any faults.

What it does as Ollama does: prompts that do not fit ``num_ctx`` are refused (0.12.6 and later,
when asked to) or cut without a word; the oldest messages go first. A model is loaded by a chat,
and unloaded some looks after it was told to.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from .serving import (
    Answer,
    Answering,
    Asked,
    Body,
    ContractServer,
    Handler,
    StreamError,
    pieces_of,
    tokens_of,
)

STREAM = "application/x-ndjson"


class OllamaServer(ContractServer):
    """``answer`` is given the body of a chat; what the model sees of it is in ``seen``.

    ``context`` is the model's own. ``unload_looks`` is how often ``/api/ps`` still has a model
    that was told to go; ``load_s`` is what loading takes; more calls than ``queue`` at a time
    get 503.
    """

    def __init__(
        self,
        answer: Answering,
        latency_s: float = 0.0,
        *,
        models: tuple[str, ...] = ("qwen3:8b",),
        version: str = "0.40.2",
        context: int = 40_960,
        capabilities: tuple[str, ...] = ("completion", "thinking"),
        unload_looks: int = 0,
        load_s: float = 0.0,
        queue: int = 512,
    ) -> None:
        super().__init__(answer, latency_s)
        self.models = models
        self.version = version
        self.context = context
        self.capabilities = capabilities
        self.unload_looks = unload_looks
        self.load_s = load_s
        self.queue = queue
        self.loaded: set[str] = set()
        self.seen: list[list[str]] = []
        self._leaving: dict[str, int] = {}
        self._under_way = 0

    def handle(self, request: Handler, asked: Asked) -> None:
        model = _full(asked.body.get("model", ""))
        wants_a_model = asked.method == "POST" and asked.path.startswith("/api/")
        if wants_a_model and model not in self.models:
            request.send_json({"error": f"model '{asked.body.get('model')}' not found"}, 404)
            return
        match asked.path:
            case "/api/version":
                request.send_json({"version": self.version})
            case "/api/tags":
                request.send_json({"models": [self._tag(name) for name in self.models]})
            case "/api/show":
                request.send_json(self._shown())
            case "/api/ps":
                request.send_json({"models": [self._tag(name) for name in self._in_memory()]})
            case "/api/generate":
                self._unload(request, model, asked.body)
            case "/api/chat":
                self._queue(request, model, asked.body)
            case _:
                request.send_json(b"404 page not found", 404)

    def _queue(self, request: Handler, model: str, body: Body) -> None:
        with self.lock:
            full = self._under_way >= self.queue
            self._under_way += not full
        if full:
            said = "server busy, please try again.  maximum pending requests exceeded"
            request.send_json({"error": said}, 503)
            return
        try:
            self._chat(request, model, body)
        finally:
            with self.lock:
                self._under_way -= 1

    def _chat(self, request: Handler, model: str, body: Body) -> None:
        if body.get("think") and "thinking" not in self.capabilities:
            said = f'"{body["model"]}" does not support thinking'
            request.send_json({"error": said}, 400)
            return
        with self.lock:
            cold = model not in self.loaded
            self.loaded.add(model)
            self._leaving.pop(model, None)
        self.closing.wait((self.load_s if cold else 0.0) + self.latency_s)
        context = min(body.get("options", {}).get("num_ctx", 4096), self.context)
        texts = [message["content"] for message in body["messages"]]
        wanted = tokens_of(texts)
        if wanted > context and self._refuses() and body.get("truncate") is False:
            request.send_json(_too_long(wanted, context), 400)
            return
        texts = _cut(texts, context)
        with self.lock:
            self.seen.append(texts)
        found = self.answer(body)
        found = Answer(found) if isinstance(found, str) else found
        match found:
            case Answer():
                pieces = self._pieces(model, found, tokens_of(texts))
            case StreamError():
                pieces = [_piece(model, "half of"), {"error": found.error}]
            case _:
                request.send_fault(found, STREAM, lambda text: _line(_piece(model, text)))
                return
        if body.get("stream", True):
            request.begin_stream(STREAM)
            request.send_pieces([_line(piece) for piece in pieces])
        else:
            message = {"role": "assistant", "content": found.text, "thinking": found.thinking}
            request.send_json({**pieces[-1], "message": message})

    def _pieces(self, model: str, answer: Answer, prompt_tokens: int) -> list[Body]:
        pieces = [_piece(model, "", thought) for thought in pieces_of(answer.thinking) if thought]
        pieces += [_piece(model, text) for text in pieces_of(answer.text)]
        counted = answer.prompt_tokens
        last = {
            **_piece(model, ""),
            "done": True,
            "done_reason": answer.finish,
            "total_duration": 2_000_000,
            "prompt_eval_count": prompt_tokens if counted is None else counted,
            "eval_count": tokens_of([answer.text])
            if answer.reply_tokens is None
            else answer.reply_tokens,
        }
        if counted is not None and counted < 0:  # as old versions did with a cached prompt
            del last["prompt_eval_count"]
        return [*pieces, last]

    def _unload(self, request: Handler, model: str, body: Body) -> None:
        if body.get("keep_alive") == 0 and not body.get("prompt"):
            with self.lock:
                if model in self.loaded:
                    self._leaving[model] = self.unload_looks
            reason = "unload"
        else:
            with self.lock:
                self.loaded.add(model)
            reason = "load"
        request.send_json(
            {"model": model, "created_at": _now(), "response": "", "done": True}
            | {"done_reason": reason}
        )

    def _in_memory(self) -> list[str]:
        with self.lock:
            for model, looks in list(self._leaving.items()):
                self._leaving[model] = looks - 1
                if looks <= 0:
                    del self._leaving[model]
                    self.loaded.discard(model)
            return sorted(self.loaded)

    def _refuses(self) -> bool:
        return tuple(int(part) for part in self.version.split(".")) >= (0, 12, 6)

    def _tag(self, name: str) -> Body:
        details = {"parameter_size": "8.2B", "quantization_level": "Q4_K_M", "family": "qwen3"}
        return {"name": name, "model": name, "size": 5_200_000_000, "details": details}

    def _shown(self) -> Body:
        return {
            "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
            "model_info": {
                "general.architecture": "qwen3",
                "qwen3.context_length": self.context,
            },
            "capabilities": list(self.capabilities),
        }


def _cut(texts: list[str], context: int) -> list[str]:
    """What is left of messages: the first and the last, then the end of the last."""
    while tokens_of(texts) > context and len(texts) > 2:
        del texts[1]
    over = tokens_of(texts) - context
    if over > 0:
        tokens = re.findall(r"\w+|[^\w\s]", texts[-1])
        texts[-1] = " ".join(tokens[over:])
    return texts


def _too_long(wanted: int, context: int) -> Body:
    said = f"request ({wanted} tokens) exceeds the available context size ({context} tokens)"
    inner = {"error": {"code": 400, "message": said, "type": "exceed_context_size_error"}}
    return {"error": json.dumps(inner)}


def _piece(model: str, text: str, thinking: str = "") -> Body:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thinking:
        message["thinking"] = thinking
    return {"model": model, "created_at": _now(), "message": message, "done": False}


def _line(value: Body) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _full(model: str) -> str:
    return model if ":" in model else f"{model}:latest"
