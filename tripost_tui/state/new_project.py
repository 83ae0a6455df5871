"""What the screen of a new project shows: fields, where their values come from, the preflight."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.config import Settings, settings_changed
from engine.embedded import SCHOOLED_TASKS
from engine.errors import ConfigError
from engine.planning.models import MODELS
from engine.settings_text import to_toml
from engine.student_place import EMBEDDED
from engine.tasks import TASKS
from local_experts.names import FORMS
from tripost_tui.found_experts import SCRIPTS, FoundExperts
from tripost_tui.preflight import Finding, Grade, Subject
from tripost_tui.text import clean_text
from tripost_tui.wish import FIRST_FOLDER, Preset, Wish, preset_settings, settings_as_wished

_BETWEEN = re.compile(r",\s+")
"""Between the experts of a chain. A comma alone may be part of a file's name."""


_SCHOOLED = "; has an embedded student"


class Field(StrEnum):
    """The fields, in their order; each word is its label."""

    FOLDER = "folder"
    TASK = "task"
    STUDENT = "student"
    FEEDBACK = "feedback"
    IMPROVE = "improve"
    PRESET = "preset"
    ITERATIONS = "iterations"
    SEED = "seed"


KEYS: Mapping[Field, str] = {
    Field.TASK: "task.name",
    Field.STUDENT: "student.path",
    Field.FEEDBACK: "experts.feedback",
    Field.IMPROVE: "experts.improve",
    Field.ITERATIONS: "run.iterations",
    Field.SEED: "run.seed",
}
"""The settings behind the fields."""

_EXPERTS = (Field.FEEDBACK, Field.IMPROVE)
_NUMBERS = (Field.ITERATIONS, Field.SEED)

HINTS: Mapping[Field, str] = {
    Field.FOLDER: "New or empty. Its project.toml will have every setting, explained.",
    Field.TASK: "A built-in task, or the folder of one of your own, as in ./mine.",
    Field.STUDENT: "The embedded one, a local folder (./model), or a hub id (owner/name).",
    Field.FEEDBACK: "script, ollama:MODEL, gguf:PATH or openai:MODEL@URL. Or a list, as in: a, b"
    " (b is asked where a gives up).",
    Field.IMPROVE: "Who writes the better attempt: script, or a language model, as above.",
    Field.PRESET: "Where the values begin that you leave open: default, demo (small and quick),"
    " paper (as published).",
    Field.ITERATIONS: "How often to collect, post-process and train.",
    Field.SEED: "Seed of sampling, shuffling and training.",
}


_GRAVEST_FIRST = {Grade.FAILED: 0, Grade.WARNING: 1}


