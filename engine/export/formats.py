"""The forms in which a run's results leave the project, and the order for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from engine.project import Project

Precision = Literal["fp32", "fp16", "bf16"]

PRECISIONS: tuple[Precision, ...] = ("bf16", "fp16", "fp32")
BYTES_PER_NUMBER = {"fp32": 4, "fp16": 2, "bf16": 2}

GGUF_FILE = "student.gguf"
MODELFILE = "Modelfile"
PROMPT_FILE = "prompt.txt"


class ExportFormat(StrEnum):
    """In the order in which they are offered."""

    ADAPTER = "adapter"
    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    DATASET = "dataset"


ABOUT = {
    ExportFormat.ADAPTER: "LoRA weights alone, for peft",
    ExportFormat.MERGED: "one model, for transformers and vLLM",
    ExportFormat.GGUF: "one file, for llama.cpp",
    ExportFormat.OLLAMA: "GGUF and a Modelfile, for Ollama",
    ExportFormat.DATASET: "what was trained on, as JSON lines",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """An order to write ``format`` of an iteration into the new folder ``out``.

    ``run_id`` None is the latest run. ``precision`` None is what the student's own weights come
    in. ``all_iterations`` is for a dataset. ``replace`` allows an earlier export to be replaced,
    and nothing else. ``name`` is what Ollama is to call it; empty makes one of the project's.
    """

    format: ExportFormat
    iteration: int
    out: Path
    run_id: int | None = None
    precision: Precision | None = None
    all_iterations: bool = False
    replace: bool = False
    name: str = ""


def export_name(
    run_id: int, iteration: int, format_: ExportFormat, *, all_iterations: bool = False
) -> str:
    """Return the name of an export's folder where nobody gives one."""
    if format_ is ExportFormat.DATASET and all_iterations:
        return f"run{run_id}-dataset"
    return f"run{run_id}-iteration{iteration}-{format_}"


def default_folder(
    project: Project,
    run_id: int,
    iteration: int,
    format_: ExportFormat,
    *,
    all_iterations: bool = False,
) -> Path:
    """Return where an export goes unless a person says otherwise."""
    name = export_name(run_id, iteration, format_, all_iterations=all_iterations)
    return project.exports / name


def ollama_name(project_name: str, iteration: int) -> str:
    """Make a name that Ollama takes: small letters, digits, ``-`` and ``_``."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in project_name.lower())
    parts = [part for part in kept.split("-") if part]
    return "-".join([*parts, f"i{iteration}"])[:80] if parts else f"tripost-i{iteration}"
