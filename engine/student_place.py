"""Where the student is: the package's own for the task, a folder, or a model hub's id.

Apart from `engine.student`, which loads it: whether it can be there is told without torch, and
what is wrong with its files (`engine.student_files`, `engine.adapter_files`) before an engine is
started.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine.adapter_files import AdapterFiles, check_adapter_fits, read_adapter
from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student_files import check_model_folder, check_tokenizer_folder, has_tokenizer
from engine.student_hub import cached_folder, check_hub, fetch, is_hub_id
from engine.tasks import label
from engine.weight_files import FilesMissing

EMBEDDED = "embedded"

_SETTING = "student.path"
_MISSING = "The student is missing"


@dataclass(frozen=True, slots=True)
class Place:
    """What is loaded from where: absolute folders, or hub ids that have to be fetched first.

    ``adapter`` is a folder with an adapter of ``model`` that is trained further, None for a new
    one. ``name`` is what others know the model by: its hub id, or its folder.
    """

    model: str
    tokenizer: str
    adapter: Path | None = None
    name: str = ""

    @property
    def is_here(self) -> bool:
        """Nothing has to be fetched."""
        return os.path.isabs(self.model) and os.path.isabs(self.tokenizer)


def find_student(settings: StudentSettings, task: str) -> Place:
    """Find the student, and find out as much as can be told cheaply about whether it can be used.

    ``task`` is the task's name.

    Raises:
        StudentError: it cannot; or the package has no student for the task.
    """
    if settings.path != EMBEDDED:
        return _Search(settings.adapter).place(settings.path, _SETTING)
    if task not in SCHOOLED_TASKS:
        raise StudentError(
            f'student.path is "embedded", but the package has no student for {label(task)}, only '
            f"for {', '.join(SCHOOLED_TASKS)}. Name a folder that transformers can load, or a hub "
            "id.",
            "No embedded student for this task",
        )
    folder = student_folder(task)
    check_model_folder(folder)
    return Place(str(folder), str(folder), name=str(folder))


def fetch_student(settings: StudentSettings, task: str) -> Place:
    """Find the student, and fetch from the hub what is not here; the place has folders alone.

    Raises:
        StudentError: as `find_student`; or it could not be fetched.
    """
    if settings.path == EMBEDDED:
        return find_student(settings, task)
    return _Search(settings.adapter, fetching=True).place(settings.path, _SETTING)


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for a student; ``adapter`` is the setting ``student.adapter``."""

    adapter: str
    fetching: bool = False

    def place(self, name: str, said_by: str, above: Path | None = None) -> Place:
        """Find what ``said_by`` names; ``above`` is the adapter of which it is the model."""
        if (folder := _folder(name, said_by)) is not None:
            return self._at(folder, str(folder), above)
        if not is_hub_id(name):
            raise StudentError(
                f"{said_by} is {name!r}: there is no such folder, and it is no id of a model hub.",
                _MISSING,
            )
        incomplete = ""
        if cached := cached_folder(name):
            try:
                return self._at(cached, name, above)
            except FilesMissing as error:
                # The hub has what is missing; what is of no use is so there too.
                incomplete = f"{said_by} is {name!r}, of which a part is in the cache: {error}"
        check_hub(name, said_by, incomplete.rstrip("."))
        if not self.fetching:
            return Place(name, name, name=name)
        return self._at(fetch(name, said_by), name, above)

    def _at(self, folder: Path, name: str, above: Path | None) -> Place:
        """Check a folder with a model or an adapter; ``name`` is what others know it by."""
        if not (folder / "adapter_config.json").is_file():
            check_model_folder(folder, self.adapter)
            if above is None or not has_tokenizer(above):
                check_tokenizer_folder(folder)
            return Place(str(folder), str(folder), name=name)
        if above is not None:
            raise StudentError(
                f"{above / 'adapter_config.json'}: its model {folder} is an adapter itself. Merge "
                "that one into its model first (peft's merge_and_unload).",
                "The student is an adapter of an adapter",
            )
        if self.adapter == "full":
            raise StudentError(
                f'{folder} is an adapter, and student.adapter is "full". Set it to "lora" to train '
                "the adapter further, or name the model itself.",
                "The student is an adapter",
            )
        return self._with_adapter(read_adapter(folder))

    def _with_adapter(self, adapter: AdapterFiles) -> Place:
        folder = adapter.folder
        base = self.place(
            adapter.base, f"base_model_name_or_path in {folder / 'adapter_config.json'}", folder
        )
        if base.is_here:
            check_adapter_fits(adapter, Path(base.model))
        tokenizer = base.tokenizer
        if has_tokenizer(folder):
            check_tokenizer_folder(folder)
            tokenizer = str(folder)
        return Place(base.model, tokenizer, folder, base.name)


def _folder(name: str, said_by: str) -> Path | None:
    """Return the folder of a model; None for what can only be a hub's.

    Raises:
        StudentError: there is something else, or nothing, at a place that is no hub's.
    """
    path = os.path.abspath(os.path.expanduser(name)) if "\0" not in name else name
    if os.path.isfile(path):
        hint = " A GGUF file can be run, not trained." if path.endswith(".gguf") else ""
        raise StudentError(
            f"{said_by} is {name!r}, which is a file.{hint} Name the folder of a model that "
            "transformers can load.",
            _MISSING,
        )
    if os.path.isdir(path) or name.startswith((".", "/", "~")):
        files = ("config.json", "adapter_config.json")
        if not any(os.path.isfile(os.path.join(path, file)) for file in files):
            raise StudentError(
                f"{said_by} is {name!r}, but there is no model: {os.path.join(path, files[0])} "
                "is missing. Name a folder that transformers can load, a hub id, or "
                f'"{EMBEDDED}".',
                _MISSING,
            )
        return Path(path)
    return None
