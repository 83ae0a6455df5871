import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from local_experts.back_ends.ollama import OllamaExpert
from local_experts.back_ends.replies import TEXT_LIMIT
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
    KeyRefused,
    ModelMissing,
    NotUnloaded,
    PromptTooLong,
)
from local_experts.keys import Key
from local_experts.names import parse_name
from local_experts.opening import open_expert
from local_experts.options import ExpertOptions
from local_experts.protocol import Expert, Finish, Message, Request, Role

from .ollama_server import OllamaServer
from .serving import Answer, Cut, Hang, Raw, Status, StreamError, Trickle

HELLO = Request(messages=(Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Hello there")))
SCHEMA = {"type": "object", "properties": {"verdict": {"type": "string"}}}


@contextmanager
def expert_at(
    server: OllamaServer, *, key: Key | None = None, unload_s: float = 5.0, **options: Any
) -> Iterator[OllamaExpert]:
    expert = OllamaExpert(
        parse_name("ollama:qwen3:8b"), server.url, ExpertOptions(**options), key, unload_s
    )
    try:
        yield expert
    finally:
        expert.close()


def prompt_of(words: int) -> Request:
    return Request(messages=(Message(Role.USER, " ".join(["word"] * words)),))


def test_a_reply_comes_with_its_account() -> None:
    with OllamaServer(lambda _: "Hello to you") as server, expert_at(server) as expert:
        reply = expert.ask(HELLO)
    assert (reply.text, reply.thinking, reply.finish) == ("Hello to you", "", Finish.STOP)
    assert (reply.prompt_tokens, reply.reply_tokens) == (5, 3)
    assert reply.seconds > 0


def test_everything_that_matters_is_sent() -> None:
    request = Request(
        messages=HELLO.messages, schema=SCHEMA, temperature=0.5, seed=7, max_tokens=99
    )
    with OllamaServer(lambda _: "{}") as server, expert_at(server, context_tokens=2048) as expert:
        expert.ask(request)
        sent = server.calls("/api/chat")[0].body
    assert sent["model"] == "qwen3:8b"
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello there"},
    ]
    assert sent["options"] == {
        "num_ctx": 2048,
        "num_predict": 99,
        "seed": 7,
        "temperature": 0.5,
    }
    assert sent["format"] == SCHEMA
    assert sent["keep_alive"] == "10m"
    assert (sent["truncate"], sent["shift"]) == (False, False)
    assert "think" not in sent


def test_the_length_is_told_while_the_reply_is_written() -> None:
    told: list[int] = []
    with OllamaServer(lambda _: "one two three") as server, expert_at(server) as expert:
        expert.ask(HELLO, told.append)
    assert told == [4, 8, 13]


def test_a_mistake_of_the_listener_is_not_the_experts() -> None:
    def broken(_: int) -> None:
        raise ValueError("mine")

    with (
        OllamaServer(lambda _: "one") as server,
        expert_at(server) as expert,
        pytest.raises(ValueError, match="mine"),
    ):
        expert.ask(HELLO, broken)


def test_an_empty_reply_is_a_reply() -> None:
    with OllamaServer(lambda _: "") as server, expert_at(server) as expert:
        assert expert.ask(HELLO).text == ""


def test_a_hostile_reply_is_kept_as_it_is() -> None:
    hostile = "\x1b[2J\u202e\u2028\x00[bold]"
    with OllamaServer(lambda _: hostile) as server, expert_at(server) as expert:
        assert expert.ask(HELLO).text == hostile


def test_a_reply_that_a_limit_cut_says_so() -> None:
    answer = Answer("so far", finish="length")
    with OllamaServer(lambda _: answer) as server, expert_at(server) as expert:
        assert expert.ask(HELLO).finish is Finish.LENGTH


@pytest.mark.parametrize("answer", [Answer("4", "two and two"), "<think>two and two</think>\n\n4"])
def test_thinking_is_no_part_of_the_text(answer: Answer | str) -> None:
    with OllamaServer(lambda _: answer) as server, expert_at(server) as expert:
        reply = expert.ask(HELLO)
    assert (reply.text, reply.thinking) == ("4", "two and two")


@pytest.mark.parametrize("thinking", [True, False])
def test_thinking_is_asked_for_or_not(thinking: bool) -> None:
    with OllamaServer(lambda _: "4") as server, expert_at(server, thinking=thinking) as expert:
        expert.ask(HELLO)
        assert server.calls("/api/chat")[0].body["think"] is thinking


def test_a_model_that_cannot_think_says_so() -> None:
    with (
        OllamaServer(lambda _: "4", capabilities=("completion",)) as server,
        expert_at(server, thinking=True) as expert,
    ):
        for use in (lambda: expert.ask(HELLO), expert.facts):
            with pytest.raises(ExpertRefused, match=r"qwen3:8b cannot think\. Ask it without"):
                use()


def test_a_prompt_that_does_not_fit_is_refused() -> None:
    with OllamaServer(lambda _: "x") as server, expert_at(server, context_tokens=512) as expert:
        with pytest.raises(PromptTooLong, match="600 tokens"):
            expert.ask(prompt_of(600))
        assert server.seen == []


def test_a_prompt_that_just_fits_is_answered() -> None:
    with OllamaServer(lambda _: "x") as server, expert_at(server, context_tokens=512) as expert:
        assert expert.ask(prompt_of(510)).text == "x"


def test_an_old_version_that_cuts_the_prompt_is_found_out() -> None:
    with (
        OllamaServer(lambda _: "x", version="0.12.5") as server,
        expert_at(server, context_tokens=512) as expert,
    ):
        with pytest.raises(PromptTooLong, match="part of the prompt was cut"):
            expert.ask(prompt_of(600))
        assert len(server.seen) == 1


def test_an_old_version_that_leaves_out_messages_is_found_out() -> None:
    turns = tuple(Message(Role.USER, "word " * 150) for _ in range(5))
    with (
        OllamaServer(lambda _: "x", version="0.12.5") as server,
        expert_at(server, context_tokens=512) as expert,
        pytest.raises(PromptTooLong, match=r"450 tokens in a prompt of 750 words.*0\.12\.6"),
    ):
        expert.ask(Request(messages=turns))


@pytest.mark.parametrize("counted", [12, -1])
def test_a_small_or_missing_count_of_a_cached_prompt_is_no_cut(counted: int) -> None:
    answer = Answer("x", prompt_tokens=counted)
    with OllamaServer(lambda _: answer) as server, expert_at(server, context_tokens=512) as expert:
        assert expert.ask(prompt_of(400)).text == "x"


def test_a_short_prompt_is_never_held_to_be_cut() -> None:
    answer = Answer("x", prompt_tokens=-1)
    with OllamaServer(lambda _: answer, version="0.1.30") as server, expert_at(server) as expert:
        assert expert.ask(prompt_of(400)).prompt_tokens is None
        assert server.calls("/api/version") == []


@pytest.mark.parametrize(
    ("finish", "prompt", "reply"), [("stop", 496, 30), ("length", 61, 451), ("length", 61, 452)]
)
def test_a_reply_that_pushed_the_prompt_out_or_had_no_room(
    finish: str, prompt: int, reply: int
) -> None:
    answer = Answer("x", finish=finish, prompt_tokens=prompt, reply_tokens=reply)
    with (
        OllamaServer(lambda _: answer) as server,
        expert_at(server, context_tokens=512) as expert,
        pytest.raises(PromptTooLong),
    ):
        expert.ask(HELLO)


def test_a_reply_that_ends_where_the_context_does_is_whole() -> None:
    answer = Answer("x", prompt_tokens=500, reply_tokens=12)
    with OllamaServer(lambda _: answer) as server, expert_at(server, context_tokens=512) as expert:
        assert expert.ask(HELLO).text == "x"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Cut(), ExpertReplyInvalid),
        (Cut(None), ExpertUnreachable),
        (Raw(b"<html>"), ExpertReplyInvalid),
        (Raw(b"[1]\n"), ExpertReplyInvalid),
        (Raw(b'"text"\n'), ExpertReplyInvalid),
        (Raw(b'{"done": true}\n'), ExpertReplyInvalid),
        (Raw(b'{"message": {"role": "assistant", "content": 5}}\n'), ExpertReplyInvalid),
        (Raw(b'{"message": {"role": "assistant", "content": "no end"}}\n'), ExpertReplyInvalid),
        (Raw(b""), ExpertReplyInvalid),
        (Raw(b"[" * 100_000), ExpertReplyInvalid),
        (StreamError("an error was encountered while running the model"), ExpertRefused),
        (StreamError({"code": 5}), ExpertReplyInvalid),
        (Status(500, {"error": "oops"}), ExpertRefused),
        (Status(302, headers={"Location": "/api/version"}), ExpertRefused),
        (Status(401, {"error": "unauthorized"}), KeyRefused),
        (Status(400, {"error": "the input length exceeds the context length"}), PromptTooLong),
        ("x" * (TEXT_LIMIT + 1), ExpertReplyInvalid),
    ],
)
def test_every_failure_has_its_name(answer: Any, error: type[ExpertError]) -> None:
    with OllamaServer(lambda _: answer) as server, expert_at(server, timeout_s=20) as expert:
        with pytest.raises(error) as caught:
            expert.ask(HELLO)
        assert type(caught.value) is error
        assert server.url in caught.value.message
        assert len(server.calls("/api/chat")) == 1
        # What went wrong once does not spoil the next call.
        server.answer = lambda _: "fine"
        assert expert.ask(HELLO).text == "fine"


