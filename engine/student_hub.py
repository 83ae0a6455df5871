"""Students on the model hub: in the local cache, asked about, fetched.

A model that is in the cache, whole, is used as it is there: the hub is not asked for a newer one.
What is fetched is a folder in the cache, looked at like any other before it is loaded; transformers
never asks the hub itself, so that it fetches no pickle and runs into no retries of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from engine.errors import StudentError
from engine.student_files import check_config
from engine.weight_files import check_kinds_of_weights

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?\Z", re.ASCII)
_PATIENCE_S = 10.0
"""How long the hub may take to answer: to find its address and try all of them, too."""

_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
_UNWANTED = ["*/*", "consolidated*"]
"""Other copies of the same weights."""


def is_hub_id(name: str) -> bool:
    """Tell whether a name can be that of a model on the hub."""
    return bool(_ID.match(name)) and "--" not in name and ".." not in name


def is_offline() -> bool:
    """Tell whether a person has forbidden to ask the hub (``HF_HUB_OFFLINE``)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def cached_folder(hub_id: str) -> Path | None:
    """Return the cache's folder of a model; None where there is none, whole or not."""
    from huggingface_hub import try_to_load_from_cache

    for file in ("config.json", "adapter_config.json"):
        if isinstance(found := try_to_load_from_cache(hub_id, file), str):
            return Path(found).parent
    return None


def check_hub(hub_id: str, said_by: str, there: str = "") -> None:
    """Ask the hub whether it has a model that can be trained here, and would give it.

    ``said_by`` names the setting; ``there`` says what is wrong with the part in the cache.

    Raises:
        StudentError: it has not, or it does not answer within seconds.
    """
    known = there or f"{said_by} is {hub_id!r}, which is not in the cache"
    if is_offline():
        raise StudentError(
            f"{known}; and HF_HUB_OFFLINE forbids to fetch it. While online: hf download {hub_id}",
            "The student is not here",
        )
    unreachable = (
        f"{known}; and the hub cannot be reached: {{}}. Check the network, or name a folder."
    )
    info = _asked(lambda: _info_of(hub_id), hub_id, said_by, unreachable)
    names = {file.rfilename for file in info.siblings or ()}
    where = f"{hub_id} on the hub"
    if "adapter_config.json" in names:
        check_kinds_of_weights(names, where, "adapter_model")
        return
    if "config.json" not in names:
        check_kinds_of_weights(names, where)
        raise StudentError(
            f"{where}: it has no config.json: it is no model for transformers.",
            "The student is missing",
        )
    # What the hub tells of a configuration is a part of it.
    if (config := info.config or {}).get("model_type"):
        check_config(config, where)
    check_kinds_of_weights(names, where)


def fetch(hub_id: str, said_by: str) -> Path:
    """Fetch a model into the cache, with what is there already taken up; return its folder.

    Raises:
        StudentError: the hub does not give it, or the disk is full.
    """
    from huggingface_hub import snapshot_download

    failed = f"{said_by} is {hub_id!r}, which could not be fetched: {{}}. What came is kept."
    with _translated(hub_id, said_by, failed):
        return Path(snapshot_download(hub_id, allow_patterns=_WANTED, ignore_patterns=_UNWANTED))


def _info_of(hub_id: str) -> Any:
    from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url

    info = HfApi().model_info(hub_id, timeout=_PATIENCE_S)
    if info.gated:
        # Everyone is told about it; only its files are kept back.
        get_hf_file_metadata(hf_hub_url(hub_id, "config.json"), timeout=_PATIENCE_S)
    return info


def _asked(ask: Callable[[], T], hub_id: str, said_by: str, unreachable: str) -> T:
    """Ask the hub, and wait for no longer than ``_PATIENCE_S`` altogether.

    A time-out of the client's is one for each address that a name has.
    """
    answers: list[T] = []
    errors: list[StudentError] = []

    def work() -> None:
        try:
            with _translated(hub_id, said_by, unreachable):
                answers.append(ask())
        except StudentError as error:
            errors.append(error)

    worker = Thread(target=work, name="asking the hub", daemon=True)
    worker.start()
    worker.join(_PATIENCE_S)
    if errors:
        raise errors[0]
    if not answers:
        why = f"no answer within {_PATIENCE_S:.0f} s"
        raise StudentError(unreachable.format(why), "The student is not here")
    return answers[0]


@contextmanager
def _translated(hub_id: str, said_by: str, otherwise: str) -> Iterator[None]:
    """Tell what the hub refuses in a person's words; ``otherwise`` has a place for the reason."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise StudentError(
            f"{hub_id} is given to those alone who accept its terms. Accept them on its page, and "
            "log in: hf auth login",
            "The student is gated",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise StudentError(
            f"{said_by} is {hub_id!r}: there is no such folder, and the hub has no such model. If "
            "it is a private one, log in: hf auth login",
            "The student is missing",
        ) from error
    except (errors.HfHubHTTPError, errors.HTTPError, OSError, ValueError) as error:  # type: ignore[attr-defined]  # of whichever client it uses
        raise StudentError(otherwise.format(error), "The student is not here") from error
