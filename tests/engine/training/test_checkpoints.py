"""A checkpoint appears whole or not at all, and one that is damaged is noticed."""

import errno
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_students import load
from transformers import AutoModelForCausalLM

from engine.errors import ProjectError, StudentError
from engine.training.checkpoints import (
    TrainingState,
    folder_hash,
    load_state,
    load_weights,
    remove_folder,
    save_state,
    save_weights,
)


def state(step: int = 3) -> TrainingState:
    torch.manual_seed(step)
    weight = torch.nn.Parameter(torch.randn(4, 3))
    optimizer = torch.optim.AdamW([weight], lr=0.1)
    weight.sum().backward()
    optimizer.step()
    return TrainingState(
        step=step,
        weights={"w": weight.detach()},
        optimizer=optimizer.state_dict(),
        random={"cpu": torch.get_rng_state()},
        loop={"micro_tokens": 64, "loss_scale": {"value": 2.0, "good_steps": step}},
        more={"best": {"step": step, "value": 0.5}},
    )


def assert_same(found: TrainingState, expected: TrainingState) -> None:
    assert found.step == expected.step
    assert torch.equal(found.weights["w"], expected.weights["w"])
    assert torch.equal(found.random["cpu"], expected.random["cpu"])
    assert (found.loop, found.more) == (expected.loop, expected.more)
    assert found.optimizer["param_groups"] == expected.optimizer["param_groups"]
    for name, value in expected.optimizer["state"][0].items():
        assert torch.equal(found.optimizer["state"][0][name], value)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    saved = state()
    digest = save_state(saved, tmp_path / "a" / "step3")
    assert_same(load_state(tmp_path / "a" / "step3"), saved)
    assert folder_hash(tmp_path / "a" / "step3") == digest
    assert names(tmp_path / "a") == ["step3"]


def test_tied_weights_are_saved(tmp_path: Path) -> None:
    weight = torch.randn(3, 2)
    tied = replace(state(1), weights={"a": weight, "b": weight})
    save_state(tied, tmp_path / "s")
    loaded = load_state(tmp_path / "s")
    assert torch.equal(loaded.weights["a"], loaded.weights["b"])


