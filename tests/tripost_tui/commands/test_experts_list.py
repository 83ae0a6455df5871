"""What `tripost experts list` finds on real servers and in real files."""

from pathlib import Path

import pytest
from gguf import GGUFWriter

from local_experts.names import parse_name

from .conftest import CommandLine
from .expert_servers import CANARY, CONTROLS, HOSTILE, at, ollama, openai

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def nothing_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)


def gguf_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "qwen3")
    writer.add_context_length(40_960)
    writer.add_size_label("8B")
    writer.add_file_type(15)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_what_is_not_there_is_told_with_what_to_do(cli: CommandLine) -> None:
    result = cli("experts", "list")
    assert result.exit_code == 0
    assert "Ollama: not found" in result.stdout
    assert "ollama serve" in result.stdout
    assert "OPENAI_BASE_URL" in result.stdout
    assert "--folder DIR" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_each_model_is_told_by_the_name_that_settings_take(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = gguf_file(cli.folder / "models" / "my model.gguf")
    with ollama(models=("b:1b", "a:7b")) as first, openai(context=32_768) as second:
        monkeypatch.setenv("OLLAMA_HOST", first.url)
        monkeypatch.setenv("OPENAI_BASE_URL", second.url)
        lines = cli.json("experts", "list", "--folder", "models", "--json")
        text = cli("experts", "list", "--folder", "models").stdout
    models = {line["name"]: line for line in lines if line["kind"] == "model"}
    names = [f"ollama:a:7b@{first.url}", f"ollama:b:1b@{first.url}", f"gguf:{path}", at(second)]
    assert list(models) == names
    assert all(str(parse_name(name)) == name for name in models)
    assert models[names[0]]["size_bytes"] == 5_200_000_000
    assert models[names[0]]["parameters"] == "8.2B"
    assert models[names[0]]["context_tokens"] == 40_960
    gguf = models[f"gguf:{path}"]
    assert (gguf["parameters"], gguf["quantisation"], gguf["context_tokens"]) == (
        "8B", "Q4_K_M", 40_960,
    )  # fmt: skip
    assert models[at(second)]["context_tokens"] == 32_768
    for name in names:
        assert name in text
        assert cli("new", f"p{names.index(name)}", "--expert", name).exit_code == 0


def test_an_ollama_at_its_usual_place_needs_no_address(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ollama() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setattr("tripost_tui.expert_list._OLLAMA", server.url)
        text = cli("experts", "list").stdout
    (line,) = (line for line in text.splitlines() if "qwen3" in line)
    assert line.split() == ["ollama:qwen3:8b", "5.2", "GB", "8.2B", "Q4_K_M", "40,960", "tokens"]


def test_a_hostile_name_steers_no_terminal_and_is_said_to_be_of_no_use(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ollama(models=(f"x{HOSTILE}:1b", "a#b")) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        plain, data = cli("experts", "list").output, cli("experts", "list", "--json").output
        lines = cli.json("experts", "list", "--json")
    assert not CONTROLS & set(plain)
    assert not CONTROLS & set(data)
    assert plain.count("cannot be written in settings") == 2
    assert [line["writable"] for line in lines if line["kind"] == "model"] == [False, False]


def test_a_key_goes_to_the_server_and_to_no_output(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with openai(key=CANARY) as right, openai(key="another") as wrong:
        monkeypatch.setenv("OPENAI_BASE_URL", right.url)
        found = cli("experts", "list").output
        monkeypatch.setenv("OPENAI_BASE_URL", wrong.url)
        refused = cli("experts", "list").output + cli("experts", "list", "--json").output
    assert at(right) in found
    assert "cannot be used" in refused
    assert "401" in refused
    assert CANARY not in found + refused


def test_a_file_that_only_looks_like_a_model_is_told(cli: CommandLine) -> None:
    folder = cli.folder / "models"
    folder.mkdir()
    (folder / "torn.gguf").write_bytes(b"GGUF")
    text = cli("experts", "list", "--folder", "models").stdout
    assert "A file that cannot be used" in text
    assert "torn.gguf" in text
