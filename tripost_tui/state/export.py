"""What the export screen shows: an order to choose, the work on it, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.export.formats import ABOUT, PRECISIONS, ExportFormat, ExportRequest
from engine.export.offers import Offer
from engine.export.provenance import Export
from engine.export.usage import Usage, joined, usages
from engine.trained import TrainedIteration
from tripost_tui.actions.keymap import fill, key_of
from tripost_tui.exporter import ExportReading, TargetFacts, Wanted, WorkView
from tripost_tui.situation import Situation
from tripost_tui.state.run import Trouble
from tripost_tui.state.wording import age, counted, percent, shorten, size
from tripost_tui.text import clean_text, one_line

_FORMATS = tuple(ExportFormat)
_LOOKING = "It is being looked at what there is."
_ROOM_BYTES = 16 * 2**20
_MOST_OF_A_PATH = 300


@dataclass(frozen=True, slots=True)
class FormatRow:
    """A format in the list; ``size`` and ``about`` are for people, ``why_not`` where it is out."""

    format: ExportFormat
    chosen: bool
    size: str
    about: str
    why_not: str


@dataclass(frozen=True, slots=True)
class IterationRow:
    iteration: int
    chosen: bool
    accuracy: str
    note: str


class ExportState:
    """What is chosen (``wanted``), what was read, and which export is shown."""

    def __init__(self) -> None:
        self.wanted = Wanted()
        self.reading: ExportReading | None = None
        self.trouble: Trouble | None = None
        self.command = 0
        self._shown: Export | None = None
        self._ended: WorkView | None = None

    # --- what comes in ---------------------------------------------------------------------

    def apply(self, reading: ExportReading) -> WorkView | None:
        """Take in how it stands; what has just been exported is shown.

        Returns the work that has ended since the last reading, if any.
        """
        watched = self.reading is not None
        before = self.reading.work if self.reading else None
        self.reading, self.trouble = reading, None
        if self.wanted.format is None and reading.survey.offers:
            possible = [each.format for each in reading.survey.offers if not each.why_not]
            first = possible[0] if possible else _FORMATS[0]
            self.wanted = replace(self.wanted, format=first)
        work = reading.work
        is_news = before is None or before.running or work is None or before.number != work.number
        news = work if work and not work.running and is_news else None
        if news is not None:
            self._ended = news
            if news.export is not None:
                self._show(news.export)
        exports = reading.survey.exports
        if self._shown is not None:
            folder = self._shown.folder
            self._shown = next((each for each in exports if each.folder == folder), self._shown)
        elif exports:
            self._show(exports[0])
        return news if watched else None

    def fail(self, trouble: Trouble) -> None:
        """Nothing can be read now."""
        self.trouble = trouble

    # --- choosing --------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """To the next format, or the one before; those that are not possible can be read, too."""
        now = _FORMATS.index(self.wanted.format) if self.wanted.format else 0
        at = min(max(now + by, 0), len(_FORMATS) - 1)
        self.wanted = replace(self.wanted, format=_FORMATS[at], folder="")

    def next_iteration(self) -> str | None:
        """Choose the next iteration, after the last the first; say why where there is no other."""
        rows = self.reading.survey.iterations if self.reading else ()
        if len(rows) < 2:
            return "There is no other iteration."
        numbers = [one.iteration for one in rows]
        now = self.iteration
        at = (numbers.index(now) + 1) % len(numbers) if now in numbers else 0
        self.wanted = replace(self.wanted, iteration=numbers[at], folder="")
        return None

    def next_precision(self) -> None:
        """The model's own numbers, then each of the others."""
        every = (None, *PRECISIONS)
        at = (every.index(self.wanted.precision) + 1) % len(every)
        self.wanted = replace(self.wanted, precision=every[at])

    def toggle_all(self) -> None:
        """A dataset of all iterations, or of one."""
        self.wanted = replace(self.wanted, all_iterations=not self.wanted.all_iterations, folder="")

    def set_folder(self, text: str) -> None:
        """Where to; empty is the project's own place again."""
        self.wanted = replace(self.wanted, folder=text)

    def next_command(self) -> None:
        found = self.usages()
        self.command = (self.command + 1) % len(found) if found else 0

    def next_export(self) -> None:
        """Show the export written before the one that is shown, after the oldest the newest."""
        exports = self.reading.survey.exports if self.reading else ()
        if exports:
            folders = [each.folder for each in exports]
            now = self._shown.folder if self._shown else None
            at = (folders.index(now) + 1) % len(folders) if now in folders else 0
            self._show(exports[at])
            self._ended = None

    def _show(self, export: Export) -> None:
        if self._shown is None or self._shown.folder != export.folder:
            self.command = 0
        self._shown = export

    # --- what is chosen --------------------------------------------------------------------

    @property
    def iteration(self) -> int | None:
        if self.wanted.iteration is not None:
            return self.wanted.iteration
        return self.reading.survey.chosen if self.reading else None

    @property
    def is_fresh(self) -> bool:
        """Whether what was read is about what is chosen now."""
        return self.reading is not None and self.reading.wanted == self.wanted

    @property
    def offer(self) -> Offer | None:
        if self.reading is None or self.wanted.format is None:
            return None
        return self.reading.survey.offer(self.wanted.format)

    @property
    def target(self) -> TargetFacts | None:
        return self.reading.target if self.reading and self.is_fresh else None

    @property
    def working(self) -> WorkView | None:
        """The work under way; None where there is none."""
        work = self.reading.work if self.reading else None
        return work if work and work.running else None

    @property
    def ended(self) -> WorkView | None:
        """How the last work ended, until something else is looked at."""
        return None if self.working else self._ended

    @property
    def shown(self) -> Export | None:
        return self._shown

    def order(self, *, replacing: bool = False) -> ExportRequest:
        """What is ordered now; only where `why_no_export` is None."""
        assert self.reading is not None and self.target is not None
        assert self.iteration is not None and self.wanted.format is not None
        return ExportRequest(
            format=self.wanted.format,
            iteration=self.iteration,
            out=self.target.folder,
            run_id=self.reading.survey.run_id,
            precision=self.wanted.precision,
            all_iterations=self.all_iterations,
            replace=replacing,
        )

    @property
    def all_iterations(self) -> bool:
        return self.wanted.all_iterations and self.wanted.format is ExportFormat.DATASET

    # --- why not ---------------------------------------------------------------------------

    def why_no_export(self) -> str | None:
        """One sentence; None where it can be written now."""
        if self.trouble is not None:
            return "The project cannot be read."
        if self.reading is None:
            return _LOOKING
        if not self.reading.survey.iterations:
            return "Nothing has been trained yet."
        if self.working:
            return "An export is under way: esc cancels it."
        if not self.is_fresh:
            return _LOOKING
        offer, target = self.offer, self.target
        if offer is None or target is None:
            return _LOOKING
        if offer.why_not:
            return f"{_capital(one_line(offer.why_not, 400))}."
        if target.wrong:
            return f"{_capital(target.wrong)}: {key_of('export.folder')} names another folder."
        if target.taken and not target.replaceable:
            return fill(
                "The folder is there already, and is no export: {export.folder} names another."
            )
        needed, free = offer.needed_bytes, target.free_bytes
        if needed is not None and free is not None and free < needed + _ROOM_BYTES:
            taken = f"It takes about {size(needed)}, and {size(free)} are free"
            return f"{taken}: {key_of('export.folder')} names a folder on another disk."
        return None

    def why_no_command(self) -> str | None:
        return None if self.usages() else "There is no export yet to use."

    def why_no_ollama(self) -> str | None:
        """Why Ollama cannot take the shown export up now."""
        if self.working:
            return "Something is under way: esc cancels it."
        if self._shown is None or self._shown.provenance.format is not ExportFormat.OLLAMA:
            return fill(
                "This is for an export with a Modelfile: choose ollama, "
                "or {export.earlier} for an earlier one."
            )
        if self._shown.provenance.to_convert:
            return "The GGUF file is still to be made, by the first of the commands."
        if self.reading is None or self.reading.survey.ollama is None:
            return fill("Ollama is not on PATH here: {export.copy} copies the command.")
        return None

    def situation(self) -> Situation:
        return Situation(
            selected=True,
            readable=self.trouble is None,
            has_run=self.reading is not None,
            no_export=self.why_no_export(),
            no_command=self.why_no_command(),
            no_ollama=self.why_no_ollama(),
        )

    # --- what is shown ---------------------------------------------------------------------

    def iteration_rows(self) -> list[IterationRow]:
        if self.reading is None:
            return []
        found = self.reading.survey
        notes = {found.default: found.why}
        return [
            IterationRow(
                one.iteration,
                one.iteration == self.iteration,
                _accuracy(one),
                notes.get(one.iteration, "") if one.is_here else found.gone,
            )
            for one in found.iterations
        ]

    def format_rows(self) -> list[FormatRow]:
        offers: Sequence[Offer] = self.reading.survey.offers if self.reading else ()
        fresh = self.is_fresh or (
            self.reading is not None and self.reading.survey.chosen == self.iteration
        )
        return [
            FormatRow(
                offer.format,
                offer.format is self.wanted.format,
                _size(offer) if fresh else "…",
                ABOUT[offer.format],
                one_line(offer.why_not, 400) if fresh else "",
            )
            for offer in offers
        ]

    def order_lines(self) -> list[tuple[str, str]]:
        """Name and value of what else belongs to the order."""
        if self.reading is None or self.iteration is None:
            return []
        lines = [("folder", self._folder_text())]
        offer = self.offer if self.is_fresh else None
        if offer is not None and not offer.why_not and offer.note:
            name = "lines" if offer.format is ExportFormat.DATASET else "numbers"
            lines.append((name, one_line(offer.note)))
        if self.wanted.format is ExportFormat.DATASET:
            which = "all iterations" if self.all_iterations else f"iteration {self.iteration} alone"
            lines.append(("of", which))
        target = self.target
        if target is not None and target.free_bytes is not None:
            lines.append(("disk", f"{size(target.free_bytes)} free"))
        if target is not None and target.taken and target.replaceable:
            lines.append(("there", "an earlier export, which would be replaced"))
        return lines

    def _folder_text(self) -> str:
        if self.target is not None:
            return shorten(one_line(str(self.target.folder), 8000), _MOST_OF_A_PATH)
        return shorten(one_line(self.wanted.folder, 8000), _MOST_OF_A_PATH) or "…"

    def usages(self) -> list[Usage]:
        if self._shown is None:
            return []
        converter = self.reading.survey.converter if self.reading else None
        return usages(self._shown.provenance, self._shown.folder, converter)

    def command_text(self) -> str:
        """The chosen command, to copy."""
        found = self.usages()
        return found[min(self.command, len(found) - 1)].text if found else ""

    def all_commands(self) -> str:
        return joined(self.usages())

    def shown_lines(self) -> list[str]:
        """What the shown export is, clean."""
        if self._shown is None:
            return []
        said = self._shown.provenance
        which = ", ".join(map(str, said.iterations))
        word = "iteration" if len(said.iterations) == 1 else "iterations"
        return [
            shorten(one_line(str(self._shown.folder), 8000), _MOST_OF_A_PATH),
            one_line(f"{said.what}; {word} {which} of run {said.run}", 400),
        ]

    def file_lines(self) -> list[tuple[str, str]]:
        """Size and name of each file of the shown export."""
        if self._shown is None:
            return []
        return [(size(n), one_line(name)) for name, n in self._shown.files]

    def earlier_lines(self, now: float) -> list[tuple[bool, str, str]]:
        """Whether it is the shown one, its name, and what it is."""
        exports = self.reading.survey.exports if self.reading else ()
        shown = self._shown.folder if self._shown else None
        return [
            (
                each.folder == shown,
                one_line(each.folder.name, 100),
                f"{each.provenance.format}, {size(each.size_bytes)}, "
                f"{age(max(0.0, now - each.written_at))}",
            )
            for each in exports
        ]

    def work_lines(self) -> tuple[str, str, float | None]:
        """Of the work under way: what it does, how far it is, and that as a share of 1."""
        work = self.working
        if work is None:
            return "", "", None
        step = "cancelling" if work.cancelling else work.step
        done, expected = work.done_bytes, work.expected_bytes
        if done is None or not expected:
            return step, "", None
        share = min(1.0, done / expected)
        return step, f"{size(done)} of about {size(expected)}", share

    def empty_text(self) -> str:
        """What to do where there is nothing to choose from; empty where there is."""
        if self.reading is None or self.reading.survey.iterations:
            return ""
        return (
            "Nothing has been trained yet: there are weights after the first iteration's training. "
            f"{key_of('global.run')} shows how the run goes."
        )

    def summary(self) -> str:
        exports = self.reading.survey.exports if self.reading else ()
        return counted(len(exports), "export") if exports else "no export yet"


def _accuracy(one: TrainedIteration) -> str:
    if one.final is None or not one.final.of:
        return "not evaluated"
    return f"{percent(one.final.count, one.final.of)}% of {one.final.of:,} right"


def _size(offer: Offer) -> str:
    if offer.why_not:
        return ""
    return "size unknown" if offer.size_bytes is None else f"~{size(offer.size_bytes)}"


def _capital(text: str) -> str:
    text = clean_text(text)
    return text[:1].upper() + text[1:].rstrip(".")
