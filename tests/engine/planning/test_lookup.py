"""A config.json is found by name, on disk and in the cache; a hostile one is told, never raised."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zoo import tiny

from engine.errors import StudentError
from engine.planning.lookup import MOST_CONFIG_BYTES, look_up, read_config
from engine.planning.names import UnknownName


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no network."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return cache


def test_a_folder_and_its_config_are_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(tiny("qwen3")))
    folder, file = look_up(str(tmp_path)), look_up(str(tmp_path / "config.json"))
    assert folder.architecture == file.architecture


def test_a_hub_id_of_the_catalogue_needs_no_file() -> None:
    found = look_up("meta-llama/Llama-3.2-1B-Instruct")
    assert found.name == "Llama 3.2 1B"
    assert found.gated


def test_the_hubs_cache_is_looked_at_first(hub: Path) -> None:
    snapshot = hub / "models--some--model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(tiny("llama")))
    refs = hub / "models--some--model" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    assert look_up("some/model").architecture.model_type == "llama"


def test_without_a_network_the_error_says_what_to_do() -> None:
    with pytest.raises(StudentError, match="HF_HUB_OFFLINE") as caught:
        look_up("some/other-model")
    assert "Give a folder" in caught.value.message


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudentError, match=r"config\.json"):
        look_up(str(tmp_path))


@pytest.mark.parametrize(
    "said", ["nonesuch", "", " ", "a/b/c", "../nowhere", "\x00", "/\x00", "é/ü"]
)
def test_what_is_no_model_is_an_error_for_a_person(said: str) -> None:
    with pytest.raises((UnknownName, StudentError)):
        look_up(said)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "no object"),
        (b"[" * 500_000, "JSON"),
        (b'{"a":' * 150_000, "JSON"),
        (b'{"hidden_size": ' + b"9" * 10_000 + b"}", "no JSON"),
        (b" " * (MOST_CONFIG_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(StudentError, match=why):
        read_config(file)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_config_or_an_error_for_a_person(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    try:
        config = read_config(file)
    except StudentError:
        return
    assert isinstance(config, dict)
