"""What an engine is doing, and what it warned of, as people are shown it."""

from pathlib import Path

import pytest
import recorded
from piloting import StartedBackend, app_on, at_run, open_run, text_of, until

from db.records import RunStatus
from db.store import Store
from engine.project import Project
from engine.run_view import run_view
from tripost_tui.app import TripostApp
from tripost_tui.standing import alert_of, standing_json, standing_text
from tripost_tui.state.doing import doing, says_a_step

ASKED = "ollama:qwen3:8b: 31 replies, 1.9 s each, 12 replayed, 8 under way, it asked to wait 20 s"
TRAFFIC = f"edit 12/40 · {ASKED}"
ROOM = "the student makes room for ollama:qwen3:8b"


@pytest.fixture
def run_id(project: Project) -> int:
    return recorded.record(project)


def told(project: Project, run_id: int, note: str, width: int = 300) -> list[str]:
    with (
        recorded.at_work(project, run_id, note=note),
        Store.open(project.db_path, readonly=True) as store,
    ):
        return doing(run_view(project, store, now=recorded.NOW), width)


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ("", []),
        ("edit 12/40", []),
        ("train 80/120, loss 0.302", []),
        (TRAFFIC, [ASKED]),
        (f"{TRAFFIC} · openai:g: 1 replies", [ASKED, "openai:g: 1 replies"]),
        (ROOM, [ROOM]),
        ("edit 1/2 · a\x1b[2J\n\u202e: 1", ["a[2J ⟨U+202E⟩: 1"]),
    ],
)
def test_what_is_said_beside_numbers(
    project: Project, run_id: int, note: str, lines: list[str]
) -> None:
    assert told(project, run_id, note) == lines


def test_of_a_long_name_the_middle_is_left_out(project: Project, run_id: int) -> None:
    (line,) = told(project, run_id, f"edit 1/2 · openai:{'x' * 990}: 3 replies", width=60)
    assert len(line) == 60
    assert line.startswith("openai:")
    assert line.endswith("xxx: 3 replies")


def test_a_run_that_has_ended_does_nothing(project: Project, run_id: int) -> None:
    with recorded.at_work(project, run_id, note=TRAFFIC):
        recorded.finish(project, run_id, RunStatus.STOPPED)
        with Store.open(project.db_path, readonly=True) as store:
            assert doing(run_view(project, store, now=recorded.NOW)) == []


def test_a_step_is_told_from_numbers(project: Project, run_id: int) -> None:
    def step(note: str) -> bool:
        with (
            recorded.at_work(project, run_id, note=note),
            Store.open(project.db_path, readonly=True) as store,
        ):
            return says_a_step(run_view(project, store, now=recorded.NOW))

    assert [step(note) for note in ("", "edit 1/2", TRAFFIC, ROOM)] == [False, False, False, True]


def test_status_tells_what_experts_are_up_to_and_the_newest_alert(
    project: Project, run_id: int
) -> None:
    recorded.alert(project, run_id, "the first")
    recorded.alert(project, run_id, "less memory \x1b[2J is free")
    with (
        recorded.at_work(project, run_id, note=TRAFFIC),
        Store.open(project.db_path, readonly=True) as store,
    ):
        view = run_view(project, store, now=recorded.NOW)
        alert = alert_of(store, view)
        text = standing_text(project, view, [], alert)
        value = standing_json(project, view, [], alert)
    lines = text.splitlines()
    assert ASKED in lines
    assert "warning: less memory [2J is free" in text
    assert "the first" not in text
    assert value["note"] == TRAFFIC
    assert value["alert"]["message"] == "less memory \x1b[2J is free"


def test_an_alert_of_an_earlier_stage_or_of_an_ended_run_is_not_news(
    project: Project, run_id: int
) -> None:
    with Store.open(project.db_path) as store:
        store._connection.execute(
            "INSERT INTO events (run_id, at, level, kind, message, data)"
            " VALUES (?, ?, 'warning', 'alert', 'long ago', '{}')",
            (run_id, recorded.BEGIN),
        )
        with recorded.at_work(project, run_id):
            assert alert_of(store, run_view(project, store, now=recorded.NOW)) is None
    recorded.alert(project, run_id, "now")
    recorded.finish(project, run_id, RunStatus.FINISHED)
    with Store.open(project.db_path, readonly=True) as store:
        assert alert_of(store, run_view(project, store, now=recorded.NOW)) is None


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_the_run_screen_shows_what_experts_are_up_to(
    app: TripostApp, project: Project, run_id: int, size: tuple[int, int]
) -> None:
    recorded.alert(project, run_id, "fewer replies than attempts")
    with recorded.at_work(project, run_id, note=TRAFFIC):
        async with app.run_test(size=size) as pilot:
            await open_run(pilot)
            await until(pilot, lambda: ASKED in flowing(text_of(pilot)), "the note")
            assert "! fewer replies than attempts" in flowing(text_of(pilot))


async def test_the_run_screen_shows_a_hand_over_of_memory(
    app: TripostApp, project: Project, run_id: int
) -> None:
    with recorded.at_work(project, run_id, note=ROOM):
        async with app.run_test(size=(80, 24)) as pilot:
            await open_run(pilot)
            await until(pilot, lambda: ROOM in flowing(text_of(pilot)), "the note")
            with Store.open(project.db_path) as store:
                store.add_event(run_id, "hand_over", "the student left its memory to ollama:q")
            await until(pilot, lambda: "left its memory to ollama:q" in text_of(pilot), "the event")


def flowing(text: str) -> str:
    """The text of the first pane as if its lines did not wrap."""
    return " ".join(line[1:-1].split("│")[0].strip() for line in text.splitlines())


BUDGET = (
    "the budget for experts is used up: 10,021 tokens of 10,000. Raise experts.budget_tokens or "
    "experts.budget_cost, and `tripost run` goes on from here"
)
GONE = "The expert is not there: http://h/v1: Connection refused. What is collected is kept"


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [(RunStatus.STOPPED, BUDGET, "Stopped"), (RunStatus.FAILED, GONE, "The run failed")],
)
async def test_the_app_tells_a_runs_end_in_the_reasons_own_words(
    project: Project, run_id: int, tmp_path: Path, status: RunStatus, reason: str, word: str
) -> None:
    recorded.finish(project, run_id, status, reason)
    app = app_on(StartedBackend(tmp_path), project.path)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_run(pilot)
        shown = " ".join(text_of(pilot).split())
        assert f"{word}: {reason}" in shown


async def test_a_long_reason_keeps_its_end_which_says_what_to_do(
    project: Project, run_id: int, tmp_path: Path
) -> None:
    reason = f"Offline: 9 of 9 wait: {'3 x openai:g was never asked; ' * 60}`tripost run` goes on"
    recorded.finish(project, run_id, RunStatus.FAILED, reason)
    app = app_on(StartedBackend(tmp_path), project.path)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_run(pilot)
        shown = " ".join(text_of(pilot).split())
        assert "The run failed: Offline: 9 of 9 wait" in shown
        assert "`tripost run` goes on" in shown
