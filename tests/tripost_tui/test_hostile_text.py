"""Text that a model, a setting or a folder's name may hold is shown, never obeyed."""

from pathlib import Path

import pytest
import recorded
from balanced import balanced_project
from evaluated import evaluated_project
from piloting import StartedBackend, app_on, at_home, at_run, text_of, until

from db.expert_records import ExpertCall
from db.records import (
    Level,
    RunStatus,
    Turn,
    TurnKind,
    Verdict,
)
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from tripost_tui.actions import Target
from tripost_tui.screens.about_run import AboutRunScreen
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.place import Place

HOSTILE = {
    "unbalanced markup": "[/x] [bold [/] [[] [red]not red[/red",
    "a click": "[@click=app.exit]quit[/] [link=file:///etc/passwd]x[/link]",
    "escapes": "\x1b[2J\x1b]52;c;aGk=\x07\x1b[31mred\x9b1m \x07\x08\x00",
    "reordering": "safe \u202egnp.exe \u2066x\u2069 \u200f",
    "lone surrogate": "a\ud800b",
    "wide and combining": "日本語 👩‍👩‍👧‍👦 é\u0301\u0301\u0301 \u200b\ufeff",
    "variables": "$error $(ls) {braces} %s",
    "one long line": "x" * 1_000_000,
    "many lines": "\n" * 30_000,
    "tabs and returns": "a\tb\r\nc\rd",
    "nothing": "",
}


def turns(text: str) -> tuple[Turn, ...]:
    return (
        Turn(kind=TurnKind.ATTEMPT, author="student", text=text),
        Turn(
            kind=TurnKind.FEEDBACK,
            author=f"expert:{text[:40]}",
            text=text,
            verdict=Verdict.INCORRECT,
            step=text[:20],
            span=text[:10],
            reason=text[:40],
        ),
        Turn(kind=TurnKind.ATTEMPT, author="student", text=text),
    )


