"""A small task of one's own, with scripts, as a folder."""

import json
from collections.abc import Iterable
from pathlib import Path

from engine.files import write_atomically
from engine.tasks.own import OwnSettings, check_task_settings, task_toml


def own_task(folder: Path, rows: Iterable[str] | int = 40, **sections: object) -> Path:
    """Write a task of ``rows`` questions, or of these raw lines; return its folder."""
    folder.mkdir(parents=True)
    if isinstance(rows, int):
        rows = [json.dumps({"question": f"Twice {n}?", "answer": str(2 * n)}) for n in range(rows)]
    write_atomically(folder / "items.jsonl", "".join(f"{row}\n" for row in rows))
    data = {
        "name": folder.name,
        "title": "Doubling",
        "data": {"items": "items.jsonl"},
        "answer": {"kind": "number"},
    }
    settings: OwnSettings = check_task_settings(data | sections, "task.toml")
    write_atomically(folder / "task.toml", task_toml(settings))
    return folder
