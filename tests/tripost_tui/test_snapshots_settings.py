"""Pictures of the settings, the colours to choose from, the letters to jump by."""

from collections.abc import Callable

import pytest
import recorded
from piloting import (
    SHOWN_CONFIG,
    AppPilot,
    PicturedBackend,
    app_on,
    at_new,
    open_run,
    text_of,
    until,
)
from test_settings_pilot import choose, open_settings

from engine.project import Project
from tripost_tui.preferences import Preferences, Reading

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
Compare = Callable[..., bool]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")

OWN = Preferences(theme="light", keys={"global.goto": ("f5", "g"), "run.checkpoint": ()})
FAULTS = (
    'theme: "pink" is none of "dark", "light"; it stays "dark"',
    'keys, run.pause: s is "stop" of Run; it keeps p',
)


class SetBackend(PicturedBackend):
    """A person has set something, and got something wrong."""

    reading = Reading(SHOWN_CONFIG)

    def preferences(self) -> Reading:
        return self.reading


@pytest.fixture
def backend(tmp_path: object) -> SetBackend:
    return SetBackend(tmp_path)  # type: ignore[arg-type]


@sizes
def test_settings(snap_compare: Compare, backend: SetBackend, size: tuple[int, int]) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)

    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


def test_settings_with_own_ones(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await pilot.press("f5", "s", "tab", "j", "j")
        await until(pilot, lambda: "in the go-to menu" not in text_of(pilot), "the list")

    backend.reading = Reading(SHOWN_CONFIG, OWN)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


def test_settings_with_faults(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)
        pilot.app.clear_notifications()

    backend.reading = Reading(SHOWN_CONFIG, Preferences(), FAULTS)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


def test_settings_that_find_nothing(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)
        await pilot.press("slash", *"no such thing", "enter")

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


def test_settings_in_ascii(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)

    app = app_on(backend, ascii_only=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=ready)


def test_a_key_that_is_refused(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)
        await choose(pilot, "run.pause")
        await pilot.press("enter", "s")

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


@pytest.mark.parametrize("downs", range(6))
def test_colours(snap_compare: Compare, backend: SetBackend, downs: int) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_settings(pilot)
        await pilot.press("enter", *["j"] * downs)

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("colour", [True, False], ids=["colours", "no-colours"])
def test_letters_over_a_run(
    snap_compare: Compare,
    backend: SetBackend,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    colour: bool,
) -> None:
    async def ready(pilot: AppPilot) -> None:
        await open_run(pilot)
        await until(pilot, lambda: pilot.app.screen.query_one("#loss-canvas").size.height > 0)
        await pilot.press("apostrophe")

    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    with recorded.at_work(project, recorded.record(project)):
        assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


def test_letters_over_fields(snap_compare: Compare, backend: SetBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await at_new(pilot)
        await pilot.press("ctrl+g")

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)
