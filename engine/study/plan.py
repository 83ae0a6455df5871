"""The runs of a study: their settings, what each waits for, and what it shares with others."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from engine.config import NO_PART_OF_THE_EXPERIMENT, Settings, with_values
from engine.errors import ConfigError
from engine.methods import Attempts, attempts_by
from engine.postprocess import ratio_of
from engine.presets import PRESETS, begin, same_budget
from engine.student_place import EMBEDDED
from engine.study.study_file import AXES, Addition, Study
from engine.tasks import label

MAIN = "methods"
"""The table of the runs that the axes give."""
MOST_RUNS = 2_000

_AFTER_COLLECTION = ("postprocess.", "train.", "evaluate.", "review.")
_NOT_COLLECTED_BY = ("run.iterations", "task.test_", *_AFTER_COLLECTION)
_NOT_TESTED_BY = (
    *("run.", "collect.", "experts.", "postprocess.", "train.", "review."),
    *("task.train_items", "task.dev_items", "student.lora_"),
)


@dataclass(frozen=True, slots=True)
class Arm:
    """Where a run stands in the results: a row of a table, with its p, w or iterations, if any."""

    table: str
    label: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a study. ``settings`` lack the token budget until ``budget_of`` has finished.

    ``start_key`` is the same for runs whose student is tested before training on the same items
    in the same way, ``collect_key`` for runs whose first iteration collects the same. A run waits
    for those in ``waits_for``: the first of each key, and the one whose tokens are its budget.
    """

    name: str
    student: str
    task: str
    method: str
    seed: int
    settings: Settings
    arms: tuple[Arm, ...]
    start_key: str
    collect_key: str
    budget_of: str | None = None
    start_of: str | None = None
    collect_of: str | None = None

    @property
    def waits_for(self) -> tuple[str, ...]:
        names = (self.budget_of, self.start_of, self.collect_of)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def with_budget(self, tokens: int) -> Settings:
        """Return its settings with ``tokens`` of training in all. Raises ConfigError."""
        return same_budget(self.settings, tokens)


def planned_runs(study: Study) -> tuple[PlannedRun, ...]:
    """Make the runs of a study, those that others wait for first.

    Raises:
        ConfigError: settings are wrong, a run is there twice with other settings, or the run is
            missing whose tokens are another's budget.
    """
    found: dict[str, PlannedRun] = {}
    known: dict[str, str] = {}
    for axes, one in _entries(study):
        run = _run(study, axes, one)
        if _is_excluded(study, axes, one.name):
            continue
        same = known.setdefault(_identity(run), run.name)
        if same != run.name:
            run = replace(run, name=same)
        elif run.name in found and _identity(found[run.name]) != _identity(run):
            raise ConfigError(
                f"{study.path}: two runs would have the name {run.name} with other settings. "
                "Give the [[run]] another name.",
                "The study is wrong",
            )
        before = found.get(run.name)
        arms = (*before.arms, *run.arms) if before else run.arms
        found[run.name] = replace(before or run, arms=tuple(dict.fromkeys(arms)))
        if len(found) > MOST_RUNS:
            raise ConfigError(f"{study.path}: more than {MOST_RUNS:,} runs.", "The study is wrong")
    if not found:
        raise ConfigError(f"{study.path}: no run is left of it.", "The study is wrong")
    return _in_order(study, found.values())


def _entries(study: Study) -> Iterable[tuple[dict[str, Any], Addition]]:
    shared = {key: study.axes[key] for key in ("student", "task", "seed")}
    for one in (Addition("", MAIN, study.axes, {}), *study.additions):
        axes = {**shared, "method": (study.reference,), **one.axes}
        yield from ((each, one) for each in _product(axes))


