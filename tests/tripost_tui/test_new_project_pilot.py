"""The form of a new project driven by keys, on real folders and a real server."""

from pathlib import Path
from threading import Event

import pytest
from piloting import (
    AppPilot,
    StartedBackend,
    app_on,
    at_home,
    at_new,
    at_run,
    home_of,
    looked,
    said,
    text_of,
    until,
)
from stand_in_ollama import OllamaStandIn
from textual.events import Key
from textual.widgets import Input

from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.preflight import Grade, Subject
from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.screens.dialogs import ConfirmDialog, ErrorDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.new_project import NewProjectScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.new_project import Field

SIZE = (120, 40)


def settings_in(folder: Path):  # type: ignore[no-untyped-def]
    return Project.open(folder).settings


def focused(pilot: AppPilot) -> str:
    widget = pilot.app.screen.focused
    assert isinstance(widget, Input)
    return (widget.id or "").removeprefix("input-")


async def to(pilot: AppPilot, field: Field) -> None:
    """Go to a field by the arrows."""
    while focused(pilot) != field:
        await pilot.press("down")


async def write(pilot: AppPilot, field: Field, text: str) -> None:
    await to(pilot, field)
    await pilot.press(*text)


async def test_enter_makes_the_proposed_project_and_offers_to_start_it(
    app: TripostApp, backend: StartedBackend, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        assert "✓ ok" in text_of(pilot)
        assert "Preflight: " in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
        assert "now?" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: backend.started, "the start")
        await at_run(pilot)
    assert backend.started == [tmp_path / "my-project"]


