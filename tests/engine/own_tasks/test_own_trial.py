"""The trial of one's own scripts: what they decline is a warning, what they get wrong an error."""

import json
from pathlib import Path

import pytest
from own_folders import write_task

from engine.tasks.own import Problem, ProblemKind, Severity, load_task
from engine.tasks.own.trial import try_scripts

ROWS = [
    {"question": f"What is {n} + {n}?", "answer": 2 * n, "rationale": f"It is {2 * n}."}
    for n in range(1, 7)
]
LOOP = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
"""
HONEST = (
    LOOP
    + """
    wrong = str(request["gold"]) not in request["attempt"]["steps"][-1]["text"]
    reply = {"verdict": "correct"}
    if wrong:
        span = request["attempt"]["steps"][-1]["text"]
        reply = {"verdict": "incorrect", "step": "Final response", "span": span, "reason": "no"}
    print(json.dumps(reply), flush=True)
"""
)
CRASHES = "raise SystemExit('no way')\n"


def always(reply: object) -> str:
    return f"{LOOP}    print({json.dumps(reply)!r}, flush=True)\n"


def tried(folder: Path, feedback: str, checker: str = "") -> list[Problem]:
    answer = {"kind": "python", "script": "c.py"} if checker else {"kind": "number"}
    files = {"f.py": feedback, "c.py": checker}
    with load_task(
        write_task(folder, ROWS, answer, files=files, feedback={"script": "f.py"}),
        run_scripts=False,
    ) as task:
        return try_scripts(task)


def test_honest_scripts_have_no_problems(tmp_path: Path) -> None:
    assert tried(tmp_path, HONEST) == []


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"verdict": "correct"}, "cannot judge the rationale with the answer '4'"),
        (
            {"verdict": "incorrect", "step": "1", "span": "It", "reason": "x"},
            "rejects the gold rationale",
        ),
        ({"cannot": "x"}, "cannot judge the gold rationale: x"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, reply: object, message: str) -> None:
    assert message in tried(tmp_path, always(reply))[0].message


def test_praise_of_a_wrong_answer_is_an_error(tmp_path: Path) -> None:
    problems = tried(tmp_path, always({"verdict": "correct"}))
    assert len(problems) == len(ROWS)
    assert {(p.kind, p.severity) for p in problems} == {(ProblemKind.SCRIPT_WRONG, Severity.ERROR)}


def test_what_a_script_declines_is_a_warning(tmp_path: Path) -> None:
    problems = tried(tmp_path, always({"cannot": "too hard"}))
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert "too hard" in problems[0].message


@pytest.mark.parametrize(
    ("feedback", "checker", "script"),
    [(CRASHES, "", "f.py"), (HONEST, CRASHES, "c.py")],
    ids=["feedback", "checker"],
)
def test_a_script_that_fails_is_an_error_and_soon_let_be(
    tmp_path: Path, feedback: str, checker: str, script: str
) -> None:
    *problems, last = tried(tmp_path, feedback, checker)
    assert all(f"{script} ended without an answer" in problem.message for problem in problems)
    assert ProblemKind.SCRIPT_FAILED in {problem.kind for problem in problems}
    assert Severity.ERROR in {problem.severity for problem in problems}
    assert len(problems) < len(ROWS)
    assert (last.message, last.severity) == (
        "the scripts are not tried any further",
        Severity.WARNING,
    )
