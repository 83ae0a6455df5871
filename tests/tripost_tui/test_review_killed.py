"""What was decided is there, however the app ended."""

import subprocess
import sys
from pathlib import Path

from reviewed import review_project

from db.review_records import ReviewStatus
from db.store import Store
from engine.project import Project

SCRIPT = Path(__file__).parent / "review_process.py"
EDIT = ("e", "backspace", "0", ".", "ctrl+s")
NOTE = ("m", "o", "d", "d", "ctrl+s")


def killed_after(project: Project, keys: tuple[str, ...], decided: int) -> None:
    """Press the keys in an app of its own process, which is killed once it shows what they did."""
    command = [sys.executable, str(SCRIPT), str(project.path), *keys]
    app = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert app.stdout is not None
    with app, app.stdout:
        said = app.stdout.readline()
        app.kill()
    assert said == f"decided {decided}\n"


def test_a_killed_app_has_stored_every_decision_that_it_showed(tmp_path: Path) -> None:
    project, run_id = review_project(tmp_path / "demo")
    killed_after(project, ("a", "x", "f", "3", "a"), 3)
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


def test_edits_notes_and_what_was_undone_are_stored_as_well(tmp_path: Path) -> None:
    project, run_id = review_project(tmp_path / "demo")
    killed_after(project, (*EDIT, *NOTE, "x", "a", "u"), 1)
    with Store.open(project.db_path) as store:
        states = store.review_states(run_id)
        assert states[12].status is ReviewStatus.REJECTED
        assert states[12].note == "odd"
        assert "So the answer is -950." in (states[12].edited or "")
        assert 11 not in states or states[11].status is ReviewStatus.PENDING
        redone = store.redo_review(run_id)
        assert redone is not None
        assert store.review_state(11).status is ReviewStatus.ACCEPTED


def test_each_kind_of_change_is_stored_before_the_next_key(tmp_path: Path) -> None:
    for place, keys in enumerate((EDIT, NOTE, ("f",), ("3",), ("v", "j", "a"), ("a", "u", "U"))):
        project, run_id = review_project(tmp_path / str(place))
        decided = {("v", "j", "a"): 2, ("a", "u", "U"): 1}.get(keys, 0)
        killed_after(project, keys, decided)
        with Store.open(project.db_path) as store:
            (newest, *_) = store.review_states(run_id).values()
            assert (newest.edited, newest.note, newest.flagged, newest.tags, newest.status) != (
                None,
                None,
                False,
                (),
                ReviewStatus.PENDING,
            ), keys
            assert store.undo_review(run_id) is not None
