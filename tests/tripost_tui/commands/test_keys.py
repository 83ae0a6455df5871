import json
from pathlib import Path

from tripost_tui.actions import ACTIONS
from tripost_tui.preferences import preferences_path

from .conftest import CommandLine

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_keys_is_up_to_date(cli: CommandLine) -> None:
    """Make it anew with ``tripost keys --markdown --default > docs/keys.md``."""
    made = cli("keys", "--markdown", "--default").stdout
    assert (ROOT / "docs" / "keys.md").read_text() == made


def test_keys_are_listed_by_screen(cli: CommandLine) -> None:
    lines = cli("keys").stdout.splitlines()
    assert lines[0] == "Everywhere"
    assert "  g d                Doctor: this machine, its experts, the log" in (lines)
    assert lines[-1] == f"Yours are kept in {preferences_path()}"


def test_keys_in_json_are_one_action_a_line(cli: CommandLine) -> None:
    rows = cli.json("keys", "--json")
    assert {row["action"] for row in rows} == {action.id for action in ACTIONS}
    (pause,) = [row for row in rows if row["action"] == "run.pause"]
    assert pause == {
        "action": "run.pause",
        "screen": "Run",
        "label": "pause/resume",
        "description": "Pause the run, resume it, or start its engine",
        "keys": ["p"],
        "goto": None,
        "yours": False,
    }


def test_your_own_keys_are_shown_and_marked_and_faults_told(cli: CommandLine) -> None:
    path = preferences_path()
    path.parent.mkdir(parents=True)
    path.write_text('[keys]\n"run.pause" = ["F5"]\n"run.stop" = ["g"]\n')
    result = cli("keys")
    assert "* F5                 Pause the run, resume it, or start its engine" in result.stdout
    assert "  s                  Stop after the item at hand" in result.stdout
    assert 'g is "go to" of Everywhere' in result.stderr
    rows = [json.loads(line) for line in cli("keys", "--json").stdout.splitlines()]
    assert [row["action"] for row in rows if row["yours"]] == ["run.pause"]
    assert "F5" not in cli("keys", "--default").stdout


def test_two_formats_at_once_are_wrong_usage(cli: CommandLine) -> None:
    assert cli("keys", "--json", "--markdown").exit_code == 2
