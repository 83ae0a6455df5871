import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local_experts import keys
from local_experts.errors import ExpertAddressInvalid, KeyMissing, LibraryMissing
from local_experts.keys import Key, KeyPlace
from tests.local_experts.chest import Chest, Locked, in_place


@pytest.fixture
def chest() -> Iterator[Chest]:
    with in_place(Chest()) as chest:
        yield chest


@pytest.fixture
def locked() -> Iterator[Chest]:
    with in_place(Locked()) as chest:
        yield chest


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_a_key_is_never_shown() -> None:
    key = Key("NAME", "sk-canary")
    assert "canary" not in f"{key} {key!r} {[key]} {key.name}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("token sk/can ary is bad", "token [key] is bad"),
        ("?key=sk%2Fcan%20ary&x", "?key=[key]&x"),
        (r'{"key": "sk\/can ary"}', '{"key": "[key]"}'),
        ("no key here", "no key here"),
    ],
)
def test_a_key_is_hidden_in_a_text(said: str, shown: str) -> None:
    assert Key("NAME", "sk/can ary").hidden_in(said) == shown


def test_a_stand_in_for_a_key_does_not_spoil_texts() -> None:
    assert Key("NAME", "x").hidden_in("explain") == "explain"


def test_the_environment_comes_before_the_keyring(chest: Chest) -> None:
    keys.set_in_keyring(Key("MY_KEY", "from the keyring".replace(" ", "-")))
    assert keys.find_key("MY_KEY", {"MY_KEY": " from-the-environment\n"}) == Key(
        "MY_KEY", "from-the-environment"
    )
    assert keys.find_key("MY_KEY", {"MY_KEY": " "}) == Key("MY_KEY", "from-the-keyring")
    assert chest.held == {("tripost", "MY_KEY"): "from-the-keyring"}


def test_a_key_is_taken_out_of_the_keyring(chest: Chest) -> None:
    keys.set_in_keyring(Key("MY_KEY", "value"))
    assert keys.delete_from_keyring("MY_KEY") is True
    assert keys.delete_from_keyring("MY_KEY") is False
    assert keys.find_key("MY_KEY", {}) is None


def test_a_keyring_that_does_not_open_is_no_error_unless_it_is_needed(locked: Chest) -> None:
    assert keys.find_key("MY_KEY", {}) is None
    with pytest.raises(LibraryMissing, match="KeyringLocked") as caught:
        keys.set_in_keyring(Key("MY_KEY", "canary"))
    assert "canary" not in str(caught.value)
    with pytest.raises(LibraryMissing):
        keys.delete_from_keyring("MY_KEY")


@pytest.mark.usefixtures("no_keyring")
def test_without_the_library_there_is_no_keyring() -> None:
    assert keys.find_key("MY_KEY", {}) is None
    with pytest.raises(LibraryMissing, match="pip install"):
        keys.set_in_keyring(Key("MY_KEY", "value"))


@pytest.mark.parametrize("value", ["can\nary", "can ary", "cänary"])
def test_what_cannot_be_sent_is_no_key(value: str) -> None:
    with pytest.raises(ExpertAddressInvalid, match="MY_KEY") as caught:
        keys.find_key("MY_KEY", {"MY_KEY": value})
    assert "ary" not in caught.value.message


BASE = {"OPENAI_BASE_URL": "http://gpu.local:8000/v1/"}


@pytest.mark.parametrize(
    ("url", "environment", "names"),
    [
        ("https://api.openai.com/v1", {}, ("OPENAI_API_KEY",)),
        ("https://openrouter.ai/api/v1", {}, ("OPENROUTER_API_KEY",)),
        ("https://api.groq.com/openai/v1", {}, ("GROQ_API_KEY",)),
        ("https://api.together.xyz/v1", {}, ("TOGETHER_API_KEY",)),
        ("https://api.mistral.ai/v1", {}, ("MISTRAL_API_KEY",)),
        ("https://api.deepseek.com/v1", {}, ("DEEPSEEK_API_KEY",)),
        # Nobody between here and there may read it.
        ("http://api.openai.com/v1", {}, ()),
        ("https://api.openai.com.evil.org/v1", {}, ()),
        ("http://gpu.local:8000/v1", {}, ()),
        ("http://gpu.local:8000/v1", BASE, ("OPENAI_API_KEY",)),
        ("http://GPU.local:8000/v1/", BASE, ("OPENAI_API_KEY",)),
        ("http://gpu.local:8001/v1", BASE, ()),
        ("https://gpu.local:8000/v1", BASE, ()),
        ("http://gpu.local:8000/v2", BASE, ()),
        (
            "https://openrouter.ai/api/v1",
            {"OPENAI_BASE_URL": "https://openrouter.ai:443/api/v1"},
            ("OPENROUTER_API_KEY", "OPENAI_API_KEY"),
        ),
    ],
)
def test_which_keys_belong_to_an_address(
    url: str, environment: dict[str, str], names: tuple[str, ...]
) -> None:
    assert keys.key_names(url, environment) == names


def test_the_first_key_that_is_there_is_taken(chest: Chest) -> None:
    environment = {
        "OPENAI_BASE_URL": "https://openrouter.ai/api/v1",
        "OPENAI_API_KEY": "second",
    }
    url = "https://openrouter.ai/api/v1"
    assert keys.openai_key(url, "", environment) == Key("OPENAI_API_KEY", "second")
    both = {**environment, "OPENROUTER_API_KEY": "first"}
    assert keys.openai_key(url, "", both) == Key("OPENROUTER_API_KEY", "first")


def test_a_key_that_is_named_has_to_be_there(chest: Chest) -> None:
    url = "http://gpu.local/v1"
    assert keys.openai_key(url, "MINE", {"MINE": "value"}) == Key("MINE", "value")
    with pytest.raises(KeyMissing, match="MINE is neither"):
        keys.openai_key(url, "MINE", {"OPENAI_API_KEY": "value"})


def test_an_ollama_on_this_machine_gets_no_key(chest: Chest) -> None:
    environment: dict[str, Any] = {"OLLAMA_API_KEY": "value"}
    assert keys.ollama_key("http://127.0.0.1:11434", environment) is None
    assert keys.ollama_key("http://[::1]:11434", environment) is None
    assert keys.ollama_key("http://localhost:11434", environment) is None
    assert keys.ollama_key("https://ollama.com", environment) == Key("OLLAMA_API_KEY", "value")


def test_where_a_key_is_is_told_without_the_key(chest: Chest) -> None:
    chest.set_password("tripost", "GROQ_API_KEY", "canary-1")
    environment = {"OPENAI_API_KEY": "canary-2", "MISTRAL_API_KEY": " "}
    assert keys.key_place("OPENAI_API_KEY", environment) is KeyPlace.ENVIRONMENT
    assert keys.key_place("GROQ_API_KEY", environment) is KeyPlace.KEYRING
    assert keys.key_place("MISTRAL_API_KEY", environment) is None
    assert keys.keyring_problem() is None


def test_a_locked_keyring_is_a_problem(locked: Chest) -> None:
    assert "KeyringLocked" in str(keys.keyring_problem())
