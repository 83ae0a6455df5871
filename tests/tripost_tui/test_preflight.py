"""What keeps a new project from running, found on real folders, servers and students."""

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from own_task import own_task
from stand_in_ollama import OllamaStandIn

from engine.gpus import Gpu
from engine.planning.machine import Machine, card_of
from engine.project import Project
from tripost_tui.preflight import Finding, Grade, Preflight, Subject, folder_of, free_folder
from tripost_tui.wish import Preset, Wish


def looked(cwd: Path, folder: str = "new", **values: Any) -> dict[Subject, Finding]:
    keyed = {key.replace("__", "."): value for key, value in values.items()}
    found = list(Preflight(cwd).look(Wish(folder, Preset.DEFAULT, keyed)))
    assert [one.subject for one in found] == list(Subject)
    return {one.subject: one for one in found}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a server that is not there, which OLLAMA_HOST names."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("OLLAMA_HOST", address)
    return address


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaStandIn]:
    with OllamaStandIn() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


def test_the_default_project_is_fine(tmp_path: Path) -> None:
    found = looked(tmp_path)
    for subject in (Subject.FOLDER, Subject.TASK, Subject.STUDENT, Subject.FEEDBACK):
        assert found[subject].grade is Grade.OK, found[subject]
    assert found[Subject.TASK].sample.startswith("Q: ")
    assert "Let's think step by step." in found[Subject.TASK].sample


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    looked(tmp_path, "a/b/c")
    assert list(tmp_path.iterdir()) == []


# --- the folder ----------------------------------------------------------------------------


def test_a_folder_that_is_a_project_is_taken(tmp_path: Path) -> None:
    Project.create(tmp_path / "there")
    found = looked(tmp_path, "there")[Subject.FOLDER]
    assert found.grade is Grade.FAILED
    assert "a project already" in found.detail
    assert found.fix


def test_a_folder_with_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").touch()
    found = looked(tmp_path, "full")[Subject.FOLDER]
    assert found.grade is Grade.FAILED
    assert "'notes'" in found.detail


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert looked(tmp_path, "empty")[Subject.FOLDER].grade is Grade.OK


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = looked(tmp_path, name)[Subject.FOLDER]
    assert found.grade is Grade.FAILED
    assert "no folder" in found.detail


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests may run as root, who may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = looked(tmp_path, "new")[Subject.FOLDER]
    assert found.grade is Grade.FAILED
    assert f"{tmp_path} cannot be written" in found.detail
    assert "permissions" in found.fix


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    found = looked(tmp_path, "x" * 5000)[Subject.FOLDER]
    assert found.grade is Grade.FAILED


def test_folders_are_named_from_here(tmp_path: Path) -> None:
    assert folder_of(" new ", tmp_path) == tmp_path / "new"
    assert folder_of("~/new", tmp_path) == Path.home() / "new"
    assert folder_of("~nobody-of-this-name/new", tmp_path).parent.parent == tmp_path
    assert folder_of("a\0b", tmp_path) == tmp_path / "ab"


def test_a_folder_that_is_free_is_proposed(tmp_path: Path) -> None:
    assert free_folder("my-project", tmp_path) == "my-project"
    (tmp_path / "my-project").mkdir()
    (tmp_path / "my-project-2").touch()
    assert free_folder("my-project", tmp_path) == "my-project-3"


# --- the task ------------------------------------------------------------------------------


def test_a_folder_without_a_task_is_told_and_the_rest_waits(tmp_path: Path) -> None:
    found = looked(tmp_path, task__name="./mine")
    assert found[Subject.TASK].grade is Grade.FAILED
    assert "task.toml" in found[Subject.TASK].fix
    assert "tripost task new" in found[Subject.TASK].fix
    assert found[Subject.STUDENT].grade is Grade.UNKNOWN
    assert found[Subject.FOLDER].grade is Grade.OK


