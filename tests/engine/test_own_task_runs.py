"""Runs on tasks of one's own, by real engine processes and with real scripts."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from engines import Engines, run_of, small_project
from tiny_students import questions

from db.records import (
    ExampleKind,
    Item,
    Level,
    RunStatus,
    Split,
    StageName,
    Subtask,
)
from db.store import Store
from engine.config import Settings, with_values
from engine.editing import DropReason
from engine.errors import ConfigError
from engine.project import Project
from engine.report import build_report
from engine.task_setup import fitting_values, hint_of, project_task
from engine.tasks import TASKS
from engine.tasks.own import OwnTask

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = f"""
import json, sys

sys.path[:0] = [{str(ROOT)!r}, *{[path for path in sys.path if "site-packages" in path]!r}]
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import Attempt, Step, incorrect

task = MultistepArithmetic()


def answer(asked):
    attempt = Attempt(tuple(Step(s["label"], s["text"]) for s in asked["attempt"]["steps"]))
    try:
        if asked["kind"] == "feedback":
            said = task.feedback(asked["question"], attempt)
            if said.is_correct:
                return {{"verdict": "correct"}}
            return {{
                "verdict": "incorrect", "step": said.step, "span": said.span, "reason": said.reason
            }}
        f = asked["feedback"]
        update = task.improve(
            asked["question"], attempt, incorrect(f["step"], f["span"], f["reason"])
        )
        return {{"steps": [{{"label": s.label, "text": s.text}} for s in update.steps]}}
    except (CannotImprove, CannotJudge) as error:
        return {{"cannot": str(error)}}


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({{"id": asked["id"], **answer(asked)}}), flush=True)
"""
"""FBK and IMP for the questions that the able student can answer."""

HINT = TASKS["multistep_arithmetic"].hint
TOML = f"""
name = "sums"
title = "Sums of mine"
hint = {json.dumps(HINT.strip())}
[data]
items = "items.jsonl"
"""
EDITORS = """
[feedback]
script = "steps.py"
[improve]
script = "steps.py"
"""
COUNTS = {"task.train_items": 24, "task.test_items": 6}


def row(item: Item, number: int) -> dict[str, Any]:
    split = "test" if number >= 24 else "train"
    return {
        "question": item.question,
        "answer": item.answer,
        "rationale": item.rationale,
        "split": split,
    }


def own_folder(
    folder: Path, toml: str = TOML + EDITORS, rows: list[Mapping[str, Any]] | None = None
) -> Path:
    """Write a task with the small projects' own questions."""
    folder.mkdir()
    if rows is None:
        rows = [row(item, number) for number, item in enumerate(questions(30))]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.toml").write_text(toml)
    (folder / "steps.py").write_text(SCRIPT)
    return folder


def without_rationales() -> list[Mapping[str, Any]]:
    rows = [row(item, number) for number, item in enumerate(questions(30))]
    return [{key: one[key] for key in one if key != "rationale"} for one in rows]


def own_project(
    folder: Path, task: Path | str, student: Path, values: Mapping[str, Any] | None = None
) -> Project:
    """Make a small project on it."""
    wanted = {
        "task.name": str(task),
        "task.seen": (),
        "task.unseen": (),
        "run.iterations": 1,
        **COUNTS,
    }
    return small_project(folder, student, wanted | dict(values or {}))


def alerts(project: Project) -> list[str]:
    with Store.open(project.db_path, readonly=True) as store:
        events = store.events(run_of(project).id)
    return [e.message for e in events if e.kind == "alert" and e.level is Level.WARNING]


