"""Reviews in a run: what is decided is what is trained on, and a run can wait for it."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from engines import QUIET, Engine, Engines, Finished, Rows, assert_same, run_of, small_project

from db.records import (
    CommandKind,
    ExampleKind,
    Origin,
    Run,
    RunStatus,
    StageName,
    Trajectory,
)
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.control import REVIEW_WAIT
from engine.differences import changes
from engine.editing import DropReason
from engine.project import Project
from engine.report import build_report
from engine.report_formats import to_json, to_markdown
from engine.review import edited_update
from engine.task_setup import project_task
from engine.trajectory import Step, parse

WAITING = {"review.wait": "pending", "run.iterations": 1, "task.test_items": 0}


@pytest.fixture
def project(able_student: Path, tmp_path: Path) -> Project:
    return small_project(tmp_path / "p", able_student, WAITING)


@pytest.fixture
def engine(engines: Engines, project: Project) -> Engine:
    """An engine that waits for a person."""
    started = engines.start(project)
    started.wait_for(is_waiting)
    return started


def is_waiting(store: Store, run: Run) -> bool:
    beat = store.heartbeat(run.id)
    return beat is not None and beat.state == REVIEW_WAIT


def has(state: str) -> Callable[[Store, Run], bool]:
    def shown(store: Store, run: Run) -> bool:
        beat = store.heartbeat(run.id)
        return beat is not None and beat.state == state

    return shown


def ask(project: Project, kind: CommandKind) -> None:
    with Store.open(project.db_path) as store:
        store.send_command(1, kind)


def decide(project: Project, *changes: ReviewChange) -> None:
    with Store.open(project.db_path) as store:
        store.review_step(1, changes)


def rest(project: Project, kind: ReviewKind = ReviewKind.ACCEPT) -> list[ReviewChange]:
    with Store.open(project.db_path, readonly=True) as store:
        states = store.review_states(1)
        return [
            ReviewChange(trajectory_id=row.id, kind=kind)
            for row in store.trajectories(1, 1)
            if row.id not in states
        ]


def rows(project: Project) -> list[Trajectory]:
    with Store.open(project.db_path, readonly=True) as store:
        return store.trajectories(1, 1)


def examples_of(project: Project, key: int) -> list[tuple[ExampleKind, str, str | None]]:
    with Store.open(project.db_path, readonly=True) as store:
        return [
            (one.kind, "".join(text for text, _ in one.segments), one.drop_reason)
            for one in store.examples(1, 1)
            if one.trajectory_id == key
        ]


def test_it_waits_until_all_is_decided_and_says_so(engine: Engine, project: Project) -> None:
    with Store.open(project.db_path, readonly=True) as store:
        beat = store.heartbeat(1)
        assert beat is not None
        assert (beat.stage, beat.done, beat.total) == (StageName.EDIT, 0, len(rows(project)))
        assert beat.note == f"{len(rows(project))} trajectories wait to be reviewed"
        assert store.run(1).status is RunStatus.RUNNING
        (event,) = store.events_of_kind(1, "review.waiting")
        assert event.data == {"iteration": 1, "pending": len(rows(project))}
        assert store.stage(1, 1, StageName.POSTPROCESS) is None
    *most, last = rest(project)
    decide(project, *most)
    engine.wait_for(
        lambda store, run: (b := store.heartbeat(1)) is not None and b.note.startswith("1 traj")
    )
    decide(project, last)
    ended = engine.wait()
    assert ended.code == 0, ended.output
    assert run_of(project).status is RunStatus.FINISHED


def test_what_is_rejected_is_left_out_and_what_is_edited_is_used_as_edited(
    engine: Engine, project: Project
) -> None:
    edited_ones = [row for row in rows(project) if row.origin is Origin.EDITED]
    edited, rejected, flagged, broken = edited_ones[:4]
    task = project_task(project)
    with Store.open(project.db_path, readonly=True) as store:
        item = store.item(edited.item_id)
    read = parse(edited.text, task.hint)
    assert read is not None
    first, *others = read.last.steps
    attempt = "\n".join(
        step.render() for step in (Step(first.label, f"{first.text} That is so."), *others)
    )
    change, _ = edited_update(task, item, edited, attempt)
    decide(
        project,
        change,
        ReviewChange(trajectory_id=edited.id, kind=ReviewKind.ACCEPT),
        ReviewChange(trajectory_id=rejected.id, kind=ReviewKind.REJECT),
        ReviewChange(trajectory_id=flagged.id, kind=ReviewKind.FLAG),
        # The command line would not store this.
        ReviewChange(trajectory_id=broken.id, kind=ReviewKind.EDIT, text="no trajectory"),
        ReviewChange(trajectory_id=broken.id, kind=ReviewKind.ACCEPT),
    )
    decide(project, *rest(project), ReviewChange(trajectory_id=flagged.id, kind=ReviewKind.ACCEPT))
    assert engine.wait().code == 0

    reasons = {reason for _, _, reason in examples_of(project, rejected.id)}
    assert reasons == {DropReason.REJECTED}
    reasons = {reason for _, _, reason in examples_of(project, broken.id)}
    assert reasons == {DropReason.EDIT_UNREADABLE}
    kinds = Counter(kind for kind, _, _ in examples_of(project, edited.id))
    assert kinds[ExampleKind.IMPROVING] >= 1
    assert any("That is so." in text for _, text, _ in examples_of(project, edited.id))
    assert all(reason != DropReason.REJECTED for _, _, reason in examples_of(project, edited.id))
    with Store.open(project.db_path, readonly=True) as store:
        stage = store.stage(1, 1, StageName.POSTPROCESS)
        assert stage is not None
        assert stage.detail["reviewed"] == {
            "accepted": len(rows(project)) - 1,
            "rejected": 1,
            "edited": 2,
            "flagged": [flagged.id],
        }
        report = build_report(store, 1)
        # What was collected stays as it was.
        assert store.trajectory(edited.id) == edited
    assert report.reviews is not None
    (one,) = report.reviews.iterations
    assert (one.rejected, one.left_out, one.edited, one.used_as_edited) == (1, 1, 2, 2)
    text = to_markdown(report)
    assert "## Reviewed" in text
    assert "## Agreement" in text
    assert to_json(report)["reviews"]["iterations"][0]["flagged"] == 1


def test_what_a_person_changes_is_weighed_as_an_updates_changes_are(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = WAITING | {"train.change_factor": 3.0, "train.weight": 2.0}
    project = small_project(tmp_path / "w", able_student, values)
    engine = engines.start(project)
    engine.wait_for(is_waiting)
    row = next(row for row in rows(project) if row.origin is Origin.EDITED)
    task = project_task(project)
    with Store.open(project.db_path, readonly=True) as store:
        item = store.item(row.item_id)
    read = parse(row.text, task.hint)
    assert read is not None
    change, found = edited_update(task, item, row, read.last.text + "\nIt is checked.")
    decide(project, change, *rest(project))
    assert engine.wait().code == 0
    assert found.trajectory is not None
    before, after = (turn.attempt.text for turn in found.trajectory.turns[-2:])
    with Store.open(project.db_path, readonly=True) as store:
        updates = [
            one.segments[-1]
            for one in store.examples(1, 1)
            if one.trajectory_id == row.id and one.kind is ExampleKind.IMPROVING
        ]
    expected = tuple((len(t), 2.0 * (3.0 if new else 1.0)) for t, new in changes(before, after))
    assert (after, expected) in updates
    assert expected[-1][1] == 6.0


def test_it_goes_on_without_the_rest_when_told_and_does_not_wait_again(
    engines: Engines, engine: Engine, project: Project
) -> None:
    ask(project, CommandKind.CONTINUE)
    engine.wait_for(lambda store, run: bool(store.events_of_kind(run.id, "review.waived")))
    engine.kill()
    assert engines.run(project).code == 0
    with Store.open(project.db_path, readonly=True) as store:
        assert len(store.events_of_kind(1, "review.waived")) == 1
        assert len(store.events_of_kind(1, "review.waiting")) == 1


def test_paused_and_stopped_while_it_waits(
    engines: Engines, engine: Engine, project: Project
) -> None:
    ask(project, CommandKind.PAUSE)
    engine.wait_for(has("paused"))
    assert run_of(project).status is RunStatus.PAUSED
    ask(project, CommandKind.RESUME)
    engine.wait_for(is_waiting)
    assert run_of(project).status is RunStatus.RUNNING
    os.kill(engine.pid, signal.SIGTERM)
    ended = engine.wait()
    assert (ended.code, ended.output) == (0, "run stopped\n")
    again = engines.start(project)
    again.wait_for(waits(again, 1))
    ask(project, CommandKind.STOP)
    assert again.wait().code == 0
    assert run_of(project).status is RunStatus.STOPPED


def waits(engine: Engine, iteration: int) -> Callable[[Store, Run], bool]:
    def shown(store: Store, run: Run) -> bool:
        beat = store.heartbeat(run.id)
        found = beat and (beat.pid, beat.state, beat.iteration)
        return found == (engine.pid, REVIEW_WAIT, iteration)

    return shown


def test_killed_while_it_waits_it_waits_again_and_becomes_the_undisturbed_run(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    """What is accepted is trained on as if nobody had looked."""
    project = small_project(tmp_path / "k", able_student, {"review.wait": "pending"})
    for _ in (1, 2):
        engine = engines.start(project, patches=QUIET | {"engine.control:_POLL_EVERY_S": 0.05})
        engine.wait_for(waits(engine, 1))
        engine.kill()
    engine = engines.start(project)
    for iteration in (1, 2):
        engine.wait_for(waits(engine, iteration))
        with Store.open(project.db_path) as store:
            store.review_step(
                1,
                [
                    ReviewChange(trajectory_id=row.id, kind=ReviewKind.ACCEPT)
                    for row in store.trajectories(1, iteration)
                ],
            )
    assert engine.wait().code == 0
    found = Rows.of(project)
    # The account of post-processing alone tells that somebody looked.
    told = [detail.pop("reviewed") for *_, detail in found.stages if "reviewed" in detail]
    assert [one["rejected"] for one in told] == [0, 0]
    assert_same(found, finished.rows)
