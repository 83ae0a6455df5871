"""What a Playground finds before it loads anything."""

import shutil
from pathlib import Path

import pytest
from engines import Finished

from db.records import Subtask
from db.store import Store
from engine.config import Settings, demo_settings, with_values
from engine.errors import ConfigError, ProjectError, StudentError
from engine.lock import EngineLock
from engine.planning.cards import Card
from engine.planning.machine import Machine
from engine.play.outlook import Weights, check_there, look
from engine.project import Project, remember_project

GIB = 2**30


def machine(free_bytes: int | None) -> Machine:
    return Machine(Card("RTX 3060 12GB", 12.0, None, None), free_bytes=free_bytes)


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "fresh", demo_settings())


def test_a_project_without_a_run_has_its_start_and_items_made_for_it(fresh: Project) -> None:
    found = look(fresh.path)
    assert found.weights == (Weights(0),)
    assert found.latest == 0
    assert len(found.items) == 50
    assert {item.subtask for item in found.items} == {Subtask.SEEN, Subtask.UNSEEN}
    assert all(item.id is None and item.answer for item in found.items)
    assert found.max_updates == fresh.settings.evaluate.max_updates
    assert found.fits
    with Store.read(fresh.db_path) as store:
        assert store.items(fresh.settings.task.name) == []


def test_items_made_for_it_are_the_test_items_of_its_run(fresh: Project) -> None:
    from db.records import Split
    from engine.tasks.base import mixed_subtasks
    from engine.tasks.multistep_arithmetic import MultistepArithmetic

    wanted = fresh.settings.task
    task = MultistepArithmetic(wanted.seen, wanted.unseen)
    subtasks = mixed_subtasks(wanted.test_items, wanted.unseen_share)
    items = task.generate(Split.TEST, subtasks, wanted.test_items, wanted.seed)
    assert {item.question for item in look(fresh.path).items} <= {i.question for i in items}


def test_a_run_has_its_iterations_and_its_test_items(finished: Finished) -> None:
    found = look(finished.project.path)
    assert [weights.name for weights in found.weights] == ["start", "iteration 1", "iteration 2"]
    assert found.latest == 2
    with Store.read(finished.project.db_path) as store:
        asked = {row.item_id for row in store.evaluations(1, 2)}
    assert {item.id for item in found.items} == asked


def test_weights_that_are_gone_are_told(finished: Finished, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.project.path, copy)
    shutil.rmtree(copy / "checkpoints" / "run1-iteration2")
    found = look(copy)
    assert found.latest == 1
    check_there(found, 1)
    with pytest.raises(ProjectError, match="run1-iteration2"):
        check_there(found, 2)
    with pytest.raises(ProjectError, match="no weights of iteration 3"):
        check_there(found, 3)


def test_the_settings_are_those_that_the_run_began_with(finished: Finished, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.project.path, copy)
    text = (copy / "project.toml").read_text()
    (copy / "project.toml").write_text(text.replace("max_updates = 1", "max_updates = 7"))
    assert Project.open(copy).settings.evaluate.max_updates == 7
    assert look(copy).max_updates == 1


def test_memory_is_planned_for_one_text(fresh: Project) -> None:
    enough = look(fresh.path, machine=machine(8 * GIB))
    assert enough.fits
    assert "GiB of VRAM; 8.0 GiB are free" in enough.memory
    too_little = look(fresh.path, machine=machine(GIB // 10))
    assert not too_little.fits
    assert look(fresh.path, machine=machine(None)).memory == ""


def test_engines_at_work_are_told_wherever_they_are(
    fresh: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(tmp_path / "state"))
    other = Project.create(tmp_path / "other", Settings())
    remember_project(other.path)
    assert look(fresh.path).at_work == ()
    with EngineLock(other), EngineLock(fresh):
        assert look(fresh.path).at_work == ("fresh", "other")
    assert look(fresh.path).at_work == ()


def test_what_is_wrong_is_told(fresh: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such folder"):
        look(tmp_path / "nowhere")
    values = {"student.path": str(tmp_path / "no-model")}
    gone = Project.create(tmp_path / "gone", with_values(Settings(), values))
    with pytest.raises(StudentError, match="no-model"):
        look(gone.path)
    values = {"task.name": str(tmp_path / "no-task")}
    lost = Project.create(tmp_path / "lost", with_values(Settings(), values))
    with pytest.raises(ConfigError):
        look(lost.path)
