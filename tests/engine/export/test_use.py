"""The commands and the card of an export do what they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from engines import Finished
from exports import written
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.export.card import code
from engine.export.formats import ExportFormat
from engine.export.usage import shell_quoted, usages
from engine.project import Project

HOSTILE = "[@click=app.exit]x[/] 'a' \"b\" $(touch pwned) `id`"


def run_python(text: str) -> str:
    """What a program of the commands prints; what it prints beside that is not looked at."""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.removesuffix("\n")


def test_the_python_program_says_what_the_student_says(finished: Finished, tmp_path: Path) -> None:
    out = tmp_path / HOSTILE / "out\x1b[2J"
    found = written(finished.project, out, ExportFormat.MERGED, iteration=2)
    (usage,) = usages(found.provenance, found.folder)
    kept = finished.project.checkpoints / "run1-iteration2"
    tokenizer = AutoTokenizer.from_pretrained(kept)
    student = AutoModelForCausalLM.from_pretrained(kept, dtype=torch.float32)
    ids = tokenizer(found.provenance.prompt, return_tensors="pt")["input_ids"]
    said = student.generate(ids, max_new_tokens=450, do_sample=False)[0, ids.shape[1] :]
    assert run_python(usage.text) == tokenizer.decode(said, skip_special_tokens=True)
    assert usage.text.isascii()
    assert usage.text.replace("\n", "").isprintable()


def test_the_program_of_an_adapter_runs(lora_run: Project, tmp_path: Path) -> None:
    found = written(lora_run, tmp_path / "out", ExportFormat.ADAPTER)
    (usage,) = usages(found.provenance, found.folder)
    assert "AutoPeftModelForCausalLM" in usage.text
    assert "(1)" in run_python(usage.text)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30))
def test_a_shell_reads_what_was_quoted(text: str) -> None:
    command = f"printf %s {shell_quoted(text)}"
    assert command.isprintable()
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == text.encode()


@pytest.mark.parametrize("text", ["`", "``a`", "a\nb", "\x1b[31m", "", "<script>", "[x](y)"])
def test_names_in_the_card_are_code(text: str) -> None:
    written_as = code(text)
    assert "\n" not in written_as
    assert written_as.isprintable()
    fence = len(written_as) - len(written_as.lstrip("`"))
    assert written_as.endswith("`" * fence)
    assert "`" * fence not in written_as[fence:-fence]


def test_the_card_says_where_it_comes_from(finished: Finished, tmp_path: Path) -> None:
    found = written(finished.project, tmp_path / "out", ExportFormat.GGUF, iteration=2)
    text = (found.folder / "README.md").read_text(encoding="utf-8")
    said = found.provenance
    assert said.right is not None
    assert said.tested
    for part in (
        "Iteration 2 of run 1".lower(),
        f"Accuracy: {100 * said.right / said.tested:.1f}% of {said.tested} test items",
        "train.learning_rate = 0.0001",
        "See the base model",
        "llama-completion -m",
        str(found.folder),
    ):
        assert part in text
    kept = json.loads((found.folder / "tripost-export.json").read_text())
    assert set(kept["files"]) == {"student.gguf", "prompt.txt", "README.md"}
    assert all(len(each["sha256"]) == 64 for each in kept["files"].values())


def test_peft_and_hubs_are_told_of_the_base(lora_run: Project, tmp_path: Path) -> None:
    from dataclasses import replace

    from engine.export.card import card

    said = written(lora_run, tmp_path / "out", ExportFormat.ADAPTER).provenance
    assert not card(said, [], [], tmp_path).startswith("---")
    hub = card(replace(said, base="Qwen/Qwen3-0.6B"), [], [], tmp_path)
    assert hub.startswith("---\nbase_model: Qwen/Qwen3-0.6B\nbase_model_relation: adapter\n")
