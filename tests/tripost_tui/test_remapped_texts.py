"""What screens say names the keys that hold, on each screen that says anything about keys."""

from pathlib import Path

import live_rows
import pytest
import recorded
from balanced import balanced_project
from evaluated import evaluated_project
from piloting import AppPilot, StartedBackend, app_with, open_run, said, text_of, until
from played import FakePlayer, PlayedBackend, at_playground

from db.records import RunStatus
from engine.project import Project
from tripost_tui.actions import ACTIONS, Target, use_keys
from tripost_tui.actions.keymap import fill
from tripost_tui.app import TripostApp
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.screens.collect import CollectScreen
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.screens.train import TrainScreen
from tripost_tui.situation import RECORDED, Situation, can_evaluate, can_switch_expert, in_items
from tripost_tui.state.place import Place

SIZE = (120, 40)


def opened(pilot: AppPilot, target: Target, project: Project) -> TripostApp:
    app = pilot.app
    assert isinstance(app, TripostApp)
    app.open_stage(target, Place(project.path, project.name))
    return app


async def test_the_balance_says_how_to_save(tmp_path: Path) -> None:
    project, _ = balanced_project(tmp_path / "demo")
    app = app_with(
        StartedBackend(tmp_path),
        balance__save=["S"],
        balance__reset=["B"],
        balance__more=["ctrl+t"],
        balance__rows=["R"],
        balance__kind=["K"],
    )
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, Target.BALANCE, project)
        screen = app.screen
        assert isinstance(screen, BalanceScreen)
        await until(pilot, lambda: screen.view.loaded and screen.view.job is None, "counting")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "S saves p and weights, B takes them back" in text_of(pilot))
        assert "R rows  K kind" in text_of(pilot)
        await pilot.press("S")
        await until(pilot, lambda: "Not saved" not in text_of(pilot), "saved")


@pytest.mark.parametrize(
    ("target", "screen_class"), [(Target.COLLECT, CollectScreen), (Target.TRAIN, TrainScreen)]
)
async def test_a_live_screen_says_how_to_start(
    backend: StartedBackend, project: Project, target: Target, screen_class: type
) -> None:
    app = app_with(backend, **{f"{target}__pause": ["P"]})
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, target, project)
        assert isinstance(app.screen, screen_class)
        await until(pilot, lambda: "There is no run yet. P starts it." in text_of(pilot))
        assert "P start" in text_of(pilot).splitlines()[-1]


async def test_collect_says_how_to_go_on_without_its_expert(
    backend: StartedBackend, project: Project
) -> None:
    live_rows.asking(project)
    run_id = recorded.record(project)
    live_rows.offline(project, run_id)
    app = app_with(backend, collect__report=["R"], collect__switch=["W"], collect__stop=["S"])
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, Target.COLLECT, project)
        ways = "R asks again, W another expert, S the task's scripts"
        await until(pilot, lambda: ways in text_of(pilot), "the ways")


async def test_evaluate_says_how_to_resume(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "demo", status=RunStatus.STOPPED)
    app = app_with(StartedBackend(tmp_path), evaluate__resume=["P"], evaluate__swap=["S"])
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, Target.EVALUATE, project)
        assert isinstance(app.screen, EvaluateScreen)
        await until(pilot, lambda: "P resumes the run, which evaluates then." in text_of(pilot))


async def test_the_playground_says_how_to_ask(tmp_path: Path, project: Project) -> None:
    app = app_with(
        PlayedBackend(tmp_path, FakePlayer()),  # type: ignore[arg-type]
        playground__random=["ctrl+t"],
        playground__temperature=["ctrl+r"],
        playground__newline=["ctrl+b"],
    )
    async with app.run_test(size=SIZE) as pilot:
        await at_playground(pilot, project.path)
        text = " ".join(text_of(pilot).split())
        assert "ctrl+t takes a test item" in text
        assert "enter asks, ctrl+b new line, esc leaves" in text
        await pilot.press("enter")
        await said(pilot, "Type a question first; ctrl+t takes a test item.")


async def test_export_says_where_the_run_is_looked_at(
    backend: StartedBackend, project: Project
) -> None:
    recorded.record(project)
    app = app_with(backend, global__goto=["G"])
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, Target.EXPORT, project)
        await until(pilot, lambda: "G r shows how the run goes" in text_of(pilot), "the way")


async def test_stopping_says_how_to_go_on(backend: StartedBackend, project: Project) -> None:
    run_id = recorded.record(project)
    app = app_with(backend, run__pause=["P"])
    async with app.run_test(size=SIZE) as pilot:
        with recorded.at_work(project, run_id):
            await open_run(pilot)
            await pilot.press("s")
            await until(pilot, lambda: "All is saved, and P " in text_of(pilot), "the question")


async def test_a_screen_that_is_open_shows_other_keys_at_once(tmp_path: Path) -> None:
    project, _ = balanced_project(tmp_path / "demo")
    app = app_with(StartedBackend(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        opened(pilot, Target.BALANCE, project)
        screen = app.screen
        assert isinstance(screen, BalanceScreen)
        await until(pilot, lambda: screen.view.loaded and screen.view.job is None, "counting")
        await pilot.press("plus")
        await until(pilot, lambda: "ctrl+s saves p and weights" in text_of(pilot), "the notice")
        app.use_keys({"balance.save": ("S",)})
        await until(pilot, lambda: "S saves p and weights" in text_of(pilot), "the other key")


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        (RECORDED, "X on Home"),
        (in_items(Situation(has_pairs=True)), "X shows them"),
        (can_switch_expert(Situation(alive=True)), "X stops it"),
        (
            can_evaluate(Situation(alive=True, state="waiting for review")),
            "for review: X decides",
        ),
    ],
)
def test_reasons_have_the_keys_that_hold(reason: str | None, key: str) -> None:
    use_keys({each.id: ("X",) for each in ACTIONS})
    assert key in fill(reason or "")


def test_braces_in_what_others_named_stay_as_they_are() -> None:
    assert fill("/tmp/{my.folder} is taken: {run.pause}") == "/tmp/{my.folder} is taken: p"
