import io
import json

from rich.console import Console

from db.records import (
    Event,
    Level,
    Run,
    RunStatus,
    StageName,
    TrainStep,
)
from engine.run_view import EngineState, RunView
from tripost_tui.following import Update
from tripost_tui.progress import (
    JSON_EVERY_S,
    PLAIN_EVERY_S,
    JsonDisplay,
    LiveDisplay,
    PlainDisplay,
    display_for,
    numbers,
    where,
)

RUN = Run(
    id=1,
    created_at=0.0,
    seed=1,
    iterations=3,
    config={},
    config_hash="",
    versions={},
    status=RunStatus.RUNNING,
    reason=None,
    started_at=0.0,
    finished_at=None,
    student="embedded",
)
ENGINE = EngineState(True, None, None, 1.0)
HOSTILE = Event(
    id=5, run_id=1, at=0.0, level=Level.WARNING, kind="alert", message="[red]\x1b[2J", data={}
)


TRAFFIC = "edit 320/600 · ollama:q: 31 replies, 1.9 s each · openai:g: 2 replies, 1 under way"


def view(state: str = "running", iteration: int = 1, done: int = 320, note: str = "") -> RunView:
    return RunView(
        run=RUN,
        engine=ENGINE,
        state=state,
        iteration=iteration,
        iterations=3,
        stage=StageName.SAMPLE,
        done=done,
        total=600,
        eta_s=240.0,
        note=note,
    )


def step(loss: float | None) -> TrainStep:
    return TrainStep(
        run_id=1,
        iteration=1,
        step=7,
        epoch=0.1,
        loss=loss,
        learning_rate=0.1,
        grad_norm=None,
        tokens=1,
        weighted_tokens=1,
        seconds=1.0,
        id=9,
    )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_where_a_run_is() -> None:
    assert where(Update(view())) == "iteration 1/3 · sample"
    assert where(Update(view(iteration=0))) == "start · sample"
    assert where(Update(view("paused"))) == "paused · iteration 1/3 · sample"
    assert where(Update(RunView(None, ENGINE, "not started"))) == "starting"
    assert where(Update(RunView(RUN, ENGINE, "no heartbeat 34 s"))) == "no heartbeat 34 s"


def test_the_numbers_of_a_run() -> None:
    assert numbers(Update(view())) == "320/600 · 4 min left"
    assert numbers(Update(view(), step=step(0.1234))) == "320/600 · loss 0.123 · 4 min left"
    assert "loss not a number" in numbers(Update(view(), step=step(None)))


def test_plain_lines_tell_every_event_and_now_and_then_the_progress() -> None:
    stream, clock = io.StringIO(), Clock()
    display = PlainDisplay(stream, clock)
    display.show(Update(view(done=1)))
    assert stream.getvalue() == ""
    clock.now += PLAIN_EVERY_S
    display.show(Update(view(done=2)))
    clock.now += PLAIN_EVERY_S
    display.show(Update(view(done=2), (HOSTILE,)))
    first, second = stream.getvalue().splitlines()
    assert first.strip() == "iteration 1/3 · sample  2/600 · 4 min left"
    assert second.endswith("  warning: [red][2J")


def test_json_lines_tell_every_event_and_progress_at_most_once_a_second() -> None:
    stream, clock = io.StringIO(), Clock()
    display = JsonDisplay(stream, clock)
    display.show(Update(view(done=1)))
    display.show(Update(view(done=2), (HOSTILE,)))
    clock.now += JSON_EVERY_S
    display.show(Update(view(done=3)))
    display.show(Update(view(done=4)))
    display.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == ["progress", "alert", "progress", "progress"]
    assert [line.get("done") for line in lines] == [1, None, 3, 4]
    assert lines[1]["message"] == HOSTILE.message
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()


def test_the_live_display_keeps_events_and_shows_the_bar() -> None:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=80, highlight=False, color_system=None
    )
    display = LiveDisplay(console)
    display.show(Update(view(), (HOSTILE,), step(0.5)))
    display.close()
    shown = stream.getvalue()
    assert "warning: [red][2J" in shown
    assert "iteration 1/3 · sample" in shown
    assert "320/600 · loss 0.500 · 4 min left" in shown
    assert "\x1b[2J" not in shown


def test_without_a_terminal_lines_are_plain() -> None:
    assert isinstance(display_for(as_json=False, plain=False, stream=io.StringIO()), PlainDisplay)
    assert isinstance(display_for(as_json=True, plain=False, stream=io.StringIO()), JsonDisplay)


def test_plain_lines_tell_what_experts_are_up_to() -> None:
    stream, clock = io.StringIO(), Clock()
    display = PlainDisplay(stream, clock)
    clock.now += PLAIN_EVERY_S
    display.show(Update(view(note=TRAFFIC + "\x1b[2J")))
    (line,) = stream.getvalue().splitlines()
    told = "ollama:q: 31 replies, 1.9 s each · openai:g: 2 replies, 1 under way[2J"
    assert line.strip() == f"iteration 1/3 · sample  320/600 · 4 min left  {told}"


def test_a_hand_over_of_memory_is_told_at_once_and_once() -> None:
    stream, clock = io.StringIO(), Clock()
    display = PlainDisplay(stream, clock)
    display.show(Update(view(note=TRAFFIC)))
    for _ in range(3):
        display.show(Update(view(note="the student makes room for ollama:q")))
    display.show(Update(view(note="waiting for ollama:q to give the memory back")))
    first, second = stream.getvalue().splitlines()
    assert first.endswith("the student makes room for ollama:q")
    assert second.endswith("waiting for ollama:q to give the memory back")


def test_the_live_display_has_a_line_for_each_expert_that_does_not_wrap() -> None:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=60, highlight=False, color_system=None
    )
    display = LiveDisplay(console)
    display.show(Update(view(note=f"edit 1/2 · openai:{'x' * 90}: 3 replies, 7 under way · b: 1")))
    display.close()
    shown = stream.getvalue()
    assert "openai:xxx" in shown
    assert "…" in shown
    assert "xx: 3 replies, 7 under way" in shown
    assert "\nb: 1" in shown.replace("\r", "")


def test_json_lines_have_the_note() -> None:
    stream = io.StringIO()
    JsonDisplay(stream, Clock()).show(Update(view(note=TRAFFIC)))
    assert json.loads(stream.getvalue())["note"] == TRAFFIC
