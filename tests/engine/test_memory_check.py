"""A run that cannot fit into memory is refused before it begins, with what would help."""

import json
from pathlib import Path

import pytest

from engine.config import Settings
from engine.errors import StudentError
from engine.memory_check import check_memory
from engine.planning.cards import find_card
from engine.planning.machine import Machine
from engine.planning.models import find_model
from engine.student_place import Place

GIB = 2**30


def place(folder: Path, name: str) -> Place:
    model = find_model(name)
    assert model is not None
    (folder / "config.json").write_text(json.dumps(dict(model.config)))
    return Place(str(folder), str(folder))


def card(name: str, free_gib: float) -> Machine:
    return Machine(find_card(name), free_bytes=int(free_gib * GIB))


def settings(**student: object) -> Settings:
    return Settings.model_validate({"student": {"path": "./mine", **student}})


def test_a_card_that_is_too_small_is_told_with_what_would_help(tmp_path: Path) -> None:
    found = place(tmp_path, "llama 3.1 8b")
    check_memory(settings(), found, card("rtx 3060 12gb", 11.5))
    with pytest.raises(StudentError) as caught:
        check_memory(settings(), found, card("rtx 4060", 5))
    assert caught.value.title == "Too little VRAM"
    assert "5.0 GiB are free" in caught.value.message
    assert "examples of at most" in caught.value.message
    assert f"tripost plan {tmp_path}" in caught.value.message
    with pytest.raises(StudentError, match=r"4-bit weights \(NF4\)"):
        check_memory(settings(quantisation="none"), found, card("rtx 3060 12gb", 11.5))


def test_another_program_on_the_card_counts(tmp_path: Path) -> None:
    found = place(tmp_path, "llama 3.2 3b")
    check_memory(settings(), found, card("rtx 3060 12gb", 11))
    with pytest.raises(StudentError, match="Close other programs"):
        check_memory(settings(), found, card("rtx 3060 12gb", 1.5))


def test_too_little_ram_is_told(tmp_path: Path) -> None:
    cpu = Machine(find_card("rtx 4090"), on_cpu=True, free_bytes=4 * GIB)
    with pytest.raises(StudentError) as caught:
        check_memory(settings(device="cpu"), place(tmp_path, "qwen2.5 7b"), cpu)
    assert caught.value.title == "Too little RAM"


def test_what_cannot_be_planned_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "of my own"}')
    check_memory(settings(), Place(str(tmp_path), str(tmp_path)), card("rtx 4060", 0.1))
    check_memory(settings(), Place("someone/model", "someone/model"), card("rtx 4060", 0.1))
