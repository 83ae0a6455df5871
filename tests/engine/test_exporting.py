"""What a run has trained leaves the project as a folder that other programs load."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from engines import TRAINING_ALONE, Engines, Finished, small_project
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from db.store import Store
from engine.project import Project
from tripost_tui.cli import tripost

QLORA = {
    **TRAINING_ALONE,
    "run.iterations": 2,
    "student.adapter": "lora",
    "student.lora_rank": 4,
    "student.quantisation": "nf4",
    "train.learning_rate": 0.01,
}


@pytest.fixture(scope="module")
def qlora_run(
    engines: Engines, able_student: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    project = small_project(tmp_path_factory.mktemp("qlora") / "p", able_student, QLORA)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    return project


def export(*arguments: object) -> Result:
    return CliRunner().invoke(tripost, ["export", *map(str, arguments)])


def logits(model: Any, folder: Path) -> torch.Tensor:
    ids = AutoTokenizer.from_pretrained(folder)("Q: (1 + 2) =\nAnswer:", return_tensors="pt")
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=ids["input_ids"]).logits
    return found


def test_all_weights_become_a_model(finished: Finished, tmp_path: Path) -> None:
    project = finished.project
    result = export(project.path, tmp_path / "out", "--iteration", 2, "--precision", "fp32")
    assert result.exit_code == 0, result.output
    assert "iteration 2 of run 1, a model of" in result.stdout
    found = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    kept = AutoModelForCausalLM.from_pretrained(
        project.checkpoints / "run1-iteration2", dtype=torch.float32
    )
    assert torch.equal(logits(found, tmp_path / "out"), logits(kept, tmp_path / "out"))


def test_an_earlier_iteration_and_another_precision(finished: Finished, tmp_path: Path) -> None:
    out = tmp_path / "out"
    chosen = ("--iteration", 1, "--precision", "bf16")
    assert export(finished.project.path, out, *chosen).exit_code == 0
    weights = load_file(out / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    folder = finished.project.checkpoints / "run1-iteration1"
    kept = load_file(folder / "model.safetensors")
    assert all(weights[name].equal(kept[name].bfloat16()) for name in weights)


def test_an_adapter_leaves_as_one(qlora_run: Project, able_student: Path) -> None:
    result = export(qlora_run.path)
    assert result.exit_code == 0, result.output
    out = qlora_run.exports / "run1-iteration2-adapter"
    assert str(out) in result.stdout
    base = AutoModelForCausalLM.from_pretrained(able_student, dtype=torch.float32)
    before = logits(base, out)
    assert not torch.allclose(logits(PeftModel.from_pretrained(base, out), out), before)


def test_merged_it_needs_no_peft(qlora_run: Project, able_student: Path) -> None:
    result = export(qlora_run.path, "--merge", "--precision", "fp32")
    assert result.exit_code == 0, result.output
    out = qlora_run.exports / "run1-iteration2-merged"
    assert not list(out.glob("adapter*"))
    found = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    base = AutoModelForCausalLM.from_pretrained(able_student, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(base, qlora_run.checkpoints / "run1-iteration2")
    expected = logits(adapted, out)
    scale = float(expected.abs().max())
    torch.testing.assert_close(logits(found, out), expected, rtol=0, atol=1e-4 * scale)


def test_a_folder_that_is_there_is_left_alone(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    result = export(finished.project.path, tmp_path / "mine")
    assert result.exit_code == 3
    assert "is there already" in result.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_what_was_not_trained_cannot_be_exported(finished: Finished, tmp_path: Path) -> None:
    result = export(finished.project.path, tmp_path / "out", "--iteration", 7)
    assert result.exit_code == 3
    assert "iteration 7 has not been trained yet" in result.stderr
    empty = small_project(tmp_path / "empty", tmp_path)
    result = export(empty.path)
    assert result.exit_code == 3
    assert "no iteration has been trained yet" in result.stderr


def test_weights_that_are_damaged_are_told_and_leave_nothing(
    finished: Finished, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.project.path, copy)
    weights = copy / "checkpoints" / "run1-iteration2" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    result = export(copy, tmp_path / "out", "--iteration", 2)
    assert result.exit_code == 4
    assert "run1-iteration2" in result.stderr
    assert not (tmp_path / "out").exists()
    with Store.open(copy / "tripost.db", readonly=True) as store:
        assert store.latest_run() is not None
