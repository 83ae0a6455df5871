"""A small run as an engine would have stored it, up to the middle of its second training.

Every row goes through the store's own methods, with the clock of the recording.
"""

import math
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psutil

from db.records import (
    Attempt,
    CommandKind,
    Drop,
    DropStage,
    Evaluation,
    Example,
    ExampleKind,
    Heartbeat,
    Item,
    Level,
    Origin,
    RunStatus,
    Split,
    StageName,
    Subtask,
    TrainStep,
    Trajectory,
    Turn,
    TurnKind,
    Verdict,
)
from db.store import Store
from engine.config import demo_settings
from engine.lock import EngineLock
from engine.project import Project, remember_project

BEGIN = 1_750_000_000.0
NOW = BEGIN + 400.0
"""The moment of the recording's end; screens are shown as of then."""

TASK = "multistep_arithmetic"
QUESTION = "((7 * -2 - 4) * (3 + -9 * 1)) ="
WRONG = """(1) This equation can be written as "A * B", where A = (7 * -2 - 4) and B = (3 + -9 * 1).
(2) Let's calculate A = (7 * -2 - 4) = (-14 - 4) = -10.
(3) Let's calculate B = (3 + -9 * 1) = (3 + -9) = -6.
(4) Then, the final equation is A * B = -10 * -6 = 60.
(Final response) So the answer is 60."""
FEEDBACK = (
    'Step (1) is correct. In step (2) the part "(-14 - 4) = -10" is incorrect. '
    "This is because -14 - 4 is -18, not -10."
)
RIGHT = """(1) This equation can be written as "A * B", where A = (7 * -2 - 4) and B = (3 + -9 * 1).
(2) Let's calculate A = (7 * -2 - 4) = (-14 - 4) = -18.
(3) Let's calculate B = (3 + -9 * 1) = (3 + -9) = -6.
(4) Then, the final equation is A * B = -18 * -6 = 108.
(Final response) So the answer is 108."""
PRAISE = "Steps (1) to (4) are correct. The final response is also correct."

TURNS = (
    Turn(kind=TurnKind.ATTEMPT, author="student", text=WRONG),
    Turn(
        kind=TurnKind.FEEDBACK,
        author="script",
        text=FEEDBACK,
        verdict=Verdict.INCORRECT,
        step="2",
        span="(-14 - 4) = -10",
        reason="-14 - 4 is -18, not -10",
    ),
    Turn(kind=TurnKind.ATTEMPT, author="script", text=RIGHT),
    Turn(kind=TurnKind.FEEDBACK, author="script", text=PRAISE, verdict=Verdict.CORRECT),
)

QUESTIONS = 60
TEST_ITEMS = 40
STEPS = 120


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: float = BEGIN) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def new_project(folder: Path) -> Project:
    """A demo project without a run, known to Home."""
    project = Project.create(folder, demo_settings())
    with patch("time.time", Clock(BEGIN)):
        remember_project(project.path)
    return project


def record(project: Project, turns: tuple[Turn, ...] = TURNS, question: str = QUESTION) -> int:
    """Store the run; return its id. ``turns`` are those of its last trajectory."""
    clock = Clock()
    with (
        patch("time.time", clock),
        Store.open(project.db_path) as store,
        store.transaction(),  # a commit each would take its time
    ):
        return _Recording(store, clock, turns, question).run_id


def finish(project: Project, run_id: int, status: RunStatus, reason: str | None = None) -> None:
    """End the run."""
    with patch("time.time", Clock(NOW)), Store.open(project.db_path) as store:
        store.set_run_status(run_id, status, reason)
        store.add_event(run_id, f"run.{status}", f"the run is {status}")


