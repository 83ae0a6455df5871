"""Driving the app in tests: against real projects, with a clock that stands."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import recorded
from textual.pilot import Pilot
from textual.screen import Screen

from db.records import CommandKind
from engine.doctor import Check, Status
from tripost_tui.app import TripostApp
from tripost_tui.backend import LocalBackend
from tripost_tui.found_experts import SCRIPTS, FoundExpert, FoundExperts
from tripost_tui.preferences import Reading, preferences_path
from tripost_tui.preflight import Finding, Grade, Subject
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.new_project import NewProjectScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.gpu_watch import NOTHING_KNOWN, GpuLook, GpuWatch
from tripost_tui.state.home import RunRow
from tripost_tui.state.log_reading import LogReader
from tripost_tui.wish import Wish

SHOWN_FOLDER = Path("/home/ada/tripost")
SHOWN_CONFIG = Path("/home/ada/.config/tripost/app.toml")
SHOWN_BYTES = 14_200_000

AppPilot = Pilot[None]

PICTURED_FINDINGS = (
    Finding(
        Subject.TASK,
        Grade.OK,
        "date_understanding, 2,000 training questions",
        sample="Q: Today is October 6, 1931. What is the date one week from today?\nOptions:\n"
        "(A) 09/29/1931\n(B) 10/13/1931\nAnswer: Let's think step by step.\n",
    ),
    Finding(
        Subject.STUDENT,
        Grade.WARNING,
        "Qwen/Qwen3-0.6B is on the hub, not here",
        "The run fetches it when it starts. Before that: hf download Qwen/Qwen3-0.6B",
    ),
    Finding(
        Subject.MEMORY,
        Grade.OK,
        "RTX 3060 12GB. Training needs about 4.1 GiB of VRAM; 11.2 GiB are free",
    ),
    Finding(
        Subject.FEEDBACK,
        Grade.FAILED,
        "The expert does not answer: http://127.0.0.1:11434: Connection refused.",
        'Start it (ollama serve), set OLLAMA_HOST, or choose another expert, or "script".',
    ),
    Finding(Subject.IMPROVE, Grade.OK, "the task's own scripts"),
    Finding(Subject.DISK, Grade.OK, "82.8 GB free at /home/ada"),
    Finding(Subject.RAM, Grade.OK, "21.8 GiB free of 31.2 GiB"),
)

PICTURED_CHECKS = (
    Check("python", Status.OK, "3.11.7 (/home/ada/venv/bin/python)"),
    Check("torch", Status.OK, "2.13.0"),
    Check("bitsandbytes", Status.WARNING, "not installed: no 4-bit loading", "pip install it"),
    Check("embedded student, multistep_arithmetic", Status.OK, "3.2 MB, 4 layers of 128"),
    Check("memory", Status.OK, "21.8 GiB free of 31.2 GiB"),
    Check("gpu", Status.ERROR, "nvidia-smi: it said nothing", "Check the NVIDIA driver."),
    Check("ollama", Status.OK, "0.30 at http://127.0.0.1:11434: qwen3:8b, gemma3:4b"),
)


FOUND = FoundExperts(
    (SCRIPTS, FoundExpert("ollama:qwen3:8b", "Ollama 8.2B Q4_K_M 5.2 GB")),
    "OPENAI_BASE_URL is not set.",
)


class NoGpus(GpuWatch):
    """What this machine has is no matter of the tests: ``look`` is what is shown."""

    def __init__(self, look: GpuLook = NOTHING_KNOWN) -> None:
        super().__init__()
        self.shown = look

    def look(self) -> GpuLook:
        return self.shown


class StartedBackend(LocalBackend):
    """The real one, save that no engine process is started, only noted, and the experts found."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, recorded.Clock(recorded.NOW))
        self.gpus = NoGpus()
        self.started: list[Path] = []

    def start(self, path: Path) -> None:
        self.started.append(path)

    def experts(self) -> FoundExperts:
        return FOUND


