"""Attempts judged by a task of one's own: what its scripts fail at is a reason, no lost row."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.attempt_rows import read_attempts
from engine.judging import MOST_FAILURES_IN_A_ROW, AttemptJudge, Unknown
from engine.tasks.own import load_task
from engine.tasks.own.writing import new_folder


def judged(judge: AttemptJudge, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    raw = "\n".join(map(json.dumps, rows)).encode()
    return list(judge.judge(read_attempts(io.BytesIO(raw))))


CHECKER = """
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    with open("asked.txt", "a") as file:
        file.write(json.dumps([request["question"], request["attempt"]]) + "\\n")
    if "crash" in request["attempt"]:
        raise SystemExit("I give up")
    print(json.dumps({"id": request["id"], "correct": request["answer"] == request["gold"]}),
          flush=True)
"""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The example folder; its scripts may be slow to start on a busy machine."""
    folder = tmp_path / "units"
    new_folder(folder)
    path = folder / "task.toml"
    path.write_text(path.read_text().replace("timeout_s = 10.0", "timeout_s = 600.0"))
    return folder


def with_checker(folder: Path, script: str) -> Path:
    (folder / "checker.py").write_text(script)
    path = folder / "task.toml"
    before, _, rest = path.read_text().partition('kind = "number"')
    path.write_text(
        f'{before}kind = "python"\nscript = "checker.py"\n{rest[rest.index("# Who") :]}'
    )
    return folder


def said(number: int) -> str:
    return (
        "(1) There are 1000 m in 1 km.\n"
        f"(2) 7 km are 7 * 1000 = {number} m.\n(Final response) So the answer is {number}."
    )


SEVEN = "How many m are 7 km?"


def test_a_task_of_ones_own_judges_by_its_rows_and_scripts(units: Path) -> None:
    with load_task(units) as task:
        judge = AttemptJudge(task)
        found = judged(
            judge,
            {"question": SEVEN, "attempt": said(7000)},
            {"question": SEVEN, "attempt": said(700)},
            {"question": SEVEN, "attempt": "It is 7,000 m, I think"},
            {"question": "How many m are 1000 km?", "attempt": said(7000)},
            {"question": "How many m are 1000 km?", "attempt": said(7000), "target": 7000.0},
        )
    assert [row["correct"] for row in found] == [True, False, True, None, True]
    assert [row["answer_form"] for row in found] == ["strict"] * 2 + ["flexible"] + ["strict"] * 2
    assert [row["feedback"] and row["feedback"]["verdict"] for row in found] == [
        *("correct", "incorrect", None),
        *("incorrect", "incorrect"),
    ]
    assert found[1]["feedback"]["step"] == "2"
    assert found[3]["not_compared"]["kind"] == "no gold answer"
    assert found[2]["not_judged"]["kind"] == "attempt that FBK cannot judge"


def test_without_a_script_for_feedback_that_is_the_reason(units: Path) -> None:
    path = units / "task.toml"
    path.write_text(path.read_text().replace('[feedback]\nscript = "steps.py"', ""))
    with load_task(units) as task:
        (found,) = judged(AttemptJudge(task), {"question": SEVEN, "attempt": said(700)})
    assert found["correct"] is False
    assert found["not_judged"]["kind"] == "no script for FBK"


def test_the_checker_sees_question_and_attempt_and_its_failures_are_reasons(units: Path) -> None:
    texts = [said(7000), f"{said(7000)} crash", said(700)]
    with load_task(with_checker(units, CHECKER), run_scripts=False) as task:
        judge = AttemptJudge(task)
        found = judged(judge, *({"question": SEVEN, "attempt": text} for text in texts))
    asked = [json.loads(line) for line in (units / "asked.txt").read_text().splitlines()]
    assert [SEVEN, texts[1]] in asked
    assert [row["attempt"] for row in found] == texts
    right, failed, wrong = found
    assert (right["correct"], wrong["correct"]) == (True, False)
    # That it failed says nothing about the answer.
    assert failed["correct"] is None
    assert failed["answer_form"] == "flexible"
    assert failed["not_compared"]["kind"] == "script failed"
    assert "I give up" in failed["not_compared"]["message"]
    assert judge.tally.not_compared == {Unknown.SCRIPT_FAILED: 1}


def test_a_checker_that_always_fails_is_asked_no_more_and_no_row_is_lost(units: Path) -> None:
    count = MOST_FAILURES_IN_A_ROW + 5
    rows = [{"question": SEVEN, "attempt": f"The answer is 7000 crash {n}"} for n in range(count)]
    with load_task(with_checker(units, CHECKER), run_scripts=False) as task:
        found = judged(AttemptJudge(task), *rows)
    assert [row["attempt"] for row in found] == [row["attempt"] for row in rows]
    assert {row["not_compared"]["kind"] for row in found} == {"script failed"}
    assert "asked no more" in found[-1]["not_compared"]["message"]
    assert len((units / "asked.txt").read_text().splitlines()) == MOST_FAILURES_IN_A_ROW


def test_a_feedback_script_that_fails_costs_the_feedback_alone(units: Path) -> None:
    (units / "steps.py").write_text("print('hello', flush=True)\n")
    with load_task(units) as task:
        (found,) = judged(AttemptJudge(task), {"question": SEVEN, "attempt": said(7000)})
    assert found["correct"] is True
    assert found["feedback"] is None
    assert found["not_judged"]["kind"] == "script failed"
    assert "steps.py" in found["not_judged"]["message"]


def test_a_missing_checker_is_a_reason(units: Path) -> None:
    with load_task(with_checker(units, CHECKER), run_scripts=False) as task:
        (units / "checker.py").unlink()
        (found,) = judged(AttemptJudge(task), {"question": SEVEN, "attempt": said(7000)})
    assert (found["answer"], found["correct"]) == ("7000", None)
    assert "does not exist" in found["not_compared"]["message"]
