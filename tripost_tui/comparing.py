"""A study on the command line: its runs listed, worked off with progress, its tables printed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from filelock import FileLock, Timeout

from db.errors import StoreError
from db.store import Store
from engine.errors import BusyError, Interrupted, RunFailed, project_error
from engine.project import Project
from engine.report_layout import duration_text
from engine.run_view import run_view
from engine.study.comparing import Comparison, compare_runs
from engine.study.engines import Engines
from engine.study.estimate import Estimate, estimates
from engine.study.plan import PlannedRun, planned_runs, reference_arm
from engine.study.queue import News, Queue, What, settings_of
from engine.study.results import read_results
from engine.study.room import bytes_of_run
from engine.study.standing import Stand, Standing, standing
from engine.study.study_file import load_study
from engine.study.writing import json_text, to_json, to_markdown, write_results
from tripost_tui.following import Update
from tripost_tui.progress import numbers, where, write_json
from tripost_tui.text import clean_text

_PROGRESS_EVERY_S = 20.0
_JSON_PROGRESS_EVERY_S = 5.0


def run_study(study_path: Path, folder: Path, jobs: int, *, as_json: bool) -> None:
    """Work off a study, write and print its results.

    Raises ConfigError, ProjectError, BusyError (a queue is at work in the folder), Interrupted,
    and RunFailed after all where a run failed.
    """
    study = load_study(study_path)
    runs = planned_runs(study)
    with _alone(folder):
        told = _Telling(len(runs), as_json)
        queue = Queue(folder, runs, Engines(), told.news, jobs)
        interrupted = False

        def end(_number: int, _frame: FrameType | None) -> None:
            nonlocal interrupted
            if interrupted:
                raise KeyboardInterrupt
            interrupted = True
            queue.stop()
            told.say("Stopping: the runs at work save and end. Again: leave them at work.")

        with _signals(end):
            queue.work(show=told.progress)
        comparison = _compared(study_path, folder)
        files = write_results(folder, comparison)
    if as_json:
        write_json({"kind": "results", **to_json(comparison)})
    else:
        click.echo(clean_text(to_markdown(comparison)))
        click.echo("Written: " + ", ".join(str(file) for file in files), err=True)
    if interrupted:
        raise Interrupted(f"Go on with: tripost compare {study_path}", "The study was stopped")
    if told.failed:
        raise RunFailed(
            "\n".join(told.failed) + f"\nTry these again: tripost compare {study_path}",
            f"{len(told.failed)} of {len(runs)} runs did not finish",
        )


def print_tables(study_path: Path, folder: Path, *, as_json: bool) -> None:
    """Make, write and print the results of what is there. Raises ConfigError, ProjectError."""
    comparison = _compared(study_path, folder)
    write_results(folder, comparison)
    click.echo(json_text(comparison) if as_json else clean_text(to_markdown(comparison)), nl=False)


def list_runs(study_path: Path, folder: Path, jobs: int, *, as_json: bool, plan: bool) -> None:
    """Print how the runs stand, or with ``plan`` what is left to do. Raises ConfigError."""
    runs = planned_runs(load_study(study_path))
    by_name = {run.name: run for run in runs}
    stands = {run.name: standing(folder, run, settings_of(folder, by_name, run)) for run in runs}
    guessed = estimates(folder, runs, stands)
    if as_json:
        for run in runs:
            write_json(_run_json(run, stands[run.name], guessed[run.name]))
        return
    left = [run for run in runs if stands[run.name].stand is not Stand.FINISHED]
    for run in runs:
        click.echo(clean_text(_run_line(run, stands[run.name], guessed[run.name], plan)))
    done = f"{len(runs)} runs, {len(runs) - len(left)} finished, {len(left)} left."
    if plan and left:
        known = [guessed[run.name].seconds for run in left]
        seconds = [each for each in known if each is not None]
        room = sum(map(bytes_of_run, left)) / 1e9
        done += f" About {duration_text(sum(seconds) / jobs)}" if seconds else " Time: unknown"
        done += f" with {jobs} at a time" if jobs > 1 and seconds else ""
        unknown = len(known) - len(seconds)
        done += f", without {unknown} of which nothing is known" if unknown and seconds else ""
        done += f"; about {room:.1f} GB of disk."
    click.echo(done)


def _compared(study_path: Path, folder: Path) -> Comparison:
    study = load_study(study_path)
    results = read_results(folder, planned_runs(study))
    return compare_runs(study.name, reference_arm(study).label, results)


class _Telling:
    """Says what happens, in lines or as JSON."""

    def __init__(self, count: int, as_json: bool) -> None:
        self.failed: list[str] = []
        self._count = count
        self._as_json = as_json
        self._last = time.monotonic()

    def news(self, news: News) -> None:
        if news.what in (What.FAILED, What.LEFT_OUT, What.STOPPED):
            self.failed.append(clean_text(f"{news.run.name}: {news.what}: {news.why}"))
        if self._as_json:
            write_json(
                {
                    "kind": "run",
                    "at": time.time(),
                    "run": news.run.name,
                    "what": news.what.value,
                    "why": news.why,
                    "seconds": news.seconds,
                }
            )
            return
        took = f" after {duration_text(news.seconds)} of work" if news.seconds else ""
        self.say(f"{news.run.name}: {news.what}{took}{f': {news.why}' if news.why else ''}")

    def say(self, text: str) -> None:
        if not self._as_json:
            click.echo(clean_text(f"{time.strftime('%H:%M:%S')}  {text}"), err=True)

    def progress(self, working: Mapping[str, Project], left: int) -> None:
        now = time.monotonic()
        every = _JSON_PROGRESS_EVERY_S if self._as_json else _PROGRESS_EVERY_S
        if now - self._last < every or not working:
            return
        self._last = now
        done = self._count - left
        for name, project in working.items():
            try:
                with Store.read(project.db_path) as store:
                    update = Update(run_view(project, store))
            except StoreError:
                continue
            if self._as_json:
                view = update.view
                write_json(
                    {
                        "kind": "progress",
                        "at": time.time(),
                        "run": name,
                        "iteration": view.iteration,
                        "stage": view.stage.value if view.stage else None,
                        "done": view.done,
                        "total": view.total,
                        "runs_done": done,
                        "runs": self._count,
                    }
                )
            else:
                parts = (f"{done}/{self._count}", name, where(update), numbers(update))
                self.say("  ".join(part for part in parts if part))


def _run_line(run: PlannedRun, there: Standing, guess: Estimate, plan: bool) -> str:
    parts = [f"{run.name}: {there.stand}"]
    if there.why:
        parts.append(there.why)
    if there.stand is Stand.FINISHED:
        parts.append(duration_text(there.seconds))
    elif plan:
        if run.budget_of:
            parts.append(f"as many tokens as {run.budget_of}")
        for name, what in ((run.start_of, "test of the start"), (run.collect_of, "iteration 1")):
            if name:
                parts.append(f"{what} from {name}")
        parts.append(guess.text)
    return "; ".join(parts)


def _run_json(run: PlannedRun, there: Standing, guess: Estimate) -> dict[str, object]:
    return {
        "run": run.name,
        "status": there.stand.value,
        "reason": there.why,
        "student": run.student,
        "task": run.task,
        "method": run.method,
        "seed": run.seed,
        "arms": [{"table": arm.table, "label": arm.label, "at": arm.at} for arm in run.arms],
        "budget_of": run.budget_of,
        "start_of": run.start_of,
        "collection_of": run.collect_of,
        "waits_for": list(run.waits_for),
        "seconds": there.seconds,
        "estimated_seconds": guess.seconds,
        "estimated_bytes": bytes_of_run(run),
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the study's folder. Raises BusyError, ProjectError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".compare.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(
                f"{folder}: another tripost compare is at work there. See how it stands with "
                "--list.",
                "The study is being run",
            ) from None
    except OSError as error:
        raise project_error(folder, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _signals(handler: object) -> Iterator[None]:
    names: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, handler) for name in names}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, old in before.items():
            signal.signal(name, old)
