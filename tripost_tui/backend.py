"""What the app asks of the rest of the product. Every call may touch the disk: not for the UI
thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from db.records import CommandKind, RunStatus
from db.store import Store
from engine.errors import BusyError, ProjectError
from engine.project import Project, forget_project, remember_project
from tripost_tui.demo import demo_folder, open_demo
from tripost_tui.preferences import (
    Preferences,
    Reading,
    change_preferences,
    preference_checks,
    read_preferences,
)
from tripost_tui.preflight import Finding, Preflight, folder_of, free_folder
from tripost_tui.state.gpu_watch import GpuWatch
from tripost_tui.state.home import RunRow
from tripost_tui.state.place import Place
from tripost_tui.state.reading import HomeReader, RunReader
from tripost_tui.state.standing_reading import StandingReader
from tripost_tui.wish import FIRST_FOLDER, Wish, settings_of

if TYPE_CHECKING:
    from engine.doctor import Check
    from tripost_tui.exporter import Exporter
    from tripost_tui.found_experts import FoundExperts
    from tripost_tui.playing import Player
    from tripost_tui.state.balance_port import BalancePort
    from tripost_tui.state.collect_reading import CollectReader
    from tripost_tui.state.evaluate_reading import EvaluationReader
    from tripost_tui.state.items_port import ItemsPort
    from tripost_tui.state.log_reading import LogReader
    from tripost_tui.state.models import ModelChoice
    from tripost_tui.state.report import ReportPage
    from tripost_tui.state.review_port import ReviewPort
    from tripost_tui.state.train_reading import TrainReader


class Backend(Protocol):
    """All methods raise TripostError and StoreError."""

    def home(self) -> list[RunRow]:
        """All known projects and their runs."""

    def reader(self, path: Path, run_id: int | None) -> RunReader:
        """To follow a run with, in the thread that asks for it."""

    def standing(self, path: Path, run_id: int | None) -> StandingReader:
        """To follow how a run stands with, and no more of it."""

    def collect_reader(self, path: Path, run_id: int | None) -> CollectReader:
        """The same for what it collects."""

    def train_reader(self, path: Path, run_id: int | None) -> TrainReader:
        """The same for its training."""

    def switch_expert(self, path: Path, old: str | None, new: str) -> None:
        """Set ``new`` for the expert ``old``, or for all language models where that is None."""

    def reviews(self, path: Path, run_id: int | None) -> ReviewPort:
        """To review a run with, in the thread that opens it; nothing is read before."""

    def balance(self, path: Path, run_id: int | None) -> BalancePort:
        """To look at stage 2 of a run with, in the thread that asks; nothing is read before."""

    def evaluations(self, path: Path, run_id: int | None) -> EvaluationReader:
        """To follow a run's evaluations with, in the thread that asks for it."""

    def items(self) -> ItemsPort:
        """To compare models' items with, in the thread that asks; nothing is read before."""

    def models(self, path: Path, run_id: int | None) -> list[ModelChoice]:
        """What a run's models can be compared with, in this project and in others."""

    def player(self, path: Path, run_id: int | None) -> Player:
        """To ask a run's student with; nothing is read or loaded before it is told to."""

    def free_folder(self) -> str:
        """A name for a new project's folder, which is not there yet."""

    def experts(self) -> FoundExperts:
        """The experts within reach; servers may take a second to answer, or not to."""

    def look(self, wish: Wish) -> Iterator[Finding]:
        """What would keep a new project from running, finding by finding."""

    def look_anew(self) -> None:
        """Forget what `look` has found so far."""

    def create(self, wish: Wish) -> Path:
        """Make a project; return where it is."""

    def demo(self) -> Place:
        """Make the demo project unless it is there; return where it is."""

    def recording(self) -> Place:
        """Make a copy of the recorded run unless it is there; return where it is."""

    def open(self, path: Path) -> None:
        """Check that a project can be opened, and remember it as the last one opened."""

    def start(self, path: Path) -> None:
        """Have an engine at work on a project, unless one is, or its run is finished."""

    def command(self, path: Path, kind: CommandKind) -> None:
        """Ask something of the engine of a project's latest run."""

    def report(self, path: Path, run_id: int | None) -> ReportPage:
        """The report of a run, of the latest when None."""

    def report_page(self, path: Path, run_id: int | None) -> Path:
        """Write a report as an HTML page into the project's exports; return where it is."""

    def exporter(self, path: Path) -> Exporter:
        """The exports of a project: always the same one, whoever looks at it."""

    def exporting(self) -> bool:
        """Whether an export is under way, which would end with the app."""

    def forget(self, path: Path) -> None:
        """Take a project off the list."""

    def examine(self) -> list[Check]:
        """What this machine has of what is needed; servers may take a second to answer."""

    def preferences(self) -> Reading:
        """What a person has set about the app; the one call that comes before the first paint."""

    def change_preferences(self, change: Callable[[Preferences], Preferences]) -> Reading:
        """Change what is set, and write it down."""

    def log_reader(self, path: Path) -> LogReader:
        """To follow a project's log with, in the thread that asks for it."""


