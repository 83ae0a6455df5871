"""`tripost eval` as a person runs it, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from db.evals import EvalStore, StoredAnswer, StoredEvaluation
from engine.evals.order import database_of
from tripost_tui.cli import tripost


def run_eval(*arguments: object) -> Result:
    return CliRunner().invoke(tripost, ["eval", *map(str, arguments)])


def evaluated(*arguments: object) -> list[dict[str, Any]]:
    """What it prints as JSON, where all goes well."""
    result = run_eval(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def stored(folder: Path, number: int = 1) -> tuple[StoredEvaluation, list[StoredAnswer]]:
    with EvalStore.read(database_of(folder)) as store:
        return store.evaluation(number), store.answers(number)
