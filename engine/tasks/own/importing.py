"""Data sets in other formats as rows of a task of one's own.

BIG-bench and BIG-Bench Hard (JSON with "examples"), GSM8K and whatever is in JSON lines, and
tables (CSV, TSV). Each importer returns the rows that it could read and what is wrong with the
others; `engine.tasks.own.writing.write_folder` makes a task of them.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from db.records import Split
from engine.errors import ConfigError
from engine.tasks.own.choices import letter_of
from engine.tasks.own.jsonl import DECODER, read_json_lines
from engine.tasks.own.numbers import read_number
from engine.tasks.own.problems import Problem, ProblemKind, Problems, Severity, shortened
from engine.tasks.own.rationales import restated
from engine.tasks.own.rows import SEEN, NumberText, Row, read_row, split_options
from engine.tasks.own.settings import AnswerSettings, ChoiceAnswer, ExactAnswer, NumberAnswer
from engine.tasks.own.tables import as_row_object, key_of_columns, read_table

MOST_BYTES = 256_000_000
_CALCULATOR = re.compile(r"<<[^<>\n]{0,500}>>")
_GSM8K_ANSWER = "####"

_Found = Iterator[tuple[Row | None, list[Problem]]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an importer read. ``answer`` is the kind of answer that fits all rows.

    ``counts`` counts all problems; ``problems`` lists the first hundred of each kind.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    answer: AnswerSettings
    counts: Mapping[ProblemKind, int] = field(default_factory=dict)


def import_file(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    subtask: str | None = None,
    split: Split | None = None,
) -> Imported:
    """Read a data set, in the format that its name ends in: .json, .jsonl, .csv or .tsv.

    ``columns`` says, for keys of a row, which column of a table they are in; ``subtask`` and
    ``split`` hold for all rows that say nothing else.

    Raises:
        ConfigError: no such format, or the file cannot be read at all.
    """
    match path.suffix.lower():
        case ".json":
            if columns:
                raise ConfigError(f"{path}: BIG-bench's JSON has no columns to name.")
            found = _bigbench(path)
        case ".jsonl" | ".ndjson":
            found = _json_lines(path, columns or {})
        case ".csv" | ".tsv" | ".tab":
            found = _table(path, columns or {})
        case _:
            raise ConfigError(
                f"{path}: must end in .json, .jsonl, .csv or .tsv.", "No importer for this file"
            )
    problems, rows = Problems(), []
    for row, its_problems in found:
        problems.extend(its_problems)
        if row is not None:
            rows.append(_at_home(row, subtask, split))
    return Imported(tuple(rows), problems.sorted(), fitting_answer(rows), problems.counts)


def fitting_answer(rows: Sequence[Row]) -> AnswerSettings:
    """The kind of answer that fits all rows: a letter, a number, or else a text."""
    if rows and all(letter_of(row.answer, split_options(row.asked)[1]) for row in rows):
        return ChoiceAnswer()
    if rows and all(read_number(row.answer) for row in rows):
        return NumberAnswer()
    return ExactAnswer()


def _at_home(row: Row, subtask: str | None, split: Split | None) -> Row:
    if row.rationale is not None:
        row = replace(row, rationale=restated(row.rationale, row.answer))
    if subtask is not None and row.subtask == SEEN:
        row = replace(row, subtask=subtask)
    return replace(row, split=split) if split is not None and row.split is None else row


def _bytes_of(path: Path) -> bytes:
    """Read a file whole. Raises ConfigError."""
    title = "The file cannot be read"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{path}: longer than {MOST_BYTES} bytes.", title)
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}.", title) from error


def _text_of(path: Path) -> str:
    """Read a text file whole. Raises ConfigError."""
    try:
        return _bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: byte {error.start} is not UTF-8 text. Save it as UTF-8.",
            "The file cannot be read",
        ) from error


def _table(path: Path, columns: Mapping[str, str]) -> _Found:
    for line, value in read_table(_text_of(path), path.name, columns):
        yield (None, [value]) if isinstance(value, Problem) else read_row(value, path.name, line)


def _json_lines(path: Path, columns: Mapping[str, str]) -> _Found:
    unknown = dict(columns)
    for line, value in read_json_lines(path.parent, path.name):
        if isinstance(value, Problem):
            yield None, [value]
            continue
        if isinstance(value, dict):
            keys = key_of_columns(list(value), columns)
            unknown = {key: name for key, name in unknown.items() if key not in keys.values()}
            value = _gsm8k(as_row_object(value, keys))
        yield read_row(value, path.name, line)
    for key, name in unknown.items():
        message = f"no row has a key {shortened(name)}, which is said to be the {key}"
        yield None, [Problem(ProblemKind.KEY_MISSING, path.name, message)]


def _gsm8k(data: dict[str, Any]) -> dict[str, Any]:
    """Take a rationale that ends in ``#### 18`` apart, without its calculator annotations."""
    answer = data.get("answer")
    if not isinstance(answer, str) or _GSM8K_ANSWER not in answer:
        return data
    working, _, final = answer.rpartition(_GSM8K_ANSWER)
    rationale = _CALCULATOR.sub("", working).strip()
    return {**data, "answer": final.strip(), **({"rationale": rationale} if rationale else {})}


def _bigbench(path: Path) -> _Found:
    """Read BIG-bench's JSON; of data with a canary, all rows belong to the test."""
    try:
        data = DECODER.decode(_text_of(path))
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConfigError(f"{path}: this is not JSON: {why}.", "The file cannot be read") from error
    examples = data.get("examples") if isinstance(data, dict) else None
    if not isinstance(examples, list):
        raise ConfigError(
            f'{path}: must be an object with a list "examples", as BIG-bench has it.',
            "The file cannot be read",
        )
    split = {}
    if "canary" in data:
        split = {"split": "test"}
        message = "it has a canary: nothing of it may be trained on, so all rows are test rows"
        kind, severity = ProblemKind.NOT_FOR_TRAINING, Severity.WARNING
        yield None, [Problem(kind, path.name, message, severity=severity)]
    for number, example in enumerate(examples, 1):
        name = f"{path.name}, example {number}"
        if isinstance(example, dict):
            try:
                example = _bigbench_row(example) | split
            except ValueError as error:
                yield None, [Problem(ProblemKind.NOT_A_ROW, name, str(error))]
                continue
        yield read_row(example, name, 0)


def _bigbench_row(example: Mapping[str, Any]) -> dict[str, Any]:
    """An example as a row. Raises ValueError where there is not one right answer."""
    row = {"question": example.get("input"), "answer": example.get("target")}
    scores = example.get("target_scores")
    if scores is not None:
        return row | _scored(scores, str(row["question"]))
    if isinstance(row["answer"], list):
        if len(row["answer"]) != 1:
            raise ValueError(f"{len(row['answer'])} targets, not one")
        (row["answer"],) = row["answer"]
    return row


def _scored(scores: object, question: str) -> dict[str, Any]:
    """Options from scores; shuffled, since the right one is often written first."""
    if not isinstance(scores, dict) or not all(isinstance(s, NumberText) for s in scores.values()):
        raise ValueError("target_scores must be an object of numbers")
    values = {option: float(score) for option, score in scores.items()}
    best = [option for option, value in values.items() if value == max(values.values())]
    if len(best) != 1:
        raise ValueError(f"{len(best)} options have the highest score, not one")
    options = sorted(values)
    random.Random(hashlib.sha256(question.encode(errors="replace")).digest()).shuffle(options)
    return {"options": options, "answer": best[0]}
