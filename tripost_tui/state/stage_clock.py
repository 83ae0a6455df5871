"""The time that the stage at hand has taken since it last stored what it took."""

from collections.abc import Sequence

from db.records import Stage, StageStatus


class StageClock:
    """A stage stores its working time with each piece of work, which may take minutes."""

    def __init__(self) -> None:
        self._stored: tuple[int, float] | None = None
        self._at = 0.0
        self._since = 0.0

    def apply(self, stages: Sequence[Stage], at: float, *, working: bool) -> None:
        """Take in a reading at ``at`` seconds; only where the engine is ``working`` time runs."""
        now = next((one for one in reversed(stages) if one.status is not StageStatus.DONE), None)
        stored = None if now is None else (now.id, now.seconds)
        if stored != self._stored:
            self._stored, self._since = stored, 0.0
        elif working:
            self._since += max(0.0, at - self._at)
        self._at = at

    def beyond(self, stage: Stage) -> float:
        """Seconds to be added to those that the stage has stored."""
        return self._since if self._stored == (stage.id, stage.seconds) else 0.0
