"""Reviewing trajectories: the checker's word on them, and texts that a person has edited.

The checker is the task's own: it reads and compares the answer, and its scripted FBK looks at
the steps. It is asked of trajectories as collected, once (`check_some`), and of every edited
text before that is stored (`edited`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from db.records import Item, TurnKind
from db.records import Trajectory as TrajectoryRow
from db.records import Turn as TurnRow
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewKind,
    ReviewState,
)
from db.store import Store
from engine.editing import fault_of_update
from engine.tasks.base import CannotJudge, Task
from engine.tasks.own import OwnTask, ScriptError
from engine.trajectory import (
    Attempt,
    Author,
    Feedback,
    Trajectory,
    Turn,
    correct,
    parse,
    parse_attempt,
    render,
)


class EditRefused(ValueError):
    """An edited text cannot be stored, since it could not be trained on; the text says why."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What the task's checker says of the last attempt of a text.

    ``feedback`` is FBK's, None where it cannot judge; ``right`` is whether the final answer is,
    None where the checker failed. ``complaints`` say for people what is odd about the text.
    """

    verdict: CheckVerdict
    answer: str | None = None
    right: bool | None = None
    feedback: Feedback | None = None
    complaints: tuple[str, ...] = ()
    trajectory: Trajectory | None = None
    """The text as it is read; None where it cannot be."""


def recheck(task: Task, item: Item, text: str) -> Recheck:
    """Ask the task's checker about a whole trajectory.

    PASS means that it agrees with what the trajectory ends with: the last attempt is right; or,
    where the trajectory ends with feedback that finds an error, that there is one there.
    """
    trajectory = parse(text, task.hint)
    if trajectory is None or trajectory.question != item.question:
        why = "it does not begin with the question as it was asked"
        return Recheck(CheckVerdict.FAIL, complaints=(why,))
    for number, turn in enumerate(trajectory.turns, 1):
        if not turn.attempt.steps:
            why = f"attempt {number} has no steps such as (1) …"
            return Recheck(CheckVerdict.FAIL, complaints=(why,))
    last = trajectory.last
    complaints = list(_oddities(trajectory))
    answer, right = _answer(task, item, last)
    feedback: Feedback | None = None
    try:
        feedback = task.feedback(item.question, last)
    except CannotJudge as error:
        complaints.append(f"the checker cannot judge the steps: {error}")
    said = trajectory.turns[-1].feedback
    if said is not None and not said.is_correct:
        verdict = _on_an_error(said, feedback, right)
    else:
        verdict = _on_a_right_one(task, feedback, right)
    return Recheck(verdict, answer, right, feedback, tuple(complaints), trajectory)


def _answer(task: Task, item: Item, attempt: Attempt) -> tuple[str | None, bool | None]:
    """Return the answer and whether it is right, None where the person's script fails."""
    question, text = item.question, attempt.text
    if not isinstance(task, OwnTask):
        answer = task.answer(attempt)
        return answer, task.is_right(answer, item.answer, question=question, attempt=text)
    # The task's own methods count a failing script as a wrong answer.
    answer = None
    try:
        answer = task.checker.read(attempt.final_response)
        right = answer is not None and task.checker.is_right(answer, item.answer, question, text)
    except ScriptError:
        return answer, None
    return answer, right


def _on_a_right_one(task: Task, feedback: Feedback | None, right: bool | None) -> CheckVerdict:
    if right is False or (feedback is not None and not feedback.is_correct):
        return CheckVerdict.FAIL
    # Where a task has no script for steps, its answers are all that there is to check.
    alone = isinstance(task, OwnTask) and task.folder.settings.feedback is None
    if right and (feedback is not None or alone):
        return CheckVerdict.PASS
    return CheckVerdict.UNKNOWN


def _on_an_error(said: Feedback, feedback: Feedback | None, right: bool | None) -> CheckVerdict:
    if feedback is None:
        return CheckVerdict.FAIL if right else CheckVerdict.UNKNOWN
    return CheckVerdict.PASS if said.same_diagnosis(feedback) else CheckVerdict.FAIL


def _oddities(trajectory: Trajectory) -> Sequence[str]:
    """Say what editing would not have let pass."""
    found = []
    for number, turn in enumerate(trajectory.turns[:-1], 1):
        if turn.feedback is None:
            found.append(f"feedback {number} is none that can be read")
        elif turn.feedback.is_correct:
            found.append(f"feedback {number} finds no error, and an update follows")
        else:
            update = trajectory.turns[number].attempt
            if fault := fault_of_update(turn.attempt, turn.feedback, update):
                found.append(f"update {number}: {fault.reason}")
    return found


# --- the checker's verdicts on what was collected ----------------------------------------------


def check_some(store: Store, task: Task, run_id: int, limit: int = 100) -> int:
    """Check trajectories that have not been, and store the verdicts; return how many.

    Call it again until it returns 0. Raises StoreError.
    """
    ids = store.unchecked(run_id, limit)
    verdicts = {}
    for key in ids:
        row = store.trajectory(key)
        verdicts[key] = recheck(task, store.item(row.item_id), row.text).verdict
    store.add_checks(verdicts)
    return len(ids)


