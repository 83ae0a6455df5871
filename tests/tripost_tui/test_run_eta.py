"""How long a run may take still, and the time of its stage between two pieces of work."""

import time
from dataclasses import replace

from db.records import Stage, StageName, StageStatus
from engine.run_view import EngineState, RunView
from tripost_tui.state.run_eta import run_eta_s
from tripost_tui.state.stage_clock import StageClock

ORDER = list(StageName)


def stage(
    number: int, iteration: int, name: StageName, seconds: float, *, done: bool = True
) -> Stage:
    return Stage(
        id=number,
        run_id=1,
        iteration=iteration,
        name=name,
        status=StageStatus.DONE if done else StageStatus.RUNNING,
        started_at=0.0,
        finished_at=None,
        seconds=seconds,
        done=1,
        total=2,
        detail={},
    )


def at(iteration: int, name: StageName, eta_s: float | None, iterations: int = 2) -> RunView:
    engine = EngineState(True, None, None, 0.0)
    view = RunView(None, engine, "running", iteration=iteration, iterations=iterations, stage=name)
    return replace(view, done=50, total=100, rate=0.5 if eta_s else None, eta_s=eta_s)


def whole(iteration: int, first_id: int, names: list[StageName]) -> list[Stage]:
    return [
        stage(first_id + place, iteration, name, 10.0 * (place + 1))
        for place, name in enumerate(names)
    ]


def test_in_the_last_iteration_what_is_left_takes_what_it_took_before() -> None:
    stages = [*whole(1, 1, ORDER), stage(20, 2, ORDER[0], 3.0, done=False)]
    left = sum(10.0 * (place + 1) for place in range(1, len(ORDER)))
    assert run_eta_s(at(2, ORDER[0], 7.0), stages) == 7.0 + left


def test_iterations_to_come_count_as_a_whole() -> None:
    stages = [*whole(1, 1, ORDER), stage(20, 2, ORDER[-1], 3.0, done=False)]
    every = sum(10.0 * (place + 1) for place in range(len(ORDER)))
    assert run_eta_s(at(2, ORDER[-1], 7.0, iterations=3), stages) == 7.0 + every


def test_a_stage_that_was_never_done_leaves_it_unknown() -> None:
    assert run_eta_s(at(1, ORDER[0], 7.0), [stage(1, 1, ORDER[0], 3.0, done=False)]) is None


def test_the_first_iterations_last_stage_is_reckoned_from_its_rate() -> None:
    first = whole(1, 1, ORDER[:-1])
    before = sum(one.seconds for one in first)
    found = run_eta_s(at(1, ORDER[-1], 100.0), [*first, stage(9, 1, ORDER[-1], 5.0, done=False)])
    assert found == 100.0 + before + 200.0


def test_a_stage_that_the_method_leaves_out_is_not_waited_for() -> None:
    names = [ORDER[0], *ORDER[2:]]
    stages = [*whole(1, 1, names), stage(20, 2, ORDER[0], 3.0, done=False)]
    left = sum(10.0 * (place + 1) for place in range(1, len(names)))
    assert run_eta_s(at(2, ORDER[0], 7.0), stages) == 7.0 + left


def test_the_stage_clock_runs_between_pieces_and_only_at_work() -> None:
    clock, now = StageClock(), time.time()
    here = stage(1, 1, ORDER[0], 30.0, done=False)
    clock.apply([here], now, working=True)
    clock.apply([here], now + 4, working=True)
    assert clock.beyond(here) == 4
    clock.apply([here], now + 9, working=False)
    assert clock.beyond(here) == 4
    stored = replace(here, seconds=36.0)
    clock.apply([stored], now + 10, working=True)
    assert clock.beyond(stored) == 0
    assert clock.beyond(stage(2, 1, ORDER[1], 0.0)) == 0
