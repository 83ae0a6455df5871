import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from local_experts.back_ends.openai_compatible import OpenAiExpert
from local_experts.back_ends.replies import TEXT_LIMIT
from local_experts.errors import (
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
    KeyRefused,
    ModelMissing,
    PromptTooLong,
)
from local_experts.keys import Key
from local_experts.names import parse_name
from local_experts.opening import ExpertOptions
from local_experts.protocol import Finish, Message, Request, Role

from .openai_server import OpenAiServer, unsupported
from .serving import Answer, Cut, Hang, Raw, Status, StreamError, Trickle

HELLO = Request(messages=(Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Hello there")))
SCHEMA = {"type": "object", "properties": {"verdict": {"type": "string"}}}
CANARY = Key("OPENAI_API_KEY", "sk-canary/0123456789+abc")


@contextmanager
def expert_at(
    url: str, *, key: Key | None = None, model: str = "small", **options: Any
) -> Iterator[OpenAiExpert]:
    expert = OpenAiExpert(parse_name(f"openai:{model}"), url, ExpertOptions(**options), key)
    try:
        yield expert
    finally:
        expert.close()


@pytest.mark.parametrize("streams", [True, False])
def test_a_reply_comes_with_its_account(streams: bool) -> None:
    with (
        OpenAiServer(lambda _: "Hello to you", streams=streams) as server,
        expert_at(server.url) as expert,
    ):
        reply = expert.ask(HELLO)
    assert (reply.text, reply.thinking, reply.finish) == ("Hello to you", "", Finish.STOP)
    assert (reply.prompt_tokens, reply.reply_tokens) == (5, 3)
    assert reply.seconds > 0


def test_everything_that_matters_is_sent() -> None:
    request = Request(
        messages=HELLO.messages, schema=SCHEMA, temperature=0.5, seed=7, max_tokens=99
    )
    with OpenAiServer(lambda _: "{}") as server, expert_at(server.url) as expert:
        expert.ask(request)
        (asked,) = server.asked
    assert asked.body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello there"},
        ],
        "temperature": 0.5,
        "seed": 7,
        "max_tokens": 99,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
        },
    }
    assert "authorization" not in asked.headers


def test_the_length_is_told_while_the_reply_is_written() -> None:
    told: list[int] = []
    with OpenAiServer(lambda _: "one two three") as server, expert_at(server.url) as expert:
        expert.ask(HELLO, told.append)
    assert told == [4, 8, 13]


def test_an_empty_reply_is_a_reply() -> None:
    with OpenAiServer(lambda _: "") as server, expert_at(server.url) as expert:
        assert expert.ask(HELLO).text == ""


def test_a_hostile_reply_is_kept_as_it_is() -> None:
    hostile = "\x1b[2J\u202e\u2028 data: \u0085\x00[bold]\r\n"
    # Some servers do not escape what JSON may have as it is.
    raw = json.dumps({"choices": [{"delta": {"content": hostile}}]}, ensure_ascii=False)
    answer = Raw(f": hello\r\n\r\ndata:{raw}\r\n\r\ndata: [DONE]\n\n".encode(), "text/event-stream")
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url) as expert:
        assert expert.ask(HELLO).text == hostile


def test_half_of_a_sign_in_a_message_is_no_error() -> None:
    request = Request(messages=(Message(Role.USER, "half \ud83d of it"),))
    with OpenAiServer(lambda _: "x") as server, expert_at(server.url) as expert:
        expert.ask(request)
        assert server.asked[0].body["messages"][0]["content"] == "half ? of it"


def test_a_reply_that_a_limit_cut_says_so() -> None:
    answer = Answer("so far", finish="length")
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url) as expert:
        assert expert.ask(HELLO).finish is Finish.LENGTH


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("answer", [Answer("4", "two and two"), "<think>two and two</think>\n\n4"])
def test_thinking_is_no_part_of_the_text(answer: Answer | str, field: str) -> None:
    with (
        OpenAiServer(lambda _: answer, reasoning_field=field) as server,
        expert_at(server.url) as expert,
    ):
        reply = expert.ask(HELLO)
    assert (reply.text, reply.thinking) == ("4", "two and two")


