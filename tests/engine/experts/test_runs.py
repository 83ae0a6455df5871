"""Runs with experts over HTTP are those with the scripts, whatever happens on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import Engines, Rows, assert_same, change, run_of
from expert_runs import calls_of, chats, name_at, perfect, project_with, serving, without_authors

from db.records import RunStatus
from engine.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def scripted(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, date_student: Path
) -> Rows:
    """What a run with the scripts collects."""
    project = project_with(tmp_path_factory.mktemp("scripted") / "p", date_student)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    rows = Rows.of(project)
    assert rows.trajectories
    assert any(trajectory.updates for trajectory in rows.trajectories)
    return rows


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_a_perfect_expert_gives_the_trajectories_of_the_scripts(
    engines: Engines, tmp_path: Path, date_student: Path, scripted: Rows, kind: str
) -> None:
    with serving(kind) as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        rows = Rows.of(project)
        assert_same(without_authors(rows), without_authors(scripted))
        authors = {turn.author for t in rows.trajectories for turn in t.turns}
        assert authors == {"student", "gold", f"expert:{name_at(server)}"}
        assert len(calls_of(project)) == chats(server) > 0