def _product(axes: Mapping[str, tuple[Any, ...]]) -> Iterable[dict[str, Any]]:
    names = [name for name in AXES if name in axes]
    for values in product(*(axes[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _run(study: Study, axes: Mapping[str, Any], one: Addition) -> PlannedRun:
    student, task, method, seed = (axes[key] for key in ("student", "task", "method", "seed"))
    name = one.name
    general = {
        **study.settings,
        **study.overlays["task"].get(task, {}),
        **study.overlays["student"].get(student, {}),
        "student.path": student,
        "task.name": task,
        "task.seed": seed if study.test_seed is None else study.test_seed,
        "run.seed": seed,
    }
    own = {
        **study.overlays["method"].get(method, {}),
        **({"postprocess.ratio": ratio_of(axes["p"])} if "p" in axes else {}),
        **({"train.weight": axes["w"]} if "w" in axes else {}),
        **({"run.iterations": axes["iterations"]} if "iterations" in axes else {}),
        **one.settings,
        "run.method": method,
    }
    swept = {key: axes[key] for key in ("p", "w", "iterations") if key in axes}
    run_name = _name(student, task, method, seed, swept, name)
    settings = _settings(study, {**general, "run.name": run_name}, own, (method, one.preset))
    said = [name or method, *(f"{key} = {value:g}" for key, value in swept.items())]
    if name and method != study.reference:
        said.insert(0, method)
    return PlannedRun(
        name=run_name,
        student=student,
        task=task,
        method=method,
        seed=seed,
        settings=settings,
        arms=(
            Arm(one.table, ", ".join(said), float(next(iter(swept.values()))) if swept else None),
        ),
        start_key=_start_key(settings),
        collect_key=_key(_kept(settings, _NOT_COLLECTED_BY) | {"tests": settings.task.test_items}),
        budget_of="" if method in study.budget_methods else None,
    )


def _settings(
    study: Study, general: Mapping[str, Any], own: Mapping[str, Any], presets: Sequence[str]
) -> Settings:
    """Return the settings of a run: presets of methods and ablations know what comes before."""
    source = f"{study.path}, run {general['run.name']}"
    begun = begin(study.preset, general["task.name"])
    values = dict(general)
    for name in presets:
        if name in PRESETS:
            known = values | {key: own[key] for key in own if key == "run.iterations"}
            values |= PRESETS[name].values(with_values(begun, known, source))
    return with_values(begun, {**values, **own}, source)


def _name(
    student: str, task: str, method: str, seed: int, swept: Mapping[str, Any], name: str
) -> str:
    parts = [] if student == EMBEDDED else [_slug(student)]
    parts += [_slug(task), method, f"seed{seed}"]
    parts += [f"{'it' if key == 'iterations' else key}{value:g}" for key, value in swept.items()]
    return "-".join([*parts, *([_slug(name)] if name else [])])


def _slug(text: str) -> str:
    """Return a folder's name for a text; texts that are no such name get a mark of their own."""
    last = label(text) if Path(text).is_absolute() else text
    plain = re.sub(r"[^A-Za-z0-9_.]+", "_", last).strip("._")[:40] or "x"
    said = plain == text or plain.replace("_", " ") == text
    return plain if said else f"{plain}~{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _flat(settings: Settings) -> dict[str, Any]:
    return {
        f"{section}.{key}": value
        for section, values in settings.model_dump(mode="json").items()
        for key, value in values.items()
    }


def _kept(settings: Settings, without: Sequence[str]) -> dict[str, Any]:
    return {
        key: value
        for key, value in _flat(settings).items()
        if key not in NO_PART_OF_THE_EXPERIMENT and not key.startswith(tuple(without))
    }


def _start_key(settings: Settings) -> str:
    # Every method's start is the student as it comes, asked in the same way.
    return _key(_kept(settings, _NOT_TESTED_BY))


def _key(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _identity(run: PlannedRun) -> str:
    return _key(_kept(run.settings, ()) | {"budget": run.budget_of is not None})


def _is_excluded(study: Study, axes: Mapping[str, Any], name: str) -> bool:
    said = {**axes, "name": name}
    return any(
        all(key in said and said[key] in values for key, values in one.items())
        for one in study.exclusions
    )


def _in_order(study: Study, runs: Iterable[PlannedRun]) -> tuple[PlannedRun, ...]:
    """Put what others wait for first, and say who waits for whom."""
    ordered = sorted(runs, key=lambda run: run.budget_of is not None)
    first: dict[tuple[str, str], str] = {}
    references = {
        (run.student, run.task, run.seed): run.name
        for run in ordered
        if run.method == study.reference and any(arm == reference_arm(study) for arm in run.arms)
    }
    found = []
    for run in ordered:
        start = first.setdefault(("start", run.start_key), run.name)
        collect = first.setdefault(("collect", run.collect_key), run.name)
        budget = None
        if run.budget_of is not None:
            budget = references.get((run.student, run.task, run.seed))
            if budget is None:
                raise ConfigError(
                    f"{study.path}: {run.name} is to train on as many tokens as "
                    f"{study.reference} with the same student, task and seed, which the study "
                    "does not have.",
                    "The study is wrong",
                )
        found.append(
            replace(
                run,
                budget_of=budget,
                start_of=None if start == run.name or not _is_tested(run) else start,
                collect_of=None if collect == run.name or not _collects(run) else collect,
            )
        )
    return tuple(found)


def reference_arm(study: Study) -> Arm:
    """The row that others are compared with, and whose tokens they get: the first of the axes."""
    swept = {key: study.axes[key][0] for key in ("p", "w", "iterations") if key in study.axes}
    said = [study.reference, *(f"{key} = {value:g}" for key, value in swept.items())]
    return Arm(MAIN, ", ".join(said), float(next(iter(swept.values()))) if swept else None)


def _is_tested(run: PlannedRun) -> bool:
    return run.settings.task.test_items > 0


def _collects(run: PlannedRun) -> bool:
    return attempts_by(run.settings) is not Attempts.NOBODY