@contextmanager
def at_work(
    project: Project,
    run_id: int,
    state: str = "running",
    age_s: float = 1.0,
    note: str = f"train 80/{STEPS}",
) -> Iterator[None]:
    """This process is the project's engine, and gave a sign of life ``age_s`` before NOW."""
    with EngineLock(project):
        with Store.open(project.db_path) as store:
            store.beat(
                Heartbeat(
                    run_id=run_id,
                    pid=os.getpid(),
                    process_started=psutil.Process().create_time(),
                    host=socket.gethostname(),
                    state=state,
                    iteration=2,
                    stage=StageName.TRAIN,
                    done=80,
                    total=STEPS,
                    rate=0.5,
                    eta_s=80.0,
                    note=note,
                    at=NOW - age_s,
                )
            )
        yield


def alert(project: Project, run_id: int, message: str, level: Level = Level.WARNING) -> None:
    """An alert in the stage at hand, and something else after it."""
    with patch("time.time", Clock(NOW - 90)), Store.open(project.db_path) as store:
        store.add_event(run_id, "alert", message, level)
        store.add_event(run_id, "experts.asked", "experts are asked by feedback.toml, improve.toml")


def ask(project: Project, run_id: int, kind: CommandKind) -> None:
    with Store.open(project.db_path) as store:
        store.send_command(run_id, kind)


