"""How the run stands, said above review and balance."""

import pytest
import recorded
from piloting import StartedBackend, app_on, text_of, until

from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.state.place import Place
from tripost_tui.widgets.run_line import RunLine


@pytest.mark.parametrize("target", [Target.REVIEW, Target.BALANCE])
async def test_the_run_is_told_above_what_is_decided(
    backend: StartedBackend, project: Project, target: Target
) -> None:
    with recorded.at_work(project, recorded.record(project)):
        app = app_on(backend)
        async with app.run_test(size=(80, 24)) as pilot:
            app.open_stage(target, Place(project.path, project.name))
            await until(pilot, lambda: "running" in text_of(pilot).splitlines()[0], "the line")
            first = text_of(pilot).splitlines()[0]
            assert "iteration 2/3" in first
            assert "train" in first
            assert "ETA 3 min" in first
            assert app.screen.query_one(RunLine).state.alive
