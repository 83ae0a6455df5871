from pathlib import Path

import pytest

from engine.doctor import Status
from engine.expert_settings import ExpertSettings
from local_experts.discovery import Discovery, Ollama, OllamaModel, OpenAiEndpoint
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertReplyInvalid,
    ExpertUnreachable,
    KeyMissing,
    LibraryMissing,
    ModelFileInvalid,
    ModelMissing,
)
from local_experts.gguf import GgufFile
from tripost_tui.expert_checks import expert_check, expert_checks


def model(name: str) -> OllamaModel:
    return OllamaModel(name=name, size_bytes=1, parameters=None, quantisation=None)


def test_what_is_found_is_named() -> None:
    found = Discovery(
        ollama=Ollama(url="http://a", version="0.30", models=(model("m1"), model("m2"))),
        openai=OpenAiEndpoint(url="http://b/v1", models=()),
        gguf=(
            GgufFile(
                path=Path("x.gguf"),
                size_bytes=4_700_000_000,
                version=3,
                architecture="llama",
                name=None,
                context=None,
            ),
        ),
        llama_cpp="0.3.16",
        problems=(),
    )
    checks = {check.name: check.detail for check in expert_checks(found)}
    assert checks == {
        "ollama": "0.30 at http://a: m1, m2",
        "openai-compatible": "http://b/v1: no models",
        "gguf files": "x.gguf (llama, 4.7 GB)",
        "llama-cpp-python": "0.3.16",
    }


def test_a_long_list_is_cut() -> None:
    models = tuple(model(f"m{n}") for n in range(100))
    found = Discovery(
        ollama=Ollama(url="u", version="1", models=models),
        openai=None,
        gguf=(),
        llama_cpp=None,
        problems=(),
    )
    assert expert_checks(found)[0].detail.endswith("m7 and 92 more")


def found_with(ollama: ExpertError | None = None, openai: ExpertError | None = None) -> Discovery:
    broken = ModelFileInvalid("b.gguf: broken.")
    return Discovery(
        ollama=None,
        openai=None,
        gguf=(),
        llama_cpp=None,
        problems=(*filter(None, (ollama, openai)), broken),
        ollama_problem=ollama,
        openai_problem=openai,
    )


def test_an_absent_server_is_fine_and_a_damaged_file_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    checks = expert_checks(found_with(ollama=ExpertUnreachable("http://a: refused.")))
    told = {check.detail: check.status for check in checks}
    assert told["The model file cannot be used: b.gguf: broken."] is Status.WARNING
    assert told["none answers (http://a: refused.) Scripted experts need no server."] is Status.OK


def test_a_server_that_was_named_and_does_not_answer_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://a")
    refused, other = (
        ExpertUnreachable("http://a: refused."),
        ExpertUnreachable("http://b: refused."),
    )
    ollama, openai, *_ = expert_checks(found_with(refused, other))
    assert (ollama.name, ollama.status) == ("ollama", Status.WARNING)
    assert "OLLAMA_HOST" in ollama.fix
    assert (openai.name, openai.status) == ("openai-compatible", Status.WARNING)
    assert "OPENAI_BASE_URL" in openai.fix


def test_what_is_no_ollama_is_a_warning_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    ollama, *_ = expert_checks(found_with(ollama=ExpertReplyInvalid("no version in the reply.")))
    assert ollama.status is Status.WARNING


@pytest.mark.parametrize(
    ("name", "error", "fix"),
    [
        ("ollama:m", ExpertUnreachable("no"), "ollama serve"),
        ("openai:m@http://a/v1", ExpertUnreachable("no"), "Start the server"),
        ("ollama:a model", ModelMissing("no", 404), "ollama pull 'a model'"),
        ("openai:m@http://a/v1", ModelMissing("no", 404), "Name a model that is there"),
        ("openai:m@http://a/v1", KeyMissing("no"), "Set the key"),
        ("gguf:m", LibraryMissing("no"), "Install it"),
        ("ollama:m", ContextTooSmall("no"), "experts.context_tokens"),
        ("ollama:m", ExpertReplyInvalid("no"), "Check its address"),
    ],
)
def test_what_is_wrong_with_an_expert_comes_with_what_to_do(
    name: str, error: ExpertError, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("local_experts.opening.open_expert", refuse)
    check = expert_check(name, ExpertSettings())
    assert check.status is Status.ERROR
    assert check.detail == f"{error.title}: no"
    assert fix in check.fix


def test_scripts_need_no_looking_for() -> None:
    assert expert_check("script", ExpertSettings()).status is Status.OK
