"""Reading, checking, writing and comparing settings; `engine.settings` says what they are."""

from __future__ import annotations

import hashlib
import json
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic import ValidationError

from engine.errors import ConfigError
from engine.expert_settings import ExpertSettings
from engine.files import write_atomically
from engine.settings import (
    CollectSettings,
    EvaluateSettings,
    PostprocessSettings,
    ReviewSettings,
    RunSettings,
    Settings,
    StudentSettings,
    TaskSettings,
    TrainSettings,
)
from engine.settings_text import SETTINGS, Setting, doc, problem_of, sections, sentence, to_toml

__all__ = [
    "FOUR_BIT_DEMO",
    "NO_PART_OF_THE_EXPERIMENT",
    "SETTINGS",
    "TOLD_WHEN_CHANGED",
    "ChangedSetting",
    "CollectSettings",
    "EvaluateSettings",
    "ExpertSettings",
    "PostprocessSettings",
    "ReviewSettings",
    "RunSettings",
    "Setting",
    "Settings",
    "StudentSettings",
    "TaskSettings",
    "TrainSettings",
    "check_settings",
    "demo_settings",
    "load_settings",
    "paper_settings",
    "settings_changed",
    "settings_hash",
    "settings_toml",
    "with_values",
    "write_settings",
]


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting that is not at its default; a key that is unknown today has the default None."""

    key: str
    value: Any
    default: Any


_DEMO: Mapping[str, Mapping[str, Any]] = {
    # Unseen questions have one level of pairs, so that texts stay short.
    "multistep_arithmetic": {"task.seen": ("3x1", "4x1", "3x2"), "task.unseen": ("5x1",)},
    # Most unseen questions of the paper are out of reach for a student of this size.
    # At the rate of the arithmetic student, first attempts get worse (64.5% to 50%).
    "word_sorting": {
        "train.learning_rate": 4e-5,
        "task.unseen": ("8",),
        "task.unseen_share": 0.25,
        "collect.max_attempt_tokens": 900,
        "evaluate.max_attempt_tokens": 900,
    },
    "date_understanding": {},
    "logical_deduction": {},
}


FOUR_BIT_DEMO: Mapping[str, Any] = {
    "student.adapter": "lora",
    "student.quantisation": "nf4",
    "student.lora_rank": 32,
    "student.lora_alpha": 64,
    "train.learning_rate": 2e-3,
}
"""What ``tripost demo --four-bit`` has instead: an adapter on 4-bit weights."""


def demo_settings(task: str = "multistep_arithmetic") -> Settings:
    """The settings of ``tripost demo``: the whole loop on the embedded student, in minutes.

    The test is small. The rest is what ``benchmarks/learning.md`` favours for a student of this
    size: small batches of fresh questions, wrong attempts read but not learned, what an update
    changes weighed more, and a temperature at which the mistakes resemble those of the greedy test.
    """
    return with_values(
        Settings(),
        {
            "run.name": "demo",
            "task.name": task,
            "task.train_items": 2400,
            "task.test_items": 200,
            "collect.questions": 400,
            "collect.temperature": 0.7,
            "collect.max_attempt_tokens": 600,
            "collect.max_updates": 2,
            "train.epochs": 1,
            "postprocess.ratio": 1.0,
            "train.learning_rate": 4e-4,
            "train.iteration_factor": 0.5,
            "train.batch_tokens": 1024,
            "train.wrong_attempt_weight": 0.0,
            "train.change_factor": 2.0,
            "evaluate.max_updates": 2,
            "evaluate.max_attempt_tokens": 600,
            **_DEMO[task],
        },
    )


def paper_settings() -> Settings:
    """The reference code's training settings, for a student of LLaMA-7B's kind.

    Full fine-tuning in bf16 (TriPosT, appendix; the reference code). Padding stays masked.
    """
    return with_values(
        Settings(),
        {
            "student.adapter": "full",
            "student.precision": "bf16",
            "collect.show_working": False,
            "train.epochs": 4,
            "train.learning_rate": 1e-6,
            "train.warmup": 0.2,
            "train.weight_decay": 0.01,
            "train.max_tokens": 1024,
            "train.weight": 1.5,
            "train.wrong_attempt_weight": 1.0,
            "train.question_weight": 1.0,
            "train.normalise": "tokens",
            "postprocess.ratio": 1.5,
        },
    )


def load_settings(path: Path) -> Settings:
    """Read settings from a TOML file; what it leaves out is at its default.

    Raises ConfigError, which names the file, each wrong key with its value, and what is allowed.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror or error}.", "The settings cannot be read"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: byte {error.start} is not UTF-8 text.", "The settings cannot be read"
        ) from error
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.", "The settings cannot be read") from None
    except ValueError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}.") from error
    return check_settings(data, str(path))


