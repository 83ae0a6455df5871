"""Writes folders of tasks, right and wrong ones, as a person might."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.tasks.own import OwnSettings, ProblemKind, TaskFolder, check_task_settings, task_toml
from engine.trajectory import FINAL_RESPONSE, Attempt, Step, incorrect, parse_attempt

ROW = {
    "question": "How many?",
    "answer": "5",
    "rationale": "(1) Two.\n(2) Three more.\n(Final response) So the answer is 5.",
}
GOLD = parse_attempt(ROW["rationale"])
WRONG = parse_attempt("(1) Two.\n(2) One more.\n(Final response) So the answer is 3.")
FLAGGED = incorrect("2", "One more", "it is three")


def with_answer(answer: str) -> Attempt:
    return Attempt((Step("1", "One."), Step(FINAL_RESPONSE, f"So the answer is {answer}.")))


def settings_of(answer: Mapping[str, Any] | None = None, **sections: Any) -> OwnSettings:
    data = {
        "name": "mine",
        "title": "Mine",
        "data": {"items": "items.jsonl"},
        "answer": {"kind": "exact"} | dict(answer or {}),
    }
    return check_task_settings(data | sections, "task.toml")


def write_task(
    folder: Path,
    rows: Iterable[Mapping[str, Any]] | bytes,
    answer: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    **sections: Any,
) -> Path:
    """Write a folder with items.jsonl, as objects or as raw bytes, and scripts.

    Scripts may take long: how fast a busy machine starts them is not what is tested.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = {"scripts": {"timeout_s": 600.0}} | sections
    (folder / "task.toml").write_text(task_toml(settings_of(answer, **sections)))
    raw = rows if isinstance(rows, bytes) else json_lines(rows)
    (folder / "items.jsonl").write_bytes(raw)
    for name, text in (files or {}).items():
        (folder / name).write_text(text)
    return folder


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def numbered(count: int, **more: Any) -> list[dict[str, Any]]:
    """Rows whose answer is their number."""
    return [{"question": f"Which number is {n}?", "answer": n} | more for n in range(count)]


def found(folder: TaskFolder) -> list[tuple[ProblemKind, int, str]]:
    """What is wrong, where: kind, line and key."""
    return [(problem.kind, problem.line, problem.key) for problem in folder.problems]
