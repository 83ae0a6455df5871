"""Keys of a person's own, pressed: on every kind of screen, and the default ones no longer."""

import pytest
import recorded
from piloting import StartedBackend, app_with, at_home, at_new, open_run, text_of, until

from engine.project import Project
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.review import ReviewScreen

SIZE = (80, 24)


async def test_quitting_by_another_key_works_in_fields_and_over_dialogs_too(
    backend: StartedBackend, project: Project
) -> None:
    app = app_with(backend, global__quit=["f10"])
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        assert "F10 quit" in text_of(pilot)
        await pilot.press("ctrl+q")
        assert not app._exit
        await pilot.press("x")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("f10")
        assert app._exit


async def test_a_field_is_left_downwards_by_another_key_at_once(backend: StartedBackend) -> None:
    app = app_with(backend, new__down=["ctrl+t", "down"])
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        await pilot.press("ctrl+t")
        assert screen.focused is not None
        assert screen.focused.id == "input-task"


async def test_a_question_shows_and_takes_other_keys(
    backend: StartedBackend, project: Project
) -> None:
    app = app_with(backend, confirm__yes=["j"], confirm__no=["f", "escape"])
    async with app.run_test(size=SIZE) as pilot:
        home = await at_home(pilot)
        await pilot.press("x")
        assert "f no" in text_of(pilot)
        assert "j yes" in text_of(pilot)
        await pilot.press("y")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("f")
        assert app.screen is home
        await pilot.press("x", "j")
        await until(pilot, lambda: not home.state.rows, "the empty list")


async def test_two_keys_may_change_places(backend: StartedBackend, project: Project) -> None:
    run_id = recorded.record(project)
    app = app_with(backend, review__accept=["x"], review__reject=["a"])
    async with app.run_test(size=SIZE) as pilot:
        with recorded.at_work(project, run_id):
            await open_run(pilot)
            await pilot.press("v")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen), "the review")
            screen = app.screen
            assert isinstance(screen, ReviewScreen)
            await until(pilot, lambda: screen.view.item is not None, "a trajectory")
            assert text_of(pilot).splitlines()[-1].startswith(" x accept  a reject")
            await pilot.press("x")
            await until(pilot, lambda: screen.view.counts.accepted == 1, "accepted")
            await pilot.press("a")
            await until(pilot, lambda: screen.view.counts.rejected == 1, "rejected")


async def test_a_letter_of_ones_own_only_types_in_an_editor(
    backend: StartedBackend, project: Project
) -> None:
    run_id = recorded.record(project)
    app = app_with(backend, global__home=["H"], global__help=["h", "f2"])
    async with app.run_test(size=SIZE) as pilot:
        with recorded.at_work(project, run_id):
            await open_run(pilot)
            await pilot.press("v")
            screen = app.screen
            assert isinstance(screen, ReviewScreen)
            await until(pilot, lambda: screen.view.item is not None, "a trajectory")
            await pilot.press("m", "H", "h")
            await until(pilot, lambda: "Hh" in text_of(pilot), "the note")
            assert app.screen is screen
            await pilot.press("f2")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("h")
            assert app.screen is screen
            await pilot.press("escape", "H")
            await until(pilot, lambda: len(app.screen_stack) == 1, "Home")


async def test_an_action_without_a_key_is_still_in_the_palette(backend: StartedBackend) -> None:
    app = app_with(backend, home__new=[])
    async with app.run_test(size=SIZE) as pilot:
        home = await at_home(pilot)
        assert 'Press ctrl+p "new" to make a project' in text_of(pilot)
        await pilot.press("n")
        assert app.screen is home
        await pilot.press("ctrl+p", *"new")
        await until(pilot, lambda: "Make a new project" in text_of(pilot), "the command")


@pytest.mark.parametrize("key", ["g", "question_mark"])
async def test_the_default_key_does_nothing_any_more(backend: StartedBackend, key: str) -> None:
    app = app_with(backend, global__goto=["f5"], global__help=["f1"])
    async with app.run_test(size=SIZE) as pilot:
        home = await at_home(pilot)
        await pilot.press(key)
        assert app.screen is home
