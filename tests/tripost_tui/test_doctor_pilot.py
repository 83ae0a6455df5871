"""The doctor's screen driven by keys, on real projects and logs."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
import recorded
from piloting import AppPilot, StartedBackend, app_on, at_home, open_run, text_of, until

from db.records import RunStatus
from engine.doctor import Check, Status
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.doctor import DoctorScreen
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.doctor import LogFilter
from tripost_tui.widgets.log_view import LogView
from tripost_tui.widgets.pane import Pane

SIZE = (120, 40)
HOSTILE = "[@click=app.bell]press[/] [/x] \x1b[31mred\x1b]0;title\x07 \u202eright\n"
LOG = f"begun\n/x.py:3: FutureWarning: old\n{HOSTILE}RuntimeError: boom\n"


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")


@pytest.fixture
def log(project: Project) -> Path:
    """The log of a recorded run that failed."""
    recorded.finish(project, recorded.record(project), RunStatus.FAILED, "out of memory")
    path = project.logs / "engine.log"
    path.write_text(LOG)
    return path


async def at_doctor(pilot) -> DoctorScreen:  # type: ignore[no-untyped-def]
    """Go there from anywhere, and wait for its findings."""
    await pilot.press("g", "d")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen), "the doctor")
    screen = pilot.app.screen
    await until(pilot, lambda: screen.state.checks is not None, "the findings")
    return screen


async def test_without_a_project_the_machine_is_examined(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        text = text_of(pilot)
        assert "✓ ok" in text
        assert "python" in text
        assert "No project is selected" in text
        await pilot.press("g", "d")
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_the_log_and_errors_of_the_selected_project_are_shown(
    app: TripostApp, log: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        await until(pilot, lambda: "RuntimeError: boom" in text_of(pilot), "the log")
        text = text_of(pilot)
        assert "✗ error failed: out of memory" in text
        assert "! /x.py:3: FutureWarning: old" in text
        assert "[@click=app.bell]press[/] [/x] [31mred]0;title ⟨U+202E⟩right" in text


async def test_the_run_that_is_shown_is_the_selected_one(app: TripostApp, log: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_run(pilot)
        await at_doctor(pilot)
        await until(pilot, lambda: "begun" in text_of(pilot), "the log")
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_levels_are_filtered_by_their_keys(app: TripostApp, log: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        screen = await at_doctor(pilot)
        await until(pilot, lambda: screen.state.has_log, "the log")
        for key, wanted, hidden in (
            ("3", "Log, errors, 1 of 4", "FutureWarning"),
            ("2", "Log, warnings and errors, 2 of 4", "begun"),
        ):
            await pilot.press(key)
            await until(pilot, lambda wanted=wanted: wanted in text_of(pilot), wanted)
            assert hidden not in text_of(pilot)
        await pilot.press("1")
        await until(pilot, lambda: "begun" in text_of(pilot), "all lines")
        await pilot.press("f", "f")
        assert screen.state.filter is LogFilter.ERRORS
        await pilot.press("f")
        assert screen.state.filter is LogFilter.ALL


async def test_the_log_is_followed_unless_one_scrolls_away(app: TripostApp, log: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        view = app.screen.query_one(LogView)
        with log.open("a") as file:
            file.write("".join(f"step {n}\n" for n in range(200)))
        await until(pilot, lambda: "step 199" in text_of(pilot), "the end")
        # Findings that come in meanwhile make the view lower or higher: a few lines may not do.
        await pressed_until(pilot, "k", lambda: "step 199" not in text_of(pilot))
        before = view.virtual_size.height
        with log.open("a") as file:
            file.write("much later\n")
        await until(pilot, lambda: view.virtual_size.height == before + 1, "the new line")
        assert "much later" not in text_of(pilot)
        await pressed_until(pilot, "j", lambda: "much later" in text_of(pilot))


async def pressed_until(pilot: AppPilot, key: str, true: Callable[[], bool]) -> None:
    """Press a key again and again until that is so; fail after some seconds."""
    for _ in range(100):
        await pilot.press(key)
        await pilot.pause(0.02)
        if true():
            return
    raise AssertionError(f"{key} did not bring it about; the screen says:\n{text_of(pilot)}")


async def test_a_huge_log_is_read_from_its_end(app: TripostApp, log: Path) -> None:
    with log.open("r+b") as file:
        file.truncate(100_000_000)
        file.seek(0, 2)
        file.write(b"\nthe last line\n")
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        await until(pilot, lambda: "the last line" in text_of(pilot), "the end")
        assert "MB before it left out" in text_of(pilot)


async def test_a_project_without_a_log_says_when_there_is_one(
    app: TripostApp, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        await until(pilot, lambda: "No engine has written here yet" in text_of(pilot), "the note")
        await pilot.press("f")
        await until(
            pilot,
            lambda: any("no log yet" in note.message for note in app._notifications),
            "the reason",
        )


async def test_a_project_that_cannot_be_read_says_why(app: TripostApp, project: Project) -> None:
    project.db_path.write_bytes(b"rubbish" * 1000)
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await at_doctor(pilot)
        await until(
            pilot, lambda: "not a database" in " ".join(text_of(pilot).split()), "the reason"
        )


class Patient(StartedBackend):
    """Examines when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go = Event()
        self.examined = 0

    def examine(self) -> list[Check]:
        self.go.wait(60)
        self.examined += 1
        return [Check("gpu", Status.WARNING, "odd [/x]\x1b[31m", "Mend it.")]