class Source(StrEnum):
    """Where a field's value comes from."""

    DEFAULT = "default"
    PRESET = "preset"
    YOURS = "yours"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to choose, and a word on it."""

    value: str
    about: str = ""


_PRESETS = (
    Choice(Preset.DEFAULT, "what most students want: hours on one consumer card"),
    Choice(Preset.DEMO, "small batches, a small test: minutes with the embedded student"),
    Choice(Preset.PAPER, "the reference code's training: all weights, in bf16"),
)


class NewProject:
    """The form as a person has filled it in so far.

    A field that is empty has the value of the preset. ``problems`` says what must be otherwise,
    by field; ``problem`` what is wrong with settings that have no field here.
    """

    def __init__(self) -> None:
        self._typed: dict[Field, str] = {}
        self.free_folder = FIRST_FOLDER
        self.experts: FoundExperts | None = None
        self.busy: str | None = None
        self.problems: dict[Field, str] = {}
        self.problem = ""
        self.findings: dict[Subject, Finding] = {}
        self.pending: set[Subject] = set()
        self._looking = 0

    # --- values ----------------------------------------------------------------------------

    def typed(self, field: Field) -> str:
        """What the person wrote; empty where the preset holds."""
        return self._typed.get(field, "")

    def set(self, field: Field, text: str) -> bool:
        """Take what was written; empty gives the field back. Tells whether anything changed."""
        text = clean_text(text).replace("\n", " ").replace("\t", " ")
        if text == self.typed(field):
            return False
        if text:
            self._typed[field] = text
        else:
            self._typed.pop(field, None)
        self._check()
        return True

    @property
    def preset(self) -> Preset:
        wanted = self.typed(Field.PRESET).strip().lower()
        return Preset(wanted) if wanted in set(Preset) else Preset.DEFAULT

    def begun(self, field: Field) -> str:
        """The value that a field has where the person leaves it open."""
        if field is Field.FOLDER:
            return self.free_folder
        if field is Field.PRESET:
            return Preset.DEFAULT
        return _shown(_value(self._base(), field))

    def value(self, field: Field) -> str:
        """The value that counts, as it is shown."""
        return self.typed(field).strip() or self.begun(field)

    def source(self, field: Field) -> Source:
        if self.typed(field).strip():
            return Source.YOURS
        if field in KEYS and _value(self._base(), field) != _value(Settings(), field):
            return Source.PRESET
        return Source.DEFAULT

    def _base(self) -> Settings:
        return preset_settings(self.preset, self.wish().task)

    def preset_lines(self) -> list[str]:
        """What the preset sets that has no field here, as the project's file will have it."""
        shown = set(KEYS.values())
        return [
            f"{changed.key} = {to_toml(changed.value)} (default {to_toml(changed.default)})"
            for changed in settings_changed(self._base().model_dump(mode="json"))
            if changed.key not in shown
        ]

    def wish(self) -> Wish:
        """What is wanted, to be carried out elsewhere."""
        values = {
            key: _parsed(field, text)
            for field, key in KEYS.items()
            if (text := self.typed(field).strip())
        }
        return Wish(self.value(Field.FOLDER), self.preset, values)

    def _check(self) -> None:
        self.problems, self.problem = {}, ""
        if "\0" in self.typed(Field.FOLDER):
            self.problems[Field.FOLDER] = "must be a name that a folder can have"
        wanted = self.typed(Field.PRESET).strip()
        if wanted and wanted.lower() not in set(Preset):
            self.problems[Field.PRESET] = f"must be one of {', '.join(Preset)}"
        try:
            settings_as_wished(self.wish())
        except ConfigError as error:
            fields = {key: field for field, key in KEYS.items()}
            for problem in error.problems:
                if (field := fields.get(problem.key)) is not None:
                    self.problems.setdefault(field, f"must be {_brief(problem.allowed)}")
                else:
                    self.problem = f"{problem.key} = {problem.value}: must be {problem.allowed}"

    def first_wrong(self) -> Field | None:
        return next((field for field in Field if field in self.problems), None)

    # --- choices ---------------------------------------------------------------------------

    def choices(self, field: Field) -> Sequence[Choice]:
        """What can be chosen in a field; others may be typed."""
        match field:
            case Field.TASK:
                return [
                    Choice(name, f"{task.title}{_SCHOOLED if name in SCHOOLED_TASKS else ''}")
                    for name, task in TASKS.items()
                ]
            case Field.STUDENT:
                models = [
                    Choice(model.hub_id, f"{model.name}{', gated' if model.gated else ''}")
                    for model in MODELS
                ]
                return [Choice(EMBEDDED, "the package's own for the task, on any CPU"), *models]
            case Field.FEEDBACK | Field.IMPROVE:
                found = self.experts.experts if self.experts else (SCRIPTS,)
                return [Choice(one.name, one.about) for one in found]
            case Field.PRESET:
                return _PRESETS
            case _:
                return ()

    def note_on_choices(self, field: Field) -> str:
        """What else there is to say about what can be chosen."""
        if field not in _EXPERTS:
            return ""
        return "Looking for experts…" if self.experts is None else self.experts.note

    def choose_next(self, field: Field) -> str | None:
        """Go on to the next choice, round and round; returns it. None where there is none."""
        values = [choice.value for choice in self.choices(field)]
        if not values:
            return None
        now = self.value(field)
        chosen = values[(values.index(now) + 1) % len(values)] if now in values else values[0]
        self.set(field, chosen)
        return chosen

    # --- preflight -------------------------------------------------------------------------

    def begin_look(self) -> int:
        """All is looked at again; returns this look's number. What was found stays until then."""
        self._looking += 1
        self.pending = set(Subject)
        return self._looking

    def take(self, look: int, finding: Finding) -> None:
        """Take a finding; one of an earlier look is of no interest any more."""
        if look == self._looking:
            self.findings[finding.subject] = finding
            self.pending.discard(finding.subject)

    def end_look(self, look: int) -> None:
        if look == self._looking:
            self.pending.clear()

    def ordered(self) -> list[Subject]:
        """The subjects as they are shown: what matters most comes first.

        What is looked at again stays where it was meanwhile.
        """

        def place(subject: Subject) -> int:
            found = self.findings.get(subject)
            return _GRAVEST_FIRST.get(found.grade, 2) if found else 2

        return sorted(Subject, key=place)

    @property
    def failed(self) -> list[Finding]:
        """What was found to fail, as of now."""
        return [
            self.findings[subject]
            for subject in Subject
            if subject in self.findings
            and subject not in self.pending
            and self.findings[subject].grade is Grade.FAILED
        ]

    def summary(self) -> str:
        """The preflight in a few words."""
        if self.pending:
            return "looking"
        grades = [finding.grade for finding in self.findings.values()]
        failed, warned = grades.count(Grade.FAILED), grades.count(Grade.WARNING)
        parts = [f"{failed} failed"] * bool(failed)
        parts += [f"{warned} warning{'s' if warned > 1 else ''}"] * bool(warned)
        parts += ["some not known"] * (Grade.UNKNOWN in grades and not parts)
        return ", ".join(parts) or "all fine"


def _brief(allowed: str) -> str:
    """Without what repeats it in other words."""
    return allowed.partition(" (")[0] if allowed.count(FORMS) > 1 else allowed


def _value(settings: Settings, field: Field) -> Any:
    section, _, name = KEYS[field].partition(".")
    return getattr(getattr(settings, section), name)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _parsed(field: Field, text: str) -> Any:
    """As the settings want it; what is no number stays text, which they refuse in their words."""
    if field in _NUMBERS:
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else text
    if field in _EXPERTS:
        return tuple(name.strip() for name in _BETWEEN.split(text) if name.strip())
    return text
