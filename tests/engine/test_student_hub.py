"""Students on the model hub: found in the cache, asked about, fetched, refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from architectures import save_tiny
from hub import Hub, hub, look
from student_folders import edit, pickle_only, save_adapter, save_to_cache

ID = "someone/tiny-model"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "hub").mkdir()
    return tmp_path / "hub"


@pytest.fixture
def online(cache: Path) -> Iterator[tuple[Hub, dict[str, str]]]:
    with hub() as ours:
        yield ours, {"HF_ENDPOINT": ours.url, "HF_HUB_CACHE": str(cache)}


def offline(cache: Path) -> dict[str, str]:
    return {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}


def no_network(cache: Path) -> dict[str, str]:
    """Nobody listens there."""
    return {"HF_HUB_CACHE": str(cache), "HF_ENDPOINT": "http://127.0.0.1:9"}


# --- in the cache -------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [offline, no_network])
def test_what_is_in_the_cache_is_used_without_the_network(cache: Path, network: object) -> None:
    snapshot = save_to_cache(cache, ID, lambda folder: save_tiny("llama", folder))
    assert callable(network)
    found = look(ID, network(cache))
    assert (found["model"], found["name"]) == (str(snapshot), ID)


def test_it_is_loaded_without_asking_the_hub_and_its_adapter_names_the_hubs_id(
    cache: Path, online: tuple[Hub, dict[str, str]], tmp_path: Path
) -> None:
    ours, environment = online
    save_to_cache(cache, ID, lambda folder: save_tiny("llama", folder))
    assert look(ID, environment, "load", tmp_path)["weights"]
    assert ours.asked == []
    said = json.loads((tmp_path / "someone-tiny-model-saved" / "adapter_config.json").read_text())
    assert said["base_model_name_or_path"] == ID


def test_a_cache_elsewhere_is_found_by_hf_home(tmp_path: Path) -> None:
    snapshot = save_to_cache(tmp_path / "hub", ID, lambda folder: save_tiny("llama", folder))
    found = look(ID, {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"})
    assert found["model"] == str(snapshot)


def test_an_adapter_of_a_model_in_the_cache_is_found_with_it(cache: Path, tmp_path: Path) -> None:
    snapshot = save_to_cache(cache, ID, lambda folder: save_tiny("llama", folder))
    folder = save_adapter(Path(ID), tmp_path / "adapter")
    found = look(str(folder), offline(cache))
    assert (found["model"], found["adapter"]) == (str(snapshot), str(folder))


def test_an_adapter_of_a_model_that_is_not_here_names_its_file(cache: Path, tmp_path: Path) -> None:
    folder = save_adapter(Path(ID), tmp_path / "adapter")
    told = look(str(folder), offline(cache))["message"]
    assert f"base_model_name_or_path in {folder / 'adapter_config.json'} is '{ID}'" in told


def without_weights(folder: Path) -> None:
    save_tiny("llama", folder)
    (folder / "model.safetensors").unlink()


def test_of_a_part_in_the_cache_it_is_told_what_is_missing(cache: Path) -> None:
    save_to_cache(cache, ID, without_weights)
    told = look(ID, offline(cache))["message"]
    assert "a part is in the cache" in told
    assert "there is no model.safetensors" in told
    assert f"hf download {ID}" in told


def test_what_is_of_no_use_in_the_cache_is_so_on_the_hub(
    cache: Path, online: tuple[Hub, dict[str, str]]
) -> None:
    ours, environment = online
    snapshot = save_to_cache(cache, ID, lambda folder: save_tiny("llama", folder))
    edit("config.json", model_type="bert", architectures=["BertForMaskedLM"])(snapshot)
    assert "no causal language model" in look(ID, environment)["message"]
    assert ours.asked == []


# --- not in the cache ---------------------------------------------------------------------------


def test_offline_it_is_told_how_to_fetch_it(cache: Path) -> None:
    found = look(ID, offline(cache))
    assert found["title"] == "The student is not here"
    assert f"student.path is '{ID}', which is not in the cache" in found["message"]
    assert f"hf download {ID}" in found["message"]


@pytest.mark.parametrize("how", ["find", "load"])
def test_without_a_network_it_is_told_within_seconds(cache: Path, how: str) -> None:
    found = look(ID, no_network(cache), how)
    assert "the hub cannot be reached" in found["message"]
    assert found["seconds"] < 8


def test_a_hub_that_does_not_answer_is_not_waited_for(
    online: tuple[Hub, dict[str, str]],
) -> None:
    ours, environment = online
    ours.silent = True
    found = look(ID, environment)
    assert "the hub cannot be reached" in found["message"]
    assert found["seconds"] < 20


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_hub_in_trouble_is_told(online: tuple[Hub, dict[str, str]], code: int) -> None:
    ours, environment = online
    ours.fault = code
    found = look(ID, environment)
    assert found["title"] == "The student is not here"
    assert str(code) in found["message"]


def test_a_model_that_the_hub_does_not_have_is_told(online: tuple[Hub, dict[str, str]]) -> None:
    _, environment = online
    assert "the hub has no such model" in look(ID, environment)["message"]


def test_a_gated_model_is_told_before_anything_is_fetched(
    online: tuple[Hub, dict[str, str]], tmp_path: Path
) -> None:
    ours, environment = online
    ours.folders[ID] = save_tiny("llama", tmp_path / "theirs")
    ours.gated.add(ID)
    found = look(ID, environment)
    assert found["title"] == "The student is gated"
    assert "hf auth login" in found["message"]


@pytest.mark.parametrize("what", ["pickle", "gptq", "bert", "nothing"])
def test_what_the_hub_has_is_refused_before_it_is_fetched(
    online: tuple[Hub, dict[str, str]], tmp_path: Path, what: str
) -> None:
    ours, environment = online
    ours.folders[ID] = folder = save_tiny("llama", tmp_path / "theirs")
    change, told = {
        "pickle": (pickle_only, "its weights are a pickle"),
        "gptq": (edit("config.json", quantization_config={"quant_method": "gptq"}), "gptq"),
        "bert": (edit("config.json", architectures=["BertModel"]), "no causal language model"),
        "nothing": (lambda folder: (folder / "config.json").unlink(), "it has no config.json"),
    }[what]
    change(folder)
    found = look(ID, environment)
    assert told in found["message"]
    assert f"{ID} on the hub" in found["message"]
    assert not any(path.endswith(".safetensors") for path in ours.asked)


def test_a_model_is_found_on_the_hub_fetched_and_then_here(
    online: tuple[Hub, dict[str, str]], cache: Path, tmp_path: Path
) -> None:
    ours, environment = online
    ours.folders[ID] = folder = save_tiny("llama", tmp_path / "theirs")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    assert look(ID, environment)["model"] == ID
    assert look(ID, environment, "load", tmp_path)["weights"]
    assert not list(cache.rglob("*.bin"))
    ours.asked.clear()
    assert "snapshots" in look(ID, environment)["model"]
    assert ours.asked == []
