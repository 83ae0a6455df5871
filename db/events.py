"""The bus between the engine and those who watch it: events, heartbeats, commands."""

import time

from db.connection import Connection
from db.records import (
    Command,
    CommandKind,
    Event,
    Heartbeat,
    Json,
    Level,
)


class EventQueries(Connection):
    def add_event(
        self,
        run_id: int,
        kind: str,
        message: str,
        level: Level = Level.INFO,
        data: Json | None = None,
    ) -> int:
        """Append an event; return its id, which is above every earlier one's."""
        with self.transaction():
            return self._insert(
                "events",
                {
                    "run_id": run_id,
                    "at": time.time(),
                    "level": level,
                    "kind": kind,
                    "message": message,
                    "data": data or {},
                },
            )

    def events(self, run_id: int, after_id: int = 0, limit: int = 500) -> list[Event]:
        """The next ``limit`` events after ``after_id``, oldest first."""
        return self._all(
            Event,
            "SELECT * FROM events WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run_id,
            after_id,
            limit,
        )

    def last_events(self, run_id: int, limit: int = 100) -> list[Event]:
        """The last ``limit`` events, oldest first: where a watcher starts."""
        found = self._all(
            Event,
            "SELECT * FROM events WHERE run_id = ? ORDER BY id DESC LIMIT ?",
            run_id,
            limit,
        )
        return found[::-1]

    def events_of_kind(self, run_id: int, kind: str) -> list[Event]:
        """All of a run's events of one kind, oldest first."""
        return self._all(
            Event, "SELECT * FROM events WHERE run_id = ? AND kind = ? ORDER BY id", run_id, kind
        )

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the run's heartbeat."""
        with self.transaction():
            self._change("DELETE FROM heartbeats WHERE run_id = ?", heartbeat.run_id)
            self._insert("heartbeats", heartbeat)

    def heartbeat(self, run_id: int) -> Heartbeat | None:
        return self._first(Heartbeat, "SELECT * FROM heartbeats WHERE run_id = ?", run_id)

    def send_command(self, run_id: int, kind: CommandKind) -> int:
        """Ask the run's engine for something; return the command's id."""
        with self.transaction():
            return self._insert("commands", {"run_id": run_id, "at": time.time(), "kind": kind})

    def pending_commands(self, run_id: int) -> list[Command]:
        """Commands that no engine has taken, oldest first."""
        return self._all(
            Command,
            "SELECT * FROM commands WHERE run_id = ? AND taken_at IS NULL ORDER BY id",
            run_id,
        )

    def take_command(self, command_id: int) -> bool:
        """Mark a command as taken. False when it was taken before."""
        sql = "UPDATE commands SET taken_at = ? WHERE id = ? AND taken_at IS NULL"
        return self._change(sql, time.time(), command_id) == 1
