"""The rows of the store as typed, frozen values.

Field names are column names. Times are seconds since the epoch (UTC). ``id`` is 0 until
the row has been stored. Integers must fit SQLite's 64 bits; seeds are below ``2**63``.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]
Runs = tuple[tuple[int, float], ...]
"""Weights of a text's characters from its beginning: how many, and the weight of each."""
Segment = tuple[str, float | Runs]
"""A piece of training text, tokenised by itself, and the weight of its tokens in the loss."""


class Split(StrEnum):
    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


class Subtask(StrEnum):
    SEEN = "seen"
    UNSEEN = "unseen"


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """True for a run that no engine is working on any more."""
        return self in (RunStatus.STOPPED, RunStatus.FINISHED, RunStatus.FAILED)


class StageName(StrEnum):
    SAMPLE = "sample"
    EDIT = "edit"
    POSTPROCESS = "postprocess"
    TRAIN = "train"
    EVALUATE = "evaluate"


class StageStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"


class Origin(StrEnum):
    """How a trajectory came to be kept: right as sampled, edited, or cut after a right attempt."""

    CORRECT = "correct"
    EDITED = "edited"
    TRUNCATED = "truncated"


class TurnKind(StrEnum):
    ATTEMPT = "attempt"
    FEEDBACK = "feedback"


class Verdict(StrEnum):
    CORRECT = "correct"
    INCORRECT = "incorrect"


class DropStage(StrEnum):
    EDIT = "edit"
    POSTPROCESS = "postprocess"


class ExampleKind(StrEnum):
    IMPROVING = "improving"
    NON_IMPROVING = "non_improving"
    GROUND_TRUTH = "ground_truth"


class CheckpointKind(StrEnum):
    STEP = "step"
    BEST = "best"
    """The weights of an iteration that did best on the development questions so far."""
    ITERATION = "iteration"


class Level(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class CommandKind(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CHECKPOINT = "checkpoint"
    CONTINUE = "continue"
    """Go on without what is not reviewed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question of a task. ``answer`` is the gold answer as text, ``rationale`` the gold one."""

    task: str
    split: Split
    subtask: Subtask
    question: str
    answer: str
    rationale: str
    meta: Json = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the method: its settings as resolved, and how it stands."""

    id: int
    created_at: float
    seed: int
    iterations: int
    config: Json
    config_hash: str
    versions: Json
    status: RunStatus
    reason: str | None
    started_at: float | None
    finished_at: float | None
    student: str

    @property
    def why_ended(self) -> str:
        """Why it ended, where that is more than its status says."""
        return "" if self.reason in (None, self.status.value) else str(self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of one iteration. ``seconds`` is working time, summed over resumes."""

    id: int
    run_id: int
    iteration: int
    name: StageName
    status: StageStatus
    started_at: float
    finished_at: float | None
    seconds: float
    done: int
    total: int
    detail: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Raw text that the student sampled. ``pass_`` counts passes over the questions."""

    run_id: int
    iteration: int
    pass_: int
    item_id: int
    text: str
    seed: int
    temperature: float
    finish_reason: str
    tokens: int
    created_at: float = field(default_factory=time.time)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An attempt or a feedback inside a trajectory, and who wrote it.

    ``author`` is ``student``, ``script``, ``expert:<name>``, ``person``, or ``gold`` for feedback
    that the gold answer gave. ``step`` is the step that feedback flags, as written (``2``,
    ``3.2.1``, ``Final response``).
    """

    kind: TurnKind
    author: str
    text: str
    verdict: Verdict | None = None
    step: str | None = None
    span: str | None = None
    reason: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A kept trajectory; ``turns`` in reading order, ``updates`` of them updated attempts."""

    run_id: int
    iteration: int
    attempt_id: int
    item_id: int
    origin: Origin
    text: str
    updates: int
    turns: tuple[Turn, ...] = ()
    created_at: float = field(default_factory=time.time)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Something that a filter left out, with the reason's name and its particulars."""

    run_id: int
    iteration: int
    stage: DropStage
    reason: str
    detail: str = ""
    attempt_id: int | None = None
    trajectory_id: int | None = None
    created_at: float = field(default_factory=time.time)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A training example. One that is not ``selected`` says why in ``drop_reason``."""

    run_id: int
    iteration: int
    item_id: int
    kind: ExampleKind
    segments: tuple[Segment, ...]
    text_hash: str
    selected: bool
    trajectory_id: int | None = None
    drop_reason: str | None = None
    position: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainStep:
    """One optimizer step. ``loss`` is None where it was not a number.

    ``memory_bytes`` is the most that was in use on the device, on a CPU by the whole process;
    ``micro_tokens`` is how many tokens went through the model at once. Both are None in runs of
    older versions.
    """

    run_id: int
    iteration: int
    step: int
    epoch: float
    loss: float | None
    learning_rate: float
    grad_norm: float | None
    tokens: int
    weighted_tokens: int
    seconds: float
    memory_bytes: int | None = None
    micro_tokens: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the student wrote for a test item and how it was scored.

    ``first_…`` is the first attempt, ``final_…`` the last; ``…_correct`` is the strict
    extraction, ``…_flexible`` the lenient one.
    """

    run_id: int
    iteration: int
    item_id: int
    text: str
    first_answer: str | None
    final_answer: str | None
    first_correct: bool
    final_correct: bool
    first_flexible: bool
    final_flexible: bool
    updates: int
    finish_reason: str
    tokens: int
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedItem(Evaluation):
    """An evaluation with what was asked."""

    subtask: Subtask
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCounts:
    """Items of one iteration and subtask, counted.

    ``attempted`` have at least one update; ``right_to_wrong`` and ``wrong_to_right`` compare
    the first attempt with the final one.
    """

    iteration: int
    subtask: Subtask
    n: int
    first_correct: int
    final_correct: int
    first_flexible: int
    final_flexible: int
    attempted: int
    wrong_to_right: int
    right_to_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectCounts:
    """What one iteration collected. Reasons and kinds with no rows are absent."""

    attempts: int
    kept: Mapping[Origin, int]
    dropped: Mapping[str, int]
    selected: Mapping[ExampleKind, int]
    left_out: Mapping[ExampleKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint on disk; ``path`` is relative to the project."""

    run_id: int
    iteration: int
    step: int
    kind: CheckpointKind
    path: str
    sha256: str
    created_at: float = field(default_factory=time.time)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a run, for people and for the event stream."""

    id: int
    run_id: int
    at: float
    level: Level
    kind: str
    message: str
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The engine's last sign of life. ``process_started`` tells a reused pid from the engine's.

    ``rate`` is in ``done`` per second; ``eta_s`` is for the stage.
    """

    run_id: int
    pid: int
    process_started: float
    host: str
    state: str
    iteration: int | None = None
    stage: StageName | None = None
    done: int = 0
    total: int = 0
    rate: float | None = None
    eta_s: float | None = None
    note: str = ""
    at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asked of the engine; ``taken_at`` is None until the engine took it."""

    id: int
    run_id: int
    at: float
    kind: CommandKind
    taken_at: float | None