def check_settings(data: Mapping[str, Any], source: str) -> Settings:
    """Settings from nested mappings. Raises ConfigError; ``source`` is where they come from."""
    try:
        return Settings.model_validate(dict(data))
    except ValidationError as error:
        problems = [problem_of(details) for details in error.errors(include_url=False)]
    lines = [f"{source}: {sentence(problem)}" for problem in problems]
    raise ConfigError("\n".join(lines), problems=problems)


def with_values(
    settings: Settings, values: Mapping[str, Any], source: str = "settings"
) -> Settings:
    """``settings`` with some changed, by ``section.key``. Raises ConfigError."""
    data: dict[str, Any] = settings.model_dump()
    for key, value in values.items():
        section, _, name = key.partition(".")
        part = data.setdefault(section, {})
        if name and isinstance(part, dict):
            part[name] = value
        else:
            data[section] = value
    return check_settings(data, source)


def settings_toml(settings: Settings) -> str:
    """The file's text: every setting with its help, what is allowed and its default."""
    lines = ["# Settings of this TriPosT project. A setting that is left out is at its default."]
    for name, model in sections().items():
        lines += ["", f"# {doc(model)}", f"[{name}]"]
        for setting in SETTINGS:
            if setting.section == name:
                value = getattr(getattr(settings, name), setting.name)
                default = to_toml(setting.default)
                lines += [
                    *textwrap.wrap(setting.help, 98, initial_indent="# ", subsequent_indent="# "),
                    *wrap(
                        f"{setting.allowed}; default {default}",
                        width=100,
                        initial_indent="#   ",
                        subsequent_indent="#   ",
                        break_long_words=False,
                        break_on_hyphens=False,
                    ),
                    f"{setting.name} = {to_toml(value)}",
                ]
    return "\n".join(lines) + "\n"


def write_settings(path: Path, settings: Settings) -> None:
    """Write a commented TOML file, whole or not at all. Raises OSError."""
    write_atomically(path, settings_toml(settings))


NO_PART_OF_THE_EXPERIMENT = frozenset(
    {
        "run.name",
        "student.device",
        "student.threads",
        "review.wait",
        "train.checkpoint_every_s",
        "experts.concurrency",
        "experts.timeout_s",
        "experts.tries",
        "experts.offline",
        "experts.budget_tokens",
        "experts.budget_cost",
        "experts.prices",
        "experts.hand_over",
        "experts.gpu_layers",
    }
)
"""Settings that may change while a run goes on: where it runs, what it may cost, its name."""


TOLD_WHEN_CHANGED = frozenset({"experts.feedback", "experts.improve"})
"""Settings of the experiment that may change while a run goes on all the same: each turn says who
wrote it, and an event from when on others are asked."""


def settings_hash(settings: Settings) -> str:
    """SHA-256, in hex, of all settings that say what is run, not where or under which name.

    A run can be resumed with settings of the same hash, and with others of stage 2
    (`engine.stage_two`).
    """
    said = _flat(settings.model_dump(mode="json"))
    kept = {key: said[key] for key in sorted(said) if key not in NO_PART_OF_THE_EXPERIMENT}
    return hashlib.sha256(json.dumps(kept, separators=(",", ":")).encode()).hexdigest()


def settings_changed(config: Mapping[str, Any]) -> list[ChangedSetting]:
    """What in a stored configuration (``Settings.model_dump``) differs from the defaults.

    A key that no setting has any more is told as it is: this never fails on older runs.
    """
    defaults = _flat(Settings().model_dump(mode="json"))
    return [
        ChangedSetting(key, value, defaults.get(key))
        for key, value in _flat(config).items()
        if key not in defaults or defaults[key] != value
    ]


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for section, values in config.items():
        if isinstance(values, Mapping):
            flat |= {f"{section}.{name}": value for name, value in values.items()}
        else:
            flat[section] = values
    return flat
