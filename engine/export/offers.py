"""What can be exported of an iteration, how large that will be, and why something cannot be.

Told from the files' headers and from the store: nothing is loaded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from db.store import Store
from engine.errors import StudentError, TripostError
from engine.export.formats import BYTES_PER_NUMBER, ExportFormat, Precision
from engine.export.tools import CONVERTER, LLAMA_CPP_DIR
from engine.phrase_tokens import phrase_tokens
from engine.student_place import Place
from engine.trained import Trained, TrainedIteration
from engine.weight_files import read_json, weight_shapes

NO_TOKENIZER = "llama.cpp has no tokenizer like this student's"
NO_CONVERTER = (
    f"llama.cpp's {CONVERTER} is not found: set {LLAMA_CPP_DIR} to llama.cpp's folder, or take "
    "merged, which comes with the command to run"
)
FULL_WEIGHTS = "all weights were trained: there is no adapter"
DELETED = "its weights have been deleted"
RECORDED = "its weights are no part of the recording"

_KINDS: Mapping[str, Precision] = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
_WITH_WEIGHTS = (ExportFormat.MERGED, ExportFormat.GGUF, ExportFormat.OLLAMA)


class GgufWay(Enum):
    """Who makes a GGUF file of a student."""

    OURS = "written here"
    CONVERTER = "written by llama.cpp's converter"


@dataclass(frozen=True, slots=True)
class Offer:
    """A format: about what it takes on the disk, or why it cannot be had, in a sentence's words.

    ``needed_bytes`` counts what is there for a while only, too. ``note`` is what is good to know.
    """

    format: ExportFormat
    size_bytes: int | None = None
    why_not: str = ""
    note: str = ""
    needed_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model by its files: how many numbers it has, their own kind, and the way to GGUF.

    ``numbers`` is None for one that has to be fetched first; ``no_gguf`` says why there is no way.
    """

    numbers: int | None
    precision: Precision
    files_bytes: int
    way: GgufWay | None
    no_gguf: str = ""


def model_facts(trained: Trained, place: Place) -> ModelFacts:
    """Read what an export needs to know of the model that was trained. Raises StudentError."""
    if not place.is_here:
        return ModelFacts(None, "bf16", 0, GgufWay.CONVERTER)
    weights = Path(place.model) if trained.is_adapter else trained.folder
    config = read_json(weights / "config.json")
    numbers = sum(math.prod(shape) for shape in weight_shapes(weights).values())
    own = read_json(Path(place.model) / "config.json")
    texts = own.get("text_config")
    kind = own.get("dtype") or own.get("torch_dtype")
    if kind is None and isinstance(texts, dict):
        kind = texts.get("dtype") or texts.get("torch_dtype")
    tokenizer = trained.folder
    way, why = _way(tokenizer, config)
    files = sum(
        path.stat().st_size
        for path in trained.folder.iterdir()
        if path.is_file() and not path.name.endswith(".safetensors")
    )
    return ModelFacts(numbers, _KINDS.get(str(kind), "bf16"), files, way, why)


def _way(tokenizer: Path, config: Mapping[str, Any]) -> tuple[GgufWay | None, str]:
    """Find out who can write a student as GGUF, or say why nobody can."""
    try:
        phrase_tokens(tokenizer, config)
    except StudentError as error:
        if _is_known_kind(tokenizer):
            return GgufWay.CONVERTER, ""
        return None, f"{NO_TOKENIZER}: {error.message.rstrip('.')}"
    if config.get("model_type") != "llama":
        return None, (
            f"its tokenizer is of the package's kind, its architecture is "
            f"{config.get('model_type')}; only llama can be written with that"
        )
    return GgufWay.OURS, ""


def _is_known_kind(folder: Path) -> bool:
    """Whether a tokenizer is of a kind that llama.cpp has: by bytes, or SentencePiece's."""
    if (folder / "tokenizer.model").is_file():
        return True
    try:
        said = read_json(folder / "tokenizer.json")
    except StudentError:
        return False
    model = said.get("model")
    if not isinstance(model, dict):
        return False
    bytewise = '"ByteLevel"' in json.dumps([said.get("pre_tokenizer"), said.get("decoder")])
    return model.get("type") == "Unigram" or (
        model.get("type") == "BPE" and (bytewise or bool(model.get("byte_fallback")))
    )


