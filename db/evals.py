"""Evaluations apart from runs: tests, models, and what each wrote, in a database of their own.

Every text is kept raw, in its parts, so that it can be scored again without generating.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from db.connection import Connection
from db.migrations import Step
from db.records import Json, Subtask

if TYPE_CHECKING:
    from sqlite_utils import Database


def e001_initial(db: "Database") -> None:
    """Everything from tests to votes. All times are seconds since the epoch."""
    db.executescript("""
        CREATE TABLE tests (
            id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            task TEXT NOT NULL, facts TEXT NOT NULL);
        CREATE TABLE questions (
            test_id INTEGER NOT NULL REFERENCES tests (id), position INTEGER NOT NULL,
            name TEXT NOT NULL, subtask TEXT, question TEXT NOT NULL, answer TEXT NOT NULL,
            PRIMARY KEY (test_id, position)) WITHOUT ROWID;

        CREATE TABLE evaluations (
            id INTEGER PRIMARY KEY, test_id INTEGER NOT NULL REFERENCES tests (id),
            hash TEXT NOT NULL UNIQUE, model TEXT NOT NULL, spec TEXT NOT NULL,
            task_version TEXT NOT NULL, notes TEXT NOT NULL, trained_on INTEGER NOT NULL,
            created_at REAL NOT NULL, finished_at REAL, seconds REAL NOT NULL);

        -- Long texts come last, so that the rest is read without them.
        CREATE TABLE answers (
            evaluation_id INTEGER NOT NULL REFERENCES evaluations (id), position INTEGER NOT NULL,
            first_answer TEXT, final_answer TEXT, first_correct INTEGER NOT NULL,
            final_correct INTEGER NOT NULL, first_flexible INTEGER NOT NULL,
            final_flexible INTEGER NOT NULL, updates INTEGER NOT NULL, same INTEGER NOT NULL,
            nearly_same INTEGER NOT NULL, finish_reason TEXT NOT NULL, tokens INTEGER NOT NULL,
            prompt_tokens INTEGER, parts TEXT NOT NULL,
            UNIQUE (evaluation_id, position));

        CREATE TABLE votes (
            evaluation_id INTEGER NOT NULL REFERENCES evaluations (id),
            temperature REAL NOT NULL, sample INTEGER NOT NULL, position INTEGER NOT NULL,
            answer TEXT, flexible TEXT, correct INTEGER NOT NULL,
            flexible_correct INTEGER NOT NULL, tokens INTEGER NOT NULL, text TEXT NOT NULL,
            UNIQUE (evaluation_id, temperature, sample, position));
    """)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTest:
    """Which questions; the same ``hash`` means the same questions with the same answers."""

    hash: str
    name: str
    task: str
    facts: Json = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalQuestion:
    """A test's question. ``name`` is what others know it by; ``subtask`` None is unknown."""

    position: int
    question: str
    answer: str
    subtask: Subtask | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvaluation:
    """A model on a test. ``spec`` says how it is asked, ``hash`` stands for all of that.

    ``task_version`` is that of the task which scored it, ``trained_on`` the number of questions
    that the model was trained on, as far as is known; ``finished_at`` None: it is not whole.
    """

    test_id: int
    hash: str
    model: str
    spec: Json
    task_version: str
    notes: tuple[str, ...] = ()
    trained_on: int = 0
    created_at: float = field(default_factory=time.time)
    finished_at: float | None = None
    seconds: float = 0.0
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAnswer:
    """How what was written for a question was scored, as in `db.records.Evaluation`.

    ``same`` of its updates are the attempt before word for word, ``nearly_same`` more of them are
    nearly so. ``tokens`` were written, ``prompt_tokens`` read, where that is counted.
    """

    position: int
    first_answer: str | None
    final_answer: str | None
    first_correct: bool
    final_correct: bool
    first_flexible: bool
    final_flexible: bool
    updates: int
    same: int
    nearly_same: int
    finish_reason: str
    tokens: int
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer(ScoredAnswer):
    """The same with the raw texts: attempt, feedback, update, feedback and so on, in turn."""

    parts: tuple[str, ...]

    @property
    def attempts(self) -> tuple[str, ...]:
        """The attempt and its updates."""
        return self.parts[::2]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVote:
    """An independent sample of a first attempt; ``answer`` and ``correct`` are strictly read."""

    sample: int
    position: int
    answer: str | None
    flexible: str | None
    correct: bool
    flexible_correct: bool
    tokens: int
    text: str


_SCORES = ", ".join(ScoredAnswer.__dataclass_fields__)
_VOTE = ", ".join(StoredVote.__dataclass_fields__)


