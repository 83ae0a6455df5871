"""How experts are named, and what is no name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_experts.errors import ExpertAddressInvalid
from local_experts.names import BackEnd, ExpertName, parse_name, with_whole_path

NAMES = {
    "ollama:qwen3:8b": ExpertName(BackEnd.OLLAMA, "qwen3:8b"),
    "ollama:hf.co/a/b:Q4@http://box:11434": ExpertName(
        BackEnd.OLLAMA, "hf.co/a/b:Q4", "http://box:11434"
    ),
    "gguf:~/a b#c@d.gguf": ExpertName(BackEnd.GGUF, "~/a b#c@d.gguf"),
    "openai:gpt-5-mini": ExpertName(BackEnd.OPENAI, "gpt-5-mini"),
    "openai:a@b@https://h:1/v1": ExpertName(BackEnd.OPENAI, "a@b", "https://h:1/v1"),
    "openai:m@http://h/v1#MY_KEY": ExpertName(BackEnd.OPENAI, "m", "http://h/v1", "MY_KEY"),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_taken_apart_and_put_together_again(text: str) -> None:
    assert parse_name(text) == NAMES[text]
    assert str(NAMES[text]) == text


WRONG = (
    "",
    "qwen3",
    "ollama:",
    "llama:x",
    "openai:@http://h/v1",
    "openai:m@http://",
    "openai:m@http://me:secret@h/v1",
    "openai:m@http://h/v1?key=secret",
    "openai:m@http://h:port/v1",
    "openai:m@http://h/v1#sk-secret.456",
    "openai:m@http://h/v1#gsk_secret" + "x" * 40,
    "ollama:m#KEY",
)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_name_is_refused_without_telling_secrets(text: str) -> None:
    with pytest.raises(ExpertAddressInvalid) as caught:
        parse_name(text)
    assert "secret" not in caught.value.message


@given(st.text(max_size=50))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = parse_name(text)
    except ExpertAddressInvalid:
        return
    assert parse_name(str(name)) == name


def test_a_file_is_named_by_its_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert with_whole_path("gguf:models/x.gguf") == f"gguf:{tmp_path}/models/x.gguf"
    assert with_whole_path("gguf:/models/x.gguf") == "gguf:/models/x.gguf"
    assert with_whole_path("ollama:models/x") == "ollama:models/x"
