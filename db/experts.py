"""What experts were asked and replied: replayed when asked again, and counted."""

from collections.abc import Iterable

from db.connection import Connection
from db.expert_records import ExpertAccount, ExpertCall


class ExpertQueries(Connection):
    def add_expert_calls(self, calls: Iterable[ExpertCall]) -> None:
        """Store calls, all or none; of two replies to the same key the first stays."""
        with self.transaction():
            for call in calls:
                self._insert(
                    "expert_calls", call, "ON CONFLICT (key) WHERE reply IS NOT NULL DO NOTHING"
                )

    def expert_reply(self, key: str) -> ExpertCall | None:
        """The call that brought a reply to what ``key`` stands for, of any run."""
        return self._first(
            ExpertCall, "SELECT * FROM expert_calls WHERE key = ? AND reply IS NOT NULL", key
        )

    def replied_keys(self) -> list[str]:
        """All keys that there is a reply to, of any run."""
        return [
            key for (key,) in self._rows("SELECT key FROM expert_calls WHERE reply IS NOT NULL")
        ]

    def expert_calls(self, run_id: int, after_id: int = 0, limit: int = 500) -> list[ExpertCall]:
        """A run's next ``limit`` calls after ``after_id``, oldest first."""
        return self._all(
            ExpertCall,
            "SELECT * FROM expert_calls WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run_id,
            after_id,
            limit,
        )

    def expert_accounts(self, run_id: int) -> list[ExpertAccount]:
        """What a run asked for, by iteration, role and expert; replayed replies cost nothing."""
        return self._all(
            ExpertAccount,
            "SELECT iteration, role, expert, count(reply) AS replies,"
            " count(*) - count(reply) AS failed,"
            " coalesce(sum(prompt_tokens), 0) AS prompt_tokens,"
            " coalesce(sum(reply_tokens), 0) AS reply_tokens,"
            " count(reply) - count(CASE WHEN reply IS NOT NULL THEN reply_tokens END) AS untold,"
            " coalesce(sum(CASE WHEN reply IS NOT NULL THEN seconds END), 0.0) AS seconds,"
            " sum(cost) AS cost FROM expert_calls WHERE run_id = ?"
            " GROUP BY iteration, role, expert ORDER BY iteration, role, min(id)",
            run_id,
        )
