"""An app that has things done in threads, and says how they went."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.message import Message
from textual.notifications import SeverityLevel
from textual.worker import Worker, WorkerState

from db.errors import StoreError
from engine.errors import TripostError
from tripost_tui import clipboard
from tripost_tui.glyphs import signs_in_ascii
from tripost_tui.preferences import Preferences
from tripost_tui.preferring import PreferringApp
from tripost_tui.screens.dialogs import ErrorDialog
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text

T = TypeVar("T")


class WorkingApp(PreferringApp):
    """What takes a while is a `job`: keys do not wait for it, and its errors get a dialog."""

    class JobDone(Message):
        """A job has ended; ``finish`` is what its outcome asks for, in the UI thread."""

        def __init__(self, finish: Callable[[], object]) -> None:
            super().__init__()
            self.finish = finish

    def say(self, text: str, severity: SeverityLevel = "information") -> None:
        """A short message in the corner, instead of the one before."""
        self.clear_notifications()
        text = signs_in_ascii(clean_text(text)) if self.ascii_only else clean_text(text)
        self.notify(text, severity=severity, markup=False)

    def copy(self, text: str) -> None:
        """Copy, and say where to."""

        def copied(result: clipboard.Copied) -> None:
            if result.osc52:
                self.copy_to_clipboard(text)
            self.say(result.message)

        self.job(lambda: clipboard.copy(text), copied)

    def job(
        self,
        what: Callable[[], T],
        done: Callable[[T], object],
        after: Callable[[], object] = lambda: None,
    ) -> None:
        """Run ``what`` in a thread, then ``done`` with its result or a dialog with its error.

        ``after`` comes last in any case; it and ``done`` run in the UI thread.
        """

        def work() -> None:
            try:
                result = what()
            except (StoreError, TripostError) as error:
                trouble = trouble_of(error)
                self.post_message(self.JobDone(lambda: self.push_screen(ErrorDialog(trouble))))
            else:
                self.post_message(self.JobDone(lambda: done(result)))
            finally:
                self.post_message(self.JobDone(after))

        self.run_worker(work, thread=True, group="jobs", exit_on_error=False)

    def on_working_app_job_done(self, message: JobDone) -> None:
        message.finish()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "jobs" and event.state is WorkerState.ERROR:
            error = event.worker.error
            text = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self.push_screen(ErrorDialog(Trouble("That went wrong", text)))

    def keep(self, change: Callable[[Preferences], Preferences]) -> None:
        """Change what is set about the app, for good."""
        self.job(self.remember(change), self.written)
