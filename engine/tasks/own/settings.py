"""task.toml: what a task of one's own is, where its rows are, how answers are compared.

Like `engine.settings`, this is the only home of each setting: its default, its bounds, what is
allowed in words, and its line of help.
"""

from __future__ import annotations

import re
import warnings
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.setting_types import Section
from engine.tasks import TASKS

REFUSED = "refused"
"""Type of the validation errors whose message says what is allowed."""


def _s(default: Any, help_: str, allowed: str) -> Any:
    return Field(default, description=help_, json_schema_extra={"allowed": allowed})


def _refuse(allowed: str) -> PydanticCustomError:
    return PydanticCustomError(REFUSED, "{allowed}", {"allowed": allowed})


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise _refuse("one line without control characters")
    return text


def _plain_path(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or not text.isprintable():
        raise _refuse("a path inside the task's folder, with / between its parts")
    return text


def _regular_expression(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refuse(f"a regular expression; this is none: {error}") from error
    return pattern


def _listed(value: Any) -> Any:
    """One file may be written without brackets."""
    return (value,) if isinstance(value, str) else value


def _not_built_in(name: str) -> str:
    if name in TASKS:
        raise _refuse(f"another name than those of the built-in tasks: {', '.join(TASKS)}")
    return name


_FILE = "a file inside the task's folder"
_File = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain_path)]
_Files = Annotated[tuple[_File, ...], Field(strict=False, max_length=100), BeforeValidator(_listed)]
_Line = Annotated[str, Field(max_length=2000), AfterValidator(_one_line)]
_Tolerance = Annotated[float, Field(ge=0)]


class DataSettings(Section):
    """The rows, in JSON lines: either items, split by their text, or a file for each split."""

    items: _Files = _s((), "Rows of all splits.", f"{_FILE}, or a list of them")
    train: _Files = _s((), "Rows to train on.", f"{_FILE}, or a list of them")
    dev: _Files = _s((), "Rows to develop with.", f"{_FILE}, or a list of them")
    test: _Files = _s((), "Rows to test with.", f"{_FILE}, or a list of them")

    @model_validator(mode="after")
    def _one_way(self) -> DataSettings:
        separate = bool(self.train or self.dev or self.test)
        if bool(self.items) == separate:
            raise _refuse("items alone, or train, dev and test")
        return self


class _Answer(Section):
    ignore_case: bool = _s(True, "Capital and small letters are the same.", "true or false")
    fold_whitespace: bool = _s(True, "Any run of blanks counts as one blank.", "true or false")


class ExactAnswer(_Answer):
    """The answer is a text."""

    kind: Literal["exact"] = "exact"


class NumberAnswer(_Answer):
    """The answer is a number: an integer, a decimal, a fraction or a percentage."""

    kind: Literal["number"] = "number"
    absolute: _Tolerance = _s(0.0, "Largest difference that is still right.", "a number from 0")
    relative: _Tolerance = _s(
        0.0, "The same as a share of the gold answer; the larger of both counts.", "a number from 0"
    )
    units: Literal["tolerate", "exact"] = _s(
        "tolerate",
        "Units: a unit counts only where both answers state one, or is always the same.",
        'one of "tolerate", "exact"',
    )
    decimal_comma: bool = _s(False, "1.234,5 is what others write 1,234.5.", "true or false")


class ChoiceAnswer(_Answer):
    """The answer is the letter of an option, as in (B)."""

    kind: Literal["choice"] = "choice"


class WordsAnswer(_Answer):
    """The answer is a list of words."""

    kind: Literal["words"] = "words"
    separator: Annotated[str, Field(max_length=5)] = _s(
        "",
        "What stands between them; empty: commas if the gold answer has some, else blanks.",
        "text of at most 5 characters",
    )
    any_order: bool = _s(False, "The order does not matter.", "true or false")


class RegexAnswer(_Answer):
    """The answer is what a group of a regular expression finds."""

    kind: Literal["regex"] = "regex"
    pattern: Annotated[
        str, Field(min_length=1, max_length=1000), AfterValidator(_regular_expression)
    ] = _s(
        ...,
        "Python's re; the last match counts, and of it the first group, or all of it.",
        "a regular expression",
    )


class PythonAnswer(_Answer):
    """A script of one's own compares answers."""

    kind: Literal["python"] = "python"
    script: _File = _s(..., "The checker.", _FILE)


AnswerSettings = Annotated[
    ExactAnswer | NumberAnswer | ChoiceAnswer | WordsAnswer | RegexAnswer | PythonAnswer,
    Field(discriminator="kind"),
]
ANSWER_KINDS: dict[str, type[_Answer]] = {
    "exact": ExactAnswer,
    "number": NumberAnswer,
    "choice": ChoiceAnswer,
    "words": WordsAnswer,
    "regex": RegexAnswer,
    "python": PythonAnswer,
}


class FeedbackSettings(Section):
    """FBK by a script of one's own."""

    script: _File = _s(..., "The script.", _FILE)


class ImproveSettings(Section):
    """IMP by a script of one's own."""

    script: _File = _s(..., "The script.", _FILE)


class ScriptSettings(Section):
    """Limits of all scripts. They are no sandbox: run only scripts that you trust."""

    timeout_s: Annotated[float, Field(gt=0, le=3600)] = _s(
        10.0,
        "Seconds for one request; a script that takes longer is ended.",
        "a number above 0 up to 3600",
    )
    memory_mb: Annotated[int, Field(ge=128, le=1_048_576)] = _s(
        1024,
        "Address space in MiB, where the system can limit it.",
        "a whole number from 128 to 1048576",
    )


class OwnSettings(Section):
    """A task of one's own."""

    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_not_built_in)
    ] = _s(
        ...,
        "Short name, another than the built-in tasks have.",
        "at most 40 small letters, digits and underscores, a letter first",
    )
    title: Annotated[_Line, Field(min_length=1, max_length=100)] = _s(
        ..., "Name shown in lists.", "one line of text, at most 100 long"
    )
    hint: _Line = _s(
        "",
        'What follows "Let\'s think step by step." in every prompt.',
        "one line of text, at most 2000 long",
    )
    data: DataSettings = _s(..., "", "a section")
    answer: AnswerSettings = _s(ExactAnswer(), "", "a section")
    feedback: FeedbackSettings | None = _s(None, "", "a section")
    improve: ImproveSettings | None = _s(None, "", "a section")
    scripts: ScriptSettings = _s(ScriptSettings(), "", "a section")

    @property
    def prompt_hint(self) -> str:
        """The hint as prompts have it, with its leading blank; empty where there is none."""
        hint = self.hint.strip()
        return f" {hint}" if hint else ""