class LocalBackend:
    """The projects of this machine. Relative folders are below ``cwd``."""

    def __init__(self, cwd: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._cwd = (cwd or Path.cwd()).absolute()
        self._clock = clock
        self._home = HomeReader(clock)
        self._preflight = Preflight(self._cwd)
        self.gpus = GpuWatch()
        self._exporters: dict[Path, Exporter] = {}

    def home(self) -> list[RunRow]:
        return self._home.read()

    def reader(self, path: Path, run_id: int | None) -> RunReader:
        return RunReader(path, run_id, self._clock, gpus=self.gpus.look)

    def standing(self, path: Path, run_id: int | None) -> StandingReader:
        return StandingReader(path, run_id, self._clock, gpus=self.gpus.look)

    def collect_reader(self, path: Path, run_id: int | None) -> CollectReader:
        from tripost_tui.state.collect_reading import CollectReader

        return CollectReader(path, run_id, self._clock, gpus=self.gpus.look)

    def train_reader(self, path: Path, run_id: int | None) -> TrainReader:
        from tripost_tui.state.train_reading import TrainReader

        return TrainReader(path, run_id, self._clock, gpus=self.gpus.look)

    def switch_expert(self, path: Path, old: str | None, new: str) -> None:
        from tripost_tui.expert_switch import switch_expert

        switch_expert(Project.open(path), old, new)

    def reviews(self, path: Path, run_id: int | None) -> ReviewPort:
        from tripost_tui.state.review_store import StoreReviews

        return StoreReviews(path, run_id, self._clock)

    def balance(self, path: Path, run_id: int | None) -> BalancePort:
        from tripost_tui.state.balance_store import StoreBalance

        return StoreBalance(path, run_id)

    def evaluations(self, path: Path, run_id: int | None) -> EvaluationReader:
        from tripost_tui.state.evaluate_reading import EvaluationReader

        return EvaluationReader(path, run_id, self._clock)

    def items(self) -> ItemsPort:
        from tripost_tui.state.items_store import StoreItems

        return StoreItems()

    def models(self, path: Path, run_id: int | None) -> list[ModelChoice]:
        from tripost_tui.state.models import model_choices

        return model_choices(path, run_id)

    def player(self, path: Path, run_id: int | None) -> Player:
        from tripost_tui.playing import LocalPlayer

        return LocalPlayer(path, run_id)

    def free_folder(self) -> str:
        return free_folder(FIRST_FOLDER, self._cwd)

    def experts(self) -> FoundExperts:
        from local_experts.discovery import discover
        from tripost_tui.found_experts import found_experts

        return found_experts(discover())

    def look(self, wish: Wish) -> Iterator[Finding]:
        return self._preflight.look(wish)

    def look_anew(self) -> None:
        self._preflight.forget()

    def create(self, wish: Wish) -> Path:
        folder = folder_of(wish.folder, self._cwd)
        project = Project.create(folder, settings_of(wish, self._cwd))
        remember_project(project.path)
        return project.path

    def demo(self) -> Place:
        project = open_demo(self._cwd / demo_folder(None))
        remember_project(project.path)
        return Place(project.path, project.name)

    def recording(self) -> Place:
        from tripost_tui.recording import open_recording

        project = open_recording()
        return Place(project.path, project.name)

    def open(self, path: Path) -> None:
        Project.open(path)
        remember_project(path)

    def start(self, path: Path) -> None:
        # Only here: most of the time the app looks at runs that are at work already.
        from engine.process import spawn_engine

        project = Project.open(path)
        with Store.read(project.db_path) as store:
            run = store.latest_run()
        if run is not None and run.status is RunStatus.FINISHED:
            return
        try:
            spawn_engine(project)
        except BusyError:
            return

    def command(self, path: Path, kind: CommandKind) -> None:
        with Store.open(Project.open(path).db_path) as store:
            run = store.latest_run()
            if run is None:
                raise ProjectError(f"{path}: there is no run yet.", "Nothing to command")
            store.send_command(run.id, kind)

    def report(self, path: Path, run_id: int | None) -> ReportPage:
        from engine.report import build_report
        from engine.report_formats import to_markdown
        from engine.report_tables import report_tables
        from tripost_tui.state.report import ReportPage

        with Store.read(Project.open(path).db_path) as store:
            run = store.run(run_id) if run_id is not None else store.latest_run()
            if run is None:
                raise ProjectError(f"{path}: there is no run yet.", "Nothing to report on")
            report = build_report(store, run.id)
        return ReportPage(report.headline, report_tables(report), to_markdown(report))

    def report_page(self, path: Path, run_id: int | None) -> Path:
        from tripost_tui.reporting import write_report_page

        return write_report_page(Project.open(path), run_id)

    def exporter(self, path: Path) -> Exporter:
        from tripost_tui.exporter import Exporter

        if path not in self._exporters:
            self._exporters[path] = Exporter(path, self._cwd, self._clock)
        return self._exporters[path]

    def exporting(self) -> bool:
        return any(exporter.at_work for exporter in self._exporters.values())

    def forget(self, path: Path) -> None:
        forget_project(path)

    def examine(self) -> list[Check]:
        from engine.doctor import examine
        from local_experts.discovery import discover
        from tripost_tui.expert_checks import expert_checks

        more = [*preference_checks(read_preferences()), *expert_checks(discover())]
        return examine(self._cwd, more)

    def preferences(self) -> Reading:
        return read_preferences()

    def change_preferences(self, change: Callable[[Preferences], Preferences]) -> Reading:
        return change_preferences(change)

    def log_reader(self, path: Path) -> LogReader:
        from tripost_tui.state.log_reading import LogReader

        return LogReader(path, self._clock)