def test_a_run_on_ones_own_task_collects_corrects_and_trains(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    # The folder is named as seen from the project's.
    own_folder(tmp_path / "sums")
    project = own_project(tmp_path / "project", "../sums", able_student)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    run = run_of(project)
    with Store.open(project.db_path, readonly=True) as store:
        trajectories = store.trajectories(run.id, 1)
        examples = [e for e in store.examples(run.id, 1) if e.selected]
        items = store.items("sums")
        report = build_report(store, run.id)
    assert len(items) == 30
    assert {item.split for item in items} == {Split.TRAIN, Split.TEST}
    edited = [t for t in trajectories if t.origin == "edited"]
    assert edited
    assert all(t.turns[-1].verdict == "correct" for t in trajectories)
    assert {e.kind for e in examples} == set(ExampleKind)
    assert report.task == "sums"
    assert report.evaluations[-1].accuracy["all"].final.of == 6
    assert alerts(project) == []


def test_a_task_tells_the_hint_of_its_prompts_as_long_as_it_is_there(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "sums")
    assert hint_of(str(folder)) == HINT
    assert hint_of("multistep_arithmetic") == HINT
    assert hint_of(str(tmp_path / "gone")) is None
    assert hint_of("a task of another version") is None


def test_rows_that_cannot_be_used_are_told_and_not_in_the_way(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    rows: list[Any] = [row(item, number) for number, item in enumerate(questions(30))]
    folder = own_folder(tmp_path / "sums", rows=[*rows, {"question": "No answer?"}])
    values = {"task.test_items": 0, "run.method": "lmsi"}
    project = own_project(tmp_path / "project", folder, able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    (alert,) = alerts(project)
    assert alert == (
        "what is wrong in the task's files is left out (1, first items.jsonl:31: error: answer: "
        f"missing). All of it: tripost task check {folder}"
    )


def test_without_scripts_the_run_does_not_begin(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    folder = own_folder(tmp_path / "sums", TOML + EDITORS.partition("[improve]")[0])
    project = own_project(tmp_path / "project", folder, able_student)
    ended = engines.run(project)
    assert ended.code == ConfigError.exit_code
    assert f"{folder / 'task.toml'}: nobody gives improvements (IMP)." in ended.output
    assert '[improve] with script = "…"' in ended.output


def test_rejection_sampling_needs_neither_scripts_nor_rationales(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    folder = own_folder(tmp_path / "sums", TOML, without_rationales())
    values = {"run.method": "lmsi", "task.test_items": 0}
    project = own_project(tmp_path / "project", folder, able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    with Store.open(project.db_path, readonly=True) as store:
        assert store.trajectories(run_of(project).id, 1)
    # The other control has nothing to train on.
    values = {"run.method": "continued_rationale", "task.test_items": 0}
    project = own_project(tmp_path / "other", folder, able_student, values)
    with pytest.raises(ConfigError, match='no row to train on has a "rationale"'):
        project_task(project)
    # Nor is there anything to plant errors in; a language model could write demonstrations.
    scripted = own_folder(tmp_path / "scripted", TOML + EDITORS, without_rationales())
    for number, values in enumerate(({"run.method": "ft_si_demo"}, {"collect.attempts": "expert"})):
        project = own_project(tmp_path / f"demo{number}", scripted, able_student, values)
        with pytest.raises(ConfigError, match="nobody can write demonstrations"):
            project_task(project)
        asks = {**values, "experts.improve": ("ollama:qwen3:8b",)}
        project = own_project(tmp_path / f"asks{number}", scripted, able_student, asks)
        project_task(project).close()


def test_gold_rationales_that_fbk_does_not_accept_are_no_ground_truth(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    rows: list[Any] = [row(item, number) for number, item in enumerate(questions(30))]
    asked = 8
    for number, one in enumerate(rows[asked:24]):
        if number % 3 == 0:
            del one["rationale"]
        elif number % 3 == 1:
            # Right at the end, wrong before it.
            one["rationale"] = one["rationale"].replace("(1)", "(1) First, 2 = 3.", 1)
    folder = own_folder(tmp_path / "sums", rows=rows)
    values = {"task.test_items": 0, "collect.questions": asked, "collect.passes": 1}
    project = own_project(tmp_path / "project", folder, able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    with Store.open(project.db_path, readonly=True) as store:
        examples = store.examples(run_of(project).id, 1)
        items = {item.id: item for item in store.items("sums")}
    gold = [e for e in examples if e.kind is ExampleKind.GROUND_TRUTH]
    assert all(items[e.item_id].rationale for e in gold)
    refused = {DropReason.GOLD_REJECTED, DropReason.FEEDBACK_FAILED}
    planted = [e for e in gold if "2 = 3" in items[e.item_id].rationale]
    assert planted
    assert {e.drop_reason for e in planted} <= refused
    assert not any(e.drop_reason in refused for e in gold if e not in planted)


def test_a_checker_that_fails_ends_the_run_with_its_words(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    checker = '[answer]\nkind = "python"\nscript = "checker.py"\n'
    folder = own_folder(tmp_path / "sums", TOML + checker + EDITORS, without_rationales())
    (folder / "checker.py").write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        # A row without a rationale is checked without steps.
        "    if '(1)' in asked['attempt']: sys.exit('out of luck')\n"
        "    print(json.dumps({'correct': True}), flush=True)\n"
    )
    project = own_project(tmp_path / "project", folder, able_student)
    ended = engines.run(project)
    assert ended.code == 1, ended.output
    assert "checker.py" in ended.output
    assert "out of luck" in ended.output
    assert run_of(project).status is RunStatus.FAILED


def test_a_checker_that_fails_at_times_costs_those_answers(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    checker = '[answer]\nkind = "python"\nscript = "checker.py"\n'
    folder = own_folder(tmp_path / "sums", TOML + checker + EDITORS, without_rationales())
    (folder / "checker.py").write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if '(1)' in asked['attempt'] and not os.path.exists('failed'):\n"
        "        open('failed', 'w').close()\n"
        "        sys.exit('just once')\n"
        "    print(json.dumps({'correct': asked['answer'] == asked['gold']}), flush=True)\n"
    )
    values = {"run.method": "lmsi"}
    project = own_project(tmp_path / "project", folder, able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    (alert,) = alerts(project)
    assert alert.startswith(
        f"iteration 0: {StageName.EVALUATE}: answers that could not be read or compared, and "
        "count as wrong: 1; the last: checker.py"
    )
    assert "just once" in alert


def test_settings_that_fit_the_rows(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "sums")
    values = fitting_values(folder, Settings())
    assert values == {
        "task.name": str(folder),
        "task.train_items": 24,
        "task.dev_items": 0,
        "task.test_items": 6,
        "collect.questions": 24,
        "collect.minimum": 12,
    }
    project = Project.create(tmp_path / "project", with_values(Settings(), values))
    task = project_task(project)
    with task if isinstance(task, OwnTask) else pytest.fail("it is one's own"):
        assert len(task.generate(Split.TRAIN, [Subtask.SEEN], 24, seed=1)) == 24


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task.name": "./nowhere"}, "nowhere/task.toml: No such file or directory"),
        ({"task.name": "../sums", "task.seen": ["hard"]}, "'hard' is no subtask of this task"),
    ],
)
def test_a_task_that_is_not_there_or_not_so(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    own_folder(tmp_path / "sums")
    project = Project.create(tmp_path / "project", with_values(Settings(), values))
    with pytest.raises(ConfigError, match=message):
        project_task(project)


def test_a_folder_without_valid_rows_is_no_task_to_run(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "sums", rows=[{"question": "No answer?"}])
    with pytest.raises(ConfigError, match="no valid row to train on"):
        fitting_values(folder, Settings())


def test_a_name_that_is_no_task_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"or the path of a folder with a task\.toml"):
        with_values(Settings(), {"task.name": "chess"})
