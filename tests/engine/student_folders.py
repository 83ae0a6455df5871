"""Folders of students and adapters, whole ones and damaged ones, made by transformers and peft."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from architectures import save_tiny, tiny_model
from peft import LoraConfig, get_peft_model

from engine.settings import StudentSettings

Change = Callable[[Path], object]


def settings(path: Path | str, **values: object) -> StudentSettings:
    wanted = {"path": str(path), "device": "cpu", "threads": 1} | values
    return StudentSettings.model_validate(wanted)


def edit(file: str, **values: Any) -> Change:
    """Change values of a JSON file; None takes one out."""

    def change(folder: Path) -> None:
        path = folder / file
        said = json.loads(path.read_text()) if path.exists() else {}
        said |= values
        kept = {key: value for key, value in said.items() if value is not None}
        path.write_text(json.dumps(kept))

    return change


def write(file: str, content: bytes) -> Change:
    return lambda folder: (folder / file).write_bytes(content)


def remove(*files: str) -> Change:
    return lambda folder: [(folder / file).unlink() for file in files]


def pickle_only(folder: Path) -> None:
    """The weights as they were published years ago; nobody ever reads this one."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")


def save_sharded(folder: Path) -> Path:
    """A model in several files of weights."""
    save_tiny("llama", folder)
    (folder / "model.safetensors").unlink()
    tiny_model("llama").save_pretrained(str(folder), max_shard_size="100KB")
    assert len(list(folder.glob("*.safetensors"))) > 2
    return folder


def save_adapter(base: Path, folder: Path, name: str = "llama", **values: Any) -> Path:
    """An adapter of ``base``, trained on a model of the architecture ``name``."""
    wanted = {"r": 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM"} | values
    if name == "gpt2":
        wanted["fan_in_fan_out"] = True
    adapted = get_peft_model(tiny_model(name), LoraConfig(**wanted))
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    edit("adapter_config.json", base_model_name_or_path=str(base))(folder)
    return folder


def save_to_cache(cache: Path, hub_id: str, save: Callable[[Path], object]) -> Path:
    """Put a model into a hub's cache as a download leaves it; return its snapshot."""
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    revision = "0123456789abcdef0123456789abcdef01234567"
    snapshot, blobs = repository / "snapshots" / revision, repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    save(snapshot)
    for number, file in enumerate(sorted(snapshot.iterdir())):
        blob = blobs / f"{number:040x}"
        file.rename(blob)
        file.symlink_to(Path("..", "..", "blobs", blob.name))
    return snapshot
