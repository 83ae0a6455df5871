import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.config import with_values, write_settings
from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.lock import lock_holder
from engine.project import Project
from engine.tasks import TASKS, make_task
from engine.tasks.own.writing import new_folder

from .conftest import CommandLine, latest_status
from .tripost_with_stand_in import STAND_IN


def test_a_run_is_followed_to_its_report(cli: CommandLine) -> None:
    cli.new("p")
    result = cli("run", "p")
    assert result.exit_code == 0
    assert "begins" in result.stdout
    assert "all done" in result.stdout
    assert "Run 1: finished" in result.stdout
    assert "No evaluation yet." in result.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(result.output)


def test_json_is_one_event_a_line_and_then_the_end(cli: CommandLine) -> None:
    project = cli.new("p")
    lines = cli.json("run", "p", "--json")
    assert lines[0]["kind"] == "engine.started"
    assert lines[0]["project"] == str(project.path)
    kinds = [line["kind"] for line in lines[1:] if line["kind"] != "progress"]
    assert kinds == ["run.started", "run.finished", "end"]
    assert lines[-1] == {"kind": "end", "status": "finished", "reason": None}
    assert any(line.get("loss") == 0.25 for line in lines)


def test_a_finished_run_is_not_started_again(cli: CommandLine) -> None:
    cli.new("p")
    cli("run", "p")
    again = cli("run", "p", plot="die")
    assert again.exit_code == 0
    assert "Run 1: finished" in again.stdout


def test_a_failed_run_says_why_and_how_to_go_on(cli: CommandLine) -> None:
    project = cli.new("p")
    result = cli("run", "p", plot="fail")
    assert result.exit_code == 6
    assert "The run failed\n" in result.stderr
    assert "the loss is not a number" in result.stderr
    assert "⟨U+202E⟩" in result.stderr
    assert str(project.logs / "engine.log") in result.stderr
    assert f"tripost run {project.path}" in result.stderr