async def test_a_project_is_made_as_filled_in_and_started_later(
    app: TripostApp, backend: StartedBackend, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await pilot.press(*"mine [x]")
        await write(pilot, Field.TASK, "word_sorting")
        await write(pilot, Field.PRESET, "demo")
        await write(pilot, Field.ITERATIONS, "2")
        await write(pilot, Field.SEED, "7")
        await looked(pilot)
        assert "yours" in text_of(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
        await pilot.press("n")
        await at_run(pilot)
        assert "mine [x] · ○ not started" in text_of(pilot)
        await pilot.press("escape")
        home = home_of(pilot)
        await until(pilot, lambda: home.state.rows, "the new row")
        assert backend.started == []
        await pilot.press("n")
        assert isinstance(app.screen, NewProjectScreen)
        assert app.screen.state.value(Field.SEED) == "1"
    settings = settings_in(tmp_path / "mine [x]")
    assert (settings.task.name, settings.run.seed, settings.run.iterations) == (
        "word_sorting",
        7,
        2,
    )
    assert settings.train.batch_tokens == 1024


async def test_letters_only_type_and_f1_helps(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("n", "d", "g", "question_mark", "x")
        assert app.screen.query_one(Input).value == "dg?x"
        assert "F1 more" in text_of(pilot)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, HomeScreen)


async def test_typing_faster_than_it_can_be_shown_loses_nothing(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        for letter in "quick as lightning":
            screen.query_one(Input).insert_text_at_cursor(letter)
            screen.repaint()
        await looked(pilot)
        assert screen.query_one(Input).value == "quick as lightning"
        assert screen.state.value(Field.FOLDER) == "quick as lightning"
        assert screen.state.findings[Subject.FOLDER].detail.endswith("quick as lightning, new")


async def test_keys_that_come_in_one_piece_go_where_they_are_meant(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        for key in ("a", "down", "ctrl+n", "down", "b", "down", "down", "c"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: screen.state.typed(Field.IMPROVE), "the last key")
        typed = [screen.state.typed(field) for field in list(Field)[:5]]
        assert typed == ["a", "word_sorting", "b", "", "c"]


async def test_arrows_scroll_the_preflight_where_that_has_the_focus(app: TripostApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await at_new(pilot)
        await pilot.press("shift+tab")
        pane = screen.query_one("#preflight")
        assert screen.focused is pane
        await pilot.press("down", "down", "up")
        assert pane.scroll_offset.y == 1


async def test_going_back_loses_nothing(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await write(pilot, Field.STUDENT, "./model")
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("n")
        await until(pilot, lambda: "./model" in text_of(pilot), "what was typed")


async def test_arrows_and_tab_go_through_all_fields(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        seen = []
        for _ in Field:
            seen.append(focused(pilot))
            await pilot.press("down")
        assert seen == list(Field)
        await pilot.press("up")
        assert focused(pilot) == Field.SEED
        await pilot.press("tab")
        assert app.screen.focused is app.screen.query_one("#preflight")
        await pilot.press("shift+tab")
        assert focused(pilot) == Field.SEED


async def test_a_value_is_chosen_from_a_list(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        await to(pilot, Field.FEEDBACK)
        await pilot.press("ctrl+o")
        assert isinstance(app.screen, ChoiceDialog)
        assert "qwen3:8b" in text_of(pilot)
        assert "OPENAI_BASE_URL is not set." in text_of(pilot)
        await pilot.press("j", "k", "down", "enter")
        assert screen.state.value(Field.FEEDBACK) == "ollama:qwen3:8b"
        assert focused(pilot) == Field.FEEDBACK
        await pilot.press("ctrl+o", "up", "escape")
        assert screen.state.value(Field.FEEDBACK) == "ollama:qwen3:8b"


async def test_the_next_choice_is_one_key_away(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        await to(pilot, Field.PRESET)
        await pilot.press("ctrl+n")
        assert screen.state.value(Field.PRESET) == "demo"
        await until(pilot, lambda: "The preset demo also sets" in text_of(pilot), "its settings")
        await to(pilot, Field.SEED)
        await pilot.press("ctrl+n")
        await said(pilot, "nothing to choose from here")


async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_made(
    app: TripostApp, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await write(pilot, Field.ITERATIONS, "0")
        text = " ".join(text_of(pilot).split())
        assert "✗ must be a whole number from 1 to 100" in text
        await to(pilot, Field.FOLDER)
        await pilot.press("enter")
        await said(pilot, "iterations: must be a whole number")
        assert focused(pilot) == Field.ITERATIONS
        await pilot.press("backspace")
        await until(pilot, lambda: "must be" not in text_of(pilot), "the field without an error")
    assert not (tmp_path / "my-project").exists()


async def test_a_folder_that_is_taken_is_told_before_anything_is_made(
    app: TripostApp, tmp_path: Path, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await pilot.press(*project.path.name)
        await looked(pilot)
        assert "✗ failed" in text_of(pilot)
        await pilot.press("enter")
        await said(pilot, "is a project already")
        assert isinstance(app.screen, NewProjectScreen)


async def test_a_folder_that_is_taken_meanwhile_is_told_in_a_dialog(
    app: TripostApp, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        (tmp_path / "my-project").mkdir()
        (tmp_path / "my-project" / "notes").touch()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the dialog")
        assert "The path is taken" in text_of(pilot)
        await pilot.press("escape")
        assert app.screen is screen
        await until(pilot, lambda: screen.state.failed, "the finding")


async def test_a_server_that_is_down_fails_and_making_it_all_the_same_is_asked(
    app: TripostApp, backend: StartedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await write(pilot, Field.FEEDBACK, "ollama:qwen3:8b")
        await looked(pilot)
        text = " ".join(text_of(pilot).split())
        assert "Preflight: 1 failed" in text
        assert "ollama serve" in text
        await pilot.press("enter")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("enter")
        assert isinstance(app.screen, NewProjectScreen)
        assert not (tmp_path / "my-project").exists()
        await pilot.press("enter", "y")
        await until(pilot, lambda: (tmp_path / "my-project").exists(), "the project")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
        # What would fail is not started by a mere enter.
        await pilot.press("enter")
        await at_run(pilot)
    assert backend.started == []


async def test_looking_again_finds_a_server_that_was_started_since(
    app: TripostApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaStandIn() as server:
        monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
        async with app.run_test(size=SIZE) as pilot:
            screen = await at_new(pilot)
            await write(pilot, Field.FEEDBACK, "ollama:qwen3:8b")
            await looked(pilot)
            assert screen.state.findings[Subject.FEEDBACK].grade is Grade.FAILED
            monkeypatch.setenv("OLLAMA_HOST", server.url)
            await pilot.press("ctrl+r")
            await until(
                pilot,
                lambda: screen.state.findings[Subject.FEEDBACK].grade is Grade.OK,
                "the server",
            )
            assert "8.2B" in text_of(pilot)


async def test_a_slow_server_holds_up_nobody(
    app: TripostApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaStandIn() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        async with app.run_test(size=SIZE) as pilot:
            screen = await at_new(pilot)
            server.answer.clear()
            await write(pilot, Field.FEEDBACK, "ollama:qwen3:8b")
            await until(pilot, lambda: server.asked, "the question")
            assert "looking" in text_of(pilot)
            # One changes one's mind: the answer is not waited for.
            await pilot.press("ctrl+u")
            await until(pilot, lambda: not screen.state.pending, "the look at scripts")
            assert screen.state.findings[Subject.FEEDBACK].detail == "the task's own scripts"
            server.answer.set()


async def test_enter_while_it_looks_makes_it_when_nothing_fails(
    app: TripostApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaStandIn() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        async with app.run_test(size=SIZE) as pilot:
            await at_new(pilot)
            server.answer.clear()
            await write(pilot, Field.FEEDBACK, "ollama:qwen3:8b")
            await pilot.press("enter")
            await until(pilot, lambda: "Looking first" in text_of(pilot), "the notice")
            await pilot.press("escape")
            assert isinstance(app.screen, NewProjectScreen)
            assert "Looking first" not in text_of(pilot)
            await pilot.press("enter")
            assert not (tmp_path / "my-project").exists()
            server.answer.set()
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
    assert settings_in(tmp_path / "my-project").experts.feedback == ("ollama:qwen3:8b",)


async def test_a_second_enter_does_not_wait(
    app: TripostApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaStandIn() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        async with app.run_test(size=SIZE) as pilot:
            await at_new(pilot)
            server.answer.clear()
            await write(pilot, Field.FEEDBACK, "ollama:qwen3:8b")
            await pilot.press("enter", "enter")
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
            server.answer.set()


class BrokenBackend(StartedBackend):
    """Has a bug."""

    def look(self, wish):  # type: ignore[no-untyped-def]
        raise RuntimeError("a bug [/x]")


async def test_a_preflight_that_breaks_is_told_and_hinders_nobody(tmp_path: Path) -> None:
    app = app_on(BrokenBackend(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "a bug [/x]" in text_of(pilot), "the notice")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "my-project" / "project.toml").exists(), "it")


class SlowBackend(StartedBackend):
    """Takes its time to make and to start."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go = Event()

    def create(self, wish):  # type: ignore[no-untyped-def]
        self.go.wait(60)
        return super().create(wish)

    def start(self, path: Path) -> None:
        self.go.wait(60)
        super().start(path)


async def test_what_is_being_made_is_not_made_twice(tmp_path: Path) -> None:
    backend = SlowBackend(tmp_path)
    app = app_on(backend)
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Making the project" in text_of(pilot), "the notice")
        await pilot.press("enter")
        await said(pilot, "Making the project")
        backend.go.set()
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")


async def test_a_run_that_starts_after_one_has_gone_home_hurts_nobody(tmp_path: Path) -> None:
    backend = SlowBackend(tmp_path)
    backend.go.set()
    app = app_on(backend)
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer")
        backend.go.clear()
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        await pilot.press("escape")
        backend.go.set()
        await until(pilot, lambda: backend.started, "the start")
        await pilot.pause(0.1)
        assert isinstance(app.screen, HomeScreen)


async def test_hostile_names_are_shown_as_data(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_new(pilot)
        app.screen.query_one(Input).insert_text_at_cursor("[@click=app.bell]x[/]\x1b[31m\u202e")
        await looked(pilot)
        await until(pilot, lambda: "]x[/][31m⟨U+202E⟩" in text_of(pilot))
        assert "\x1b" not in screen.state.value(Field.FOLDER)


async def test_ascii_means_ascii(backend: StartedBackend) -> None:
    app = app_on(backend, ascii_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await at_new(pilot)
        assert text_of(pilot).isascii()
        await write(pilot, Field.FEEDBACK, "x")
        await pilot.press("enter")
        assert text_of(pilot).isascii()
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the list")
        assert text_of(pilot).isascii()