def test_a_task_of_ones_own_without_scripts_needs_language_models(
    tmp_path: Path, ollama: OllamaStandIn
) -> None:
    own_task(tmp_path / "mine")
    lacking = looked(tmp_path, task__name="./mine")[Subject.TASK]
    assert lacking.grade is Grade.FAILED
    assert "experts.feedback" in lacking.fix
    model = ("ollama:qwen3:8b",)
    found = looked(tmp_path, task__name="./mine", experts__feedback=model, experts__improve=model)[
        Subject.TASK
    ]
    assert found.grade is Grade.OK
    assert found.sample.startswith("Q: Twice ")


def test_rows_that_are_of_no_use_are_a_warning(tmp_path: Path, ollama: OllamaStandIn) -> None:
    rows = [f'{{"question": "Twice {n}?", "answer": "{2 * n}"}}' for n in range(40)]
    own_task(tmp_path / "mine", [*rows, "no row"])
    model = ("ollama:qwen3:8b",)
    found = looked(tmp_path, task__name="./mine", experts__feedback=model, experts__improve=model)[
        Subject.TASK
    ]
    assert found.grade is Grade.WARNING
    assert "tripost task check" in found.fix


def test_wrong_settings_leave_what_depends_on_them(tmp_path: Path) -> None:
    found = looked(tmp_path, run__seed="x")
    assert found[Subject.TASK].grade is Grade.UNKNOWN
    assert found[Subject.DISK].grade is not Grade.UNKNOWN


# --- the student ---------------------------------------------------------------------------


def test_a_task_without_an_embedded_student_says_so(tmp_path: Path) -> None:
    found = looked(tmp_path, task__name="date_understanding")
    assert found[Subject.STUDENT].grade is Grade.FAILED
    assert "hub id" in found[Subject.STUDENT].fix
    assert found[Subject.MEMORY].grade is Grade.UNKNOWN


@pytest.mark.parametrize("path", ["./nothing", "no such/thing/at all"])
def test_a_student_that_is_nowhere_is_told_with_what_may_be_named(
    path: str, tmp_path: Path
) -> None:
    found = looked(tmp_path, student__path=path)[Subject.STUDENT]
    assert found.grade is Grade.FAILED
    assert "Name" in found.fix


def test_offline_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    found = looked(tmp_path, student__path="owner/model")[Subject.STUDENT]
    assert found.grade is Grade.FAILED
    assert "hf download owner/model" in found.fix


def test_a_student_on_the_hub_is_a_warning_and_planned_by_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("engine.student_place.check_hub", lambda *args: asked.append(args))
    monkeypatch.setattr("engine.student_place.cached_folder", lambda name: None)
    preflight = Preflight(tmp_path)
    wish = Wish("new", values={"student.path": "Qwen/Qwen3-0.6B"})
    found = {one.subject: one for one in preflight.look(wish)}
    assert found[Subject.STUDENT].grade is Grade.WARNING
    assert "hf download" in found[Subject.STUDENT].fix
    assert "GiB" in found[Subject.MEMORY].detail
    list(preflight.look(Wish("other", values=wish.values)))
    assert len(asked) == 1
    preflight.forget()
    list(preflight.look(wish))
    assert len(asked) == 2


# --- memory --------------------------------------------------------------------------------


def with_card(monkeypatch: pytest.MonkeyPatch, total_gib: float, free_gib: float) -> None:
    total, free = int(total_gib * 2**30), int(free_gib * 2**30)
    gpu = Gpu("NVIDIA GeForce RTX 3060", "555", total, free)
    machine = Machine(card_of(gpu.name, total), free_bytes=free)
    monkeypatch.setattr("engine.doctor.query_gpus", lambda command: [gpu])
    monkeypatch.setattr("engine.doctor.installed_version", lambda package: "2.13.0")
    monkeypatch.setattr("engine.planning.machine.this_machine", lambda: machine)


def test_planned_memory_is_set_against_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_card(monkeypatch, 12, 11)
    found = looked(tmp_path)[Subject.MEMORY]
    assert found.grade is Grade.OK
    assert "3060" in found.detail
    assert "11.0 GiB are free" in found.detail


