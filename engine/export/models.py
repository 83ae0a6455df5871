"""Weights of an iteration written for other programs: this is the part that loads torch."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from engine.errors import StudentError, project_error
from engine.export.formats import Precision
from engine.export.modelfile import Speech
from engine.export.offers import NO_CONVERTER, GgufWay, ModelFacts, gguf_precision
from engine.export.tools import convert
from engine.gguf_writing import write_gguf
from engine.settings import Settings
from engine.student.loading import load_form
from engine.student.merging import merged
from engine.student_place import Place
from engine.trained import Trained
from engine.training.checkpoints import os_error_of
from engine.trajectory import ANSWER_PREFIX
from engine.weight_files import read_json

Tell = Callable[[str], object]
"""Told what is done next, in a few words."""

_NOT_THE_TOKENIZERS = ("adapter_", "model", "config.json", "generation_config", "README")


def write_merged(
    trained: Trained, place: Place, precision: Precision, folder: Path, tell: Tell
) -> str:
    """Write one model with its tokenizer; return what it is, in words.

    Raises:
        StudentError: the weights cannot be read.
        ProjectError: they cannot be written.
    """
    tell("reading the model")
    if trained.is_adapter:
        place = Place(place.model, place.tokenizer, trained.folder, place.name)
    else:
        place = Place(str(trained.folder), str(trained.folder), name=place.name)
    model = merged(place, precision)
    tell("writing the model")
    try:
        model.save_pretrained(str(folder))
    except (SafetensorError, RuntimeError) as error:
        raise project_error(folder, os_error_of(folder, error)) from error
    copy_files(trained.folder, folder, without=_NOT_THE_TOKENIZERS)
    count = sum(parameter.numel() for parameter in model.parameters())
    return f"a model of {count:,} parameters in {precision}"


def write_one_file(
    trained: Trained,
    place: Place,
    facts: ModelFacts,
    precision: Precision,
    out: Path,
    converter: Path | None,
    name: str,
    tell: Tell,
) -> str:
    """Write a student as a GGUF file; return what it is, in words.

    Raises:
        StudentError: it cannot be read, or cannot be written as GGUF.
        ProjectError: it cannot be written.
    """
    source, made = trained.folder, out.with_name("model-to-convert")
    if facts.way is None or (facts.way is GgufWay.CONVERTER and converter is None):
        why = facts.no_gguf or NO_CONVERTER
        raise StudentError(f"{why}.", "The student cannot be written as GGUF")
    if trained.is_adapter:
        # What is written here is read as fp32; nothing is lost on the way to it.
        between = "fp32" if facts.way is GgufWay.OURS else precision
        write_merged(trained, place, between, made, tell)
        source = made
    numbers = gguf_precision(facts.way, precision)
    tell("writing the GGUF file")
    if facts.way is GgufWay.OURS:
        write_gguf(source, out, name=name, precision="fp16" if numbers == "fp16" else "fp32")
    else:
        assert converter is not None
        convert(converter, source, out, numbers)
    shutil.rmtree(made, ignore_errors=True)
    by = "" if facts.way is GgufWay.OURS else ", by llama.cpp's converter"
    return f"a GGUF file in {numbers}{by}"


def copy_files(source: Path, target: Path, without: tuple[str, ...] = ()) -> None:
    """Copy a checkpoint's files. Raises StudentError where it cannot be read."""
    try:
        paths = [p for p in source.iterdir() if p.is_file() and not p.name.startswith(without)]
    except OSError as error:
        raise StudentError(f"{source}: {error}", "A checkpoint is damaged") from error
    for path in paths:
        shutil.copy2(path, target / path.name)


def speech_of(place: Place, trained: Trained, hint: str, settings: Settings) -> Speech:
    """Return how the student is asked, as its texts were made in the run. Raises StudentError."""
    tokenizer = str(trained.folder)
    form = load_form(replace(place, tokenizer=tokenizer), settings.student)
    before, between = form.around_question()
    return Speech(
        before=before,
        after=f"{between}{ANSWER_PREFIX}{hint}\n",
        stops=form.end_texts,
        attempt_tokens=settings.evaluate.max_attempt_tokens,
        context_tokens=_context(read_json(Path(place.model) / "config.json")),
        is_chat=form.is_chat,
    )


def _context(config: dict[str, Any]) -> int | None:
    texts = config.get("text_config")
    for said in (config, texts if isinstance(texts, dict) else {}):
        found = said.get("max_position_embeddings")
        if isinstance(found, int) and found > 0:
            return found
    return None
