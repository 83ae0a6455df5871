"""Prompts are written to be edited, and never over what is there."""

import pytest

from engine.experts.prompts import load_prompts
from engine.tasks.own.writing import new_folder

from .conftest import CommandLine

FILES = ("feedback.toml", "improve.toml")


def test_the_prompts_of_a_projects_task_are_written_once(cli: CommandLine) -> None:
    cli("new", "p", "--task", "word_sorting")
    folder = cli.folder / "p" / "prompts"
    assert "Runs use them" in cli("experts", "prompts", "p").stdout
    packaged = load_prompts("word_sorting")
    assert load_prompts("word_sorting", (folder,)).hash == packaged.hash
    (folder / FILES[0]).write_bytes(b"# mine\n" + packaged.feedback.content)
    (folder / FILES[1]).unlink()
    rows = cli.json("experts", "prompts", "p", "--json")
    assert [row["written"] for row in rows] == [False, True]
    assert (folder / FILES[0]).read_bytes().startswith(b"# mine\n")
    assert "left as it is" in cli("experts", "prompts", "p").stdout


def test_those_of_another_task_can_be_taken(cli: CommandLine) -> None:
    cli("new", "p", "--task", "word_sorting")
    cli("experts", "prompts", "p", "--task", "date_understanding")
    written = cli.folder / "p" / "prompts" / FILES[0]
    assert written.read_bytes() == load_prompts("date_understanding").feedback.content


@pytest.mark.parametrize("named", ["mine", "./mine"])
def test_a_task_of_ones_own_gets_those_for_any_task(cli: CommandLine, named: str) -> None:
    new_folder(cli.folder / "mine")
    assert cli("experts", "prompts", named).exit_code == 0
    assert sorted(path.name for path in (cli.folder / "mine" / "prompts").iterdir()) == [*FILES]


def test_what_is_no_project_is_told(cli: CommandLine) -> None:
    assert cli("experts", "prompts", "nothing").exit_code == 3
    assert not (cli.folder / "nothing").exists()


def test_a_file_that_was_there_and_is_wrong_is_told(cli: CommandLine) -> None:
    cli("new", "p")
    cli("experts", "prompts", "p")
    (cli.folder / "p" / "prompts" / FILES[0]).write_text("system = 1")
    result = cli("experts", "prompts", "p")
    assert result.exit_code == 2
    assert FILES[0] in result.stderr
