"""An engine that is told to stay offline replays what experts replied, whatever the file says."""

from pathlib import Path

import pytest
from engines import Engines, Rows
from expert_runs import chats, name_at, project_with, serving

pytestmark = pytest.mark.slow


def test_a_run_is_replayed_without_a_server(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    with serving("openai") as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
        assert engines.run(project).code == 0
        assert chats(server) > 0
        first = Rows.of(project).trajectories
    before = project.settings_path.read_bytes()
    again = engines.run(project, "--new", "--offline")
    assert again.code == 0, again.output
    assert Rows.of(project).trajectories == first
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
