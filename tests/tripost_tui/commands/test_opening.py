"""The app opened on a folder, and Home's list without the app."""

from pathlib import Path

import pytest

import tripost_tui.commands.the_app as the_app
from tripost_tui.app import TripostApp

from .conftest import CommandLine


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[TripostApp]:
    """The apps that would run on a terminal."""
    found: list[TripostApp] = []

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    class Sys:
        stdin = stdout = Terminal

    monkeypatch.setattr(the_app, "sys", Sys)
    monkeypatch.setattr(TripostApp, "run", lambda app: found.append(app))
    return found


@pytest.mark.parametrize("written", ["sums", "./sums", "sums/", "./status", "status/"])
def test_a_folder_opens_the_app_on_its_project(
    cli: CommandLine, opened: list[TripostApp], written: str
) -> None:
    folder = cli.new(Path(written).name).path
    assert cli("--theme", "light", written).exit_code == 0
    assert [app._project for app in opened] == [folder]
    assert opened[0].theme == "tripost-light"
    assert str(folder) in cli("projects").stdout


def test_a_command_comes_before_a_folder_of_its_name(
    cli: CommandLine, opened: list[TripostApp]
) -> None:
    cli.new("doctor")
    assert "python" in cli("doctor").stdout
    assert not opened


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("./nothing", 3, "no such folder"),
        (".", 3, "has no project.toml"),
        ("stats", 2, "Did you mean status?"),
        ("sums more", 2, "unexpected extra argument"),
        ("sums", 2, "needs a terminal"),
    ],
)
def test_what_is_no_project_is_said(cli: CommandLine, written: str, code: int, said: str) -> None:
    cli.new("sums")
    result = cli(*written.split())
    assert result.exit_code == code
    assert said in result.stderr


def test_no_projects_yet(cli: CommandLine) -> None:
    assert "tripost new DIR" in cli("projects").stdout
    assert cli.json("projects", "--json") == []


def test_the_list_of_projects_is_homes(cli: CommandLine) -> None:
    for name in ("one", "two"):
        assert cli("new", name).exit_code == 0
    assert cli("run", "one", "--detach").exit_code == 0
    (cli.folder / "two" / "project.toml").unlink()
    rows = cli.json("projects", "--json")
    assert {row["name"] for row in rows} == {"one", "two"}
    broken = next(row for row in rows if row["name"] == "two")
    assert broken["state"] == "unreadable"
    assert broken["trouble"]
    text = cli("projects").stdout
    assert "two: unreadable" in text
    assert "one: " in text