def test_an_expert_that_is_gone_is_told_with_the_engines_own_title_and_code(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    result = cli("run", "p", plot="expert")
    assert result.exit_code == 8
    assert result.stderr.splitlines()[-4:] == [
        "The expert cannot be used",
        "http://h/v1: it answered 502. What is kept stays.]0;owned ⟨U+202E⟩",
        f"The engine's log: {project.logs / 'engine.log'}",
        f"Go on with: tripost run {project.path}",
    ]
    status = cli("status", "p").stdout
    assert "p: failed" in status
    assert "The expert cannot be used: http://h/v1: it answered 502." in status


def test_a_budget_that_is_used_up_stops_the_run_in_the_reasons_own_words(
    cli: CommandLine,
) -> None:
    cli.new("p")
    result = cli("run", "p", plot="budget")
    assert result.exit_code == 7
    assert "The run was stopped\nthe budget for experts is used up: 9 tokens of 8" in result.stderr
    status = cli("status", "p").stdout
    assert "p: stopped\nthe budget for experts is used up: 9 tokens of 8" in status
    lines = cli.json("run", "p", "--json", plot="budget")
    assert lines[-1]["status"] == "stopped"
    assert "budget for experts" in lines[-1]["reason"]


def test_an_engine_that_dies_is_told_and_its_run_resumed(cli: CommandLine) -> None:
    project = cli.new("p")
    with _following("wait", "p") as follower:
        holder = lock_holder(project)
        assert holder is not None
        psutil.Process(holder.pid).kill()
        _, err = follower.communicate(timeout=30)
    assert follower.returncode == 6
    assert "ended unexpectedly" in err
    lines = cli.json("run", "p", "--json")
    assert [line["kind"] for line in lines if line["kind"].startswith("run.")] == [
        "run.resumed",
        "run.finished",
    ]


def test_a_stopped_run_is_resumed_and_its_old_end_is_not_taken_for_the_new(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    assert cli("run", "p", "--detach", plot="wait").exit_code == 0
    assert cli("stop", "p", "--wait").exit_code == 0
    assert latest_status(project) == "stopped"
    assert cli("run", "p").exit_code == 0
    assert latest_status(project) == "finished"


def test_while_an_engine_is_at_work_no_second_one_is_started(cli: CommandLine) -> None:
    project = cli.new("p")
    cli("run", "p", "--detach", plot="wait")
    refused = cli("run", "p", "--detach")
    assert refused.exit_code == 5
    assert "Another engine is running" in refused.stderr
    holder = lock_holder(project)
    assert holder is not None
    assert str(holder.pid) in refused.stderr


def test_a_run_stopped_by_someone_else_ends_the_following_with_a_code_of_its_own(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    cli("run", "p", "--detach", plot="wait")
    with _started("-m", "tripost_tui", "run", "p", "--json") as follower:
        assert follower.stdout is not None
        assert "engine.attached" in follower.stdout.readline()
        cli("stop", "p")
        out, err = follower.communicate(timeout=30)
    assert follower.returncode == 7
    assert '"status": "stopped"' in out.splitlines()[-1]
    assert f"tripost run {project.path}" in err


def test_ctrl_c_ends_the_following_and_not_the_run(cli: CommandLine) -> None:
    project = cli.new("p")
    with _following("wait", "p") as follower:
        # As a terminal does it: to the whole foreground group, where the engine must not be.
        os.killpg(follower.pid, signal.SIGINT)
        _, err = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert "goes on" in err
    for command in ("run", "status", "stop"):
        assert f"tripost {command} {project.path}" in err
    holder = lock_holder(project)
    assert holder is not None
    assert holder.alive


def _following(plot: str, folder: str) -> subprocess.Popen[str]:
    """`tripost run` as a process of its own, which has seen its engine begin."""
    program = str(STAND_IN.with_name("tripost_with_stand_in.py"))
    follower = _started(program, plot, "run", folder)
    assert follower.stdout is not None
    assert "begins" in follower.stdout.readline()
    return follower


def _started(*arguments: str) -> subprocess.Popen[str]:
    """A Python of its own, at the head of a process group, as a shell would start it."""
    root = str(Path(__file__).resolve().parents[3])
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        # Tests begun in the background of a script ignore the signal, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=True,
    )


def test_a_student_that_is_not_there_is_told_and_no_engine_started(cli: CommandLine) -> None:
    cli("new", "p", "--set", "student.path=./nowhere")
    result = cli("run", "p", plot="die")
    assert result.exit_code == 4
    assert result.stderr.startswith("The student is missing\n")
    assert "nowhere/config.json is missing" in result.stderr


def test_settings_that_changed_during_a_run_are_told_and_no_engine_started(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    cli("run", "p", plot="fail")
    text = project.settings_path.read_text()
    project.settings_path.write_text(text.replace("\nepochs = 4", "\nepochs = 5"))
    result = cli("run", "p", plot="die")
    assert result.exit_code == 2
    assert result.stderr.startswith("The settings changed during a run\n")
    assert "train.epochs changed since run 1 began" in result.stderr


def test_a_task_of_ones_own_that_lacks_scripts_is_told_and_no_engine_started(
    cli: CommandLine,
) -> None:
    new_folder(cli.folder / "mine")
    toml = cli.folder / "mine/task.toml"
    toml.write_text(toml.read_text().replace('[improve]\nscript = "steps.py"', ""))
    shutil.copytree(student_folder(SCHOOLED_TASKS[0]), cli.folder / "student")
    cli("new", "p", "--task", "mine", "--set", "student.path=student")
    result = cli("run", "p", plot="die")
    assert result.exit_code == 2
    assert "nobody gives improvements (IMP)" in result.stderr


def test_the_demo_makes_its_project_and_shows_its_report_when_it_is_done(
    cli: CommandLine,
) -> None:
    first = cli("demo")
    assert first.exit_code == 0
    assert (cli.folder / "tripost-demo/project.toml").exists()
    again = cli("demo", plot="die")
    assert again.exit_code == 0
    assert "Run 1: finished" in again.stdout
    assert "--fresh" in again.stderr


def test_a_fresh_demo_puts_the_earlier_one_aside(cli: CommandLine) -> None:
    cli("demo", "d")
    (cli.folder / "d/project.toml").write_text("this is not TOML")
    result = cli("demo", "d", "--fresh", "--seed", "7")
    assert result.exit_code == 0
    assert (cli.folder / "d.1/project.toml").read_text() == "this is not TOML"
    assert "seed = 7" in (cli.folder / "d/project.toml").read_text()


def test_a_demo_at_work_is_not_put_aside(cli: CommandLine) -> None:
    cli("demo", "--detach", plot="wait")
    result = cli("demo", "--fresh")
    assert result.exit_code == 5
    assert not (cli.folder / "tripost-demo.1").exists()


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_demo_of_each_task_has_a_project_of_its_own(cli: CommandLine, task: str) -> None:
    folder = "tripost-demo" if task == "multistep_arithmetic" else f"tripost-demo-{task}"
    shutil.copytree(student_folder(SCHOOLED_TASKS[0]), cli.folder / "mine")
    assert cli("demo", "--task", task, "--student", "./mine").exit_code == 0
    settings = Project.open(cli.folder / folder).settings
    assert (settings.task.name, settings.student.path) == (task, "./mine")
    make_task(task, settings.task.seen, settings.task.unseen)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["--seed", "3"], ["--seed", "4"], "run.seed = 3, not 4"),
        (["--task", "word_sorting"], ["--task", "logical_deduction"], "task.name = word_sorting"),
        ([], ["--student", "./mine"], "student.path = embedded, not ./mine"),
    ],
)
def test_another_demo_than_the_one_there_is_refused(
    cli: CommandLine, before: list[str], after: list[str], told: str
) -> None:
    assert cli("demo", "d", *before).exit_code == 0
    result = cli("demo", "d", *after)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("task", "told"),
    [("chess", 'task.name = "chess"'), ("./mine", "tripost new DIR --task ./mine")],
)
def test_there_is_no_demo_of_another_task(cli: CommandLine, task: str, told: str) -> None:
    result = cli("demo", "d", "--task", task)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (cli.folder / "d").exists()


@pytest.mark.parametrize("command", ["run", "status", "stop", "pause", "resume", "report"])
def test_a_folder_that_is_no_project_is_named(cli: CommandLine, command: str) -> None:
    result = cli(command, "nowhere")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("No such project\n")
    assert str(cli.folder / "nowhere") in result.stderr


def test_a_student_that_will_not_do_is_told_before_an_engine_is_started(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    (cli.folder / "student").mkdir()
    (cli.folder / "student" / "config.json").write_text('{"model_type": "llama"}')
    (cli.folder / "student" / "pytorch_model.bin").touch()
    settings = with_values(project.settings, {"student.path": str(cli.folder / "student")})
    write_settings(project.settings_path, settings)
    refused = cli("run", "p", plot="die")
    assert refused.exit_code == 4
    assert "The student is a pickle\n" in refused.stderr
    assert "loading one can run any code" in " ".join(refused.stderr.split())
    assert lock_holder(project) is None


def test_settings_that_make_no_sense_together_are_refused(cli: CommandLine) -> None:
    refused = cli("new", "p", "--set", "student.adapter=full", "--set", "student.quantisation=nf4")
    assert refused.exit_code == 2
    assert "student.quantisation" in refused.stderr
    assert not (cli.folder / "p").exists()
