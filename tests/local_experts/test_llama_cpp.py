"""A GGUF file as an expert: a real model, small as it is, in llama.cpp."""

import json
import math
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from llama_server import CONTEXT_TOKENS, template, write_student
from requirements import need

from local_experts.back_ends import llama_cpp_model
from local_experts.back_ends.chat_text import plain_text
from local_experts.back_ends.llama_cpp import LlamaCppExpert
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertTooSlow,
    LibraryMissing,
    ModelFileInvalid,
    ModelMissing,
    NotUnloaded,
    PromptTooLong,
)
from local_experts.options import ExpertOptions
from local_experts.protocol import Expert, Finish, Message, Request, Role

QUESTION = "(2 + 3 * 4) ="
VERDICT = {
    "type": "object",
    "properties": {"right": {"type": "boolean"}, "step": {"type": "integer"}},
    "required": ["right", "step"],
    "additionalProperties": False,
}
RECURSIVE = {
    "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}},
    "type": "object",
    "properties": {"value": {"$ref": "#/$defs/a"}},
}

Opens = Callable[..., LlamaCppExpert]


@pytest.fixture(autouse=True)
def _the_library() -> None:
    need("llama_cpp")


@pytest.fixture
def opens() -> Iterator[Opens]:
    """Make an expert that is closed after the test."""
    made = []

    def open_it(path: Path, **options: Any) -> LlamaCppExpert:
        values = {"context_tokens": CONTEXT_TOKENS, "threads": 1, **options}
        made.append(LlamaCppExpert(path, ExpertOptions(**values)))
        return made[-1]

    yield open_it
    for expert in made:
        expert.close()


def ask(*contents: str, **wishes: Any) -> Request:
    """A user's message, after a system message where there are two."""
    roles = (Role.SYSTEM, Role.USER) if len(contents) == 2 else (Role.USER,)
    messages = tuple(Message(role, text) for role, text in zip(roles, contents, strict=True))
    return Request(messages=messages, **({"max_tokens": 200} | wishes))


