"""What only a report asks of the store: sums, and how old the schema's steps are."""

from datetime import UTC, datetime

from db.connection import Connection


class ReportQueries(Connection):
    def sampled_tokens(self, run_id: int) -> dict[int, int]:
        """Tokens that the student wrote as attempts to be corrected, by iteration."""
        rows = self._rows(
            "SELECT iteration, sum(tokens) FROM attempts WHERE run_id = ?"
            " GROUP BY iteration ORDER BY iteration",
            run_id,
        )
        return {iteration: int(tokens) for iteration, tokens in rows}

    def schema_steps_after(self, moment: float) -> list[str]:
        """Names of the steps by which the schema was brought up to date after ``moment``.

        Rows that were stored before them may lack what the steps added.
        """
        # Whole seconds: steps are stored with finer times than runs may be.
        since = datetime.fromtimestamp(moment + 1, UTC).strftime("%Y-%m-%d %H:%M:%S")
        rows = self._rows(
            'SELECT name FROM "_sqlite_migrations" WHERE applied_at > ? ORDER BY id', since
        )
        return [str(name) for (name,) in rows]