def test_content_in_parts() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "4"},
    ]
    whole = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    answer = Raw(json.dumps(whole).encode())
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url) as expert:
        reply = expert.ask(HELLO)
    assert (reply.text, reply.thinking) == ("4", "hm")


def test_thinking_is_asked_for() -> None:
    with OpenAiServer(lambda _: "4") as server, expert_at(server.url, thinking=False) as expert:
        expert.ask(HELLO)
        assert server.asked[0].body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("stream_options", unsupported("stream_options")),
        ("stream_options", {"detail": [{"loc": ["body", "stream_options"], "msg": "extra"}]}),
        ("seed", unsupported("seed")),
        ("temperature", unsupported("temperature")),
        ("chat_template_kwargs", {"error": "Unrecognized request argument: chat_template_kwargs"}),
    ],
)
def test_a_parameter_that_is_refused_is_left_out_from_then_on(name: str, refusal: Any) -> None:
    with (
        OpenAiServer(lambda _: "fine", refuses={name: refusal}) as server,
        expert_at(server.url, thinking=True) as expert,
    ):
        assert [expert.ask(HELLO).text for _ in range(2)] == ["fine", "fine"]
        assert [name in asked.body for asked in server.asked] == [True, False, False]


def test_the_new_name_of_the_limit_is_taken_where_the_old_one_is_refused() -> None:
    refuses = {"max_tokens": unsupported("max_tokens")}
    with OpenAiServer(lambda _: "x", refuses=refuses) as server, expert_at(server.url) as expert:
        expert.ask(replace(HELLO, max_tokens=77))
        assert server.asked[-1].body["max_completion_tokens"] == 77


def test_a_limit_that_is_too_large_is_no_reason_to_do_without() -> None:
    refuses = {"max_tokens": {"error": {"message": "max_tokens must be at most 5"}}}
    with (
        OpenAiServer(lambda _: "x", refuses=refuses) as server,
        expert_at(server.url) as expert,
    ):
        with pytest.raises(ExpertRefused, match="at most 5"):
            expert.ask(HELLO)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("refused", "form"),
    [
        (("strict",), {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}),
        (("strict", "json_schema"), {"type": "json_object", "schema": SCHEMA}),
        (("strict", "json_schema", "schema"), {"type": "json_object"}),
        (("strict", "json_schema", "schema", "json_object"), None),
    ],
)
def test_a_schema_is_asked_for_as_well_as_the_server_can(
    refused: tuple[str, ...], form: dict[str, Any] | None
) -> None:
    refusal = unsupported("response_format")
    with (
        OpenAiServer(
            lambda _: "{}", refuses={f"response_format.{name}": refusal for name in refused}
        ) as server,
        expert_at(server.url) as expert,
    ):
        assert expert.ask(replace(HELLO, schema=SCHEMA)).text == "{}"
        assert server.asked[-1].body.get("response_format") == form
        assert len(server.asked) == len(refused) + 1


def test_a_server_that_refuses_nearly_everything() -> None:
    names = ("stream_options", "response_format.strict", "seed", "temperature", "max_tokens")
    refuses = {name: unsupported(name.partition(".")[0]) for name in names}
    with OpenAiServer(lambda _: "x", refuses=refuses) as server, expert_at(server.url) as expert:
        assert expert.ask(replace(HELLO, schema=SCHEMA)).text == "x"
        assert len(server.asked) == 6


