"""What a person wants of a new project, and the settings that this comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.config import Settings, with_values
from engine.expert_settings import SCRIPT
from engine.presets import begin
from engine.tasks import is_folder

FIRST_FOLDER = "my-project"
"""Where a new project goes unless the person says so; with a number where it is taken."""

EXPERT_KEYS = ("experts.feedback", "experts.improve")
_GGUF = "gguf:"


class Preset(StrEnum):
    """Where the values begin that a person leaves open."""

    DEFAULT = "default"
    DEMO = "demo"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Wish:
    """A new project. ``values`` are the settings that the person chose, by key."""

    folder: str
    preset: Preset = Preset.DEFAULT
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The task's name, or its folder as the person wrote it."""
        return str(self.values.get("task.name", Settings().task.name))


def preset_settings(preset: Preset, task: str) -> Settings:
    """The preset's settings for a task; the project's name is left to its folder."""
    return begin(preset.value, task)


def settings_as_wished(wish: Wish) -> Settings:
    """The settings as far as they can be told without looking at the disk. Raises ConfigError."""
    return with_values(preset_settings(wish.preset, wish.task), wish.values, "new project")


def settings_of(wish: Wish, cwd: Path) -> Settings:
    """The settings of the project; paths in them are absolute.

    Of a task of one's own no more questions are asked for than it has rows, unless the person
    wants it so; its folder is read for that, and nothing of it is run.

    Raises:
        ConfigError: one is wrong, or the folder is no task.
    """
    base = preset_settings(wish.preset, wish.task)
    values = {key: _settled(key, value, cwd) for key, value in wish.values.items()}
    if is_folder(wish.task):
        from engine.task_setup import fitting_values

        # What is wrong with the settings comes first: it is told at its field.
        with_values(base, values, "new project")
        fitting = fitting_values(Path(values["task.name"]), base)
        values = fitting | values
    return with_values(base, values, "new project")


def _settled(key: str, value: Any, cwd: Path) -> Any:
    """A run may be taken up from anywhere: what is meant as a path from here says so."""
    if key == "task.name" and isinstance(value, str) and is_folder(value):
        return str(_absolute(value, cwd))
    if key == "student.path" and isinstance(value, str) and "\0" not in value:
        path = _absolute(value, cwd)
        return str(path) if value.startswith((".", "~")) or path.is_dir() else value
    if key in EXPERT_KEYS and isinstance(value, tuple):
        return tuple(_settled_expert(name, cwd) for name in value)
    return value


def _settled_expert(name: str, cwd: Path) -> str:
    if name == SCRIPT or not name.startswith(_GGUF) or "\0" in name:
        return name
    rest = name.removeprefix(_GGUF).strip()
    return f"{_GGUF}{_absolute(rest, cwd)}" if rest else name


def _absolute(text: str, cwd: Path) -> Path:
    return (cwd / Path(text).expanduser()).absolute()