def gguf_precision(way: GgufWay | None, precision: Precision) -> Precision:
    """Return the numbers of a GGUF file: what is written here is fp32 or fp16."""
    return "fp16" if way is GgufWay.OURS and precision == "bf16" else precision


def offers(
    store: Store,
    run_id: int,
    iteration: TrainedIteration,
    trained: Trained | None,
    *,
    converter: Path | None,
    precision: Precision | None = None,
    all_iterations: bool = False,
    gone: str = DELETED,
) -> list[Offer]:
    """Return all formats in their order. ``trained`` is None where the weights are ``gone``.

    ``converter`` is llama.cpp's, None where it is not found.
    """
    found = {
        ExportFormat.ADAPTER: _adapter(iteration, gone),
        ExportFormat.DATASET: _dataset(store, run_id, None if all_iterations else iteration),
    }
    for offer in _models(iteration, trained, converter, precision, gone):
        found[offer.format] = offer
    return [found[each] for each in ExportFormat]


def _adapter(iteration: TrainedIteration, gone: str) -> Offer:
    if not iteration.is_here:
        return Offer(ExportFormat.ADAPTER, why_not=gone)
    if not iteration.is_adapter:
        return Offer(ExportFormat.ADAPTER, why_not=FULL_WEIGHTS)
    size = iteration.weights_bytes
    return Offer(ExportFormat.ADAPTER, size, needed_bytes=size)


def _dataset(store: Store, run_id: int, iteration: TrainedIteration | None) -> Offer:
    count, characters, others = store.dataset_size(
        run_id, iteration.iteration if iteration else None
    )
    if not count:
        return Offer(ExportFormat.DATASET, why_not="nothing was selected to train on")
    # Each text comes whole, in segments, as a prompt with its completion and as a chat.
    size = 4 * characters + 3 * others + 500 * count
    note = f"{count:,} examples"
    return Offer(ExportFormat.DATASET, size, note=note, needed_bytes=size)


def _models(
    iteration: TrainedIteration,
    trained: Trained | None,
    converter: Path | None,
    precision: Precision | None,
    gone: str,
) -> Sequence[Offer]:
    if trained is None or not iteration.is_here:
        return [Offer(each, why_not=gone) for each in _WITH_WEIGHTS]
    try:
        facts = model_facts(trained, trained.place())
    except (TripostError, OSError) as error:
        why = error.message if isinstance(error, TripostError) else str(error)
        return [Offer(each, why_not=why.rstrip(".")) for each in _WITH_WEIGHTS]
    wanted = precision or facts.precision
    size = _size(facts, wanted)
    note = _memory_note(size)
    if facts.numbers is None:
        note = "the model has to be fetched from the hub first"
    merged = Offer(ExportFormat.MERGED, size, note=f"{wanted}{_and(note)}", needed_bytes=size)
    if facts.way is None:
        others = [ExportFormat.GGUF, ExportFormat.OLLAMA]
        return [merged, *(Offer(each, why_not=facts.no_gguf) for each in others)]
    numbers = gguf_precision(facts.way, wanted)
    one_file = _size(facts, numbers)
    ours = facts.way is GgufWay.OURS
    both = None if one_file is None or size is None else one_file + (0 if ours else size)
    note = f"{numbers}{_and(note)}"
    if ours or converter is not None:
        return [
            merged,
            Offer(ExportFormat.GGUF, one_file, note=note, needed_bytes=both),
            Offer(ExportFormat.OLLAMA, one_file, note=note, needed_bytes=both),
        ]
    note = f"{numbers}; without llama.cpp: a model, a Modelfile and the command that is missing"
    return [
        merged,
        Offer(ExportFormat.GGUF, one_file, why_not=NO_CONVERTER),
        Offer(ExportFormat.OLLAMA, size, note=note, needed_bytes=size),
    ]


def _size(facts: ModelFacts, precision: Precision) -> int | None:
    if facts.numbers is None:
        return None
    return facts.numbers * BYTES_PER_NUMBER[precision] + facts.files_bytes


def _memory_note(size: int | None) -> str:
    """Say what a merge wants of the machine's memory, where that is short."""
    free = psutil.virtual_memory().available
    if size is None or size < free:
        return ""
    return f"wants {size / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"


def _and(note: str) -> str:
    return f"; {note}" if note else ""
