"""What a run has trained, as a folder that leaves the project."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.errors import ProjectError, StudentError
from engine.student.merging import merged
from engine.student_place import Place
from engine.trained import Trained
from engine.training.checkpoints import write_folder


def export(trained: Trained, out: Path, *, merge: bool, precision: str = "bf16") -> str:
    """Write the weights into a new folder, whole or not at all; return what it is, in words.

    With ``merge`` an adapter becomes one model with its student, in ``precision``.

    Raises:
        ProjectError: the folder is there already, or cannot be written.
        StudentError: the weights cannot be read.
    """
    if out.exists():
        raise ProjectError(f"{out} is there already. Name another folder.", "Nothing was exported")
    if trained.is_adapter and not merge:
        write_folder(out, lambda folder: _copy(trained.folder, folder))
        return f"a LoRA adapter of {trained.place.model}"
    if trained.is_adapter:
        place = Place(trained.place.model, trained.place.tokenizer, trained.folder)
    else:
        place = Place(str(trained.folder), str(trained.folder))
    model = merged(place, precision)

    def write(folder: Path) -> None:
        model.save_pretrained(str(folder))
        _copy(trained.folder, folder, without=("adapter_", "model", "config.json", "README"))

    write_folder(out, write)
    return f"a model of {sum(p.numel() for p in model.parameters()):,} parameters in {precision}"


def _copy(source: Path, target: Path, without: tuple[str, ...] = ()) -> None:
    try:
        for path in source.iterdir():
            if path.is_file() and not path.name.startswith(without):
                shutil.copy2(path, target / path.name)
    except OSError as error:
        raise StudentError(f"{source}: {error}", "A checkpoint is damaged") from error
