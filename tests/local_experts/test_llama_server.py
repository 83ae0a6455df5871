"""The server of llama-cpp-python answers as the OpenAI protocol says, with a real model."""

import json
from typing import Any

import httpx2
import pytest
from llama_server import LlamaServer

QUESTION = {"role": "user", "content": "(2 + 3 * 4) ="}


@pytest.fixture
def client(llama_server: LlamaServer) -> Any:
    with httpx2.Client(base_url=llama_server.url, timeout=30.0, trust_env=False) as opened:
        yield opened


def asked(server: LlamaServer, **wishes: Any) -> dict[str, Any]:
    return {"model": server.model, "messages": [QUESTION], "temperature": 0, **wishes}


def test_it_names_its_model(client: httpx2.Client, llama_server: LlamaServer) -> None:
    assert [model["id"] for model in client.get("/models").json()["data"]] == [llama_server.model]


def test_a_completion(client: httpx2.Client, llama_server: LlamaServer) -> None:
    reply = client.post("/chat/completions", json=asked(llama_server, max_tokens=20)).json()
    (choice,) = reply["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"]
    assert reply["usage"]["completion_tokens"] == 20


def test_a_streamed_completion_is_the_same(
    client: httpx2.Client, llama_server: LlamaServer
) -> None:
    request = asked(llama_server, max_tokens=20)
    (choice,) = client.post("/chat/completions", json=request).json()["choices"]
    with client.stream("POST", "/chat/completions", json=request | {"stream": True}) as reply:
        lines = [line.removeprefix("data: ") for line in reply.iter_lines() if line]
    assert lines.pop() == "[DONE]"
    deltas = [json.loads(line)["choices"][0]["delta"].get("content") or "" for line in lines]
    assert "".join(deltas) == choice["message"]["content"]


def test_a_schema_is_followed(client: httpx2.Client, llama_server: LlamaServer) -> None:
    schema = {"type": "object", "properties": {"right": {"type": "boolean"}}, "required": ["right"]}
    form = {"type": "json_object", "schema": schema}
    request = asked(llama_server, max_tokens=100, response_format=form)
    reply = client.post("/chat/completions", json=request).json()["choices"][0]
    assert reply["finish_reason"] == "stop"
    assert isinstance(json.loads(reply["message"]["content"])["right"], bool)
