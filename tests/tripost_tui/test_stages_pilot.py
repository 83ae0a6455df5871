"""Going from one screen of a run to another, and back."""

from collections.abc import Iterator

import pytest
import recorded
from piloting import at_home, open_run, said, until

from engine.project import Project
from tripost_tui.actions import STAGES, Target, goto_actions
from tripost_tui.app import TripostApp
from tripost_tui.screens.base import BaseScreen

SIZE = (80, 24)


@pytest.fixture(autouse=True)
def run(project: Project) -> Iterator[None]:
    with recorded.at_work(project, recorded.record(project)):
        yield


async def test_brackets_go_from_stage_to_stage_and_escape_back(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        run = await open_run(pilot)
        await pilot.press("left_square_bracket")
        await said(pilot, "the first of the run's screens")
        shown = [run]
        for target in STAGES[1:]:
            await pilot.press("right_square_bracket")
            await until(pilot, lambda target=target: stage_of(app) is target, str(target))
            assert app.screen.place == run.place
            shown.append(app.screen)
        await pilot.press("right_square_bracket")
        await said(pilot, "the last of the run's screens")
        # However far one went, nothing is stacked up.
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is run, "the run")
        assert len(app.screen_stack) == 2


@pytest.mark.parametrize("target", STAGES)
async def test_the_go_to_menu_leads_to_each_stage(app: TripostApp, target: Target) -> None:
    letters = {one.id: one.letter for one in goto_actions()}
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("g")
        await pilot.press(str(letters[f"global.{target}"]))
        await until(pilot, lambda: stage_of(app) is target, str(target))


@pytest.mark.parametrize("target", [*STAGES[1:], Target.PLAYGROUND, Target.EXPORT])
async def test_a_screen_is_left_and_opened_again_at_once(app: TripostApp, target: Target) -> None:
    async with app.run_test(size=SIZE) as pilot:
        run = await open_run(pilot)
        for _ in range(3):
            app.open_stage(target, run.place)
            app.open_stage(Target.RUN, run.place)
            app.open_stage(target, run.place)
            await until(pilot, lambda: stage_of(app) is target and app.screen.is_mounted, target)
            app.open_stage(Target.RUN, run.place)
            assert app.screen is run


def stage_of(app: TripostApp) -> Target | None:
    return app.screen.TARGET if isinstance(app.screen, BaseScreen) else None
