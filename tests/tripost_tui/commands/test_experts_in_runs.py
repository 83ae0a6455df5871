"""Experts named for a new project, and runs that call none."""

import pytest

from engine.process import _command
from engine.project import Project

from .conftest import CommandLine, latest_status

NOBODY = "openai:nobody@http://127.0.0.1:9/v1"


def test_an_expert_gives_feedback_and_improvements(cli: CommandLine) -> None:
    assert cli("new", "p", "--expert", "ollama:qwen3:8b").exit_code == 0
    experts = Project.open(cli.folder / "p").settings.experts
    assert experts.feedback == experts.improve == ("ollama:qwen3:8b",)


def test_several_experts_are_a_chain_and_a_setting_has_the_last_word(cli: CommandLine) -> None:
    chain = ("--expert", "ollama:qwen3:8b", "--expert", "script")
    assert cli("new", "p", *chain, "--set", 'experts.improve=["script"]').exit_code == 0
    experts = Project.open(cli.folder / "p").settings.experts
    assert experts.feedback == ("ollama:qwen3:8b", "script")
    assert experts.improve == ("script",)


def test_an_expert_that_is_none_is_refused(cli: CommandLine) -> None:
    result = cli("new", "p", "--expert", "qwen3")
    assert result.exit_code == 2
    assert "experts.feedback" in result.stderr
    assert not (cli.folder / "p").exists()


def test_offline_no_expert_is_looked_for_and_the_file_stays(cli: CommandLine) -> None:
    cli("new", "p", "--expert", NOBODY)
    project = Project.open(cli.folder / "p")
    before = project.settings_path.read_bytes()
    missing = cli("run", "p")
    assert missing.exit_code == 8
    assert "127.0.0.1:9" in missing.stderr
    assert cli("run", "p", "--offline").exit_code == 0
    assert latest_status(project) == "finished"
    assert project.settings_path.read_bytes() == before


@pytest.mark.parametrize("offline", [True, False])
def test_the_engine_is_told_to_stay_offline(cli: CommandLine, offline: bool) -> None:
    command = _command(cli.new("p"), False, offline)
    assert ("--offline" in command) == offline
