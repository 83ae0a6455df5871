"""Some settings of a project.toml changed in place: comments and order of one's own stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from engine.config import load_settings, with_values
from engine.files import write_atomically


def change_settings(path: Path, values: Mapping[str, Any]) -> None:
    """Set values by ``section.key`` in a settings file, and touch nothing else of it.

    Raises:
        ConfigError: the file cannot be read, or a value is not allowed; nothing is written then.
        OSError: it cannot be written.
    """
    allowed = with_values(load_settings(path), values, str(path))
    document = tomlkit.parse(path.read_bytes().decode("utf-8-sig"))
    for key in values:
        section, _, name = key.partition(".")
        value = getattr(getattr(allowed, section), name)
        if section not in document:
            document[section] = tomlkit.table()
        table: Any = document[section]
        table[name] = list(value) if isinstance(value, tuple) else value
    write_atomically(path, tomlkit.dumps(document))
