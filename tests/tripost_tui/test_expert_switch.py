"""Another expert in a project's settings."""

from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import HOSTED, OLLAMA

from engine.errors import BusyError, ConfigError
from engine.lock import EngineLock
from engine.project import Project
from tripost_tui.expert_switch import switch_expert, switched

OTHER = "ollama:gemma3:4b"


@pytest.mark.parametrize(
    ("feedback", "improve", "old", "expected"),
    [
        ((OLLAMA,), ("script",), OLLAMA, ((OTHER,), ("script",))),
        ((OLLAMA, HOSTED), (HOSTED,), OLLAMA, ((OTHER, HOSTED), (HOSTED,))),
        ((OLLAMA, OTHER), (OTHER,), OLLAMA, ((OTHER,), (OTHER,))),
        ((OLLAMA,), (HOSTED, "script"), None, ((OTHER,), (OTHER, "script"))),
        ((OLLAMA,), (OLLAMA,), "ollama:gone", ((OTHER,), (OTHER,))),
        (("script",), ("script",), None, ((OTHER,), (OTHER,))),
    ],
)
def test_a_new_expert_takes_the_place_of_the_old_one(
    feedback: tuple[str, ...],
    improve: tuple[str, ...],
    old: str | None,
    expected: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    found = switched({"feedback": feedback, "improve": improve}, old, OTHER)
    assert (found["feedback"], found["improve"]) == expected


def test_the_settings_are_written_and_all_others_stay(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    live_rows.asking(project)
    switch_expert(Project.open(project.path), OLLAMA, OTHER)
    after = Project.open(project.path).settings
    assert after.experts.feedback == (OTHER,)
    assert after.experts.improve == (HOSTED,)
    assert after.experts.budget_tokens == 200_000
    assert after.train == project.settings.train


def test_while_an_engine_works_nothing_is_written(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    before = project.settings_path.read_bytes()
    with EngineLock(project), pytest.raises(BusyError, match="stop it first"):
        switch_expert(project, None, OTHER)
    assert project.settings_path.read_bytes() == before


def test_an_expert_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    live_rows.asking(project)
    before = project.settings_path.read_bytes()
    unpriced = "openai:other@https://api.openai.com/v1"
    with pytest.raises(ConfigError, match="price"):
        switch_expert(Project.open(project.path), HOSTED, unpriced)
    assert project.settings_path.read_bytes() == before


def test_comments_and_order_of_ones_own_stay(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    own = '# mine\n[train]\nweight = 1.5  # tried 2, too much\n\n[run]\r\nname = "sums"\n'
    project.settings_path.write_bytes(own.encode())
    switch_expert(Project.open(project.path), None, OTHER)
    written = project.settings_path.read_bytes().decode()
    assert written.startswith(own)
    after = Project.open(project.path).settings
    assert after.experts.feedback == after.experts.improve == (OTHER,)
    assert (after.train.weight, after.run.name) == (1.5, "sums")
