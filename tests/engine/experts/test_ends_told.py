"""A run that an expert ended has in its last event what whoever follows it needs to tell why."""

from pathlib import Path

import pytest
from engines import Engines
from expert_runs import name_at, perfect, project_with, serving

from db.records import RunStatus
from db.store import Store
from engine.errors import ExpertUnavailable
from tests.local_experts.serving import Body, Status

pytestmark = pytest.mark.slow


def test_the_error_of_an_expert_that_goes_away_is_in_the_runs_last_event(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    left = [3]

    def leaving(body: Body) -> str | Status:
        left[0] -= 1
        return perfect(body) if left[0] >= 0 else Status(500, {"error": "out of luck"})

    with serving("openai", leaving) as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.tries": 1}
        )
        ended = engines.run(project)
        assert ended.code == ExpertUnavailable.exit_code
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
        assert run is not None
        assert run.status is RunStatus.FAILED
        last = store.events_of_kind(run.id, "run.failed")[-1]
    assert last.message == f"run {run.id}: {run.reason}"
    assert last.data["exit_code"] == ExpertUnavailable.exit_code
    assert f"{last.data['title']}: {last.data['message']}" == run.reason
    assert "`tripost run` goes on from here" in last.data["message"]
    assert last.data["expert"] == name_at(server)
