"""The stages of a run as rows: what is done, at work and to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.records import (
    CollectCounts,
    DropStage,
    ExampleKind,
    Origin,
    Stage,
    StageName,
    StageStatus,
)

ORDER = tuple(StageName)


@dataclass(frozen=True, slots=True)
class StageRow:
    """One line. ``word`` is done, at work, interrupted or waiting; ``label`` names the line."""

    iteration: int
    label: str
    word: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    heading: bool = False

    @property
    def share(self) -> float:
        """Part that is done, from 0 to 1."""
        if self.word == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class DropRow:
    """How many were dropped at a stage for a reason; ``share`` is of the largest count."""

    stage: DropStage
    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """So many at one point of the way from samples to examples, and of what kinds they are."""

    name: str
    count: int
    kinds: tuple[str, ...] = ()


def stage_rows(
    stages: Sequence[Stage], iterations: int, *, working: bool, collapse: bool
) -> list[StageRow]:
    """Rows by iteration: a heading each, then its stages.

    ``collapse`` keeps the stages of the iteration at hand alone. Iteration 0 is the evaluation
    of the starting student.
    """
    by_iteration: dict[int, dict[StageName, Stage]] = {}
    for stage in stages:
        by_iteration.setdefault(stage.iteration, {})[stage.name] = stage
    current = max(by_iteration, default=0)
    rows: list[StageRow] = []
    for iteration in range(iterations + 1):
        known = by_iteration.get(iteration, {})
        if iteration == 0 and not known:
            continue
        rows.append(_heading(iteration, known, working and iteration == current))
        if collapse and iteration != current:
            continue
        if iteration <= current and (iteration > 0 or not collapse or current == 0):
            rows += _stages(iteration, known, working)
    return rows


def _heading(iteration: int, known: Mapping[StageName, Stage], working: bool) -> StageRow:
    label = "Start" if iteration == 0 else f"Iteration {iteration}"
    last = known.get(StageName.EVALUATE)
    if last is not None and last.status is StageStatus.DONE:
        word = "done"
    elif known:
        word = "at work" if working else "interrupted"
    else:
        word = "waiting"
    seconds = sum(stage.seconds for stage in known.values())
    return StageRow(iteration, label, word, seconds=seconds, heading=True)


def _stages(iteration: int, known: Mapping[StageName, Stage], working: bool) -> list[StageRow]:
    if iteration == 0:
        names: tuple[StageName, ...] = (StageName.EVALUATE,)
    else:
        # A control method leaves stages out: what precedes a stage that is there was not due.
        reached = max((ORDER.index(name) for name in known), default=-1)
        names = tuple(name for at, name in enumerate(ORDER) if name in known or at > reached)
    rows = []
    for name in names:
        stage = known.get(name)
        if stage is None:
            rows.append(StageRow(iteration, name.value, "waiting"))
            continue
        done = stage.status is StageStatus.DONE
        word = "done" if done else "at work" if working else "interrupted"
        rows.append(StageRow(iteration, name.value, word, stage.done, stage.total, stage.seconds))
    return rows


def drop_rows(drops: Mapping[tuple[int, DropStage, str], int], iteration: int) -> list[DropRow]:
    """Reasons of one iteration: by stage, the most frequent first."""
    here = [(stage, reason, n) for (at, stage, reason), n in drops.items() if at == iteration]
    most = max((n for _, _, n in here), default=1)
    order = list(DropStage)
    here.sort(key=lambda drop: (order.index(drop[0]), -drop[2], drop[1]))
    return [DropRow(stage, reason.replace("_", " "), n, n / most) for stage, reason, n in here]


def funnel(
    counts: CollectCounts, drops: Mapping[tuple[int, DropStage, str], int], iteration: int
) -> list[FunnelRow]:
    """What became of an iteration's samples, in the order of the method."""
    edit = sum(n for (at, stage, _), n in drops.items() if (at, stage) == (iteration, _EDIT))
    return [
        FunnelRow("attempts", counts.attempts),
        FunnelRow("dropped in editing", edit),
        FunnelRow("trajectories kept", sum(counts.kept.values()), _kinds(counts.kept)),
        FunnelRow("examples left out", sum(counts.left_out.values()), _kinds(counts.left_out)),
        FunnelRow("examples trained on", sum(counts.selected.values()), _kinds(counts.selected)),
    ]


_EDIT = DropStage.EDIT


def _kinds(counts: Mapping[Origin, int] | Mapping[ExampleKind, int]) -> tuple[str, ...]:
    named = sorted((kind.value.replace("_", "-"), n) for kind, n in counts.items())
    return tuple(f"{n:,} {kind}" for kind, n in named)
