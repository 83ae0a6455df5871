"""A run whose expert went away goes on with another one, and says so."""

from pathlib import Path

import pytest
from engines import Engines, change
from expert_runs import asks, name_at, perfect, project_with, serving

from db.records import Level
from db.store import Store
from engine.control import EXPERTS_CHANGED
from engine.errors import ExpertUnavailable
from engine.expert_settings import SCRIPT
from tests.local_experts.serving import Body, Status

pytestmark = pytest.mark.slow


def test_what_an_expert_left_is_done_by_scripts_and_told_once(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    left = [12]

    def leaving(body: Body) -> str | Status:
        left[0] -= 1
        return perfect(body) if left[0] >= 0 else Status(500, {"error": "out of luck"})

    with serving("openai", leaving) as server:
        project = project_with(
            tmp_path / "p",
            date_student,
            name_at(server),
            values={"experts.tries": 1, "experts.concurrency": 1},
        )
        assert engines.run(project).code == ExpertUnavailable.exit_code
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
        assert run is not None
        before = store.trajectories(run.id, 1)
    ended = engines.run(change(project, asks(SCRIPT)))
    assert ended.code == 0, ended.output
    with Store.open(project.db_path, readonly=True) as store:
        after = store.trajectories(run.id, 1)
        told = store.events_of_kind(run.id, EXPERTS_CHANGED)
    assert after[: len(before)] == before
    authors = {turn.author for one in after[len(before) :] for turn in one.turns}
    assert "script" in authors
    assert not any(author.startswith("expert:") for author in authors)
    (event,) = told
    assert event.level is Level.WARNING
    assert event.data["before"] == {key: [name_at(server)] for key in ("feedback", "improve")}
    assert event.data["now"] == {"feedback": [SCRIPT], "improve": [SCRIPT]}
    assert event.message.startswith("from now on feedback (FBK) by script instead of openai:")
