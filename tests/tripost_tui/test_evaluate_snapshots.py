"""Pictures of the evaluate screen. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable
from pathlib import Path

import pytest
import recorded
from evaluated import (
    BETTER,
    START,
    add_run,
    evaluated_project,
)
from piloting import AppPilot, StartedBackend, app_on, text_of, until
from textual.widgets import Input

from db.store import Store
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.state.place import Place

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
USUAL = [(80, 24), (120, 40)]
Compare = Callable[..., bool]
Size = tuple[int, int]


async def settled(pilot: AppPilot) -> None:
    """Wait until the next readings change nothing: tables are laid out by the width they got."""
    still, before = 0, ""
    while still < 4:
        await pilot.pause(0.2)
        now = text_of(pilot)
        still = still + 1 if now == before else 0
        before = now


def pictured(
    compare: Compare,
    project: Project,
    size: Size,
    keys: tuple[str, ...] = (),
    *,
    shown: str = "",
    ascii_only: bool = False,
    theme: str | None = None,
) -> bool:
    """Compare the screen after ``keys``, and after ``shown`` is to be read on it."""
    app = app_on(StartedBackend(project.path.parent), ascii_only=ascii_only)

    async def ready(pilot: AppPilot) -> None:
        if theme is not None:
            app.theme = theme
        app.open_stage(Target.EVALUATE, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, EvaluateScreen)
        state = screen.state
        await until(pilot, lambda: state.run.reading or state.run.trouble, "reading")
        if state.wanted():
            await until(pilot, lambda: state.items.loaded, "comparing")
        screen.query_one(Input).cursor_blink = False
        # The plot is drawn once it knows its size.
        await pilot.pause(0.1)
        await pilot.press(*keys)
        await until(pilot, lambda: shown in text_of(pilot), shown)
        await settled(pilot)
        app.clear_notifications()
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=ready)


def named(sizes: list[Size]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("size", sizes, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def tested(tmp_path: Path) -> Project:
    return evaluated_project(tmp_path / "demo")


@named(SIZES)
def test_accuracy(snap_compare: Compare, tested: Project, size: Size) -> None:
    assert pictured(snap_compare, tested, size)


@named(SIZES)
def test_items(snap_compare: Compare, tested: Project, size: Size) -> None:
    assert pictured(snap_compare, tested, size, ("i", "2"))


@named(USUAL)
def test_differing_words(snap_compare: Compare, tested: Project, size: Size) -> None:
    assert pictured(snap_compare, tested, size, ("i", "1", "d", "space"))


@named(USUAL)
def test_in_the_light(snap_compare: Compare, tested: Project, size: Size) -> None:
    assert pictured(snap_compare, tested, size, ("i", "d"), theme="tripost-light")


def test_accuracy_in_the_light(snap_compare: Compare, tested: Project) -> None:
    assert pictured(snap_compare, tested, (120, 40), theme="tripost-light")


@named(USUAL)
def test_a_filter_that_hides_all(snap_compare: Compare, tested: Project, size: Size) -> None:
    keys = ("i", "slash", *"nothing", "enter")
    assert pictured(snap_compare, tested, size, keys)


@named(USUAL)
def test_models_to_choose_from(snap_compare: Compare, tmp_path: Path, size: Size) -> None:
    evaluated_project(tmp_path / "harder", (START,), offset=4)
    project = evaluated_project(tmp_path / "demo")
    with Store.open(project.db_path) as store:
        add_run(store, (START, BETTER))
    assert pictured(snap_compare, project, size, ("n",), shown="Model B")


@named(USUAL)
def test_an_evaluation_under_way(snap_compare: Compare, tmp_path: Path, size: Size) -> None:
    project = evaluated_project(tmp_path / "demo", done=13)
    with recorded.at_work(project, 1):
        assert pictured(snap_compare, project, size, shown="13/20 evaluated")


def test_a_start_alone(snap_compare: Compare, tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "demo", (START,))
    assert pictured(snap_compare, project, (80, 24))


def test_no_evaluation_yet(snap_compare: Compare, tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "demo", ())
    assert pictured(snap_compare, project, (80, 24))


def test_trouble_reading(snap_compare: Compare, tmp_path: Path) -> None:
    app = app_on(StartedBackend(tmp_path))

    async def ready(pilot: AppPilot) -> None:
        # The path in the notice is another on each machine.
        app.open_stage(Target.EVALUATE, Place(Path("/nowhere/demo"), "demo"))
        await until(pilot, lambda: "No such project" in text_of(pilot), "the notice")

    assert snap_compare(app, terminal_size=(80, 24), run_before=ready)


@named(USUAL)
def test_in_ascii(snap_compare: Compare, tested: Project, size: Size) -> None:
    assert pictured(snap_compare, tested, size, ascii_only=True)


def test_items_in_ascii(snap_compare: Compare, tested: Project) -> None:
    assert pictured(snap_compare, tested, (120, 40), ("i", "d"), ascii_only=True)
