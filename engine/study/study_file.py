"""A study's file: what to run, as a person writes it in TOML; `docs/studies.md` tells all of it."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.config import SETTINGS
from engine.errors import ConfigError
from engine.presets import PRESETS, Group

AXES = ("student", "task", "method", "seed", "p", "w", "iterations")
"""What runs of a study may differ in, besides settings."""

_PATHS = ("student", "task")
_NUMBERS = {"seed": int, "iterations": int, "p": float, "w": float}
_SETTING_KEYS = frozenset(setting.key for setting in SETTINGS)
_TAKEN = {
    "run.method": "the axis method",
    "run.seed": "the axis seed",
    "run.name": "the study",
    "task.name": "the axis task",
    "student.path": "the axis student",
    "task.seed": "[test] seed",
}
_ONLY = frozenset(
    {"study", "settings", "axes", "test", "budget", *_PATHS, "method", "run", "exclude"}
)

Axes = Mapping[str, tuple[Any, ...]]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Addition:
    """A ``[[run]]``: more runs; axes that it does not name are those of the study.

    ``table`` is the table of the results in which they stand, ``preset`` an ablation, if any.
    """

    name: str
    table: str
    axes: Axes
    settings: Values
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """A study as its file has it. ``settings`` and overlays are by ``section.key``.

    ``test_seed`` None gives each seed questions of its own. Of each method in ``budget_methods``
    a run trains on as many tokens an iteration as the run of ``reference`` with the same student,
    task and seed.
    """

    path: Path
    name: str
    preset: str
    reference: str
    axes: Axes
    settings: Values = field(default_factory=dict)
    overlays: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    test_seed: int | None = None
    budget_methods: tuple[str, ...] = ()
    additions: tuple[Addition, ...] = ()
    exclusions: tuple[Axes, ...] = ()


def load_study(path: Path) -> Study:
    """Read a study. Raises ConfigError, which names the file, the key and what is allowed."""
    path = path.expanduser().absolute()
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror or error}.", "The study cannot be read"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: this is not TOML: {error}.", _TITLE) from None
    return _Reader(path).study(data)


_TITLE = "The study is wrong"


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path

    def study(self, data: Mapping[str, Any]) -> Study:
        self._only(data, _ONLY, "")
        head = self._table(data, "study")
        self._only(head, {"name", "preset", "reference"}, "study.")
        preset = head.get("preset", "demo")
        begins = [one.name for one in PRESETS.values() if one.group is Group.BEGIN]
        if preset not in begins:
            raise self._wrong("study.preset", preset, f"one of {', '.join(begins)}")
        axes = self._axes(self._table(data, "axes"), "axes", more=())
        lacking = [name for name in ("task", "method", "seed") if name not in axes]
        if lacking:
            raise self._wrong(f"axes.{lacking[0]}", "nothing", "a list with one value at least")
        axes = {"student": ("embedded",), **axes}
        reference = self._text(head, "study", "reference", axes["method"][0])
        if reference not in axes["method"]:
            raise self._wrong(
                "study.reference", reference, f"one of axes.method: {', '.join(axes['method'])}"
            )
        test = self._table(data, "test")
        settings = self._settings(self._table(data, "settings"), "settings")
        settings |= self._test_values(test)
        budget = self._table(data, "budget")
        self._only(budget, {"methods"}, "budget.")
        methods = self._texts(budget, "budget", "methods")
        if reference in methods:
            raise self._wrong(
                "budget.methods", reference, f"other methods than study.reference ({reference})"
            )
        return Study(
            path=self.path,
            name=self._text(head, "study", "name", self.path.stem),
            preset=preset,
            reference=reference,
            axes=axes,
            settings=settings,
            overlays={name: self._overlays(data, name) for name in ("task", "student", "method")},
            test_seed=None if test.get("seed", "each") == "each" else self._seed(test["seed"]),
            budget_methods=methods,
            additions=tuple(self._addition(*each) for each in self._list(data, "run")),
            exclusions=tuple(
                self._axes(each, where, more=("name",))
                | ({"name": self._many(where, "name", each["name"])} if "name" in each else {})
                for each, where in self._list(data, "exclude")
            ),
        )

    def _addition(self, data: Mapping[str, Any], where: str) -> Addition:
        axes = self._axes(data, where, more=("name", "table", "preset", "settings"))
        swept = [name for name in ("p", "w", "iterations") if name in axes]
        preset = self._text(data, where, "preset", "")
        ablations = [one.name for one in PRESETS.values() if one.group is Group.ABLATION]
        if preset and preset not in ablations:
            raise self._wrong(f"{where}.preset", preset, f"one of {', '.join(ablations)}")
        name = self._text(data, where, "name", preset)
        settings = self._settings(self._table(data, "settings", where), f"{where}.settings")
        if settings and not name:
            raise self._wrong(f"{where}.name", "nothing", "a name, as it has settings of its own")
        usual = "ablations" if name or not swept else f"{swept[0]} sweep"
        return Addition(name, self._text(data, where, "table", usual), axes, settings, preset)

    def _axes(self, data: Mapping[str, Any], where: str, more: Sequence[str]) -> dict[str, Any]:
        self._only(data, {*AXES, *more}, f"{where}.")
        found: dict[str, tuple[Any, ...]] = {}
        for name in AXES:
            if name in data:
                found[name] = tuple(
                    self._axis_value(where, name, value)
                    for value in self._many(where, name, data[name])
                )
        return found

    def _axis_value(self, where: str, name: str, value: Any) -> Any:
        key = f"{where}.{name}"
        if name not in _NUMBERS:
            if not isinstance(value, str) or not value:
                raise self._wrong(key, value, "text, or a list of texts")
            # Projects lie elsewhere: a path is from the study's file on.
            if name in _PATHS and value.startswith("."):
                return str((self.path.parent / value).resolve())
            return value
        kinds = (int,) if _NUMBERS[name] is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise self._wrong(key, value, "a number, or a list of numbers")
        if name == "p" and not 0 < value < 1:
            raise self._wrong(key, value, "above 0 and below 1")
        return _NUMBERS[name](value)

    def _many(self, where: str, name: str, value: Any) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not values or len({str(each) for each in values}) < len(values):
            raise self._wrong(f"{where}.{name}", value, "one value at least, none of them twice")
        return tuple(values)

    def _overlays(self, data: Mapping[str, Any], kind: str) -> dict[str, Values]:
        found: dict[str, Values] = {}
        for name, values in self._table(data, kind).items():
            if not isinstance(values, Mapping):
                raise self._wrong(f"{kind}.{name}", values, "a table of settings")
            at = self._axis_value(kind, kind, name)
            found[at] = self._settings(values, f"{kind}.{name}")
        return found

    def _settings(self, data: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Settings by ``section.key``, from tables or with dotted keys in quotes."""
        flat: dict[str, Any] = {}
        for key, value in data.items():
            if isinstance(value, Mapping):
                flat |= {f"{key}.{name}": each for name, each in value.items()}
            else:
                flat[key] = value
        for key, value in flat.items():
            if key in _TAKEN:
                raise self._wrong(f"{where}.{key}", value, f"left out: {_TAKEN[key]} says it")
            if key == "review.wait" and value != "off":
                raise self._wrong(f"{where}.{key}", value, '"off": a queue waits for nobody')
            if key not in _SETTING_KEYS:
                raise self._unknown(f"{where}.", key, _SETTING_KEYS, "a setting")
        return flat

    def _test_values(self, test: Mapping[str, Any]) -> dict[str, Any]:
        self._only(test, {"items", "unseen_share", "seed"}, "test.")
        names = {"items": "task.test_items", "unseen_share": "task.unseen_share"}
        return {key: test[name] for name, key in names.items() if name in test}

    def _seed(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong("test.seed", value, '"each", or a whole number for all seeds')
        return value

    def _table(self, data: Mapping[str, Any], name: str, where: str = "") -> Mapping[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, Mapping):
            raise self._wrong(f"{where}.{name}".lstrip("."), found, "a table")
        return found

    def _list(self, data: Mapping[str, Any], name: str) -> list[tuple[Mapping[str, Any], str]]:
        found = data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise self._wrong(name, found, f"tables, each with the head [[{name}]]")
        return [(each, f"{name} {number}") for number, each in enumerate(found, 1)]

    def _text(self, data: Mapping[str, Any], where: str, name: str, usual: str) -> str:
        value = data.get(name, usual)
        if not isinstance(value, str) or (name in data and not value.strip()):
            raise self._wrong(f"{where}.{name}", value, "text")
        return value

    def _texts(self, data: Mapping[str, Any], where: str, name: str) -> tuple[str, ...]:
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._wrong(f"{where}.{name}", value, "a list of texts")
        return tuple(value)

    def _only(self, data: Mapping[str, Any], known: Any, where: str) -> None:
        for key in data:
            if key not in known:
                raise self._unknown(where, key, known, "known")

    def _unknown(self, where: str, key: str, known: Any, what: str) -> ConfigError:
        near = difflib.get_close_matches(key, known, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        return ConfigError(f"{self.path}: {where}{key} is not {what}.{meant}", _TITLE)

    def _wrong(self, key: str, value: Any, allowed: str) -> ConfigError:
        return ConfigError(f"{self.path}: {key} is {value!r}; it must be {allowed}.", _TITLE)