class PicturedBackend(StartedBackend):
    """Shows projects as if they lay in one folder, of one size: the same on every machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def home(self) -> list[RunRow]:
        return [
            replace(
                row,
                path=SHOWN_FOLDER / row.path.name,
                disk_bytes=None if row.disk_bytes is None else SHOWN_BYTES,
            )
            for row in super().home()
        ]

    def reader(self, path: Path, run_id: int | None):  # type: ignore[no-untyped-def]
        return super().reader(self._folder / path.name, run_id)

    def collect_reader(self, path: Path, run_id: int | None):  # type: ignore[no-untyped-def]
        return super().collect_reader(self._folder / path.name, run_id)

    def train_reader(self, path: Path, run_id: int | None):  # type: ignore[no-untyped-def]
        return super().train_reader(self._folder / path.name, run_id)

    def free_folder(self) -> str:
        return "my-project"

    def look(self, wish: Wish) -> Iterator[Finding]:
        """As on some machine with a card."""
        yield Finding(Subject.FOLDER, Grade.OK, f"{SHOWN_FOLDER / wish.folder}, new")
        yield from PICTURED_FINDINGS

    def examine(self) -> list[Check]:
        return list(PICTURED_CHECKS)

    def preferences(self) -> Reading:
        return replace(super().preferences(), path=SHOWN_CONFIG)

    def log_reader(self, path: Path) -> LogReader:
        return super().log_reader(self._folder / path.name)


def app_on(
    backend: LocalBackend, project: Path | None = None, *, ascii_only: bool = False
) -> TripostApp:
    clock = recorded.Clock(recorded.NOW)
    return TripostApp(project, ascii_only=ascii_only, backend=backend, clock=clock)


def app_with(backend: StartedBackend, **keys: list[str]) -> TripostApp:
    """The app with a file in which actions have these keys; ``__`` stands for the dot."""
    path = preferences_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'"{one.replace("__", ".")}" = {has}' for one, has in keys.items()]
    path.write_text("\n".join(["[keys]", *lines]))
    app = app_on(backend)
    assert app.settings.faults == ()
    return app


async def until(pilot: AppPilot, true: Callable[[], object], what: str = "it") -> None:
    """Let the app work until ``true``; fail after some ten seconds."""
    for _ in range(500):
        await pilot.pause(0.02)
        if true():
            await pilot.pause()
            return
    raise AssertionError(f"{what} did not come about; the screen says:\n{text_of(pilot)}")


def text_of(pilot: AppPilot) -> str:
    """What stands on the screen."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def home_of(pilot: AppPilot) -> HomeScreen:
    (home,) = [one for one in pilot.app.screen_stack if isinstance(one, HomeScreen)]
    return home


async def at_home(pilot: AppPilot) -> HomeScreen:
    """Wait until Home has read the projects."""
    home = home_of(pilot)
    await until(pilot, lambda: home.state.loaded, "reading the projects")
    return home


async def at_run(pilot: AppPilot) -> RunScreen:
    """Wait until the run screen has read the run, or why it cannot."""

    def shown() -> bool:
        top: Screen[object] = pilot.app.screen
        return isinstance(top, RunScreen) and bool(top.state.reading or top.state.trouble)

    await until(pilot, shown, "reading the run")
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    return screen


async def at_new(pilot: AppPilot) -> NewProjectScreen:
    """Open the form of a new project, and wait until all of it has been looked at."""
    await at_home(pilot)
    await pilot.press("n")
    return await looked(pilot)


async def looked(pilot: AppPilot) -> NewProjectScreen:
    """Wait until the form's values have been looked at as they are."""
    screen = pilot.app.screen
    assert isinstance(screen, NewProjectScreen)
    state = screen.state
    await until(pilot, lambda: state.findings and not state.pending and state.experts, "the look")
    return screen


async def said(pilot: AppPilot, text: str) -> None:
    """Wait until the app says ``text`` in its corner."""

    def heard() -> bool:
        return any(text in note.message for note in pilot.app._notifications)

    await until(pilot, heard, f"saying {text!r}")


async def open_run(pilot: AppPilot) -> RunScreen:
    """Open the run that Home has chosen at its start."""
    await at_home(pilot)
    await pilot.press("enter")
    return await at_run(pilot)


def commands_of(path: Path, run_id: int) -> list[CommandKind]:
    from db.store import Store

    with Store.open(path / "tripost.db", readonly=True) as store:
        return [command.kind for command in store.pending_commands(run_id)]