def test_an_error_within_a_reply_may_be_gone_the_next_time() -> None:
    answer = StreamError("llama runner process has terminated")
    with (
        OllamaServer(lambda _: answer) as server,
        expert_at(server) as expert,
        pytest.raises(ExpertRefused, match="runner process has terminated") as caught,
    ):
        expert.ask(HELLO)
    assert caught.value.transient


@pytest.mark.parametrize("answer", [Hang(), Trickle(), Trickle(headers=True)])
def test_a_call_ends_in_time(answer: Any) -> None:
    with (
        OllamaServer(lambda _: answer) as server,
        expert_at(server, timeout_s=0.3) as expert,
        pytest.raises(ExpertTooSlow, match=r"0\.3 s"),
    ):
        expert.ask(HELLO)


def test_a_model_that_loads_slowly_is_waited_for() -> None:
    with OllamaServer(lambda _: "up", load_s=0.2) as server, expert_at(server) as expert:
        assert expert.ask(HELLO).seconds >= 0.2


def test_a_full_queue_can_be_asked_again() -> None:
    with (
        OllamaServer(lambda _: "x", queue=0) as server,
        expert_at(server) as expert,
        pytest.raises(ExpertRefused, match="server busy") as caught,
    ):
        expert.ask(HELLO)
    assert caught.value.status == 503
    assert caught.value.transient


