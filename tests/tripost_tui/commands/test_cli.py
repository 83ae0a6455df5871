import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tripost_tui.failures import EXIT_CODES

from .conftest import CommandLine

ROOT = Path(__file__).resolve().parents[3]


def test_help_names_the_commands_in_order_of_use_and_the_exit_codes(cli: CommandLine) -> None:
    text = cli("--help").stdout
    named = re.findall(r"^  (\w[\w-]*)   *[A-Z]", text, re.MULTILINE)
    assert " ".join(named) == (
        "demo look new projects run status stop pause resume review balance continue report "
        "compare compare-items eval train-log ask export task experts plan doctor keys"
    )
    for code, meaning in EXIT_CODES.items():
        assert f"{code:>3}  {meaning}" in text


def test_the_readme_has_the_same_exit_codes() -> None:
    readme = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", readme, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES


def test_the_readme_names_every_command(cli: CommandLine) -> None:
    readme = (ROOT / "README.md").read_text()
    named = re.findall(r"^  (\w[\w-]*)   *[A-Z]", cli("--help").stdout, re.MULTILINE)
    assert set(re.findall(r"`tripost ([\w-]+)", readme)) == set(named)


def test_the_version(cli: CommandLine) -> None:
    assert cli("--version").stdout == f"tripost {version('tripost-tui')}\n"


@pytest.mark.parametrize("arguments", [["dance"], ["run"], ["run", "p", "--fast"]])
def test_wrong_usage_is_exit_code_2(cli: CommandLine, arguments: list[str]) -> None:
    assert cli(*arguments).exit_code == 2


def test_the_app_without_a_terminal_says_what_it_needs(cli: CommandLine) -> None:
    result = cli()
    assert result.exit_code == 2
    assert "needs a terminal" in result.stderr


@pytest.mark.parametrize("option", ["--ascii", "--no-motion", "--theme=light"])
def test_options_of_the_app_are_none_of_a_command(cli: CommandLine, option: str) -> None:
    result = cli(option, "doctor")
    assert result.exit_code == 2
    assert "for the app alone" in result.stderr


def test_an_unknown_theme_is_wrong_usage_that_names_the_others(cli: CommandLine) -> None:
    result = cli("--theme", "pink")
    assert result.exit_code == 2
    assert "contrast-dark" in result.stderr


def test_a_sign_that_the_terminal_lacks_is_replaced(cli: CommandLine) -> None:
    cli.new("a→b")
    done = subprocess.run(
        [sys.executable, "-m", "tripost_tui", "status", "a→b"],
        capture_output=True,
        env={"PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"a?b: not started")