def test_too_little_memory_fails_with_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_card(monkeypatch, 8, 0.2)
    found = looked(tmp_path)[Subject.MEMORY]
    assert found.grade is Grade.FAILED
    assert "Too little VRAM" in found.detail
    assert "Close other programs" in found.fix


def test_what_needs_smaller_batches_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("check_hub", "cached_folder"):
        monkeypatch.setattr(f"engine.student_place.{name}", lambda *args: None)
    with_card(monkeypatch, 8, 7.5)
    wish = {"student__path": "Qwen/Qwen3-8B", "collect__batch_size": 512}
    found = looked(tmp_path, **wish)[Subject.MEMORY]
    assert found.grade is Grade.WARNING
    assert "smaller batches" in found.fix


def test_a_driver_that_fails_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.gpus import GpuQueryError

    def fail(command: object) -> None:
        raise GpuQueryError("driver mismatch")

    monkeypatch.setattr("engine.doctor.query_gpus", fail)
    found = looked(tmp_path)[Subject.MEMORY]
    assert found.grade is Grade.WARNING
    assert "driver mismatch" in found.detail
    assert "driver" in found.fix


# --- experts -------------------------------------------------------------------------------


def test_a_server_that_is_down_is_told_with_how_to_start_it(tmp_path: Path, nobody: str) -> None:
    found = looked(tmp_path, experts__feedback=("ollama:qwen3:8b",))
    assert found[Subject.FEEDBACK].grade is Grade.FAILED
    assert nobody in found[Subject.FEEDBACK].detail
    assert "ollama serve" in found[Subject.FEEDBACK].fix
    assert found[Subject.IMPROVE].grade is Grade.OK


def test_a_model_that_is_missing_is_told_with_how_to_fetch_it(
    tmp_path: Path, ollama: OllamaStandIn
) -> None:
    found = looked(tmp_path, experts__improve=("ollama:other",))[Subject.IMPROVE]
    assert found.grade is Grade.FAILED
    assert "ollama pull other" in found.fix


def test_a_model_that_is_there_is_told_with_its_size_and_nothing_is_generated(
    tmp_path: Path, ollama: OllamaStandIn
) -> None:
    found = looked(tmp_path, experts__feedback=("ollama:qwen3:8b", "script"))[Subject.FEEDBACK]
    assert found.grade is Grade.OK
    assert "8.2B" in found.detail
    assert "scripts" in found.detail
    assert not {"/api/chat", "/api/generate"} & set(ollama.asked)


def test_a_key_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ("openai:gpt@http://127.0.0.1:9/v1#NO_SUCH_KEY",)
    found = looked(tmp_path, experts__feedback=name)[Subject.FEEDBACK]
    assert found.grade is Grade.FAILED
    assert "Set the key" in found.fix


def test_a_gguf_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    found = looked(tmp_path, experts__feedback=("gguf:none.gguf",))[Subject.FEEDBACK]
    assert found.grade is Grade.FAILED
    assert str(tmp_path / "none.gguf") in found.detail
    assert found.fix


def test_an_expert_for_both_is_asked_once_and_kept_while_others_change(
    tmp_path: Path, ollama: OllamaStandIn
) -> None:
    model = ("ollama:qwen3:8b",)
    values = {"experts.feedback": model, "experts.improve": model}
    preflight = Preflight(tmp_path)
    for folder, seed in (("a", 1), ("b", 1), ("b", 2)):
        list(preflight.look(Wish(folder, values=values | {"run.seed": seed})))
    assert ollama.asked.count("/api/show") == 1


# --- disk ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "grade"),
    [(50_000_000, Grade.FAILED), (500_000_000, Grade.WARNING), (5_000_000_000, Grade.OK)],
)
def test_disk_space_is_told(
    free: int, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage(10**12, 10**12 - free, free)  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    found = looked(tmp_path)[Subject.DISK]
    assert found.grade is grade
    assert bool(found.fix) is (grade is not Grade.OK)


def test_a_disk_that_does_not_answer_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert looked(tmp_path)[Subject.DISK].grade is Grade.WARNING
