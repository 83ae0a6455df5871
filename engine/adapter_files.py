"""The files of a LoRA adapter, and whether it fits the model that it names; none is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import StudentError
from engine.student_files import is_quantised
from engine.weight_files import check_weights, read_json, weight_shapes

_CANNOT = "The adapter cannot be used"
_OF_A_LAYER = (".lora_A.weight", ".lora_B.weight", ".lora_magnitude_vector")
_PREFIX = "base_model.model."
_BEFORE_LAYERS = ("model.language_model.", "language_model.model.", "model.", "transformer.", "")
"""What models of one architecture put before the names of their layers, in one file or another."""

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter's folder: ``base`` is the folder or hub id of its model, as it says itself.

    ``transposed`` says that the model keeps its layers as (in, out), as GPT-2 does.
    """

    folder: Path
    base: str
    transposed: bool


def read_adapter(folder: Path) -> AdapterFiles:
    """Read what an adapter says of itself.

    Raises:
        FilesMissing: weights are not there.
        StudentError: it is no adapter that can be trained further.
    """
    path = folder / "adapter_config.json"
    config = read_json(path)
    if (kind := config.get("peft_type")) != "LORA":
        raise StudentError(
            f"{path}: peft_type is {str(kind)[:40]!r}; only LORA can be trained further. Merge it "
            "into its model, or name the model itself.",
            _CANNOT,
        )
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise StudentError(
            f"{path}: base_model_name_or_path is missing: it does not say of which model it is. "
            "Write the model's folder or hub id there.",
            _CANNOT,
        )
    check_weights(folder, "adapter_model")
    for name in weight_shapes(folder, "adapter_model"):
        if not name.endswith(_OF_A_LAYER) or ".lm_head." in name:
            raise StudentError(
                f"{folder}: it changes more than LoRA layers below the head: {name}. The weighted "
                "loss does not know such a model. Merge the adapter into its model.",
                _CANNOT,
            )
    return AdapterFiles(folder, base, config.get("fan_in_fan_out") is True)


def check_adapter_fits(adapter: AdapterFiles, base: Path) -> None:
    """Check an adapter's shapes against those of a model's folder.

    Layers are told by their names; where a model's file has names of its own for all of them,
    loading tells.

    Raises:
        StudentError: it is another model's.
    """
    model = weight_shapes(base)
    packed = is_quantised(read_json(base / "config.json"))
    matched, absent = 0, ""
    for name, shape in weight_shapes(adapter.folder, "adapter_model").items():
        end = next(end for end in _OF_A_LAYER if name.endswith(end))
        layer = name.removeprefix(_PREFIX).removesuffix(end)
        found = _shape_of(layer, model)
        if found is None:
            absent = absent or layer
            continue
        matched += 1
        if not packed and not _fits(shape, found, end, adapter.transposed):
            sizes = [" x ".join(map(str, sizes)) for sizes in (found, shape)]
            raise _misfit(adapter, base, f"its {layer} is {sizes[0]}, the adapter's {sizes[1]}")
    if absent and (matched or not _has_module(absent.rpartition(".")[2], model)):
        raise _misfit(adapter, base, f"it has no {absent}")


def _shape_of(layer: str, model: Shapes) -> tuple[int, ...] | None:
    """Return the shape of a layer's weight, however a file begins its name."""
    names = (layer.removeprefix(before) for before in _BEFORE_LAYERS if layer.startswith(before))
    bare = next(names)
    return next(
        (model[name] for before in _BEFORE_LAYERS if (name := f"{before}{bare}.weight") in model),
        None,
    )


def _fits(shape: tuple[int, ...], layer: tuple[int, ...], end: str, transposed: bool) -> bool:
    """Tell whether A (rank, in), B (out, rank) or a magnitude (out) belongs to a weight."""
    if len(layer) != 2 or len(shape) != (1 if end == _OF_A_LAYER[2] else 2):
        return False
    out, in_ = reversed(layer) if transposed else layer
    return shape[1] == in_ if end == _OF_A_LAYER[0] else shape[0] == out


def _has_module(module: str, model: Shapes) -> bool:
    return any(name.endswith(f".{module}.weight") for name in model)


def _misfit(adapter: AdapterFiles, base: Path, problem: str) -> StudentError:
    return StudentError(
        f"{adapter.folder}: this adapter does not fit {base}: {problem}. It was trained on another "
        f"model; {adapter.folder / 'adapter_config.json'} names the one that it wants.",
        "The adapter is another model's",
    )