def test_nothing_listens() -> None:
    with OllamaServer(lambda _: "x") as server:
        pass
    with expert_at(server) as expert, pytest.raises(ExpertUnreachable, match=r"127\.0\.0\.1"):
        expert.ask(HELLO)


def test_facts() -> None:
    with OllamaServer(lambda _: "x") as server, expert_at(server) as expert:
        facts = expert.facts()
        assert server.calls("/api/chat") == []
    assert (facts.context_tokens, facts.version) == (40_960, "0.40.2")
    assert (facts.parameters, facts.quantisation) == ("8.2B", "Q4_K_M")
    assert facts.size_bytes == 5_200_000_000


def test_a_missing_model_says_how_to_get_it() -> None:
    with OllamaServer(lambda _: "x", models=("other:1b",)) as server, expert_at(server) as expert:
        for use in (expert.facts, lambda: expert.ask(HELLO)):
            with pytest.raises(ModelMissing, match="ollama pull qwen3:8b"):
                use()


def test_a_context_that_the_model_does_not_have() -> None:
    with (
        OllamaServer(lambda _: "x", context=4096) as server,
        expert_at(server) as expert,
        pytest.raises(ContextTooSmall, match=r"4,096 tokens.*8,192"),
    ):
        expert.facts()


def test_unloading_ends_when_the_memory_is_free() -> None:
    with OllamaServer(lambda _: "x", unload_looks=2) as server, expert_at(server) as expert:
        expert.ask(HELLO)
        assert server.loaded == {"qwen3:8b"}
        expert.unload()
        assert server.loaded == set()
        assert len(server.calls("/api/ps")) == 3
        # The next call loads it again.
        assert expert.ask(HELLO).text == "x"
        assert server.loaded == {"qwen3:8b"}


def test_memory_that_is_not_given_back_is_told() -> None:
    with (
        OllamaServer(lambda _: "x", unload_looks=10**6) as server,
        expert_at(server, unload_s=0.05) as expert,
    ):
        expert.ask(HELLO)
        with pytest.raises(NotUnloaded, match="ollama stop qwen3:8b"):
            expert.unload()


