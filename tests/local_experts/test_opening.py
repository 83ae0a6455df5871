import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.null import Keyring as NullKeyring

from local_experts.errors import ExpertAddressInvalid, KeyMissing, LibraryMissing
from local_experts.opening import ExpertOptions, open_expert
from local_experts.protocol import Expert, Message, Request, Role

from .openai_server import OpenAiServer


@pytest.fixture(autouse=True)
def _no_keyring_of_the_person() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NullKeyring())
    yield
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("name", "environment", "address"),
    [
        ("ollama:qwen3:8b", {}, "http://127.0.0.1:11434"),
        ("ollama:qwen3:8b", {"OLLAMA_HOST": "gpu.local:99"}, "http://gpu.local:99"),
        ("ollama:qwen3:8b@http://other.local", {"OLLAMA_HOST": "gpu"}, "http://other.local"),
        ("openai:gpt-5", {}, "https://api.openai.com/v1"),
        ("openai:m", {"OPENAI_BASE_URL": "http://gpu.local/v1/"}, "http://gpu.local/v1"),
        ("openai:m@http://127.0.0.1:8000/v1", {}, "http://127.0.0.1:8000/v1"),
    ],
)
def test_an_expert_is_where_its_name_or_the_environment_says(
    name: str, environment: dict[str, str], address: str
) -> None:
    expert: Expert = open_expert(name, environment=environment)
    assert expert.name == name
    assert expert.identity["address"] == address
    assert expert.is_local is ("127.0.0.1" in address)
    expert.close()


def test_the_key_that_is_named_is_sent() -> None:
    with OpenAiServer(lambda _: "x", key="value") as server:
        expert = open_expert(f"openai:small@{server.url}#MINE", environment={"MINE": "value"})
        assert expert.ask(Request(messages=(Message(Role.USER, "?"),))).text == "x"
        expert.close()


def test_another_address_does_not_get_the_key_of_the_environment() -> None:
    environment = {"OPENAI_API_KEY": "value", "OPENAI_BASE_URL": "http://elsewhere.local/v1"}
    with OpenAiServer(lambda _: "x") as server:
        expert = open_expert(f"openai:small@{server.url}", environment=environment)
        expert.ask(Request(messages=(Message(Role.USER, "?"),)))
        expert.close()
        assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("given", ["sk-canary", "http://[sk-canary", "https://a:sk-canary@b.c"])
def test_a_key_in_place_of_the_address_is_not_told(given: str) -> None:
    with pytest.raises(ExpertAddressInvalid, match="OPENAI_BASE_URL") as caught:
        open_expert("openai:m", environment={"OPENAI_BASE_URL": given})
    assert "canary" not in str(caught.value)


def test_a_key_that_is_not_there() -> None:
    with pytest.raises(KeyMissing, match="SURELY_NOT_THERE"):
        open_expert("openai:m@http://gpu.local/v1#SURELY_NOT_THERE", environment={})


def test_a_name_that_is_none() -> None:
    with pytest.raises(ExpertAddressInvalid, match="named as"):
        open_expert("gpt-5")


def test_a_model_file_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "llama_cpp" else found(name)
    )
    with pytest.raises(LibraryMissing, match=r"pip install 'tripost-tui\[llama-cpp\]'"):
        open_expert("gguf:/models/small.gguf")


def test_a_proxy_of_a_kind_that_we_cannot_use_is_told_without_its_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://me:canary@proxy.local:1080")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ExpertAddressInvalid, match="proxy") as caught:
        open_expert("openai:m@https://gpu.local/v1", environment={})
    assert "canary" not in str(caught.value)


def test_back_ends_are_loaded_where_they_are_used() -> None:
    code = (
        "import sys, local_experts.opening\n"
        "assert not {'ollama', 'httpx2', 'llama_cpp', 'keyring'} & set(sys.modules)\n"
        "local_experts.opening.open_expert('openai:m').close()\n"
        "assert not {'ollama', 'openai', 'llama_cpp'} & set(sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_options_are_the_documented_ones() -> None:
    assert ExpertOptions() == ExpertOptions(
        context_tokens=8192,
        timeout_s=120.0,
        thinking=None,
        concurrency=4,
        gpu_layers=-1,
        threads=0,
    )