def test_an_objection_to_something_else_is_told() -> None:
    refuses = {"messages": {"error": {"message": "roles must alternate", "param": "messages"}}}
    with OpenAiServer(lambda _: "x", refuses=refuses) as server, expert_at(server.url) as expert:
        with pytest.raises(ExpertRefused, match="roles must alternate") as caught:
            expert.ask(HELLO)
        assert len(server.asked) == 1
    assert type(caught.value) is ExpertRefused
    assert not caught.value.transient


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Cut(), ExpertReplyInvalid),
        (Cut(None), ExpertUnreachable),
        (Raw(b"<html>"), ExpertReplyInvalid),
        (Raw(b"data: {\n\n", "text/event-stream"), ExpertReplyInvalid),
        (Raw(b"data: [1]\n\n", "text/event-stream"), ExpertReplyInvalid),
        (Raw(b'data: {"choices": [1]}\n\n', "text/event-stream"), ExpertReplyInvalid),
        (Raw(b'data: {"choices": {"a": 1}}\n\n', "text/event-stream"), ExpertReplyInvalid),
        (Raw(b'data: {"choices": [{"delta": [1]}]}\n\n', "text/event-stream"), ExpertReplyInvalid),
        (Raw(b"", "text/event-stream"), ExpertReplyInvalid),
        (Raw(b""), ExpertReplyInvalid),
        (Raw(b'{"choices": []}'), ExpertReplyInvalid),
        (Raw(b"[" * 100_000), ExpertReplyInvalid),
        (StreamError({"message": "overloaded", "code": 529}), ExpertRefused),
        (StreamError("oops"), ExpertRefused),
        (Answer("x", finish="content_filter"), ExpertRefused),
        (Answer("x", finish="error"), ExpertReplyInvalid),
        (Status(500, {"error": {"message": "oops"}}), ExpertRefused),
        (Status(502, b"<html>bad gateway</html>"), ExpertRefused),
        (Status(599), ExpertRefused),
        (Status(401, {"error": "who?"}), KeyRefused),
        (Status(403), KeyRefused),
        (Status(404, b"Not Found"), ExpertRefused),
        (Status(404, {"error": {"message": "The model `x` does not exist."}}), ModelMissing),
        (Status(400, {"error": {"message": "m is not a valid model ID"}}), ModelMissing),
        (Status(400, {"error": {"code": "context_length_exceeded"}}), PromptTooLong),
        (
            Status(400, {"message": "'max_tokens' is too large. The maximum context length is 5"}),
            PromptTooLong,
        ),
        (Status(413), PromptTooLong),
        ("x" * (TEXT_LIMIT + 1), ExpertReplyInvalid),
        ("word " * 200_000, ExpertReplyInvalid),
        (Answer("", "x" * (TEXT_LIMIT + 1)), ExpertReplyInvalid),
    ],
)
def test_every_failure_has_its_name(answer: Any, error: type[ExpertError]) -> None:
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url, timeout_s=20) as expert:
        with pytest.raises(error) as caught:
            expert.ask(HELLO)
        assert type(caught.value) is error
        assert server.url in caught.value.message
        assert len(caught.value.message) < 1000
        assert len(server.asked) == 1
        # What went wrong once does not spoil the next call.
        server.answer = lambda _: "fine"
        assert expert.ask(HELLO).text == "fine"


def test_a_reply_without_end_is_cut_off() -> None:
    endless = Raw(b"x" * 33_000_000, "text/event-stream")
    with (
        OpenAiServer(lambda _: endless) as server,
        expert_at(server.url) as expert,
        pytest.raises(ExpertReplyInvalid, match="longer than"),
    ):
        expert.ask(HELLO)


def test_a_compressed_reply_is_not_unpacked() -> None:
    squeezed = Status(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})
    with OpenAiServer(lambda _: squeezed) as server, expert_at(server.url) as expert:
        with pytest.raises(ExpertReplyInvalid, match="compressed"):
            expert.ask(HELLO)
        assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_connection_that_breaks_after_the_end_of_the_reply_matters_not() -> None:
    whole = {"choices": [{"delta": {"content": "all"}, "finish_reason": "stop"}]}
    answer = Raw(f"data: {json.dumps(whole)}\n\n".encode(), "text/event-stream", breaks=True)
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url) as expert:
        assert expert.ask(HELLO).text == "all"


