"""Reads how a run stands, and nothing else of it."""

from db.store import Store
from tripost_tui.state.project_reading import ProjectReader
from tripost_tui.state.standing import StandingReading


class StandingReader(ProjectReader[StandingReading]):
    """Follows one run for a screen that gets its own rows elsewhere."""

    def forget(self) -> None:
        """Nothing is gathered."""

    def _read(self, now: StandingReading, store: Store) -> StandingReading:
        return now
