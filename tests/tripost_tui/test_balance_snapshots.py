"""Pictures of the balance at four sizes. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from balanced import balanced_project
from piloting import AppPilot, StartedBackend, app_on, until
from textual.widgets import Input

from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.state.place import Place

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
USUAL = [(80, 24), (120, 40)]
Compare = Callable[..., bool]
Size = tuple[int, int]


def pictured(
    compare: Compare,
    project: Project,
    size: Size,
    keys: tuple[str, ...] = (),
    *,
    ascii_only: bool = False,
    theme: str | None = None,
) -> bool:
    app = app_on(StartedBackend(project.path.parent), ascii_only=ascii_only)

    async def ready(pilot: AppPilot) -> None:
        if theme is not None:
            app.theme = theme
        app.open_stage(Target.BALANCE, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, BalanceScreen)

        def settled() -> bool:
            view = screen.view
            entry = view.entries[view.shown[view.at]] if view.at >= 0 else None
            shown = view.example.entry if view.example is not None else None
            return view.loaded and view.job is None and entry is shown

        await until(pilot, settled, "counting")
        screen.query_one(Input).cursor_blink = False
        for key in keys:
            await pilot.press(key)
            await until(pilot, settled, "counting")
        await until(pilot, lambda: screen.size == pilot.app.size)
        app.clear_notifications()
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=ready)


def named(sizes: list[Size]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("size", sizes, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return balanced_project(tmp_path / "demo")[0]


def reject(project: Project, iteration: int, count: int) -> None:
    with Store.open(project.db_path) as store:
        rows = store.trajectories(1, iteration)[:count]
        changes = [ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT) for row in rows]
        store.review_step(1, changes)


@named(SIZES)
def test_what_would_train(snap_compare: Compare, project: Project, size: Size) -> None:
    reject(project, 2, 3)
    assert pictured(snap_compare, project, size)


@named(SIZES)
def test_weights_in_numbers(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, ("n", "z", "pagedown"))


@named(USUAL)
def test_what_was_dropped(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, ("f", "j"))


@named(SIZES)
def test_trying_p(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, ("plus", "plus", "p"))


@named(USUAL)
def test_a_wrong_value(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, ("p", "x"))


@named(USUAL)
def test_reviewed_too_late(snap_compare: Compare, project: Project, size: Size) -> None:
    reject(project, 1, 2)
    assert pictured(snap_compare, project, size, ("I", "f", "f"))


@named(SIZES)
def test_nothing_collected(snap_compare: Compare, tmp_path: Path, size: Size) -> None:
    project, _ = balanced_project(tmp_path / "demo", 0, made=False)
    assert pictured(snap_compare, project, size)


@named(USUAL)
def test_too_few(snap_compare: Compare, tmp_path: Path, size: Size) -> None:
    project, _ = balanced_project(
        tmp_path / "demo", 8, made=False, collect__minimum=8, postprocess__ratio=60.0
    )
    assert pictured(snap_compare, project, size)


@named(USUAL)
def test_in_light_colours(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, ("n",), theme="tripost-light")


def test_in_ascii(snap_compare: Compare, project: Project) -> None:
    assert pictured(snap_compare, project, (120, 40), ("n", "f"), ascii_only=True)