@pytest.mark.parametrize("answer", [Hang(), Trickle(), Trickle(headers=True)])
def test_a_call_ends_in_time(answer: Any) -> None:
    with (
        OpenAiServer(lambda _: answer) as server,
        expert_at(server.url, timeout_s=0.3) as expert,
        pytest.raises(ExpertTooSlow, match=r"0\.3 s"),
    ):
        expert.ask(HELLO)


@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_in_seconds(status: int) -> None:
    answer = Status(status, {"error": "slow down"}, {"Retry-After": "7.5"})
    with (
        OpenAiServer(lambda _: answer) as server,
        expert_at(server.url) as expert,
        pytest.raises(ExpertRefused, match="slow down") as caught,
    ):
        expert.ask(HELLO)
    assert (caught.value.status, caught.value.retry_after_s) == (status, 7.5)
    assert caught.value.transient


def test_how_long_to_wait_as_a_date() -> None:
    far = 4_000_000_000
    answer = Status(429, headers={"Retry-After": formatdate(far, usegmt=True)})
    with (
        OpenAiServer(lambda _: answer) as server,
        expert_at(server.url) as expert,
        pytest.raises(ExpertRefused) as caught,
    ):
        expert.ask(HELLO)
    assert caught.value.retry_after_s is not None
    assert 10**8 < caught.value.retry_after_s < far


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("-5", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("inf", None)],
)
def test_odd_times_to_wait(given: str, seconds: float | None) -> None:
    answer = Status(429, headers={"Retry-After": given})
    with (
        OpenAiServer(lambda _: answer) as server,
        expert_at(server.url) as expert,
        pytest.raises(ExpertRefused) as caught,
    ):
        expert.ask(HELLO)
    assert caught.value.retry_after_s == seconds


def test_facts_are_what_the_list_has() -> None:
    with OpenAiServer(lambda _: "x", context=32_768) as server, expert_at(server.url) as expert:
        assert expert.facts().context_tokens == 32_768
        assert server.calls("/v1/chat/completions") == []


def test_a_server_without_a_list_is_no_error() -> None:
    with OpenAiServer(lambda _: "x", models=None) as server, expert_at(server.url) as expert:
        assert expert.facts().context_tokens is None
        assert expert.ask(HELLO).text == "x"


def test_an_address_without_list_and_chats_is_wrong() -> None:
    with OpenAiServer(lambda _: "x", models=None) as server:
        wrong = server.url.removesuffix("/v1")
        with expert_at(wrong) as expert, pytest.raises(ExpertRefused, match="end with /v1"):
            expert.facts()


def test_a_missing_model_tells_the_nearest_names() -> None:
    names = (*(f"other-{at}" for at in range(500)), "smaller", "small-2")
    with OpenAiServer(lambda _: "x", models=names) as server, expert_at(server.url) as expert:
        with pytest.raises(ModelMissing, match=r"has no small\. .*smaller.*and \d+ more") as caught:
            expert.facts()
        with pytest.raises(ModelMissing):
            expert.ask(HELLO)
    assert len(caught.value.message) < 300


def test_a_key_is_asked_for_before_anything_is_generated() -> None:
    with (
        OpenAiServer(lambda _: "x", key="another") as server,
        expert_at(server.url, key=CANARY) as expert,
        pytest.raises(KeyRefused, match="OPENAI_API_KEY"),
    ):
        expert.facts()


