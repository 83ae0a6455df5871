"""Finished runs that are exported: all weights trained, and an adapter."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engines import Engines

    from engine.project import Project

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _no_llama_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person has installed changes no test."""
    monkeypatch.delenv("LLAMA_CPP_DIR", raising=False)


@pytest.fixture(scope="session")
def lora_run(
    engines: "Engines", able_student: Path, tmp_path_factory: pytest.TempPathFactory
) -> "Project":
    """An adapter of the able student; not to be changed."""
    from engines import TRAINING_ALONE, small_project

    values = {
        **TRAINING_ALONE,
        "student.adapter": "lora",
        "student.lora_rank": 4,
        "train.learning_rate": 0.01,
    }
    project = small_project(tmp_path_factory.mktemp("lora") / "p", able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    return project


@pytest.fixture(scope="session")
def bytes_run(engines: "Engines", tmp_path_factory: pytest.TempPathFactory) -> "Project":
    """An adapter of a random Llama with a tokenizer that llama.cpp has; not to be changed."""
    from engines import TRAINING_ALONE, small_project
    from exports import save_bytes_student

    folder = tmp_path_factory.mktemp("bytes")
    student = save_bytes_student(folder / "student")
    values = {**TRAINING_ALONE, "student.adapter": "lora", "student.lora_rank": 4}
    project = small_project(folder / "p", student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    return project