def assert_shown_as_data(shown: str) -> None:
    """Nothing on the screen is a command to the terminal, or turns the text round."""
    assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
    assert "\x9b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_model_text_is_shown_as_it_is(text: str, tmp_path: Path) -> None:
    storable = text.encode("utf-8", "replace").decode()
    project = recorded.new_project(tmp_path / "demo")
    recorded.record(project, turns(storable), storable)
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        await pilot.press("z")
        await pilot.pause()
        shown = text_of(pilot)
        assert "Attempt, by student" in shown or len(text) > 10_000
        assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
        assert "\x9b" not in shown
        assert "\u202e" not in shown
        if text.startswith("["):
            assert text.split()[0] in shown
        await pilot.click("#trajectory", offset=(5, 3))
        await pilot.press("end", "home", "escape")
        assert not app._exit


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_model_text_is_shown_as_it_is_in_review(text: str, tmp_path: Path) -> None:
    storable = text.encode("utf-8", "replace").decode()
    project = recorded.new_project(tmp_path / "demo")
    run_id = recorded.record(project, turns(storable), storable)
    with Store.open(project.db_path) as store:
        (key,) = store.review_ids(run_id, limit=1)
        changes = [
            ReviewChange(trajectory_id=key, kind=ReviewKind.NOTE, text=storable or None),
            ReviewChange(trajectory_id=key, kind=ReviewKind.EDIT, text=storable),
        ]
        store.review_step(run_id, changes)
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_stage(Target.REVIEW, Place(project.path, project.name, run_id))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.loaded, "reading")
        await pilot.press("home")
        assert screen.view.item is not None
        assert screen.view.item.id == key
        for pressed in ("d", "d", "d", "space", "e", "m", "a", "u"):
            await pilot.press(pressed)
            if screen.situation().typing:
                await pilot.press("escape")
            shown = text_of(pilot)
            assert_shown_as_data(shown)
        if text.startswith("["):
            assert text.split()[0] in shown
        await pilot.click("#item", offset=(5, 3))
        await pilot.click("#queue", offset=(30, 1))
        assert not app._exit


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_model_text_is_shown_as_it_is_in_the_balance(text: str, tmp_path: Path) -> None:
    storable = text.encode("utf-8", "replace").decode()
    project, run_id = balanced_project(tmp_path / "demo", 8, made=False)
    with Store.open(project.db_path) as store:
        rows = store.trajectories(run_id, 1)
        for row in rows:
            # Questions, steps and feedback are of others; what frames them is ours.
            written = row.text.replace("(1) ", f"(1) {storable} ").replace(
                "Q: (", f"Q: {storable}("
            )
            store._change("UPDATE trajectories SET text = ? WHERE id = ?", written, row.id)
        store._change("UPDATE items SET question = ? || ' ' || id WHERE id < 3", storable)
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_stage(Target.BALANCE, Place(project.path, project.name, run_id))
        screen = app.screen
        assert isinstance(screen, BalanceScreen)
        await until(pilot, lambda: screen.view.example is not None, "counting")
        for pressed in ("n", "j", "space", "f", "p"):
            await pilot.press(pressed)
            if screen.situation().typing:
                await pilot.press("escape")
            assert_shown_as_data(text_of(pilot))
        if text.startswith("["):
            assert text.split()[0] in text_of(pilot)
        await pilot.click("#example", offset=(5, 8))
        await pilot.click("#examples", offset=(30, 1))
        assert not app._exit


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_model_text_is_shown_as_it_is_in_evaluate(text: str, tmp_path: Path) -> None:
    storable = text.encode("utf-8", "replace").decode()
    project = evaluated_project(tmp_path / "demo")
    with Store.open(project.db_path) as store, store.transaction():
        store._execute(
            "UPDATE evaluations SET text = ?, first_answer = ?, final_answer = ?",
            (storable, storable, storable),
        )
        store._execute("UPDATE items SET question = ? || id, answer = ?", (storable, storable))
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_stage(Target.EVALUATE, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, EvaluateScreen)
        await until(pilot, lambda: screen.state.items.item is not None, "reading")
        for pressed in ("i", "d", "space", "j", "end", "y", "1"):
            await pilot.press(pressed)
            shown = text_of(pilot)
            assert_shown_as_data(shown)
        if text.startswith("["):
            assert text.split()[0] in shown
        await pilot.click("#item-pair", offset=(5, 3))
        await pilot.click("#items-list", offset=(30, 1))
        assert not app._exit


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_texts_of_others_are_shown_as_they_are_while_a_run_collects_and_trains(
    text: str, tmp_path: Path
) -> None:
    storable = text.encode("utf-8", "replace").decode()
    project = recorded.new_project(tmp_path / "demo")
    run_id = recorded.record(project, turns(storable), storable)
    short = storable[:5000]
    facts = {"title": short, "message": short, "exit_code": 8, "expert": short}
    call = {"run_id": run_id, "iteration": 2, "role": "feedback", "request": {}}
    with Store.open(project.db_path) as store:
        store.add_expert_calls(
            [ExpertCall(**call, key="k", expert=short or "nobody", error=short)]  # type: ignore[arg-type]
        )
        store.add_event(run_id, "alert", short, Level.WARNING)
        store.set_run_status(run_id, RunStatus.FAILED, short)
        store.add_event(run_id, "run.failed", short, Level.ERROR, facts)
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        for target, pane in ((Target.COLLECT, "live"), (Target.TRAIN, "alerts")):
            app.open_stage(target, Place(project.path, project.name))
            screen = app.screen
            assert isinstance(screen, AboutRunScreen)
            await until(pilot, lambda s=screen: s.state.reading is not None, "reading")
            await pilot.pause()
            shown = text_of(pilot)
            assert_shown_as_data(shown)
            if text.startswith("["):
                assert text.split()[0] in shown
            await pilot.click(f"#{pane}", offset=(5, 2))
            await pilot.press("z", "end", "home", "escape")
            assert not app._exit


async def test_names_and_reasons_are_data_too(tmp_path: Path) -> None:
    nasty = "[/x][@click=app.exit]q[/]\x1b[2J\u202e"
    project = recorded.new_project(tmp_path / "[red]x")
    settings = project.settings_path.read_text().replace('name = "demo"', 'name = "[/x]\\u202e"')
    project.settings_path.write_text(settings)
    recorded.finish(project, recorded.record(project), RunStatus.FAILED, nasty)
    app = app_on(StartedBackend(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        assert "[red]x" in text_of(pilot)
        assert "[/x]⟨U+202E⟩" in text_of(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        await until(pilot, lambda: "[/x][@click=app.exit]q[/][2J" in text_of(pilot), "the reason")
        await pilot.press("escape", "x")
        await until(pilot, lambda: "Forget the project" in text_of(pilot), "the question")
        assert "[red]x" in text_of(pilot)
