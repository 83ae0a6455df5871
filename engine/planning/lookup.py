"""Finding a model's config.json: in the catalogue, on disk, in the hub's cache, on the hub."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import StudentError
from engine.planning.architecture import Architecture
from engine.planning.model_config import architecture_of
from engine.planning.models import find_model, near_models
from engine.planning.names import UnknownName

MOST_CONFIG_BYTES = 2**20
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_UNREADABLE = "The model's config.json cannot be read"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model to plan for. ``place`` is a hub id or a path; ``gated`` names a licence, if any."""

    name: str
    place: str
    architecture: Architecture
    gated: str = ""


def look_up(said: str) -> FoundModel:
    """Find the model that a person names: of the catalogue, a folder, a file or a hub id.

    Raises:
        UnknownName: there is none by that name, or several.
        StudentError: its config.json is not to be had, cannot be read or cannot be planned.
    """
    path = Path(said).expanduser()
    if said.startswith((".", "/", "~")) or path.exists():
        file = path / "config.json" if path.is_dir() else path
        return FoundModel(said, said, architecture_of(read_config(file), said))
    if (listed := find_model(said)) is not None:
        return FoundModel(listed.name, listed.hub_id, listed.architecture, listed.gated)
    if _HUB_ID.fullmatch(said):
        return FoundModel(said, said, architecture_of(read_config(_from_hub(said)), said))
    near = near_models(said)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownName(
        f"There is no model {said!r} in the list.{hint} Name one of tripost plan --list-models, a "
        "folder with a config.json (./folder), or a hub id (owner/name).",
        "No such model",
        near,
    )


def read_config(file: Path) -> Mapping[str, Any]:
    """Read a config.json. Raises StudentError, which names the file and what is wrong with it."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_CONFIG_BYTES + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise StudentError(f"{file}: {what}.", _UNREADABLE) from error
    if len(content) > MOST_CONFIG_BYTES:
        raise StudentError(f"{file} is larger than 1 MiB: it is no config.json.", _UNREADABLE)
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise StudentError(f"{file} is no JSON: {what}.", _UNREADABLE) from error
    if not isinstance(config, dict):
        raise StudentError(f"{file} has no object of keys and values.", _UNREADABLE)
    return config


def is_offline() -> bool:
    """Whether a person forbade the network, as huggingface_hub reads it."""
    wishes = (os.environ.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(wish.upper() in ("1", "ON", "YES", "TRUE") for wish in wishes)


def _from_hub(hub_id: str) -> Path:
    """The config.json of the hub's cache, or fetched. Raises StudentError."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    cached = try_to_load_from_cache(hub_id, "config.json")
    if isinstance(cached, str):
        return Path(cached)
    title = "The model's config.json is not here"
    what_to_do = "Give a folder with its config.json instead, or a model of the list."
    if is_offline():
        raise StudentError(
            f"{hub_id} is not in the hub's cache, and the network is switched off "
            f"(HF_HUB_OFFLINE). {what_to_do}",
            title,
        )
    try:
        return Path(hf_hub_download(hub_id, "config.json", etag_timeout=10))
    except GatedRepoError as error:
        raise StudentError(
            f"{hub_id}: accept its licence on https://huggingface.co/{hub_id} and set HF_TOKEN.",
            title,
        ) from error
    except RepositoryNotFoundError as error:
        raise StudentError(f"There is no model {hub_id} on the hub. {what_to_do}", title) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        said = str(error).splitlines()[:1]
        raise StudentError(
            f"{hub_id} cannot be fetched: {said[0] if said else type(error).__name__} {what_to_do}",
            title,
        ) from error