STEPS = ("save_file", "torch.save", "os.fsync", "folder_hash", "os.replace")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["full", "cut"],
)
def test_a_crash_in_between_leaves_the_old_one_or_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    there: bool,
    error: BaseException,
) -> None:
    folder = tmp_path / "checkpoint"
    if there:
        digest = save_state(state(1), folder)

    def crash(*_args: object, **_values: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(f"engine.training.checkpoints.{step}", crash)
        with pytest.raises((ProjectError, KeyboardInterrupt)) as caught:
            save_state(state(2), folder)
    if isinstance(caught.value, ProjectError):
        assert caught.value.title == "The disk is full"
        assert str(folder) in caught.value.message
        assert names(tmp_path) == (["checkpoint"] if folder.exists() else [])
    # Between taking the old folder away and renaming the new one there is none.
    if there and step != "os.replace":
        assert folder_hash(folder) == digest
        assert_same(load_state(folder), state(1))
    else:
        assert not folder.exists()
    # Whatever is left over is not in the way of the next.
    save_state(state(2), folder)
    assert_same(load_state(folder), state(2))
    assert names(tmp_path) == ["checkpoint"]


@pytest.mark.parametrize("name", ["weights.safetensors", "state.pt"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b"no checkpoint at all"),
    ],
    ids=["gone", "empty", "cut", "other"],
)
def test_a_damaged_state_is_an_error_of_the_student(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    digest = save_state(state(), tmp_path / "s")
    damage(tmp_path / "s" / name)
    with pytest.raises(StudentError) as caught:
        load_state(tmp_path / "s")
    assert caught.value.title == "A checkpoint is damaged"
    assert str(tmp_path / "s") in caught.value.message
    assert folder_hash(tmp_path / "s") != digest


def test_a_state_without_its_parts_is_damaged(tmp_path: Path) -> None:
    save_state(state(), tmp_path / "s")
    torch.save({"step": 3}, tmp_path / "s" / "state.pt")
    with pytest.raises(StudentError):
        load_state(tmp_path / "s")


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    save_state(state(), tmp_path / "s")
    sprung = tmp_path / "sprung"
    for write in (
        lambda path: torch.save({"step": Trap(sprung)}, path),
        lambda path: path.write_bytes(pickle.dumps({"step": Trap(sprung)}, protocol=2)),
    ):
        write(tmp_path / "s" / "state.pt")
        with pytest.raises(StudentError):
            load_state(tmp_path / "s")
        assert not sprung.exists()


def test_the_hash_sees_every_bit_and_every_name(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "one").write_bytes(b"12")
    (folder / "two").write_bytes(b"3")
    digest = folder_hash(folder)
    shutil.copytree(folder, tmp_path / "copy")
    assert folder_hash(tmp_path / "copy") == digest
    (folder / "two").write_bytes(b"2")
    assert folder_hash(folder) != digest
    (folder / "two").write_bytes(b"3")
    (folder / "two").rename(folder / "in" / "two")
    assert folder_hash(folder) != digest


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    save_state(state(), tmp_path / "s")
    for _ in range(2):
        remove_folder(tmp_path / "s")
    assert names(tmp_path) == []


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_weights_are_put_back_as_they_were(
    tmp_path: Path, random_student: Path, adapter: str
) -> None:
    student = load(random_student, adapter)
    for weight in student.trained_weights().values():
        torch.nn.init.normal_(weight)
    wanted = {name: w.detach().clone() for name, w in student.trained_weights().items()}
    digest = save_weights(student, tmp_path / "weights")
    other = load(random_student, adapter)
    load_weights(other, tmp_path / "weights")
    found = other.trained_weights()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert save_weights(other, tmp_path / "again") == digest


def test_saved_weights_are_a_model_for_transformers(tmp_path: Path, random_student: Path) -> None:
    student = load(random_student)
    with torch.no_grad():
        student.head.weight.mul_(2)
    save_weights(student, tmp_path / "weights")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "weights")
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, student.language_model(ids).logits)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_damaged_weights_are_an_error_of_the_student(
    tmp_path: Path, random_student: Path, adapter: str
) -> None:
    student = load(random_student, adapter)
    save_weights(student, tmp_path / "weights")
    (file,) = (tmp_path / "weights").glob("*model.safetensors")
    weights = load_file(file)
    lost = next(iter(weights))
    save_file({name: w for name, w in weights.items() if name != lost}, file)
    with pytest.raises(StudentError, match="is missing"):
        load_weights(student, tmp_path / "weights")
    name = next(iter(set(weights) - {lost}))
    save_file(weights | {name: torch.zeros(2, 7)}, file)
    with pytest.raises(StudentError, match=r"\(2, 7\)"):
        load_weights(student, tmp_path / "weights")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(StudentError):
        load_weights(student, tmp_path / "weights")
    file.unlink()
    with pytest.raises(StudentError, match="damaged"):
        load_weights(student, tmp_path / "weights")


def test_the_weights_stay_as_they_were_when_what_is_loaded_is_damaged(
    tmp_path: Path, random_student: Path
) -> None:
    student = load(random_student)
    save_weights(student, tmp_path / "weights")
    file = tmp_path / "weights" / "model.safetensors"
    weights = {name: w + 1 for name, w in load_file(file).items()}
    weights.popitem()
    save_file(weights, file)
    before = {name: w.detach().clone() for name, w in student.trained_weights().items()}
    with pytest.raises(StudentError):
        load_weights(student, tmp_path / "weights")
    assert all(torch.equal(w, before[name]) for name, w in student.trained_weights().items())
