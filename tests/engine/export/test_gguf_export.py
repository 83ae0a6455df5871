"""What a run has trained, as GGUF: it says the same in llama.cpp as in transformers."""

import os
import stat
import sys
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import torch
from engines import Finished
from exports import written
from peft import PeftModel
from requirements import need
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.embedded import student_folder
from engine.errors import ProjectError, StudentError
from engine.export.formats import GGUF_FILE, PROMPT_FILE, ExportFormat
from engine.export.offers import NO_CONVERTER, NO_TOKENIZER
from engine.export.usage import usages
from engine.project import Project
from engine.trained import find_trained

LLAMA_CPP = os.environ.get("LLAMA_CPP_DIR", "")
FLOAT32 = 0

CONVERTER = """#!{python}
import argparse, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("--outfile", type=pathlib.Path)
parser.add_argument("--outtype")
given = parser.parse_args()
assert (given.model / "model.safetensors").is_file() and (given.model / "tokenizer.json").is_file()
if (pathlib.Path(__file__).parent / "fail").exists():
    sys.exit("BPE pre-tokenizer was not recognized")
given.outfile.write_text("converted to " + given.outtype)
"""


def llama(path: Path) -> Any:
    need("llama_cpp")
    from llama_cpp import Llama

    return Llama(
        str(path),
        n_ctx=1024,
        n_threads=1,
        type_k=FLOAT32,
        type_v=FLOAT32,
        logits_all=True,
        verbose=False,
    )


def says_the_same(gguf: Path, student: Any, tokenizer: Any, prompt: str, count: int = 80) -> None:
    """Greedy tokens and logits after the prompt are those of transformers."""
    model = llama(gguf)
    ids = tokenizer(prompt)["input_ids"]
    assert model.tokenize(prompt.encode()) == ids
    with torch.no_grad():
        logits = student.eval()(torch.tensor([ids])).logits[0].numpy()
        said = student.generate(torch.tensor([ids]), max_new_tokens=count, do_sample=False)
    model.reset()
    model.eval(ids)
    assert np.abs(np.array(model.scores[: len(ids)]) - logits).max() < 0.001
    expected = said[0, len(ids) :].tolist()
    found: list[int] = []
    for token in model.generate(ids, temp=0.0):
        found.append(token)
        if len(found) == len(expected):
            break
    assert found == expected
    model.close()


def prompt_in(folder: Path) -> str:
    # llama.cpp takes the last line end off.
    return (folder / PROMPT_FILE).read_text(encoding="utf-8").removesuffix("\n")


def test_trained_weights_say_the_same(finished: Finished, tmp_path: Path) -> None:
    found = written(finished.project, tmp_path / "out", ExportFormat.GGUF, iteration=2)
    kept = finished.project.checkpoints / "run1-iteration2"
    student = AutoModelForCausalLM.from_pretrained(kept, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(kept)
    says_the_same(found.folder / GGUF_FILE, student, tokenizer, prompt_in(found.folder))
    assert prompt_in(found.folder) == found.provenance.prompt
    assert prompt_in(found.folder).startswith("Q: ")


def test_an_adapter_is_merged_first(lora_run: Project, able_student: Path, tmp_path: Path) -> None:
    found = written(lora_run, tmp_path / "out", ExportFormat.GGUF)
    base = AutoModelForCausalLM.from_pretrained(able_student, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(base, lora_run.checkpoints / "run1-iteration1")
    tokenizer = AutoTokenizer.from_pretrained(able_student)
    says_the_same(found.folder / GGUF_FILE, adapted, tokenizer, prompt_in(found.folder))
    assert not list(found.folder.glob("model-*"))


@pytest.fixture
def converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for llama.cpp's script, which looks at what it is given."""
    script = tmp_path / "llama.cpp" / "convert_hf_to_gguf.py"
    script.parent.mkdir()
    script.write_text(CONVERTER.format(python=sys.executable))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("LLAMA_CPP_DIR", str(script.parent))
    return script


def test_others_are_converted_by_llama_cpp(
    converter: Path, bytes_run: Project, tmp_path: Path
) -> None:
    found = written(bytes_run, tmp_path / "out", ExportFormat.GGUF, precision="bf16")
    assert (found.folder / GGUF_FILE).read_text() == "converted to bf16"
    assert "by llama.cpp's converter" in found.provenance.what
    assert {name for name, _ in found.files} == {
        GGUF_FILE,
        PROMPT_FILE,
        "README.md",
        "tripost-export.json",
    }


def test_what_the_converter_says_is_told_and_nothing_is_left(
    converter: Path, bytes_run: Project, tmp_path: Path
) -> None:
    (converter.parent / "fail").touch()
    with pytest.raises(StudentError, match="was not recognized"):
        written(bytes_run, tmp_path / "exports" / "out", ExportFormat.GGUF)
    assert not (tmp_path / "exports").exists()


def test_without_the_converter_it_is_refused_and_the_command_told(
    bytes_run: Project, tmp_path: Path
) -> None:
    with pytest.raises(StudentError, match="LLAMA_CPP_DIR") as refused:
        written(bytes_run, tmp_path / "out", ExportFormat.GGUF)
    assert NO_CONVERTER in refused.value.message
    merged = written(bytes_run, tmp_path / "merged", ExportFormat.MERGED, precision="bf16")
    (command,) = [u.text for u in usages(merged.provenance, merged.folder) if "GGUF" in u.about]
    assert command == (
        f"python llama.cpp/convert_hf_to_gguf.py {merged.folder} "
        f"--outfile {merged.folder / GGUF_FILE} --outtype bf16"
    )
    assert command in (merged.folder / "README.md").read_text()


@pytest.mark.skipif(not LLAMA_CPP, reason="LLAMA_CPP_DIR does not name llama.cpp's source")
def test_llama_cpps_own_converter(
    bytes_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CPP_DIR", LLAMA_CPP)
    found = written(bytes_run, tmp_path / "out", ExportFormat.GGUF, precision="fp32")
    merged = written(bytes_run, tmp_path / "merged", ExportFormat.MERGED, precision="fp32")
    student = AutoModelForCausalLM.from_pretrained(merged.folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(merged.folder)
    says_the_same(found.folder / GGUF_FILE, student, tokenizer, prompt_in(found.folder))


def test_the_word_sorting_student_is_refused_by_name(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Project.open(copytree(finished.project.path, tmp_path / "p"))
    folder = find_trained(copy, 1).folder
    for path in student_folder("word_sorting").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(StudentError, match=NO_TOKENIZER):
        written(copy, tmp_path / "out", ExportFormat.GGUF)
    with pytest.raises(StudentError, match="where a word ends decides"):
        written(copy, tmp_path / "out", ExportFormat.OLLAMA)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_before_anything_is_written(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.export.folders.free_bytes", lambda _: 1000)
    for format_ in (ExportFormat.GGUF, ExportFormat.MERGED, ExportFormat.DATASET):
        with pytest.raises(ProjectError, match="GB are free"):
            written(finished.project, tmp_path / "out", format_)
    assert list(tmp_path.iterdir()) == []