class _Recording:
    def __init__(self, store: Store, clock: Clock, turns: tuple[Turn, ...], question: str) -> None:
        self.store, self.clock, self.turns = store, clock, turns
        self.rng = random.Random(7)
        store.add_items(
            [
                *(self._item(Split.TRAIN, n, f"{n} + {n} * 2 =") for n in range(1, QUESTIONS)),
                self._item(Split.TRAIN, QUESTIONS, question),
                *(self._item(Split.TEST, n, f"{n} * {n} - 1 =") for n in range(TEST_ITEMS)),
            ]
        )
        self.train = store.items(TASK, Split.TRAIN)
        self.test = store.items(TASK, Split.TEST)
        settings = demo_settings().model_dump(mode="json")
        self.run_id = store.create_run(
            seed=1,
            iterations=3,
            config=settings,
            config_hash="0" * 64,
            versions={"torch": "2.13.0"},
            student="embedded",
        ).id
        store.set_run_status(self.run_id, RunStatus.RUNNING)
        self._event("run.started", "the run has started")
        self._evaluate(0, 0.42, 0.0)
        self._collect(1)
        self._train(1, STEPS)
        self._evaluate(1, 0.48, 0.07)
        self._event("iteration.finished", "iteration 1 is finished")
        self._collect(2)
        self._train(2, 80)
        clock.now = NOW - 3
        self._event("checkpoint.saved", "checkpoint saved at step 60")

    @staticmethod
    def _item(split: Split, n: int, question: str) -> Item:
        subtask = Subtask.SEEN if n % 2 else Subtask.UNSEEN
        return Item(
            task=TASK,
            split=split,
            subtask=subtask,
            question=question,
            answer=str(n),
            rationale=RIGHT,
        )

    def _event(self, kind: str, message: str) -> None:
        self.store.add_event(self.run_id, kind, message, Level.INFO)

    def _stage(
        self, iteration: int, name: StageName, done: int, total: int, seconds: float
    ) -> None:
        stage = self.store.start_stage(self.run_id, iteration, name, total)
        self.clock.now += seconds
        self.store.advance_stage(stage.id, done, seconds)
        if done == total:
            self.store.finish_stage(stage.id)

    def _collect(self, iteration: int) -> None:
        attempts = [
            Attempt(
                run_id=self.run_id,
                iteration=iteration,
                pass_=1,
                item_id=item.id,
                text=WRONG,
                seed=item.id,
                temperature=1.0,
                finish_reason="stop",
                tokens=140,
                created_at=self.clock.now,
            )
            for item in self.train
        ]
        ids = self.store.add_attempts(attempts)
        self._stage(iteration, StageName.SAMPLE, QUESTIONS, QUESTIONS, 21.0)
        kept, drops = [], []
        for place, (attempt_id, item) in enumerate(zip(ids, self.train, strict=True)):
            reason = {1: "too_long", 2: "keeps_flagged_span", 4: "keeps_flagged_span"}.get(
                place % 8
            )
            if reason and place < QUESTIONS - 1:
                drops.append(self._drop(iteration, DropStage.EDIT, reason, attempt_id))
                continue
            last = place == QUESTIONS - 1
            edited = place % 8 in (0, 3, 5) or last
            turns = self.turns if last else TURNS
            kept.append(
                Trajectory(
                    run_id=self.run_id,
                    iteration=iteration,
                    attempt_id=attempt_id,
                    item_id=item.id,
                    origin=Origin.EDITED if edited else Origin.CORRECT,
                    text="",
                    updates=1 if edited else 0,
                    turns=turns if edited else turns[2:],
                    created_at=self.clock.now,
                )
            )
        trajectories = self.store.add_edits(kept, drops)
        self._stage(iteration, StageName.EDIT, QUESTIONS, QUESTIONS, 2.4)
        self._examples(iteration, kept, trajectories)

    def _examples(self, iteration: int, kept: list[Trajectory], ids: list[int]) -> None:
        examples = []
        for place, (trajectory, trajectory_id) in enumerate(zip(kept, ids, strict=True)):
            improving = trajectory.updates > 0
            selected = place % 7 != 0
            kind = ExampleKind.IMPROVING if improving else ExampleKind.NON_IMPROVING
            examples.append(
                Example(
                    run_id=self.run_id,
                    iteration=iteration,
                    item_id=trajectory.item_id,
                    kind=kind,
                    segments=(("Q: ", 0.0), ("A", 1.5 if improving else 1.0)),
                    text_hash=f"{iteration}-{place}",
                    selected=selected,
                    trajectory_id=trajectory_id,
                    drop_reason=None if selected else "duplicate",
                    position=place if selected else None,
                )
            )
        self.store.add_examples(examples)
        self._stage(iteration, StageName.POSTPROCESS, len(kept), len(kept), 0.3)

    def _drop(
        self,
        iteration: int,
        stage: DropStage,
        reason: str,
        attempt_id: int | None,
        trajectory_id: int | None = None,
    ) -> Drop:
        return Drop(
            run_id=self.run_id,
            iteration=iteration,
            stage=stage,
            reason=reason,
            attempt_id=attempt_id,
            trajectory_id=trajectory_id,
            created_at=self.clock.now,
        )

    def _train(self, iteration: int, steps: int) -> None:
        self.store.add_train_steps(
            TrainStep(
                run_id=self.run_id,
                iteration=iteration,
                step=step,
                epoch=4 * step / STEPS,
                loss=0.9 / iteration * math.exp(-step / 40) + 0.3 + self.rng.gauss(0, 0.04),
                learning_rate=1e-4,
                grad_norm=1.0,
                tokens=8000,
                weighted_tokens=5000,
                seconds=0.5,
            )
            for step in range(1, steps + 1)
        )
        self._stage(iteration, StageName.TRAIN, steps, STEPS, steps / 2)

    def _evaluate(self, iteration: int, first: float, gain: float) -> None:
        rows = []
        for item in self.test:
            # The same items are hard in every iteration, more of them among the unseen ones.
            hardness = (item.id * 37 % TEST_ITEMS) / TEST_ITEMS
            luck = hardness + (0.12 if item.subtask is Subtask.UNSEEN else -0.12)
            right, final = luck < first, luck < first + gain
            rows.append(
                Evaluation(
                    run_id=self.run_id,
                    iteration=iteration,
                    item_id=item.id,
                    text=RIGHT if final else WRONG,
                    first_answer="1",
                    final_answer="2",
                    first_correct=right,
                    final_correct=final,
                    first_flexible=right,
                    final_flexible=final,
                    updates=int(gain > 0 and not right),
                    finish_reason="stop",
                    tokens=150,
                )
            )
        self.store.add_evaluations(rows)
        self._stage(iteration, StageName.EVALUATE, TEST_ITEMS, TEST_ITEMS, 9.6)
