"""From an installed wheel, in a terminal: all that a person does on the first evening."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.emulator import Terminal

STARTS = 120
COLLECTS = 400
"""Seconds that it may take on a slow machine with other work."""


@pytest.fixture
def folder(tmp_path: Path, installed: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """Where the app is started; no engine is left at work in it."""
    folder = tmp_path / "evening"
    folder.mkdir()
    yield folder
    command = [installed / "tripost", "stop", folder / "tripost-demo", "--wait"]
    subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=120, check=False)


def app(installed: Path, folder: Path, env: Mapping[str, str], *arguments: str) -> Terminal:
    return Terminal([str(installed / "tripost"), *arguments], cwd=folder, env=env)


def standing(installed: Path, folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """What the command line tells of the demo."""
    command = [installed / "tripost", "status", "tripost-demo", "--json"]
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def test_the_first_evening(installed: Path, folder: Path, env: dict[str, str]) -> None:
    with app(installed, folder, env) as terminal:
        terminal.sees("No runs yet", STARTS)
        terminal.press("d")
        terminal.sees("iteration 0/3", STARTS)
        terminal.sees("Attempt, by student", COLLECTS)
        terminal.press("ctrl+q")
        terminal.sees("leave running")
        terminal.press("l")
        assert terminal.ends() == 0

    assert standing(installed, folder, env)["engine"]["alive"]

    with app(installed, folder, env) as terminal:
        terminal.sees("running", STARTS)
        terminal.press("enter")
        terminal.sees("Stages")
        terminal.press("v")
        terminal.sees("0 decided")
        for at in range(1, 11):
            terminal.press("a" if at % 3 else "x")
            terminal.sees(f" {at} decided")
        terminal.press("u")
        terminal.sees(" 9 decided")
        terminal.press("]")
        terminal.sees("Stage 2")
        terminal.sees("trained on", STARTS)
        terminal.press("escape")
        terminal.sees("Stages")
        terminal.press("r")
        terminal.sees("Report, ")
        terminal.press("escape")
        terminal.sees("Stages")
        terminal.press("s")
        terminal.sees("Stop the run?")
        terminal.press("y")
        terminal.sees("stopped", COLLECTS)
        terminal.press("escape")
        terminal.sees("projects and runs")
        terminal.press("ctrl+q")
        terminal.press("l")  # asked only where its process is not quite gone
        assert terminal.ends() == 0

    told = standing(installed, folder, env)
    assert told["state"] == "stopped"
    assert (told["review"]["accepted"], told["review"]["rejected"]) == (6, 3)
