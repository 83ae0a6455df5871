"""Killed and taken up, an evaluation is the undisturbed one; its texts can be scored again."""

import sqlite3
from pathlib import Path
from typing import Any

from evaluated_by import evaluated, run_eval, stored

from engine.evals.child import work_on
from engine.evals.order import database_of

ASKED = ("--task", "multistep_arithmetic", "--seen", "3x1", "--unseen", "4x1", "--count", 6)
SHORT = ("--max-attempt-tokens", 40, "--batch-size", 1, "--max-updates", 1, "--device", "cpu")
SAMPLED = ("--temperature", 1, "--seed", 5, "--prompt-only")
GIVEN = (*ASKED, *SHORT, *SAMPLED)


def rows(folder: Path) -> list[Any]:
    return stored(folder)[1]


def test_killed_and_taken_up(random_student: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    (said,) = evaluated(random_student, *GIVEN, "--out", whole)
    assert (said["answered"], said["whole"]) == (6, True)
    # The same order, of which nothing has been done yet.
    killed.mkdir()
    with (
        sqlite3.connect(database_of(whole)) as source,
        sqlite3.connect(database_of(killed)) as copy,
    ):
        source.backup(copy)
        copy.execute("DELETE FROM answers")
        copy.execute("UPDATE evaluations SET finished_at = NULL, seconds = 0")
    source.close()
    copy.close()
    process = work_on(killed, 1)
    next(one for one in process if one.get("done") == 2)
    process.close()  # type: ignore[attr-defined]  # which kills it
    before = rows(killed)
    assert 2 <= len(before) < 6
    (again,) = evaluated(random_student, *GIVEN, "--out", killed)
    assert again["id"] == 1
    assert rows(killed) == rows(whole)
    # Sampled texts differ from question to question, and an update was asked for of each.
    assert len({row.parts[0] for row in rows(whole)}) == 6
    assert all(len(row.parts) >= 2 or row.finish_reason == "length" for row in rows(whole))


def test_scored_again_without_generating(random_student: Path, tmp_path: Path) -> None:
    given = (random_student, *ASKED, *SHORT, "--out", tmp_path)
    evaluated(*given)
    with sqlite3.connect(database_of(tmp_path)) as database:
        # Were this generated again, the text would be another one.
        database.execute(
            "UPDATE answers SET parts = ? WHERE position = 0",
            ['["(1) It is so.\\n(Final response) So the answer is 7."]'],
        )
        database.execute("UPDATE questions SET answer = '7' WHERE position = 0")
        database.execute("UPDATE evaluations SET task_version = '0.0.1'")
    database.close()
    changed = run_eval(*given)
    assert changed.exit_code == 2
    assert "The task has changed" in changed.stderr
    assert "version 0.0.1 of the task" in changed.stderr
    (said,) = evaluated(*given, "--rescore")
    assert rows(tmp_path)[0].final_answer == "7"
    assert said["all"]["final"] == said["all"]["first"] == 1
    assert run_eval(*given).exit_code == 0


def test_votes_take_the_tokens_that_the_answers_took(random_student: Path, tmp_path: Path) -> None:
    given = (random_student, *ASKED, *SHORT, "--prompt-only", "--out", tmp_path)
    (said,) = evaluated(*given, "--votes", 9)
    (votes,) = said["votes"]
    budget = said["all"]["tokens"]
    assert votes["budget_tokens"] == budget
    tokens = [one["tokens"] for one in votes["rounds"]]
    assert votes["spent"]
    assert all(total < budget for total in tokens[:-1])
    assert tokens[-1] >= budget
    equal = votes["at_equal_tokens"]
    assert tokens[equal - 1] <= budget or equal == 1
    # They are there: nothing is drawn again.
    (again,) = evaluated(*given, "--votes", 9)
    assert again["votes"] == said["votes"]