@pytest.mark.parametrize(
    "answer",
    [
        Status(401, {"error": {"message": f"Incorrect API key provided: {CANARY.value}"}}),
        Status(403, f"Authorization: Bearer {CANARY.value}".encode()),
        Status(500, b"x" * 290 + CANARY.value.encode() * 100),
        Status(400, {"detail": [{"input": {"authorization": CANARY.value}}]}),
        Status(400, {"error": {"message": CANARY.value, "param": CANARY.value}}),
        Status(404, {"error": {"message": f"no model for {CANARY.value}"}}),
        Status(429, b'"sk-canary\\/0123456789+abc'),
        StreamError({"message": f"token {CANARY.value} expired", "code": 401}),
        StreamError(["x" * 290, CANARY.value]),
    ],
)
def test_a_key_that_the_server_echoes_is_not_told(answer: Any) -> None:
    with OpenAiServer(lambda _: answer) as server, expert_at(server.url, key=CANARY) as expert:
        with pytest.raises(ExpertError) as caught:
            expert.ask(HELLO)
        assert server.asked[0].headers["authorization"] == f"Bearer {CANARY.value}"
        assert "canary" not in json.dumps(dict(expert.identity)) + expert.name
    assert "sk-" not in str(caught.value) + repr(caught.value)


def test_a_name_in_the_list_that_is_the_key_is_not_told() -> None:
    with (
        OpenAiServer(lambda _: "x", models=(CANARY.value,)) as server,
        expert_at(server.url, key=CANARY) as expert,
        pytest.raises(ModelMissing) as caught,
    ):
        expert.facts()
    assert "canary" not in str(caught.value)


def test_a_key_does_not_follow_a_redirect() -> None:
    with OpenAiServer(lambda _: "x") as other:
        away = Status(307, headers={"Location": f"{other.url}/chat/completions"})
        with (
            OpenAiServer(lambda _: away) as server,
            expert_at(server.url, key=CANARY) as expert,
            pytest.raises(ExpertRefused, match="307"),
        ):
            expert.ask(HELLO)
        assert other.asked == []


def test_a_proxy_is_asked_for_other_machines_and_not_for_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OpenAiServer(lambda _: "x") as proxy, OpenAiServer(lambda _: "here") as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "")
        with expert_at("http://gpu.invalid/v1") as away, pytest.raises(ExpertRefused):
            away.ask(HELLO)
        with expert_at(server.url) as expert:
            assert expert.ask(HELLO).text == "here"
        assert [asked.path for asked in proxy.asked] == ["http://gpu.invalid/v1/chat/completions"]


def test_several_threads_ask_at_once_and_use_connections_again() -> None:
    def answer(body: dict[str, Any]) -> str:
        return str(body["messages"][-1]["content"]).upper()

    def ask(at: int) -> str:
        return expert.ask(Request(messages=(Message(Role.USER, f"text {at}"),))).text

    refuses = {"seed": unsupported("seed"), "stream_options": unsupported("stream_options")}
    with OpenAiServer(answer, refuses=refuses) as server:
        with expert_at(server.url, concurrency=16) as expert, ThreadPoolExecutor(16) as threads:
            assert list(threads.map(ask, range(80))) == [f"TEXT {at}" for at in range(80)]
        # Each thread learns of each refusal once at most.
        assert 82 <= len(server.asked) <= 80 + 2 * 16
        assert server.connections <= 16


def test_calls_overlap() -> None:
    together = threading.Barrier(8, timeout=30)

    def answer(_: dict[str, Any]) -> str:
        together.wait()
        return "all here"

    with (
        OpenAiServer(answer) as server,
        expert_at(server.url, concurrency=8) as expert,
        ThreadPoolExecutor(8) as threads,
    ):
        replies = list(threads.map(lambda _: expert.ask(HELLO).text, range(8)))
    assert replies == ["all here"] * 8


def test_what_a_reply_depends_on() -> None:
    with expert_at("https://api.openai.com/v1", key=CANARY, thinking=True) as expert:
        assert expert.identity == {
            "back_end": "openai",
            "address": "https://api.openai.com/v1",
            "model": "small",
            "thinking": True,
        }
        assert (expert.name, expert.most_at_once, expert.is_local) == ("openai:small", 4, False)
        expert.unload()
