"""What those who watch a run read a little at a time: only what is new, and no long texts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from db.connection import Connection
from db.records import (
    Attempt,
    DropStage,
    Event,
    Level,
    Origin,
    TurnKind,
)


class StepFacts(NamedTuple):
    """An optimizer step; the fields are those of `db.records.TrainStep`."""

    id: int
    iteration: int
    step: int
    epoch: float
    loss: float | None
    learning_rate: float
    grad_norm: float | None
    tokens: int
    seconds: float
    memory_bytes: int | None
    micro_tokens: int | None


class CallFacts(NamedTuple):
    """A call of an expert without its texts; ``key`` is the beginning of the call's key."""

    id: int
    iteration: int
    role: str
    expert: str
    key: str
    replied: bool
    seconds: float
    prompt_tokens: int | None
    reply_tokens: int | None
    cost: float
    error: str | None
    at: float


class KeptFacts(NamedTuple):
    """A kept trajectory without its texts; ``by_others`` of its updates are not the student's."""

    id: int
    origin: Origin
    updates: int
    by_others: int


class LiveQueries(Connection):
    def step_facts(self, run_id: int, after_id: int = 0, limit: int = 20_000) -> list[StepFacts]:
        """The next ``limit`` steps after the row ``after_id``; see `train_steps` on replays."""
        rows = self._rows(
            f"SELECT {', '.join(StepFacts._fields)} FROM train_steps"
            " WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run_id,
            after_id,
            limit,
        )
        return [StepFacts._make(row) for row in rows]

    def last_step_facts(self, run_id: int, limit: int) -> list[StepFacts]:
        """The last ``limit`` steps of the newest iteration that trains, oldest first."""
        rows = self._rows(
            f"SELECT {', '.join(StepFacts._fields)} FROM train_steps WHERE run_id = ?1"
            " AND iteration = (SELECT max(iteration) FROM train_steps WHERE run_id = ?1)"
            " ORDER BY step DESC LIMIT ?2",
            run_id,
            limit,
        )
        return [StepFacts._make(row) for row in rows[::-1]]

    def call_facts(self, run_id: int, after_id: int = 0, limit: int = 2_000) -> list[CallFacts]:
        """The next ``limit`` calls of experts after the row ``after_id``, oldest first."""
        # The plus keeps SQLite from sorting the calls of the whole run for each page.
        rows = self._rows(
            "SELECT id, iteration, role, expert, substr(key, 1, 16), reply IS NOT NULL, seconds,"
            " prompt_tokens, reply_tokens, cost, error, at FROM expert_calls"
            " WHERE +run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run_id,
            after_id,
            limit,
        )
        return [CallFacts._make(row)._replace(replied=bool(row[5])) for row in rows]

    def kept_facts(
        self, run_id: int, iteration: int, after_id: int = 0, limit: int = 5_000
    ) -> list[KeptFacts]:
        """The next ``limit`` trajectories kept in an iteration after the row ``after_id``."""
        rows = self._rows(
            "SELECT t.id, t.origin, t.updates, (SELECT count(*) FROM turns u"
            " WHERE u.trajectory_id = t.id AND u.kind = ?5 AND u.position > 0"
            " AND u.author != 'student')"
            " FROM trajectories t WHERE t.run_id = ?1 AND t.id > ?3 AND t.iteration = ?2"
            " ORDER BY t.id LIMIT ?4",
            run_id,
            iteration,
            after_id,
            limit,
            TurnKind.ATTEMPT.value,
        )
        return [KeptFacts(key, Origin(origin), *more) for key, origin, *more in rows]

    def attempt_count(self, run_id: int, iteration: int) -> int:
        """How many attempts an iteration has sampled."""
        ((count,),) = self._rows(
            "SELECT count(*) FROM attempts WHERE run_id = ? AND iteration = ?", run_id, iteration
        )
        return int(count)

    def edit_drops(self, run_id: int, iteration: int) -> dict[str, int]:
        """How many attempts editing dropped, by reason."""
        rows = self._rows(
            "SELECT reason, count(*) FROM drops WHERE run_id = ? AND iteration = ? AND stage = ?"
            " GROUP BY reason",
            run_id,
            iteration,
            DropStage.EDIT.value,
        )
        return dict(rows)

    def latest_attempt(self, run_id: int, iteration: int) -> Attempt | None:
        """The attempt of an iteration that was sampled last."""
        return self._first(
            Attempt,
            "SELECT * FROM attempts WHERE run_id = ? AND iteration = ? ORDER BY id DESC LIMIT 1",
            run_id,
            iteration,
        )

    def telling_events(
        self, run_id: int, after_id: int, kinds: Iterable[str] = (), limit: int = 500
    ) -> list[Event]:
        """The next ``limit`` warnings, errors, and events of some kinds after ``after_id``."""
        wanted: Sequence[str] = list(kinds)
        marks = ", ".join("?" for _ in wanted)
        return self._all(
            Event,
            "SELECT * FROM events WHERE run_id = ? AND id > ?"
            f" AND (level != ? OR kind IN ({marks})) ORDER BY id LIMIT ?",
            run_id,
            after_id,
            Level.INFO.value,
            *wanted,
            limit,
        )