async def test_looking_takes_its_time_and_can_be_repeated(tmp_path: Path) -> None:
    backend = Patient(tmp_path)
    app = app_on(backend)
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("g", "d")
        await until(pilot, lambda: "This machine: looking…" in text_of(pilot), "the state")
        await pilot.press("r")
        backend.go.set()
        await until(pilot, lambda: "odd [/x][31m" in text_of(pilot), "the finding")
        assert "This machine: 1 warning" in text_of(pilot)
        assert "→ Mend it." in text_of(pilot)
        assert backend.examined == 1
        await pilot.press("r")
        await until(pilot, lambda: backend.examined == 2, "another look")


class Broken(StartedBackend):
    """Has a bug."""

    def examine(self) -> list[Check]:
        raise RuntimeError("a bug [/x]")


async def test_an_examination_that_breaks_is_told(tmp_path: Path) -> None:
    app = app_on(Broken(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("g", "d")
        await until(pilot, lambda: "a bug [/x]" in text_of(pilot), "the notice")
        assert "could not look" in text_of(pilot)


async def test_the_report_is_copied(
    app: TripostApp, log: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        screen = await at_doctor(pilot)
        await until(pilot, lambda: screen.state.has_log, "the log")
        await pilot.press("y")
        copied = state_folder / "copied.txt"
        await until(pilot, copied.exists, "the copy")
    report = copied.read_text()
    for part in ("# TriPosT doctor", "python: ", "failed: out of memory", "RuntimeError: boom"):
        assert part in report
    assert "\x1b" not in report


async def test_a_pane_takes_the_whole_screen_and_gives_it_back(app: TripostApp, log: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        screen = await at_doctor(pilot)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(screen.maximized, LogView), "the zoom")
        await pilot.press("escape")
        await until(pilot, lambda: screen.maximized is None, "all panes")
        await pilot.press("tab")
        assert isinstance(screen.focused, Pane)
        await pilot.press("j", "k")
        assert app.screen is screen


async def test_ascii_means_ascii(backend: StartedBackend, log: Path) -> None:
    app = app_on(backend, ascii_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        screen = await at_doctor(pilot)
        await until(pilot, lambda: screen.state.has_log, "the log")
        await until(pilot, lambda: "x RuntimeError" in text_of(pilot), "the signs")
        assert text_of(pilot).isascii()
