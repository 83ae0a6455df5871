"""The review screen driven by keys, on a real database."""

import asyncio
import shutil
import sqlite3
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from piloting import AppPilot, StartedBackend, app_on, at_home, at_run, said, text_of, until
from reviewed import add, review_project
from textual.widgets import Input, TextArea

from db.review_records import ReviewChange, ReviewKind, ReviewStatus
from db.store import Store
from engine.project import Project
from engine.reason_tags import REASON_TAGS
from engine.task_setup import project_task
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.place import Place
from tripost_tui.state.review_passages import DiffMode
from tripost_tui.widgets.edit_box import EditBox
from tripost_tui.widgets.text_view import TextView

WIDE = (120, 40)


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[Project, int]:
    return review_project(tmp_path / "demo")


async def open_review(pilot: AppPilot) -> ReviewScreen:
    """From Home by the go-to menu."""
    await at_home(pilot)
    await pilot.press("g", "v")
    return await at_review(pilot)


async def at_review(pilot: AppPilot) -> ReviewScreen:
    def shown() -> bool:
        top = pilot.app.screen
        return isinstance(top, ReviewScreen) and bool(top.view.loaded or top._poll_trouble)

    await until(pilot, shown, "reading the trajectories")
    screen = pilot.app.screen
    assert isinstance(screen, ReviewScreen)
    return screen


def stored(project: Project, run_id: int) -> dict[int, ReviewStatus]:
    with Store.open(project.db_path, readonly=True) as store:
        return {key: state.status for key, state in store.review_states(run_id).items()}


