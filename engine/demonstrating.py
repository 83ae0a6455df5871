"""Attempts of an expert in place of the student's: demonstrations to be corrected like any.

Who writes them is the first of ``experts.improve``. A language model solves the question, as it
would by itself; scripts make no mistakes of their own, so that for them one is planted in the gold
rationale, like those that models make (`engine.experts.planting`). The correction is that of
TriPosT, so that demonstrations differ from its trajectories in whose mistakes they correct.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from db.records import Attempt as AttemptRow
from db.records import Item, Split, StageName
from engine.expert_session import asked, traffic_note
from engine.expert_settings import SCRIPT
from engine.experts.attempting import Unsolved, solve
from engine.experts.failing import missing_replies, told_as_ours
from engine.experts.parallel import in_order
from engine.experts.planting import plant
from engine.experts.team import Team
from engine.seeds import item_seed
from engine.settings import Settings
from engine.stage import RunContext, working
from engine.student.generation import chunks
from engine.tasks.base import Task
from engine.trajectory import Author
from local_experts.errors import NotRecorded
from local_experts.gate import Cancelled

DEMONSTRATED_BY = "demonstrated by "
"""How an attempt ended that no student wrote, and before its author's name."""

_TRIES = 20
_SHOWN = 3
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Missing:
    what: str


def author_of(row: AttemptRow) -> str:
    """Return who wrote an attempt, as turns name it."""
    if row.finish_reason.startswith(DEMONSTRATED_BY):
        return row.finish_reason.removeprefix(DEMONSTRATED_BY)
    return Author.STUDENT


def demonstrator(settings: Settings) -> str:
    """Return who writes demonstrations: the name of an expert, or of the scripts."""
    return settings.experts.improve[0]


def planted_attempt(task: Task, item: Item, seed: int, *, wrong_answer: bool) -> str:
    """Return the gold rationale with an error planted, or nothing where none can be.

    With ``wrong_answer`` the answer is wrong, too: who gives feedback looks at that alone.
    """
    for planted in plant(task, [item], _TRIES if wrong_answer else 1, seed):
        attempt = planted.attempt
        answer = task.answer(attempt)
        right = task.is_right(answer, item.answer, question=item.question, attempt=attempt.text)
        if not (wrong_answer and right):
            return attempt.text
    return ""


def demonstrate(context: RunContext, iteration: int, pass_: int, questions: Sequence[Item]) -> None:
    """Let the expert attempt the questions of a pass that it has not.

    Raises:
        StopRequested: a person asked for it.
        ExpertUnavailable, BudgetUsedUp: an expert cannot be asked any more.
    """
    settings = context.settings
    there = context.store.attempted_items(context.run_id, iteration, pass_)
    total = len(questions) * (pass_ + 1)
    name = demonstrator(settings)
    shown = _examples(context)
    with working(context, iteration, StageName.SAMPLE, total) as work:
        work.advance(pass_ * len(questions) + len(there), total)
        if len(there) == len(questions):
            return
        with told_as_ours(), asked(context, iteration) as team:

            def watch() -> None:
                if team.callers:
                    work.show(traffic_note(work.count, total, team.callers.values()))
                context.control.pulse()
                if context.control.wants_to_end:
                    team.cancelled.set()

            def one(item: Item) -> AttemptRow | _Missing:
                seed = item_seed(context.seed, iteration, pass_, item.id)
                try:
                    text, how = _attempt(team, item, seed, name, shown)
                except NotRecorded as error:
                    return _Missing(error.message)
                return AttemptRow(
                    run_id=context.run_id,
                    iteration=iteration,
                    pass_=pass_,
                    item_id=item.id,
                    text=text,
                    seed=seed,
                    temperature=0.0 if name == SCRIPT else settings.experts.improve_temperature,
                    finish_reason=how,
                    tokens=0,
                )

            for chunk in chunks(questions, settings.collect.batch_size):
                if chunk[0].id in there:
                    continue
                while len(rows := _all(team, chunk, one, watch)) < len(chunk):
                    # Replies to what is not stored yet are recorded, and not asked for again.
                    context.control.safe_point()
                missing = [row.what for row in rows if isinstance(row, _Missing)]
                if missing:
                    raise missing_replies(missing, len(chunk))
                with context.store.transaction():
                    context.store.add_attempts([r for r in rows if isinstance(r, AttemptRow)])
                    work.advance(work.count + len(rows))
                work.show()
                context.control.safe_point()


def _all(
    team: Team, chunk: Sequence[Item], one: Callable[[Item], _T], watch: Callable[[], None]
) -> list[_T]:
    """Return one for each item, fewer where a person wants to end."""
    rows: list[_T] = []
    if not team.callers:
        for item in chunk:
            watch()
            rows.append(one(item))
        return rows
    try:
        rows.extend(in_order(chunk, one, team.workers, team.cancelled, watch))
    except Cancelled:
        pass
    finally:
        # It is set also where all is done.
        team.cancelled.clear()
    return rows


def _attempt(
    team: Team, item: Item, seed: int, name: str, shown: Sequence[Item]
) -> tuple[str, str]:
    """Return an attempt and who wrote it; the text is empty where nobody could."""
    if name == SCRIPT:
        # Language models are asked only where the answer is wrong.
        only_wrong = team.settings.experts.feedback[0] != SCRIPT
        text = planted_attempt(team.scripts, item, seed, wrong_answer=only_wrong)
        return text, DEMONSTRATED_BY + Author.SCRIPT
    asking = team.solver(name, seed)
    examples = [other for other in shown if other.id != item.id][:_SHOWN]
    try:
        text = solve(asking, item.question, examples).text
    except Unsolved:
        text = ""
    return text, DEMONSTRATED_BY + asking.author


def _examples(context: RunContext) -> list[Item]:
    """Training questions whose gold rationales show the form of an attempt; one to spare."""
    items = context.store.items(context.task.name, Split.TRAIN)
    with_rationale = (item for item in items if item.rationale)
    return [item for item, _ in zip(with_rationale, range(_SHOWN + 1), strict=False)]
