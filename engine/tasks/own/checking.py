"""Reading and comparing a task's answers, by the library or by a script of the person's."""

from __future__ import annotations

from pathlib import Path

from engine.tasks.own import regex_worker
from engine.tasks.own.answers import reader_of, stated
from engine.tasks.own.problems import shortened
from engine.tasks.own.script_process import ScriptError, ScriptLimits, ScriptProcess
from engine.tasks.own.scripting import ask_check
from engine.tasks.own.settings import OwnSettings, PythonAnswer, RegexAnswer

REGEX_TIMEOUT_S = 1.0
_MOST_SEARCHED_CHARS = 8_000


class AnswerChecker:
    """The answers of one task; to be closed where its settings name a script or a pattern."""

    def __init__(self, folder: Path, settings: OwnSettings) -> None:
        self._reader = reader_of(settings.answer)
        self._pattern: str | None = None
        self._finder: ScriptProcess | None = None
        self._script: ScriptProcess | None = None
        limits = limits_of(settings)
        if isinstance(settings.answer, RegexAnswer):
            self._pattern = settings.answer.pattern
            worker = Path(regex_worker.__file__)
            self._finder = ScriptProcess(worker.parent, worker.name, limits)
        elif isinstance(settings.answer, PythonAnswer):
            self._script = ScriptProcess(folder, settings.answer.script, limits)

    def read(self, final_response: str | None) -> str | None:
        """Read the answer in the form that the task asks for. Raises ScriptError."""
        if self._finder is not None:
            return self._search(final_response or "")
        said = stated(final_response)
        return self._reader.read(said) if said is not None else None

    def find(self, text: str) -> str | None:
        """Read the answer from any text that states one. Raises ScriptError."""
        if self._finder is not None:
            return self._search(text)
        return self._reader.find(text)

    def _search(self, text: str) -> str | None:
        """Let the pattern search, in a process that can be ended: the end of a long text."""
        assert self._finder is not None
        request = {"pattern": self._pattern, "text": text[-_MOST_SEARCHED_CHARS:]}
        if not self._finder.is_running:
            # A pattern is not to blame for the time that the process takes to start.
            self._finder.ask({**request, "text": ""})
        try:
            found = self._finder.ask(request, REGEX_TIMEOUT_S).get("answer")
        except ScriptError as error:
            what = f"answer.pattern = {shortened(self._pattern)} {error.failure}"
            raise ScriptError(f"{what} ({REGEX_TIMEOUT_S:g} s).", error.failure) from error
        return found.strip() or None if isinstance(found, str) else None

    def is_right(self, answer: str, gold: str, question: str = "", attempt: str = "") -> bool:
        """Compare an answer with the gold answer. Raises ScriptError."""
        if self._script is not None:
            return ask_check(self._script, question, attempt, answer, gold)
        return self._reader.same(answer, gold)

    def close(self) -> None:
        for process in (self._finder, self._script):
            if process is not None:
                process.close()


def limits_of(settings: OwnSettings) -> ScriptLimits:
    return ScriptLimits(settings.scripts.timeout_s, settings.scripts.memory_mb << 20)
