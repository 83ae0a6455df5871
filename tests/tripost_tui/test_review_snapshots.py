"""Pictures of the review screen at four sizes. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from piloting import AppPilot, StartedBackend, app_on, until
from reviewed import review_project
from textual.widgets import Input, TextArea

from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.place import Place

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
USUAL = [(80, 24), (120, 40)]
DECIDED = ("a", "x", "f", "1", "5")
Compare = Callable[..., bool]
Size = tuple[int, int]


def pictured(
    compare: Compare,
    project: Project,
    size: Size,
    keys: tuple[str, ...],
    *,
    ascii_only: bool = False,
) -> bool:
    app = app_on(StartedBackend(project.path.parent), ascii_only=ascii_only)

    async def ready(pilot: AppPilot) -> None:
        app.open_stage(Target.REVIEW, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.loaded, "reading")
        for area in (screen.query_one(TextArea), screen.query_one(Input)):
            area.cursor_blink = False
        await pilot.press(*keys)
        await until(pilot, lambda: screen.size == pilot.app.size)
        app.clear_notifications()
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=ready)


def named(sizes: list[Size]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("size", sizes, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return review_project(tmp_path / "demo", 30)[0]


@named(SIZES)
def test_review(snap_compare: Compare, fresh: Project, size: Size) -> None:
    assert pictured(snap_compare, fresh, size, DECIDED)


@named(SIZES)
def test_side_by_side(snap_compare: Compare, fresh: Project, size: Size) -> None:
    assert pictured(snap_compare, fresh, size, ("d", "d"))


@named(USUAL)
def test_changed_words(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("d", "space")
    assert pictured(snap_compare, fresh, size, keys)


@named(SIZES)
def test_editing(snap_compare: Compare, fresh: Project, size: Size) -> None:
    assert pictured(snap_compare, fresh, size, ("e",))


@named(USUAL)
def test_edited(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("e", "backspace", "0", ".", "ctrl+s", "d", "space", "space")
    assert pictured(snap_compare, fresh, size, keys)


@named(SIZES)
def test_a_wrong_filter(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("slash", *"status:maybe", "enter")
    assert pictured(snap_compare, fresh, size, keys)


@named(USUAL)
def test_a_filter_that_hides_all(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("slash", *"tag:lucky", "enter")
    assert pictured(snap_compare, fresh, size, keys)


@named(USUAL)
def test_a_range(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("v", "j", "j", "j", "b")
    assert pictured(snap_compare, fresh, size, keys)


@named(USUAL)
def test_many_at_once(snap_compare: Compare, fresh: Project, size: Size) -> None:
    assert pictured(snap_compare, fresh, size, ("v", "end", "x"))


@named(USUAL)
def test_nothing_left(snap_compare: Compare, fresh: Project, size: Size) -> None:
    keys = ("v", *["j"] * 15, "a", "v", "end", "x")
    assert pictured(snap_compare, fresh, size, keys)


@named(SIZES)
def test_nothing_yet(snap_compare: Compare, tmp_path: Path, size: Size) -> None:
    project, _ = review_project(tmp_path / "demo", 0)
    assert pictured(snap_compare, project, size, ())


def test_in_ascii(snap_compare: Compare, fresh: Project) -> None:
    assert pictured(snap_compare, fresh, (120, 40), (*DECIDED, "d", "d"), ascii_only=True)