def test_a_model_that_is_not_there_holds_no_memory() -> None:
    with OllamaServer(lambda _: "x", models=()) as server, expert_at(server) as expert:
        expert.unload()
        assert server.calls("/api/ps") == []


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with OllamaServer(lambda _: "x") as server, expert_at(server) as expert:
        assert expert.ask(HELLO).text == "x"


def test_a_key_of_the_environment_is_not_sent_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "canary-key")
    with OllamaServer(lambda _: "x") as server:
        expert = open_expert(f"ollama:qwen3:8b@{server.url}")
        expert.ask(HELLO)
        expert.close()
        assert "authorization" not in server.asked[0].headers


def test_a_key_is_sent_and_never_told() -> None:
    refusal = Status(403, {"error": "Bearer canary-key is not welcome"})
    key = Key("OLLAMA_API_KEY", "canary-key")
    with OllamaServer(lambda _: refusal) as server, expert_at(server, key=key) as expert:
        with pytest.raises(KeyRefused, match=r"Bearer \[key\] is not welcome") as caught:
            expert.ask(HELLO)
        assert server.asked[0].headers["authorization"] == "Bearer canary-key"
        assert "canary-key" not in json.dumps(dict(expert.identity))
    assert "canary-key" not in repr(caught.value) + str(caught.value)


def test_several_threads_ask_at_once_and_use_connections_again() -> None:
    def answer(body: dict[str, Any]) -> str:
        return str(body["messages"][-1]["content"]).upper()

    def ask(at: int) -> str:
        return expert.ask(Request(messages=(Message(Role.USER, f"text {at}"),))).text

    with OllamaServer(answer) as server, expert_at(server, concurrency=16) as expert:
        with ThreadPoolExecutor(16) as threads:
            assert list(threads.map(ask, range(80))) == [f"TEXT {at}" for at in range(80)]
        assert len(server.calls("/api/chat")) == 80
        assert server.connections <= 16


def test_calls_overlap() -> None:
    together = threading.Barrier(8, timeout=30)

    def answer(_: dict[str, Any]) -> str:
        together.wait()
        return "all here"

    with (
        OllamaServer(answer) as server,
        expert_at(server, concurrency=8) as expert,
        ThreadPoolExecutor(8) as threads,
    ):
        replies = list(threads.map(lambda _: expert.ask(HELLO).text, range(8)))
    assert replies == ["all here"] * 8


def test_what_a_reply_depends_on() -> None:
    options = ExpertOptions(context_tokens=4096, thinking=False)
    expert = open_expert("ollama:m", options, {"OLLAMA_HOST": "gpu.local"})
    assert expert.identity == {
        "back_end": "ollama",
        "address": "http://gpu.local:11434",
        "model": "m",
        "context_tokens": 4096,
        "thinking": False,
    }
    assert (expert.name, expert.most_at_once, expert.is_local) == ("ollama:m", 4, False)
    expert.close()


def test_the_contract_server_answers_in_one_piece_too() -> None:
    with OllamaServer(lambda _: Answer("4", "hm")) as server:
        body = {"model": "qwen3:8b", "messages": [], "stream": False}
        reply = httpx2.post(f"{server.url}/api/chat", json=body, trust_env=False).json()
    assert reply["message"] == {"role": "assistant", "content": "4", "thinking": "hm"}
    assert reply["done"] is True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def real_ollama(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    program = shutil.which("ollama")
    if program is None:
        pytest.skip("no ollama on this machine")
    host = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("OLLAMA_HOST", host)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with subprocess.Popen(
        [program, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(f"http://{host}/api/version")
            yield f"http://{host}"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    transport = httpx2.HTTPTransport(retries=8)  # it waits longer from one to the next
    with httpx2.Client(transport=transport, timeout=60) as client:
        client.get(url).raise_for_status()


def test_a_real_ollama_misses_a_model_in_the_words_we_know(real_ollama: str) -> None:
    expert: Expert = open_expert(f"ollama:surely-not-there:1b@{real_ollama}")
    uses: list[Callable[[], object]] = [expert.facts, lambda: expert.ask(HELLO)]
    for use in uses:
        with pytest.raises(ModelMissing, match="ollama pull surely-not-there:1b"):
            use()
    expert.unload()
    expert.close()
