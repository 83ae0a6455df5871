"""Questions in files: our own JSON lines, BIG-Bench-Hard's, and the samples of lm-eval-harness.

JSON lines   {"question": …, "answer": …, "subtask"?: "seen" | "unseen", "id"?: …}; ``input`` and
             ``target`` are other names for the first two
BBH          {"examples": [{"input": …, "target": …}, …]}
samples      JSON lines {"doc": {"input": …, "target": …}, "resps": [["…"]], …}, as lm-eval-harness
             writes with --log_samples; what a model wrote is read, too
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Subtask
from engine.errors import ConfigError

MOST_BYTES = 500_000_000
_TITLE = "The items cannot be used"
_BBH = {
    "multistep_arithmetic_two": "multistep_arithmetic",
    "word_sorting": "word_sorting",
    "date_understanding": "date_understanding",
    "logical_deduction_three_objects": "logical_deduction",
    "logical_deduction_five_objects": "logical_deduction",
    "logical_deduction_seven_objects": "logical_deduction",
}
"""Names in BIG-Bench-Hard of our tasks."""


@dataclass(frozen=True, slots=True)
class FileItem:
    """A question as a file has it; ``place`` says where, ``said`` is what a model wrote, if any."""

    place: str
    question: str
    answer: str
    name: str = ""
    subtask: Subtask | None = None
    said: str | None = None


def bbh_name(path: Path) -> str | None:
    """Return BIG-Bench-Hard's name of the task that a file is of, by its own name.

    ``word_sorting.json`` and lm-eval-harness's ``samples_bbh_cot_fewshot_word_sorting_2024….jsonl``
    are both ``word_sorting``.
    """
    stem = path.name.lower()
    found = [name for name in _BBH if re.search(rf"(?:^|_){name}(?![a-z])", stem)]
    return max(found, key=len, default=None)


def task_of(path: Path) -> str | None:
    """Return the built-in task that a file's name stands for, None where it tells none."""
    name = bbh_name(path)
    return _BBH[name] if name else None


def read_items(path: Path) -> Iterator[FileItem | str]:
    """Yield each row of a file: a question, or what is wrong with the row, with its place.

    Raises:
        ConfigError: it cannot be read, or is no such file at all.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{path}: larger than {MOST_BYTES // 10**6} MB.", _TITLE)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}.", _TITLE) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8 text.", _TITLE) from error
    whole = _whole(text)
    if whole is not None:
        for number, row in enumerate(whole, 1):
            yield _item(f"{path}, example {number}", row)
        return
    # Not `splitlines`: a question may hold what it takes for line ends.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{path}:{number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"{place}: no JSON ({error})"
                continue
            yield _item(place, row)


def _whole(text: str) -> list[Any] | None:
    """The rows of a file that is one JSON value; None where it is JSON lines."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and isinstance(value.get("examples"), list):
        value = value["examples"]
    return value if isinstance(value, list) else None


def _item(place: str, row: Any) -> FileItem | str:
    if not isinstance(row, Mapping):
        return f"{place}: must be an object with question and answer"
    doc = row["doc"] if isinstance(row.get("doc"), Mapping) else row
    question = _first(doc, "question", "input")
    answer = _first(doc, "answer", "target")
    if answer is None:
        answer = row.get("target")
    if not isinstance(question, str) or not question.strip():
        return f"{place}: question (or input): must be text"
    if isinstance(answer, bool) or not isinstance(answer, str | int | float):
        return f"{place}: answer (or target): must be text or a number"
    said: str | None = None
    if "resps" in row:
        said = _response(row["resps"])
        if said is None:
            return f"{place}: resps: must be a list with what the model wrote"
    subtask = _first(doc, "subtask")
    if subtask not in (None, *Subtask):
        return f'{place}: subtask: must be "seen" or "unseen"'
    name = _first(row, "id", "doc_id")
    return FileItem(
        place,
        question,
        str(answer).strip(),
        "" if name is None else str(name)[:200],
        Subtask(subtask) if subtask else None,
        said,
    )


def _first(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _response(resps: Any) -> str | None:
    while isinstance(resps, list) and resps:
        resps = resps[0]
    return resps if isinstance(resps, str) else None
