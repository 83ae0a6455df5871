"""Pictures of the Playground. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from piloting import AppPilot, app_on
from played import (
    OUTLOOK,
    FakePlayer,
    PlayedBackend,
    ask,
    at_playground,
    both,
    corrected,
    say,
    wrong_at_start,
)
from test_snapshots import SIZES, Compare

from engine.errors import StudentError
from engine.play.child import DIED
from engine.play.messages import Doing, Ended, Event, Failed
from engine.play.outlook import Weights
from engine.project import Project
from tripost_tui.themes import THEMES

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Size = tuple[int, int]
Said = Callable[[int], list[Event]]


def pictured(
    compare: Compare,
    project: Project,
    size: Size,
    said: Said | None,
    player: FakePlayer | None = None,
    *,
    ascii_only: bool = False,
    theme: str | None = None,
    keys: tuple[str, ...] = (),
) -> bool:
    """``said`` is what the process says when asked; None: nothing is asked."""
    player = player or FakePlayer()
    app = app_on(PlayedBackend(project.path.parent, player), ascii_only=ascii_only)

    async def ready(pilot: AppPilot) -> None:
        if theme is not None:
            app.theme = theme
        screen = await at_playground(pilot, project.path)
        if said is not None:
            number = await ask(pilot, screen, player)
            await say(pilot, screen, player, said(number))
        await pilot.press(*keys)
        app.clear_notifications()
        await pilot.pause(0.2)

    return compare(app, terminal_size=size, run_before=ready)


@sizes
def test_both_have_answered(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, both)


@sizes
def test_nothing_is_asked_yet(snap_compare: Compare, project: Project, size: Size) -> None:
    assert pictured(snap_compare, project, size, None)


def test_in_ascii(snap_compare: Compare, project: Project) -> None:
    assert pictured(snap_compare, project, (120, 40), both, ascii_only=True)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES[1:]])
def test_in_other_themes(snap_compare: Compare, project: Project, theme: str) -> None:
    assert pictured(snap_compare, project, (120, 40), both, theme=theme)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_one_is_writing(snap_compare: Compare, project: Project, size: Size) -> None:
    def writing(number: int) -> list[Event]:
        return [*wrong_at_start(number), *corrected(number)[:8]]

    assert pictured(snap_compare, project, size, writing)


def test_it_is_loading(snap_compare: Compare, project: Project) -> None:
    player = FakePlayer()
    player.ready_at_once = False
    player.to_say = [Doing(text="loading torch and transformers")]
    assert pictured(snap_compare, project, (80, 24), None, player, keys=("escape", "s"))


def test_an_engine_is_at_work_and_memory_is_short(snap_compare: Compare, project: Project) -> None:
    memory = "It needs about 9.1 GiB of VRAM; 2.3 GiB are free."
    player = FakePlayer(replace(OUTLOOK, at_work=("tripost-demo",), fits=False, memory=memory))
    assert pictured(snap_compare, project, (80, 24), None, player)


def test_it_has_died(snap_compare: Compare, project: Project) -> None:
    why = "It was killed (signal 9), as the system does where memory runs out."

    def dying(number: int) -> list[Event]:
        return [*wrong_at_start(number)[:3], Ended(title=DIED, message=why, exit_code=4)]

    assert pictured(snap_compare, project, (80, 24), dying)


def test_the_student_is_missing(snap_compare: Compare, project: Project) -> None:
    text = (
        "student.path is 'Qwen/Qwen3-0.6B': it is not in the cache, and the hub cannot be asked: "
        "HF_HUB_OFFLINE is set."
    )
    player = FakePlayer(trouble=StudentError(text, "The student is missing"))
    assert pictured(snap_compare, project, (80, 24), None, player)


def test_weights_are_gone_and_one_model_fails(snap_compare: Compare, project: Project) -> None:
    gone = Weights(2, "their folder is gone: /home/ada/tripost/checkpoints/run1-iteration2")
    player = FakePlayer(replace(OUTLOOK, weights=(*OUTLOOK.weights[:2], gone)))

    def failing(number: int) -> list[Event]:
        text = "The weights of iteration 1 are not as they were saved. Restore the folder."
        failed = Failed(id=number, weights=1, title="A checkpoint is damaged", message=text)
        return [*wrong_at_start(number), failed]

    assert pictured(snap_compare, project, (120, 40), failing, player)
