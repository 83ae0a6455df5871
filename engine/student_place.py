"""Where the student is: the package's own for the task, a folder, or a model hub's id.

Apart from `engine.student`, which loads it: whether it can be there is told without torch, and
what is wrong with its files (`engine.student_files`) before an engine is started.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student_files import (
    check_adapter_fits,
    check_model_folder,
    check_tokenizer_folder,
    has_tokenizer,
    read_adapter,
)
from engine.tasks import label

EMBEDDED = "embedded"

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?\Z", re.ASCII)
_HUB_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """What is loaded from where: folders, or hub ids that have to be fetched first.

    ``adapter`` is a folder with an adapter of ``model`` that is trained further, None for a new
    one.
    """

    model: str
    tokenizer: str
    adapter: Path | None = None


def find_student(settings: StudentSettings, task: str) -> Place:
    """Find the student, and find out as much as can be told cheaply about whether it can be used.

    ``task`` is the task's name.

    Raises:
        StudentError: it cannot; or the package has no student for the task.
    """
    if settings.path != EMBEDDED:
        return _place(settings.path, "student.path", adapter=settings.adapter)
    if task not in SCHOOLED_TASKS:
        raise StudentError(
            f'student.path is "embedded", but the package has no student for {label(task)}, only '
            f"for {', '.join(SCHOOLED_TASKS)}. Name a folder that transformers can load, or a hub "
            "id.",
            "No embedded student for this task",
        )
    folder = student_folder(task)
    check_model_folder(folder)
    return Place(str(folder), str(folder))


def _place(name: str, said_by: str, adapter: str) -> Place:
    folder = _folder(name, said_by)
    if folder is None:
        return Place(name, name)
    if not (folder / "adapter_config.json").is_file():
        check_model_folder(folder)
        check_tokenizer_folder(folder)
        return Place(str(folder), str(folder))
    if adapter == "full":
        raise StudentError(
            f'{folder} is an adapter, and student.adapter is "full". Set it to "lora" to train '
            "the adapter further, or name the model itself.",
            "The student is an adapter",
        )
    found = read_adapter(folder)
    base = _place(found.base, f"{folder / 'adapter_config.json'}: the adapter's model", "full")
    if Path(base.model).is_dir():
        check_adapter_fits(folder, Path(base.model))
    tokenizer = str(folder) if has_tokenizer(folder) else base.tokenizer
    return Place(base.model, tokenizer, folder)


def _folder(name: str, said_by: str) -> Path | None:
    """Return the folder of a model; None for a hub's that has to be fetched."""
    folder = Path(name).expanduser()
    if folder.exists() or name.startswith((".", "/", "~")):
        if not any((folder / file).is_file() for file in ("config.json", "adapter_config.json")):
            raise StudentError(
                f"{said_by} is {name!r}, but there is no model: {folder / 'config.json'} "
                'is missing. Name a folder that transformers can load, or "embedded".',
                "The student is missing",
            )
        return folder
    if not _HUB_ID.match(name):
        raise StudentError(
            f"{said_by} is {name!r}: there is no such folder, and it is no id of a model hub.",
            "The student is missing",
        )
    cached = _cached(name)
    if cached is None:
        _check_hub(name, said_by)
    return cached


def _cached(hub_id: str) -> Path | None:
    """Return the folder of a model that was fetched before, whole."""
    from huggingface_hub import try_to_load_from_cache

    for file in ("config.json", "adapter_config.json"):
        found = try_to_load_from_cache(hub_id, file)
        if isinstance(found, str):
            folder = Path(found).parent
            try:
                _place(str(folder), "the cache", "auto")
            except StudentError:
                # Part of it is missing, which the hub has; or it is of no use, which is told then.
                if _offline():
                    raise
                return None
            return folder
    return None


def _offline() -> bool:
    truths = {"1", "true", "yes", "on"}
    return any(
        os.environ.get(name, "").lower() in truths
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def _check_hub(hub_id: str, said_by: str) -> None:
    """Find out whether the hub can be asked for a model. Raises StudentError."""
    if _offline():
        raise StudentError(
            f"{said_by} is {hub_id!r}, which is not in the cache, and HF_HUB_OFFLINE forbids to "
            f"fetch it. While online: hf download {hub_id}",
            "The student is not here",
        )
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
    )

    try:
        HfApi().model_info(hub_id, timeout=_HUB_TIMEOUT_S)
    except GatedRepoError as error:
        raise StudentError(
            f"{hub_id} is given to those alone who accept its terms. Accept them on its page, and "
            "log in: hf auth login",
            "The student is gated",
        ) from error
    except RepositoryNotFoundError as error:
        raise StudentError(
            f"{said_by} is {hub_id!r}: there is no such folder, and the hub has no such model.",
            "The student is missing",
        ) from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        raise StudentError(
            f"{said_by} is {hub_id!r}, which is not in the cache, and the hub cannot be reached: "
            f"{error}. Check the network, or name a folder.",
            "The student is not here",
        ) from error
