"""OpenAI's chat completions over real HTTP, with any answers, refusals and faults."""

from __future__ import annotations

import json
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

STREAM = "text/event-stream"


class OpenAiServer(ContractServer):
    """``answer`` is given the body of a chat. The address is ``url``, with its ``/v1``.

    ``models`` None stands for a server that has no list. ``refuses`` maps a parameter to the
    body of the 400 that it gets (``response_format.json_schema``, ``….schema`` and ``….strict`` are
    told apart); ``key``, where given, has to be sent. ``reasoning_field`` is where thinking goes.
    """

    def __init__(
        self,
        answer: Answering,
        latency_s: float = 0.0,
        *,
        models: tuple[str, ...] | None = ("small", "large"),
        refuses: dict[str, Any] | None = None,
        key: str | None = None,
        context: int | None = None,
        reasoning_field: str = "reasoning_content",
        streams: bool = True,
    ) -> None:
        super().__init__(answer, latency_s)
        self.url = f"{self.url}/v1"
        self.models = models
        self.refuses = refuses or {}
        self.key = key
        self.context = context
        self.reasoning_field = reasoning_field
        self.streams = streams

    def handle(self, request: Handler, asked: Asked) -> None:
        if self.key is not None and asked.headers.get("authorization") != f"Bearer {self.key}":
            given = asked.headers.get("authorization", "nothing")
            request.send_json(_error(f"Incorrect API key provided: {given}"), 401)
        elif asked.path == "/v1/models" and self.models is not None:
            entries = [{"id": name, "object": "model"} | self._length() for name in self.models]
            request.send_json({"object": "list", "data": entries})
        elif asked.path == "/v1/chat/completions":
            self._chat(request, asked.body)
        else:
            request.send_json(b"Not Found", 404)

    def _chat(self, request: Handler, body: Body) -> None:
        if "messages" not in body:
            request.send_json(_error("you must provide a model and messages"), 400)
            return
        if self.models is not None and body["model"] not in self.models:
            said = f"The model `{body['model']}` does not exist."
            request.send_json(_error(said, code="model_not_found"), 404)
            return
        refused = next((name for name in self.refuses if _has(body, name)), None)
        if refused is not None:
            request.send_json(self.refuses[refused], 400)
            return
        self.closing.wait(self.latency_s)
        found = self.answer(body)
        found = Answer(found) if isinstance(found, str) else found
        if isinstance(found, Answer):
            if body.get("stream") and self.streams:
                request.begin_stream(STREAM)
                request.send_pieces(_event(piece) for piece in self._pieces(body, found))
            else:
                request.send_json(self._whole(body, found))
        elif isinstance(found, StreamError):
            request.begin_stream(STREAM)
            pieces: list[Any] = [_piece({"content": "half of"}), {"error": found.error}]
            request.send_pieces(_event(piece) for piece in pieces)
        else:
            request.send_fault(found, STREAM, lambda text: _event(_piece({"content": text})))

    def _pieces(self, body: Body, answer: Answer) -> list[Any]:
        pieces: list[Any] = [_piece({"role": "assistant", "content": ""})]
        thoughts = [thought for thought in pieces_of(answer.thinking) if thought]
        pieces += [_piece({self.reasoning_field: thought}) for thought in thoughts]
        pieces += [_piece({"content": text}) for text in pieces_of(answer.text)]
        pieces.append(_piece({}, answer.finish))
        if (body.get("stream_options") or {}).get("include_usage"):
            pieces.append({**_piece({}), "choices": [], "usage": _usage(body, answer)})
        return [*pieces, "[DONE]"]

    def _whole(self, body: Body, answer: Answer) -> Body:
        message = {"role": "assistant", "content": answer.text}
        if answer.thinking:
            message[self.reasoning_field] = answer.thinking
        choice = {"index": 0, "message": message, "finish_reason": answer.finish}
        return {
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(body, answer),
        }

    def _length(self) -> Body:
        return {} if self.context is None else {"max_model_len": self.context}


def _has(body: Body, name: str) -> bool:
    form = body.get("response_format") or {}
    if name == "response_format.schema":
        return "schema" in form
    if name == "response_format.strict":
        return bool(form.get("json_schema", {}).get("strict"))
    if name.startswith("response_format."):
        return form.get("type") == name.partition(".")[2]
    return name in body


def _error(said: str, code: str | None = None, param: str | None = None) -> Body:
    return {
        "error": {"message": said, "type": "invalid_request_error", "param": param, "code": code}
    }


def unsupported(name: str) -> Body:
    """OpenAI's own words for a parameter that a model does not take."""
    said = f"Unsupported parameter: '{name}' is not supported with this model."
    return _error(said, "unsupported_parameter", name)


def _usage(body: Body, answer: Answer) -> Body:
    texts = [message["content"] for message in body["messages"]]
    prompt = tokens_of(texts) if answer.prompt_tokens is None else answer.prompt_tokens
    reply = tokens_of([answer.text]) if answer.reply_tokens is None else answer.reply_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reply,
        "total_tokens": prompt + reply,
    }


def _piece(delta: Body, finish: str | None = None) -> Body:
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _event(value: Any) -> bytes:
    data = value if isinstance(value, str) else json.dumps(value)
    return f"data: {data}\n\n".encode()
