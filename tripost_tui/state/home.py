"""What Home shows: projects and their runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tripost_tui.situation import Situation
from tripost_tui.state.place import Place

Key = tuple[str, int | None]

ABOUT = (
    "A small language model learns to correct itself: it answers questions, experts (scripts or "
    "larger models) edit its attempts, and it is trained on the edits. A test after each round "
    "tells whether it got better."
)
"""What all of this is, for those who see it for the first time."""

EMPTY = (
    "No runs yet.",
    "Press {home.demo} to start the demo: all of it, on this machine, in minutes.",
    "Press {home.look} to look around first, in a recorded run: nothing is started.",
    "Press {home.new} to make a project: your task, student and experts.",
    "Press {global.doctor} for the doctor: what this machine has. {global.help} shows every key.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, or a project that has none (``run_id`` None).

    Accuracies are shares of 1 on all test items of the last iteration that is evaluated whole;
    ``start`` is the starting student's. ``pending_reviews`` counts trajectories of a project's
    latest run that nobody has decided about. ``trouble`` says why nothing is known of it.
    """

    path: Path
    name: str
    run_id: int | None = None
    latest: bool = True
    state: str = "not started"
    alive: bool = False
    iteration: int = 0
    iterations: int = 0
    start: float | None = None
    first: float | None = None
    final: float | None = None
    event: str = ""
    event_at: float | None = None
    disk_bytes: int | None = None
    pending_reviews: int = 0
    trouble: str | None = None

    @property
    def key(self) -> Key:
        return (str(self.path), None if self.latest else self.run_id)

    @property
    def word(self) -> str:
        if self.alive and self.state == "not started":
            return "starting"
        return "unreadable" if self.trouble else self.state


class HomeState:
    """The list and which of its rows is selected, by identity: a row keeps it when it moves."""

    def __init__(self) -> None:
        self.rows: Sequence[RunRow] = ()
        self.loaded = False
        self.busy: str | None = None
        self._selected: Key | None = None
        self._wanted: Key | None = None

    def apply(self, rows: Sequence[RunRow]) -> None:
        self.rows = tuple(rows)
        self.loaded = True
        if self._wanted in {row.key for row in rows}:
            self._selected, self._wanted = self._wanted, None
        if self.selected is None:
            self._selected = rows[0].key if rows else None

    def select(self, index: int) -> None:
        """Select the row at ``index``; out of range is ignored."""
        if 0 <= index < len(self.rows):
            self._selected = self.rows[index].key

    def select_path(self, path: Path) -> None:
        """Select a project that may only appear with the next reading."""
        self._wanted = (str(path), None)
        self.apply(self.rows)

    @property
    def index(self) -> int | None:
        """Where the selected row is."""
        for index, row in enumerate(self.rows):
            if row.key == self._selected:
                return index
        return None

    @property
    def selected(self) -> RunRow | None:
        index = self.index
        return None if index is None else self.rows[index]

    @property
    def place(self) -> Place | None:
        """Where the selected row leads."""
        row = self.selected
        return Place(row.path, row.name, None if row.latest else row.run_id) if row else None

    @property
    def live(self) -> list[RunRow]:
        """Runs that an engine is at work on."""
        return [row for row in self.rows if row.alive]

    def situation(self) -> Situation:
        row = self.selected
        return Situation(
            selected=row is not None or not self.loaded,
            readable=row is None or row.trouble is None,
            latest=row is None or row.latest,
            has_run=bool(row and row.run_id is not None),
            state=row.word if row else "not started",
            alive=bool(row and row.alive),
            busy=self.busy,
        )