async def test_a_key_decides_and_goes_on(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        await pilot.press("a", "x", "a")
        assert stored(*reviewed) == {
            12: ReviewStatus.ACCEPTED,
            11: ReviewStatus.REJECTED,
            10: ReviewStatus.ACCEPTED,
        }
        text = text_of(pilot)
        assert "4/12 · 3 decided, 9 left" in text
        assert "67% accepted" in text
        assert "✓ accepted" in text
        assert "✗ rejected" in text
        assert "Trajectory 9," in text


async def test_the_run_screen_opens_it_and_escape_goes_back(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await at_home(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        await pilot.press("v")
        await at_review(pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_undo_says_what_and_works_across_sessions(
    backend: StartedBackend, reviewed: tuple[Project, int]
) -> None:
    async with app_on(backend).run_test(size=WIDE) as pilot:
        await open_review(pilot)
        await pilot.press("a", "x")
    async with app_on(backend).run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        assert screen.view.at == 2
        await pilot.press("u")
        await said(pilot, "Undone: rejected")
        assert screen.view.at == 1
        await pilot.press("z")
        await said(pilot, "Undone: accepted")
        await pilot.press("backspace")
        await said(pilot, "Nothing to undo.")
        await pilot.press("U", "Z")
        await said(pilot, "Redone: rejected")
    assert len(stored(*reviewed)) == 2


async def test_moving_and_scrolling_never_decide(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_review(pilot)
        item = screen.query_one("#item", TextView)
        await pilot.press("space")
        assert item.scroll_offset.y > 0
        await pilot.press("pagedown", "space", "space", "space", "pageup")
        await pilot.press("j", "down", "k", "up", "end")
        assert screen.view.at == 11
        assert item.scroll_offset.y == 0
        await pilot.press("home")
        assert screen.view.at == 0
        assert stored(*reviewed) == {}


async def test_flag_tags_and_later(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("f", *"123456789", "5")
        text = text_of(pilot)
        assert "! flagged" in text
        assert "1 [wrong-step]" in text
        assert "5 wrong-answer" in text
        state = screen.view.item.state  # type: ignore[union-attr]
        assert len(state.tags) == 8
        await pilot.press("s")
        assert screen.view.ids[-1] == 12
        assert screen.view.item.id == 11  # type: ignore[union-attr]


async def test_views_of_what_an_update_changes(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        assert "Update, by script" in text_of(pilot)
        await pilot.press("d")
        assert screen.mode is DiffMode.WORDS
        assert "changed words" in text_of(pilot)
        await pilot.press("d")
        lines = text_of(pilot).splitlines()
        assert any("Attempt, by student" in one and "Update, by script" in one for one in lines)
        await pilot.press("d")
        assert screen.mode is DiffMode.PLAIN


async def test_blind_hides_the_checkers_verdict(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        assert "the checker agrees: pass" in text_of(pilot)
        await pilot.press("b")
        text = text_of(pilot)
        assert "the checker agrees" not in text
        assert "checker's verdict is hidden" in text
        await pilot.press("b")
        assert "the checker agrees: pass" in text_of(pilot)


async def test_the_order_changes(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        await pilot.press("o")
        await said(pilot, "disagreeing with the checker first")
        assert "the checker disagrees: fail" in text_of(pilot)
        await pilot.press("o")
        await said(pilot, "shortest first")


async def test_a_filter_a_mistake_in_it_and_the_way_out(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("slash", *"status:axu")
        assert stored(*reviewed) == {}
        await pilot.press("enter")
        assert "status has no value 'axu'" in text_of(pilot)
        assert screen.query_one(Input).cursor_position == 7
        await pilot.press("escape")
        assert "status has no value" not in text_of(pilot)
        await pilot.press("a", "slash", *"status:accepted", "enter")
        assert list(screen.view.ids) == [12]
        assert "the filter hides 11, esc clears it" in text_of(pilot)
        await pilot.press("slash", *" lucky", "enter")
        assert "Nothing here: the filter hides 12" in text_of(pilot)
        await pilot.press("a")
        await said(pilot, "no trajectory here")
        await pilot.press("escape")
        assert len(screen.view.ids) == 12
        assert isinstance(app.screen, ReviewScreen)


async def test_a_range_of_few_is_decided_at_once(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("v", "j", "j")
        assert "Range of 3" in text_of(pilot)
        await pilot.press("escape")
        assert "Range of" not in text_of(pilot)
        await pilot.press("v", "k", "x")
        assert len(stored(*reviewed)) == 2
        await pilot.press("u")
        assert stored(*reviewed) == {}
        assert screen.view.counts.rejected == 0


async def test_a_range_of_many_asks_first(app: TripostApp, tmp_path: Path) -> None:
    project, run_id = review_project(tmp_path / "demo", 30, checked=False)
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("v", "end", "x")
        assert isinstance(app.screen, ConfirmDialog)
        assert "Reject 30 trajectories?" in text_of(pilot)
        await pilot.press("n")
        assert stored(project, run_id) == {}
        await pilot.press("x", "y")
        await until(pilot, lambda: screen.view.counts.rejected == 30, "the decisions")
        assert "Queue empty" in text_of(pilot)
        await pilot.press("u")
        assert stored(project, run_id) == {}


async def test_letters_only_type_inside_an_editor(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("m", *"a x?u1", "space", "backspace", "j")
        assert screen.query_one(TextArea).text == "a x?u1j"
        assert screen.view.at == 0
        await pilot.press("tab", "a", "x")
        await said(pilot, "An editor is open")
        await pilot.press("escape")
        assert not screen.query_one(EditBox).display
        assert stored(*reviewed) == {}
        await pilot.press("m", "ctrl+z", *"odd", "ctrl+s")
        assert "note: odd" in text_of(pilot)


async def test_what_was_written_and_not_saved_is_there_again(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("m", *"half a no", "escape")
        await said(pilot, "Not saved. What you wrote is there when you edit it again.")
        assert stored(*reviewed) == {}
        await pilot.press("j", "m")
        assert screen.query_one(TextArea).text == ""
        await pilot.press("escape", "k", "m", *"te")
        assert screen.query_one(TextArea).text == "half a note"
        assert "Note on 12, as you left it" in text_of(pilot)
        await pilot.press("ctrl+s", "m")
        assert "note: half a note" in text_of(pilot)
        assert "as you left it" not in text_of(pilot)


async def test_in_an_editor_the_footer_shows_the_keys_that_work_there(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        await pilot.press("e")
        assert " ^s save  esc back  ^q quit  F1 more " in text_of(pilot)
        await pilot.press("escape", "slash")
        assert "F1 more " in text_of(pilot)
        await pilot.press("escape")
        assert " a accept  x reject " in text_of(pilot)
        assert "? more " in text_of(pilot)


async def test_each_tag_has_its_number_in_sight(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_review(pilot)
        await pilot.press("9")
        text = text_of(pilot)
        for number, tag in enumerate(REASON_TAGS[:8], 1):
            assert f"{number} {tag}" in text
        assert "9 [bad-question]" in text


async def test_an_update_is_edited_here(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    project, run_id = reviewed
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        original = screen.view.item.trajectory  # type: ignore[union-attr]
        await pilot.press("e")
        area = screen.query_one(TextArea)
        assert area.text.endswith("So the answer is -95.")
        area.load_text("nonsense")
        await pilot.press("ctrl+s")
        assert "it has no steps" in text_of(pilot)
        await pilot.press("escape", "e", "ctrl+z", "ctrl+s")
        await said(pilot, "Nothing was changed.")
        await pilot.press("e", "backspace", "0", ".", "ctrl+s")
        await said(pilot, "Saved, the original is kept")
        assert screen.view.item.trajectory == original  # type: ignore[union-attr]
        assert "-950." in (screen.view.item.edited or "")  # type: ignore[union-attr]
        await pilot.press("a")
    with Store.open(project.db_path, readonly=True) as store:
        state = store.review_state(12)
    assert state.status is ReviewStatus.ACCEPTED
    assert "-950." in (state.edited or "")
    assert run_id == state.run_id


async def test_an_update_is_edited_in_an_editor_of_ones_own(
    app: TripostApp, reviewed: tuple[Project, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import pathlib, sys; p = pathlib.Path(sys.argv[1]);"
        "p.write_text(p.read_text().replace('answer is -95', 'answer is -96'))"
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.press("E")
        await said(pilot, "cannot be lent to an editor")
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("E")
        await said(pilot, "Saved, the original is kept")
        assert "-96" in (screen.view.item.edited or "")  # type: ignore[union-attr]
        monkeypatch.setenv("EDITOR", "/nowhere/editor")
        await pilot.press("E")
        assert "The editor did not work" in text_of(pilot)
        script.write_text("import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('[/x] oh')")
        monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
        await pilot.press("E")
        assert screen.query_one(TextArea).text == "[/x] oh"
        assert "it has no steps" in text_of(pilot)


async def test_copying_tells_where_to(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        await pilot.press("y")
        await said(pilot, "copied.txt")


async def test_a_click_goes_there(app: TripostApp, reviewed: tuple[Project, int]) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        await pilot.click("#queue", offset=(10, 5))
        await until(pilot, lambda: screen.view.at == 4, "the fifth")


async def test_help_and_palette_have_every_key(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        commands = [command.title for command in app.get_system_commands(screen)]
        assert any(title.startswith("accept") for title in commands)
        assert any(title.startswith("tag 9") for title in commands)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        assert "Accept it, or all of the range" in text_of(pilot)


async def test_without_trajectories_it_says_when_they_come(app: TripostApp, tmp_path: Path) -> None:
    project, run_id = review_project(tmp_path / "demo", 0)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_review(pilot)
        assert "No trajectories yet." in text_of(pilot)
        await pilot.press("a", "j", "space", "v", "d")
        with Store.open(project.db_path) as store:
            add(store, run_id, project_task(project), 2)
        await until(pilot, lambda: screen.view.item is not None, "the trajectories")


async def test_a_decision_of_somebody_else_is_shown(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, run_id = reviewed
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        with Store.open(project.db_path) as store:
            change = ReviewChange(trajectory_id=12, kind=ReviewKind.REJECT)
            store.review_step(run_id, [change])
        await until(pilot, lambda: "✗ rejected" in text_of(pilot), "the rejection")
        await said(pilot, "Somebody else has decided here meanwhile.")


async def test_a_database_in_use_is_told_and_nothing_is_lost(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, run_id = reviewed
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_review(pilot)
        other = sqlite3.connect(project.db_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await pilot.press("a")
        await until(pilot, lambda: "The project database is busy" in text_of(pilot), "the notice")
        assert screen.view.at == 0
        other.execute("ROLLBACK")
        other.close()
        await pilot.press("a")
        await until(pilot, lambda: screen.view.at == 1, "the next")
        assert "is busy" not in text_of(pilot)
    assert stored(project, run_id) == {12: ReviewStatus.ACCEPTED}


async def test_a_project_that_is_gone_is_told(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        shutil.rmtree(project.path)
        await until(pilot, lambda: "No such project" in text_of(pilot), "the notice")
        await pilot.press("escape")
        assert not isinstance(app.screen, ReviewScreen)


async def test_a_project_without_a_run_has_nothing_to_review(
    app: TripostApp, project: Project
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await at_home(pilot)
        await pilot.press("g", "v")
        await until(pilot, lambda: "Nothing to review" in text_of(pilot), "why not")


async def test_ascii_means_ascii_in_review(
    backend: StartedBackend, reviewed: tuple[Project, int]
) -> None:
    app = app_on(backend, ascii_only=True)
    async with app.run_test(size=WIDE) as pilot:
        await open_review(pilot)
        for key in ("a", "d", "d", "f", "v", "j", "x", "b", "e"):
            await pilot.press(key)
            assert text_of(pilot).isascii()


async def test_who_leaves_in_the_midst_of_a_key_disturbs_nothing(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await at_home(pilot)
        for turns in range(12):
            app.open_stage(Target.REVIEW, Place(reviewed[0].path, "demo"))
            screen = app.screen
            assert isinstance(screen, ReviewScreen)
            while not screen.view.loaded:
                await asyncio.sleep(0.002)
            for _ in range(turns % 4):
                await asyncio.sleep(0)
            screen.repaint()
            app.do_home()
            await asyncio.sleep(0.002 * turns)
            assert app._exception is None
        await pilot.pause()
