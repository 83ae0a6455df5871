"""How long a run may take still, from what its stages have taken so far."""

from collections.abc import Mapping, Sequence

from db.records import Stage, StageName, StageStatus
from engine.run_view import RunView


def run_eta_s(view: RunView, stages: Sequence[Stage]) -> float | None:
    """Seconds to the run's end; None while a stage that is to come has never been done.

    A stage to come takes what it took the last time. Which ones there are is told by a whole
    iteration: a control method leaves some out.
    """
    if view.eta_s is None or view.stage is None or not view.iteration or not view.iterations:
        return None
    done: dict[int, list[StageName]] = {}
    took: dict[StageName, float] = {}
    for stage in sorted(stages, key=lambda one: (one.iteration, one.id)):
        if stage.status is StageStatus.DONE and stage.iteration > 0:
            done.setdefault(stage.iteration, []).append(stage.name)
            took[stage.name] = stage.seconds
    after = view.iterations - view.iteration
    here = _order(done, view.iteration, view.stage)
    left = here[here.index(view.stage) + 1 :]
    return _summed(view, took, [*left, *here * after])


def _order(
    done: Mapping[int, Sequence[StageName]], iteration: int, now: StageName
) -> list[StageName]:
    """The stages of an iteration, in their order."""
    for names in done.values():
        if StageName.EVALUATE in names and now in names:
            return [name for name in StageName if name in names]
    # The first iteration: whatever precedes the stage at hand and is not there was not due.
    known = {*done.get(iteration, ()), now}
    order = list(StageName)
    return [name for name in order if name in known or order.index(name) > order.index(now)]


def _summed(
    view: RunView, took: Mapping[StageName, float], left: Sequence[StageName]
) -> float | None:
    """The stage at hand takes as long again in later iterations as it looks like taking now."""
    here = None
    if view.rate and view.stage is not None:
        here = view.total / view.rate
    seconds = view.eta_s or 0.0
    for name in left:
        one = took.get(name, here if name is view.stage else None)
        if one is None:
            return None
        seconds += one
    return seconds
