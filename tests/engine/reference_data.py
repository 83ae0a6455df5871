"""Data of others, where it is there: the paper's, BIG-Bench-Hard, and what another model wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "tripost_reference"
BBH = sorted((DATA / "bbh").glob("*.json"))
CODEX = sorted((DATA / "codex_attempts").glob("*.jsonl"))

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
needs_bbh = pytest.mark.skipif(not BBH, reason="no BIG-Bench-Hard here")
needs_codex = pytest.mark.skipif(not CODEX, reason="no attempts of other models here")


def records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def reference(name: str, kind: str) -> list[dict[str, Any]]:
    """Return what the paper's authors published of a task, its validation split last."""
    paths = sorted(REFERENCE.glob(f"{name}_{kind}_*.jsonl"))
    return [record for path in paths for record in records(path)]


def big_bench(path: Path) -> list[dict[str, str]]:
    """Return its questions as ``input``, with their answers as ``target``."""
    examples: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["examples"]
    return examples
