"""What is copied from another run is what the run would have done itself, with real engines."""

from pathlib import Path

from engines import SMALL, Engines, Rows, assert_same

from db.store import Store
from engine.config import Settings, with_values
from engine.project import Project
from engine.study.sharing import COPIED, Donor, make_project


def settings_of(student: Path, **values: object) -> Settings:
    named = {key.replace("__", "."): value for key, value in values.items()}
    wanted = {**SMALL, "student.path": str(student), "run.iterations": 1, **named}
    return with_values(Settings(), wanted)


def done_by_itself(engines: Engines, folder: Path, settings: Settings) -> Project:
    project = Project.create(folder, settings)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    return project


def test_a_copied_start_and_collection_are_those_of_a_run_alone(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    given = done_by_itself(engines, tmp_path / "given", settings_of(able_student))
    other = settings_of(able_student, postprocess__ratio=0.5, train__weight=3.0)
    alone = done_by_itself(engines, tmp_path / "alone", other)
    copied = make_project(tmp_path / "copied", other, [Donor(given.path, True, True)])
    with Store.read(copied.db_path) as store:
        assert [event.kind for event in store.events(1)] == [COPIED, COPIED]
        assert len(store.attempts(1, 1)) > 0
    ended = engines.run(copied)
    assert ended.code == 0, ended.output
    assert_same(Rows.of(copied), Rows.of(alone))


def test_a_start_is_copied_though_training_questions_differ(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    given = done_by_itself(engines, tmp_path / "given", settings_of(able_student))
    more = settings_of(able_student, run__method="continued_rationale", task__train_items=30)
    alone = done_by_itself(engines, tmp_path / "alone", more)
    copied = make_project(tmp_path / "copied", more, [Donor(given.path, start=True)])
    assert engines.run(copied).code == 0
    assert_same(Rows.of(copied), Rows.of(alone))


def test_nothing_is_copied_where_questions_differ(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    given = done_by_itself(engines, tmp_path / "given", settings_of(able_student))
    for name, values in (("seed", {"task__seed": 2}), ("items", {"task__train_items": 30})):
        other = settings_of(able_student, **values)
        made = make_project(tmp_path / name, other, [Donor(given.path, True, True)])
        with Store.read(made.db_path) as store:
            kept = [event.data["iteration"] for event in store.events_of_kind(1, COPIED)]
            assert kept == ([] if name == "seed" else [0])
            assert store.attempts(1, 1) == []


def test_a_project_that_was_killed_in_the_making_is_made_anew(
    able_student: Path, tmp_path: Path
) -> None:
    left = tmp_path / ".new.making"
    left.mkdir()
    (left / "project.toml").write_text("half of it")
    project = make_project(tmp_path / "new", settings_of(able_student))
    assert project.path == tmp_path / "new"
    assert not left.exists()
