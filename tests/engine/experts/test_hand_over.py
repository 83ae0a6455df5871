"""Student and local experts take turns with the memory, and say so."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stand_in_expert import StandInExpert
from tiny_students import load

from db.store import Store
from engine import hand_over
from engine.config import Settings, with_values
from engine.control import Control
from engine.hand_over import memory_for_experts
from engine.lock import EngineProcess
from engine.project import Project
from engine.stage import RunContext
from engine.student_seat import StudentSeat
from engine.tasks import make_task
from local_experts.errors import NotUnloaded
from local_experts.protocol import Reply


@contextmanager
def run_of(folder: Path, student: Path, hand: str = "on") -> Iterator[RunContext]:
    values = {"experts.hand_over": hand, "student.device": "cpu"}
    project = Project.create(folder / "p", with_values(Settings(), values))
    with Store.open(project.db_path) as store:
        run = store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student=""
        )
        yield RunContext(
            project,
            project.settings,
            store,
            run.id,
            make_task(project.settings.task.name),
            StudentSeat(lambda: load(student)),
            Control(store, run.id, EngineProcess.current()),
        )


def local_expert() -> StandInExpert:
    return StandInExpert(lambda _: Reply(text=""), name="ollama:m", is_local=True)


def told(context: RunContext) -> list[str]:
    return [event.message for event in context.store.events(context.run_id)]


def test_the_student_is_gone_while_experts_work_and_comes_back(
    tmp_path: Path, random_student: Path
) -> None:
    with run_of(tmp_path, random_student) as context:
        model = weakref.ref(context.student.model)
        expert = local_expert()
        with memory_for_experts(context, [expert], lambda: 10**9):
            assert not context.seat.is_taken
            assert model() is None
            assert expert.unloaded == 0
            beat = context.store.heartbeat(context.run_id)
            assert beat is not None
            assert beat.note == "the student makes room for ollama:m"
        assert expert.unloaded == 1
        assert context.student.model is not None
        assert told(context) == [
            "the student left its memory to ollama:m",
            "ollama:m gave the memory back",
        ]


@pytest.mark.parametrize(("hand", "is_local"), [("auto", True), ("off", True), ("on", False)])
def test_the_student_stays_where_nobody_needs_its_memory(
    tmp_path: Path, random_student: Path, hand: str, is_local: bool
) -> None:
    with run_of(tmp_path, random_student, hand) as context:
        assert context.student is not None
        expert = local_expert()
        expert.is_local = is_local
        with memory_for_experts(context, [expert]):
            assert context.seat.is_taken
        assert expert.unloaded == 0
        assert told(context) == []


def test_memory_that_is_given_back_late_is_waited_for(
    tmp_path: Path, random_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "_TICK_S", 0.0)
    free = iter([8 * 10**9, 2 * 10**9, 4 * 10**9, 8 * 10**9])
    with run_of(tmp_path, random_student) as context:
        with memory_for_experts(context, [local_expert()], lambda: next(free)):
            pass
        assert list(free) == []
        assert told(context)[-1] == "ollama:m gave the memory back"


def test_memory_that_is_not_given_back_is_told(
    tmp_path: Path, random_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "_WAIT_S", 0.0)
    free = iter([8 * 10**9, 2 * 10**9])

    class Stubborn(StandInExpert):
        def unload(self) -> None:
            raise NotUnloaded("ollama ps still has it")

    with run_of(tmp_path, random_student) as context:
        stubborn = Stubborn(lambda _: Reply(text=""), name="ollama:m", is_local=True)
        with memory_for_experts(context, [stubborn], lambda: next(free)):
            pass
        left, may_still, less = told(context)
        assert "left its memory" in left
        assert "ollama ps still has it" in may_still
        assert "less GPU memory is free" in less
