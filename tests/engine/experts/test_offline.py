"""An engine that is told to stay offline replays what experts replied, whatever the file says."""

from pathlib import Path
from typing import Any

import pytest
from engines import Engines, Rows
from expert_runs import chats, name_at, project_with, serving

from engine.project import Project

pytestmark = pytest.mark.slow


def turns(project: Project) -> list[Any]:
    return [trajectory.turns for trajectory in Rows.of(project).trajectories]


def test_a_run_is_replayed_without_a_server(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    with serving("openai") as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
        assert engines.run(project).code == 0
        assert chats(server) > 0
        first = turns(project)
    before = project.settings_path.read_bytes()
    again = engines.run(project, "--new", "--offline")
    assert again.code == 0, again.output
    assert turns(project) == first != []
    assert project.settings_path.read_bytes() == before
    assert not project.settings.experts.offline


def test_without_a_recorded_reply_it_ends_and_says_so(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    with serving("openai") as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
    ended = engines.run(project, "--offline")
    assert ended.code == 8
    assert "Offline" in ended.output
