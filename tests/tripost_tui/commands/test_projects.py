import json

import pytest
from evaluated import evaluated_project

from engine.project import Project, known_projects
from engine.tasks.own.writing import new_folder

from .conftest import CommandLine


def test_a_new_project_has_the_settings_that_were_given(cli: CommandLine) -> None:
    result = cli("new", "p", "--set", "run.seed=3", "--set", "student.path=./my student")
    assert result.exit_code == 0
    settings = Project.open(cli.folder / "p").settings
    assert settings.run.seed == 3
    assert settings.student.path == "./my student"
    assert [known.path for known in known_projects()] == [cli.folder / "p"]


def test_a_task_can_be_chosen(cli: CommandLine) -> None:
    assert cli("new", "p", "--task", "multistep_arithmetic").exit_code == 0
    wrong = cli("new", "q", "--task", "poetry")
    assert wrong.exit_code == 2
    assert "task.name" in wrong.stderr
    assert "multistep_arithmetic" in wrong.stderr
    assert not (cli.folder / "q").exists()


@pytest.mark.parametrize("named", ["mine", "./mine"])
def test_a_task_of_ones_own_is_chosen_by_its_folder(cli: CommandLine, named: str) -> None:
    new_folder(cli.folder / "mine")
    assert cli("new", "p", "--task", named, "--set", "train.epochs=2").exit_code == 0
    settings = Project.open(cli.folder / "p").settings
    assert settings.task.name == str(cli.folder / "mine")
    assert settings.train.epochs == 2
    # The example has twenty rows.
    counted = settings.task.train_items + settings.task.dev_items + settings.task.test_items
    assert counted == 20


def test_a_folder_that_is_no_task_is_told(cli: CommandLine) -> None:
    (cli.folder / "empty").mkdir()
    result = cli("new", "p", "--task", "empty")
    assert result.exit_code == 2
    assert "task.toml" in result.stderr
    assert not (cli.folder / "p").exists()


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("run.sead=3", "Did you mean run.seed?"),
        ("run.seed=-1", "run.seed = -1"),
        ("run.seed=three", "run.seed"),
        ("run.seed=1\nname = 'x'", "run.seed"),
        ("seed", "section.key=value"),
    ],
)
def test_a_wrong_setting_is_named(cli: CommandLine, assignment: str, told: str) -> None:
    result = cli("new", "p", "--set", assignment)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (cli.folder / "p").exists()


def test_a_folder_that_is_taken_is_left_alone(cli: CommandLine) -> None:
    (cli.folder / "p").mkdir()
    (cli.folder / "p/thesis.txt").write_text("years of work")
    result = cli("new", "p")
    assert result.exit_code == 3
    assert "thesis.txt" in result.stderr
    assert [entry.name for entry in (cli.folder / "p").iterdir()] == ["thesis.txt"]


def test_wrong_settings_in_the_file_are_named_with_file_key_and_what_is_allowed(
    cli: CommandLine,
) -> None:
    project = cli.new("p")
    text = project.settings_path.read_text().replace("seed = 1", "seed = -5", 1)
    project.settings_path.write_text(text)
    result = cli("run", "p")
    assert result.exit_code == 2
    assert f"{project.settings_path}: run.seed = -5: must be a whole number" in result.stderr


def test_a_damaged_database_is_named(cli: CommandLine) -> None:
    project = cli.new("p")
    project.db_path.write_bytes(b"this is not a database" * 100)
    result = cli("status", "p")
    assert result.exit_code == 3
    assert str(project.db_path) in result.stderr


def test_a_report_in_each_format(cli: CommandLine) -> None:
    cli.new("p")
    cli("run", "p")
    assert "Run 1: finished" in cli("report", "p").stdout
    assert cli("report", "p", "--format", "md").stdout.startswith("# Run 1: finished\n")
    told = json.loads(cli("report", "p", "--format", "json").stdout)
    assert told["run"]["status"] == "finished"


def test_no_run_no_report(cli: CommandLine) -> None:
    cli.new("p")
    result = cli("report", "p")
    assert result.exit_code == 3
    assert "tripost run" in result.stderr


def test_a_report_is_written_as_a_page_and_as_markdown(cli: CommandLine) -> None:
    evaluated_project(cli.folder / "p")
    result = cli("report", "p", "--html", "r.html", "--markdown", "r.md")
    assert result.exit_code == 0
    assert result.stdout.split() == ["Written:", "r.html", "Written:", "r.md"]
    assert (cli.folder / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "**Not shown.**" in (cli.folder / "r.md").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_or_is_of_nothing_is_told(cli: CommandLine) -> None:
    evaluated_project(cli.folder / "p")
    lost = cli("report", "p", "--html", "nowhere/r.html")
    assert lost.exit_code != 0
    assert "nowhere/r.html" in lost.stderr
    cli("new", "empty")
    nothing = cli("report", "empty", "--html", "e.html")
    assert nothing.exit_code != 0
    assert "no run yet" in nothing.stderr
    assert not (cli.folder / "e.html").exists()
