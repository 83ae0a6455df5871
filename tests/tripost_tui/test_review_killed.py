"""What was decided is there, however the app ended."""

import subprocess
import sys
from pathlib import Path

from reviewed import review_project

from db.review_records import ReviewStatus
from db.store import Store

SCRIPT = Path(__file__).parent / "review_process.py"


def test_a_killed_app_has_stored_every_decision_that_it_showed(tmp_path: Path) -> None:
    project, run_id = review_project(tmp_path / "demo")
    command = [sys.executable, str(SCRIPT), str(project.path), "a", "x", "f", "3", "a"]
    app = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert app.stdout is not None
    with app, app.stdout:
        assert app.stdout.readline() == "decided 3\n"
        app.kill()
    with Store.open(project.db_path) as store:
        states = store.review_states(run_id)
        assert {key: state.status for key, state in states.items()} == {
            12: ReviewStatus.ACCEPTED,
            11: ReviewStatus.REJECTED,
            10: ReviewStatus.ACCEPTED,
        }
        assert states[10].flagged
        assert states[10].tags == ("wrong-reason",)
        undone = store.undo_review(run_id)
        assert undone is not None
        assert undone.events[0].trajectory_id == 10