class EvalStore(Connection):
    """A database of evaluations, as `db.store.Store` is one of a project."""

    steps: ClassVar[Sequence[Step]] = (e001_initial,)

    def put_test(self, test: EvalTest, questions: Iterable[EvalQuestion]) -> int:
        """Store a test unless it is there; return its id."""
        with self.transaction():
            known = self._rows("SELECT id FROM tests WHERE hash = ?", test.hash)
            if known:
                return int(known[0][0])
            test_id = self._insert("tests", test)
            for question in questions:
                self._insert("questions", question, test_id=test_id)
            return test_id

    def test(self, test_id: int) -> EvalTest:
        """Raises StoreMissing."""
        found = self._all(EvalTest, "SELECT * FROM tests WHERE id = ?", test_id)
        if not found:
            raise self._missing("tests", test_id)
        return found[0]

    def questions(self, test_id: int) -> list[EvalQuestion]:
        """A test's questions in their order."""
        return self._all(
            EvalQuestion,
            "SELECT position, name, subtask, question, answer FROM questions WHERE test_id = ?"
            " ORDER BY position",
            test_id,
        )

    def add_evaluation(self, evaluation: StoredEvaluation) -> int:
        with self.transaction():
            return self._insert("evaluations", evaluation)

    def evaluation(self, evaluation_id: int) -> StoredEvaluation:
        """Raises StoreMissing."""
        sql = "SELECT * FROM evaluations WHERE id = ?"
        found = self._all(StoredEvaluation, sql, evaluation_id)
        if not found:
            raise self._missing("evaluations", evaluation_id)
        return found[0]

    def evaluations(self) -> list[StoredEvaluation]:
        return self._all(StoredEvaluation, "SELECT * FROM evaluations ORDER BY id")

    def evaluation_like(self, hash_: str) -> StoredEvaluation | None:
        """The evaluation of that hash."""
        found = self._all(StoredEvaluation, "SELECT * FROM evaluations WHERE hash = ?", hash_)
        return found[0] if found else None

    def set_evaluation(self, evaluation_id: int, values: Mapping[str, object]) -> None:
        """Change columns of an evaluation."""
        changes = ", ".join(f"{name} = ?" for name in values)
        self._change(
            f"UPDATE evaluations SET {changes} WHERE id = ?", *values.values(), evaluation_id
        )

    def forget_answers(self, evaluation_id: int) -> None:
        """Take back all that was written; the evaluation itself stays, to be done again."""
        with self.transaction():
            for table in ("answers", "votes"):
                self._change(f"DELETE FROM {table} WHERE evaluation_id = ?", evaluation_id)
            self.set_evaluation(evaluation_id, {"finished_at": None, "seconds": 0.0})

    def add_answers(
        self, evaluation_id: int, answers: Iterable[StoredAnswer], seconds: float = 0.0
    ) -> None:
        """Store answers, all or none, and how long they took; what was there is replaced."""
        with self.transaction():
            for answer in answers:
                at = "evaluation_id = ? AND position = ?"
                self._change(f"DELETE FROM answers WHERE {at}", evaluation_id, answer.position)
                self._insert("answers", answer, evaluation_id=evaluation_id)
            sql = "UPDATE evaluations SET seconds = seconds + ? WHERE id = ?"
            self._change(sql, seconds, evaluation_id)

    def answered(self, evaluation_id: int) -> set[int]:
        """Positions of the questions that are answered."""
        rows = self._rows("SELECT position FROM answers WHERE evaluation_id = ?", evaluation_id)
        return {position for (position,) in rows}

    def scores(self, evaluation_id: int) -> list[ScoredAnswer]:
        """All scores, by position, without texts."""
        return self._all(
            ScoredAnswer,
            f"SELECT {_SCORES} FROM answers WHERE evaluation_id = ? ORDER BY position",
            evaluation_id,
        )

    def answers(self, evaluation_id: int) -> list[StoredAnswer]:
        """All answers, by position."""
        return self._all(
            StoredAnswer,
            f"SELECT {_SCORES}, parts FROM answers WHERE evaluation_id = ? ORDER BY position",
            evaluation_id,
        )

    def add_votes(
        self, evaluation_id: int, temperature: float, votes: Iterable[StoredVote]
    ) -> None:
        """Store samples, all or none; what was there is replaced."""
        with self.transaction():
            for vote in votes:
                at = "evaluation_id = ? AND temperature = ? AND sample = ? AND position = ?"
                where = (evaluation_id, temperature, vote.sample, vote.position)
                self._change(f"DELETE FROM votes WHERE {at}", *where)
                self._insert("votes", vote, evaluation_id=evaluation_id, temperature=temperature)

    def votes(self, evaluation_id: int, temperature: float) -> list[StoredVote]:
        """Samples drawn at a temperature, by sample and position."""
        return self._all(
            StoredVote,
            f"SELECT {_VOTE} FROM votes WHERE evaluation_id = ? AND temperature = ?"
            " ORDER BY sample, position",
            evaluation_id,
            temperature,
        )

    def vote_temperatures(self, evaluation_id: int) -> list[float]:
        """The temperatures that samples were drawn at."""
        sql = "SELECT DISTINCT temperature FROM votes WHERE evaluation_id = ? ORDER BY temperature"
        return [temperature for (temperature,) in self._rows(sql, evaluation_id)]