def by_transformers(text: str, count: int) -> str:
    """What the student says in transformers, greedily, in up to ``count`` tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from engine.embedded import student_folder

    folder = student_folder("multistep_arithmetic")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    student = AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        said = student.generate(ids, max_new_tokens=count, do_sample=False)[0, ids.shape[1] :]
    return str(tokenizer.decode(said, skip_special_tokens=True))


def test_it_is_an_expert(opens: Opens, student_gguf: Path) -> None:
    expert: Expert = opens(student_gguf)
    assert expert.name == f"gguf:{student_gguf}"
    assert expert.most_at_once == 1
    assert expert.is_local


def test_it_says_what_the_same_model_says_in_transformers(opens: Opens, chat_gguf: Path) -> None:
    from engine.tasks.multistep_arithmetic import MultistepArithmetic
    from engine.trajectory import prompt

    reply = opens(chat_gguf).ask(ask(QUESTION))
    assert reply.text == by_transformers(prompt(QUESTION, MultistepArithmetic().hint), 200)
    assert reply.finish is Finish.STOP
    # A single token, of more bytes than the library's own function has room for.
    assert 'This equation can be written as "' in reply.text


def test_without_a_template_it_continues_a_plain_chat(opens: Opens, student_gguf: Path) -> None:
    request = ask("Be exact.", QUESTION, max_tokens=40)
    reply = opens(student_gguf).ask(request)
    said = by_transformers(plain_text(request.messages).text, 40)
    assert reply.text == said.partition("\nUser:")[0].strip()
    assert reply.thinking == ""


def test_tokens_are_counted_and_a_reply_ends_at_its_limit(opens: Opens, chat_gguf: Path) -> None:
    lengths: list[int] = []
    expert = opens(chat_gguf)
    reply = expert.ask(ask(QUESTION, max_tokens=7), lengths.append)
    assert reply.finish is Finish.LENGTH
    assert reply.reply_tokens == len(lengths) == 7
    assert lengths == sorted(lengths)
    assert lengths[-1] == len(reply.text)
    assert reply.prompt_tokens == expert.ask(ask(QUESTION)).prompt_tokens
    assert reply.seconds > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_schema_is_followed(opens: Opens, chat_gguf: Path, seed: int) -> None:
    reply = opens(chat_gguf).ask(ask(QUESTION, schema=VERDICT, temperature=1.5, seed=seed))
    if reply.finish is Finish.LENGTH:
        assert reply.text.lstrip().startswith("{")
        return
    found = json.loads(reply.text)
    assert set(found) == {"right", "step"}
    assert isinstance(found["right"], bool)
    assert isinstance(found["step"], int)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "nonsense"}, "nonsense"),
        ({"type": "string", "pattern": "^[$"}, "square bracket"),
        ({"$ref": "https://example.org/schema"}, "remote"),
        (RECURSIVE, "left recursion"),
    ],
)
def test_a_schema_that_is_refused_says_why(
    opens: Opens, student_gguf: Path, schema: dict[str, Any], why: str
) -> None:
    expert = opens(student_gguf)
    with pytest.raises(ExpertError, match=why):
        expert.ask(ask(QUESTION, schema=schema))
    assert expert.ask(ask(QUESTION, max_tokens=3)).reply_tokens


def test_a_schema_that_none_of_the_models_tokens_can_follow(
    opens: Opens, student_gguf: Path
) -> None:
    expert = opens(student_gguf)
    with pytest.raises(ExpertError, match="none of the model's tokens"):
        expert.ask(ask(QUESTION, schema={"const": "aéb"}))
    assert expert.ask(ask(QUESTION, schema={"const": "ab"})).text == '"ab"'


def test_a_seed_decides_what_is_drawn(opens: Opens, chat_gguf: Path) -> None:
    expert = opens(chat_gguf)
    drawn = [expert.ask(ask(QUESTION, temperature=1.5, seed=seed)).text for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]


def test_what_was_asked_before_changes_nothing(opens: Opens, chat_gguf: Path) -> None:
    # Two prompts with a beginning in common that is longer than a batch.
    common = " + ".join(["12"] * 180)
    requests = [ask(f"({common} + {n}) =", max_tokens=60, temperature=1.0, seed=7) for n in (1, 2)]
    expert, fresh = opens(chat_gguf), opens(chat_gguf)
    first = expert.ask(requests[0])
    assert (first.prompt_tokens or 0) > llama_cpp_model._BATCH_TOKENS
    after = [expert.ask(request).text for request in (requests[1], requests[0])]
    assert after == [fresh.ask(requests[1]).text, first.text]


def test_a_prompt_that_leaves_no_room_is_refused_at_once(opens: Opens, chat_gguf: Path) -> None:
    expert = opens(chat_gguf)
    tokens = expert.ask(ask(QUESTION, max_tokens=1)).prompt_tokens or 0
    expert.ask(ask(QUESTION, max_tokens=CONTEXT_TOKENS - tokens))
    with pytest.raises(PromptTooLong, match=f"has {tokens} tokens"):
        expert.ask(ask(QUESTION, max_tokens=CONTEXT_TOKENS - tokens + 1))


def test_a_call_ends_when_its_time_is_over(opens: Opens, chat_gguf: Path) -> None:
    with pytest.raises(ExpertTooSlow, match="no complete reply in 0 s"):
        opens(chat_gguf, timeout_s=0.0).ask(ask(QUESTION))


def test_time_is_looked_at_while_the_reply_is_written(
    opens: Opens, chat_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = opens(chat_gguf, timeout_s=1.0)
    now = 0.0
    monkeypatch.setattr("local_experts.back_ends.llama_cpp.time.monotonic", lambda: now)

    def later(length: int) -> None:
        nonlocal now
        now += 0.2

    with pytest.raises(ExpertTooSlow):
        expert.ask(ask(QUESTION), later)
    assert now == pytest.approx(1.2)
    assert expert.ask(ask(QUESTION, max_tokens=3)).reply_tokens == 3


def test_unloading_twice_is_no_harm_and_the_next_call_loads_again(
    opens: Opens, chat_gguf: Path
) -> None:
    expert = opens(chat_gguf)
    expert.unload()
    first = expert.ask(ask(QUESTION)).text
    expert.unload()
    expert.unload()
    assert expert.ask(ask(QUESTION)).text == first
    expert.close()
    expert.close()


def test_it_is_not_unloaded_while_it_writes(opens: Opens, chat_gguf: Path) -> None:
    expert = opens(chat_gguf, timeout_s=0.5)
    writing, go_on = threading.Event(), threading.Event()

    def hold(length: int) -> None:
        writing.set()
        go_on.wait(10)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(expert.ask, ask(QUESTION, max_tokens=1), hold)
        writing.wait(10)
        with pytest.raises(NotUnloaded, match="still under way"):
            expert.unload()
        go_on.set()
        assert asked.result().reply_tokens == 1


def test_calls_of_several_threads_do_not_mix(opens: Opens, chat_gguf: Path) -> None:
    expert = opens(chat_gguf)
    requests = [ask(f"({n} + 3 * 4) =", max_tokens=60) for n in range(6)]
    alone = [expert.ask(request).text for request in requests]
    with ThreadPoolExecutor(6) as pool:
        assert [reply.text for reply in pool.map(expert.ask, requests)] == alone


def test_a_template_without_system_messages_gets_them_in_the_first_one(
    opens: Opens, chat_gguf: Path
) -> None:
    expert = opens(chat_gguf)
    joined = expert.ask(ask(f"Be exact.\n\n{QUESTION}"))
    separate = expert.ask(ask("Be exact.", QUESTION))
    assert (separate.text, separate.prompt_tokens) == (joined.text, joined.prompt_tokens)
    with pytest.raises(ExpertError, match="no system message"):
        expert.ask(Request(messages=(Message(Role.SYSTEM, "Be exact."),)))


@pytest.mark.parametrize(
    ("thinking", "expected"), [(None, "default"), (True, "on"), (False, "off")]
)
def test_whether_it_may_think_is_told_to_its_template(
    opens: Opens, tmp_path: Path, thinking: bool | None, expected: str
) -> None:
    # A template that takes no other wish: the others make no prompt.
    said = "'default' if enable_thinking is not defined else 'on' if enable_thinking else 'off'"
    chat = f"{{% if ({said}) == '{expected}' %}}Q: {{{{ messages[0].content }}}}\n{{% endif %}}"
    path = write_student(tmp_path / "m.gguf", tmp_path / "student", chat)
    assert opens(path, thinking=thinking).ask(ask(QUESTION, max_tokens=2)).prompt_tokens


def test_thoughts_that_a_template_begins_are_no_part_of_the_text(
    opens: Opens, tmp_path: Path
) -> None:
    path = write_student(tmp_path / "m.gguf", tmp_path / "student", template() + "<think>")
    expert = opens(path)
    reply = expert.ask(ask(QUESTION, max_tokens=20))
    assert (reply.text, reply.finish) == ("", Finish.LENGTH)
    assert reply.thinking
    assert expert.ask(ask(QUESTION, max_tokens=20, schema=VERDICT)).text.lstrip()[0] == "{"


def test_a_template_that_is_none(opens: Opens, tmp_path: Path) -> None:
    path = write_student(tmp_path / "m.gguf", tmp_path / "student", "{% if %}")
    with pytest.raises(ModelFileInvalid, match="chat template is none: Expected an expression"):
        opens(path).ask(ask(QUESTION))


def test_its_identity_is_the_files_and_the_settings(
    opens: Opens, student_gguf: Path, chat_gguf: Path, tmp_path: Path
) -> None:
    copy = tmp_path / student_gguf.name
    shutil.copy(student_gguf, copy)
    same = opens(student_gguf).identity
    assert opens(copy).identity == same
    assert json.loads(json.dumps(same)) == same
    assert same["context_tokens"] == CONTEXT_TOKENS
    others = [
        opens(chat_gguf).identity,
        opens(student_gguf, thinking=False).identity,
        opens(student_gguf, context_tokens=512).identity,
    ]
    assert same not in others


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.77, 1.0])
def test_a_large_file_is_told_from_one_with_other_weights(
    opens: Opens, student_gguf: Path, tmp_path: Path, share: float
) -> None:
    size = 24_000_000
    filled = student_gguf.read_bytes() + bytes(size - student_gguf.stat().st_size)
    paths = [tmp_path / "a" / "m.gguf", tmp_path / "b" / "m.gguf"]
    # As after fine-tuning a single layer of many: a tenth of the file is different.
    start = min(int(share * size), size - size // 10)
    changed = bytearray(filled)
    changed[max(start, 1000) : start + size // 10] = b"\1" * (start + size // 10 - max(start, 1000))
    for path, data in zip(paths, (filled, changed), strict=True):
        path.parent.mkdir()
        path.write_bytes(data)
    first, second = (opens(path).identity["digest"] for path in paths)
    assert first != second


def test_facts_come_from_the_header(opens: Opens, student_gguf: Path) -> None:
    facts = opens(student_gguf).facts()
    assert facts.context_tokens == 2048
    assert facts.size_bytes == student_gguf.stat().st_size
    assert (facts.version or "").startswith("llama-cpp-python 0.")


def test_a_context_beyond_the_models_is_refused(opens: Opens, student_gguf: Path) -> None:
    expert = opens(student_gguf, context_tokens=4096)
    for call in (expert.facts, lambda: expert.ask(ask(QUESTION))):
        with pytest.raises(ContextTooSmall, match=r"made for 2,048 tokens.* ask for 4,096"):
            call()


def test_a_file_that_is_not_there_or_no_model(opens: Opens, tmp_path: Path) -> None:
    missing = opens(tmp_path / "none.gguf")
    for call in (missing.facts, lambda: missing.identity, lambda: missing.ask(ask(QUESTION))):
        with pytest.raises(ModelMissing, match="no such file"):
            call()
    (tmp_path / "text.gguf").write_text("Hello")
    other = opens(tmp_path / "text.gguf")
    for call in (other.facts, lambda: other.ask(ask(QUESTION))):
        with pytest.raises(ModelFileInvalid, match="not a GGUF file"):
            call()


def test_a_file_that_breaks_off(
    opens: Opens, student_gguf: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "half.gguf"
    path.write_bytes(student_gguf.read_bytes()[: math.ceil(student_gguf.stat().st_size / 2)])
    expert = opens(path)
    assert expert.facts().context_tokens == 2048
    with pytest.raises(ModelFileInvalid, match=r"cannot load it: .*bounds"):
        expert.ask(ask(QUESTION))
    assert capfd.readouterr() == ("", "")


def test_it_is_silent(opens: Opens, chat_gguf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    expert = opens(chat_gguf)
    expert.ask(ask(QUESTION, schema=VERDICT))
    with pytest.raises(ExpertError):
        expert.ask(ask(QUESTION, schema={"type": "nonsense"}))
    expert.unload()
    assert capfd.readouterr() == ("", "")


def test_a_library_that_is_not_there(
    opens: Opens, student_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "llama_cpp", None)
    with pytest.raises(LibraryMissing, match="pip install"):
        opens(student_gguf).ask(ask(QUESTION))
    monkeypatch.setattr("local_experts.back_ends.llama_cpp.llama_cpp_version", lambda: None)
    with pytest.raises(LibraryMissing, match="pip install"):
        opens(student_gguf).facts()