# --- edited texts ------------------------------------------------------------------------------


def edited(task: Task, item: Item, row: TrajectoryRow, text: str) -> tuple[ReviewChange, Recheck]:
    """Return the change that stores a whole trajectory as edited, and what the checker says.

    What belongs to no step is left out, as in training; a text that is the original one takes
    an earlier edit away. Raises EditRefused.
    """
    found = recheck(task, item, _plain_lines(text))
    if found.trajectory is None:
        raise EditRefused(f"The text cannot be used: {'; '.join(found.complaints)}.")
    written = render(found.trajectory, task.hint)
    as_it_was = written == row.text
    change = ReviewChange(
        trajectory_id=row.id,
        kind=ReviewKind.EDIT,
        text=None if as_it_was else written,
        checked=None if as_it_was else found.verdict,
    )
    return change, found


def edited_update(
    task: Task, item: Item, row: TrajectoryRow, attempt: str, before: str | None = None
) -> tuple[ReviewChange, Recheck]:
    """As `edited`, of the last attempt alone; FBK's feedback on it ends the trajectory.

    ``before`` is the text as it stands, where it was edited before. Where FBK cannot judge, a
    right answer ends with praise, any other without feedback. An attempt whose answer is wrong
    fails, whatever the feedback says. Raises EditRefused.
    """
    trajectory = parse(row.text if before is None else before, task.hint)
    if trajectory is None:
        raise EditRefused("The trajectory cannot be read back.")
    written = parse_attempt(_plain_lines(attempt))
    if not written.steps:
        raise EditRefused("The text cannot be used: it has no steps such as (1) ….")
    if not _is_one_attempt(written, task.hint):
        raise EditRefused("The text cannot be used: it is more than one attempt.")
    if written == trajectory.last:
        return edited(task, item, row, render(trajectory, task.hint))
    turn = Turn(written)
    try:
        turn = Turn.of(written, task.feedback(item.question, written))
    except CannotJudge:
        if _answer(task, item, written)[1]:
            turn = Turn.of(written, correct(written))
    whole = replace(trajectory, turns=(*trajectory.turns[:-1], turn))
    change, found = edited(task, item, row, render(whole, task.hint))
    if found.right is False and change.checked is CheckVerdict.PASS:
        # FBK agrees with itself that there is an error: not what an update is written for.
        found = replace(found, verdict=CheckVerdict.FAIL)
        change = replace(change, checked=CheckVerdict.FAIL)
    return change, found


def _is_one_attempt(attempt: Attempt, hint: str) -> bool:
    read = parse(render(Trajectory("?", (Turn(attempt),)), hint), hint)
    return read is not None and read.turns == (Turn(attempt),)


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")


def reviewed_trajectory(row: TrajectoryRow, state: ReviewState | None, hint: str) -> Trajectory:
    """Return a trajectory as reviewed, with its authors: ``person`` for what was edited.

    Raises ValueError where it cannot be read.
    """
    text = row.text if state is None or state.edited is None else state.edited
    trajectory = parse(text, hint)
    if trajectory is None or not trajectory.turns:
        raise ValueError(f"trajectory {row.id} cannot be read back")
    known = _pairs(row.turns)
    turns = []
    for index, turn in enumerate(trajectory.turns):
        attempt, feedback = known[index] if index < len(known) else (None, None)
        turns.append(
            replace(
                turn,
                attempt_author=_author(attempt, turn.attempt.text),
                feedback_author=_author(feedback, turn.feedback_text),
            )
        )
    return replace(trajectory, turns=tuple(turns))


def as_reviewed(row: TrajectoryRow, state: ReviewState | None, hint: str) -> TrajectoryRow:
    """Return a stored trajectory with the text and the turns that it has after review.

    Raises ValueError where an edited text cannot be read.
    """
    if state is None or state.edited is None:
        return row
    trajectory = reviewed_trajectory(row, state, hint)
    turns: list[TurnRow] = []
    for turn in trajectory.turns:
        attempt, said = turn.attempt, turn.feedback
        turns.append(TurnRow(kind=TurnKind.ATTEMPT, author=turn.attempt_author, text=attempt.text))
        if turn.feedback_text is not None:
            turns.append(
                TurnRow(
                    kind=TurnKind.FEEDBACK,
                    author=turn.feedback_author,
                    text=turn.feedback_text,
                    verdict=said.verdict if said else None,
                    step=said.step if said else None,
                    span=said.span if said else None,
                    reason=said.reason if said else None,
                )
            )
    return replace(row, text=state.edited, turns=tuple(turns), updates=trajectory.updates)


def _pairs(turns: Sequence[TurnRow]) -> list[tuple[TurnRow, TurnRow | None]]:
    """Return attempts with the feedback that follows each."""
    pairs: list[tuple[TurnRow, TurnRow | None]] = []
    for turn in turns:
        if turn.kind is TurnKind.ATTEMPT:
            pairs.append((turn, None))
        elif pairs:
            pairs[-1] = pairs[-1][0], turn
    return pairs


def _author(known: TurnRow | None, text: str | None) -> str:
    return known.author if known is not None and known.text == text else Author.PERSON
