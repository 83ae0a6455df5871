"""Self-improvement by prompting alone: examples of it are shown to a student that never learned it.

The first attempt is written as ever, so that it is that of the start, and what the prompt adds is
feedback and updates. Examples are made of training questions by the task's scripts: an error
planted in a gold rationale, the feedback on it, the update, and the feedback that ends it. Where
there are no scripts for that, the student is asked for feedback without examples.
"""

from __future__ import annotations

from collections.abc import Callable

from db.records import Item, Level, Split
from engine.editing import Editor, Kept, Limits
from engine.experts.planting import plant
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.stage import RunContext
from engine.tasks.base import Task
from engine.trajectory import Trajectory, Turn, render

MOST = 3
"""Examples at most; more take room that a small student's context does not have."""

_TOLD = "prompt.examples"
_INTRODUCTION = "Examples of answers with feedback and updates:\n\n"
_SEARCHED = 200
_LIMITS = Limits(updates=3)


def demonstrations(context: RunContext) -> str:
    """Return the examples that stand before each test question, as many as leave it room."""
    form = context.student.form
    room = None if (whole := context.student.context_tokens) is None else whole // 2
    items = context.store.items(context.task.name, Split.TRAIN)
    text = examples_text(
        context.task,
        items,
        context.seed,
        show_working=context.settings.collect.show_working,
        fits=lambda shown: room is None or len(form.prompt_ids([shown])) <= room,
    )
    if not context.store.events_of_kind(context.run_id, _TOLD):
        count = text.count("\nAnswer:")
        context.store.add_event(
            context.run_id,
            _TOLD,
            f"the student is prompted with {count} examples of feedback and updates"
            if count
            else "the student is prompted for feedback without examples: the task has no scripts "
            "that could make any, or the student's context no room for them",
            level=Level.INFO if count else Level.WARNING,
            data={"examples": count},
        )
    return text


def examples_text(
    task: Task,
    items: list[Item],
    seed: int,
    *,
    show_working: bool,
    fits: Callable[[str], bool],
) -> str:
    """Write examples with one error each, and one without; empty where there are none.

    The shortest that are found are taken, while ``fits`` holds of the whole text.
    """
    shortest = sorted(items, key=lambda item: (len(item.question), item.id))[:_SEARCHED]
    editor = Editor(ScriptedFeedback(task, show_working), ScriptedImprove(task), _LIMITS)
    found: list[Trajectory] = []
    for planted in plant(task, shortest, MOST, seed):
        kept = editor.edit(Trajectory(planted.item.question, (Turn(planted.attempt),)))
        if isinstance(kept, Kept) and kept.trajectory.updates:
            found.append(kept.trajectory)
    # Feedback that never praises would teach to doubt everything.
    if len(found) > 1:
        right = found[1]
        found[1] = Trajectory(right.question, right.turns[-1:])
    text = ""
    for each in found:
        longer = (text or _INTRODUCTION) + render(each, task.hint) + "\n\n"
        if not fits(longer):
            break
        text = longer
    return text
