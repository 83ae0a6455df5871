"""Whether the questions leave a student room to answer, told before the first stage."""

from __future__ import annotations

from db.records import Level
from engine.errors import StudentError
from engine.settings import Settings
from engine.stage import RunContext
from engine.trajectory import FEEDBACK_PREFIX, prompt, update_prompt

_SHORTEST_ATTEMPT_TOKENS = 16
"""What ``max_attempt_tokens`` may be at least."""

_SHOWN_CHARACTERS = 80


def check_questions(context: RunContext) -> None:
    """Check that each question with its prompt leaves room for an attempt in the student's context.

    Where texts may get longer than the context, an alert tells it. A run that is taken up has been
    checked.

    Raises:
        StudentError: a question leaves none.
    """
    limit = context.student.context_tokens
    if limit is None or context.store.stages(context.run_id):
        return
    form, hint = context.student.form, context.task.hint
    room = limit - _SHORTEST_ATTEMPT_TOKENS
    around = len(form.prompt_ids([prompt("", hint)]))
    questions = sorted(
        (item.question for item in context.store.items(context.task.name)), key=_bytes, reverse=True
    )
    lengths: list[int] = []
    for question in questions:
        # A token has a byte at least, so that most questions need not be looked at.
        if lengths and _bytes(question) + around <= room:
            break
        context.control.pulse()
        lengths.append(len(form.prompt_ids([prompt(question, hint)])))
    too_long = [pair for pair in zip(lengths, questions, strict=False) if pair[0] > room]
    if too_long:
        raise _too_long(too_long, limit)
    if lengths:
        _warn_of_long_texts(context, max(lengths), limit)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _too_long(found: list[tuple[int, str]], limit: int) -> StudentError:
    tokens, question = max(found)
    start = question[:_SHOWN_CHARACTERS] + ("…" if len(question) > _SHOWN_CHARACTERS else "")
    others = f" {len(found) - 1:,} others are too long, too." if len(found) > 1 else ""
    return StudentError(
        f"A question takes {tokens:,} tokens with its prompt, and the student's context has "
        f"{limit:,}: there is no room for an attempt. It begins: {start!r}.{others} Set "
        "student.path to a model with a longer context and begin anew (tripost run --new), or "
        "take such questions out of the task and make a new project.",
        "A question is longer than the student's context",
    )


def _warn_of_long_texts(context: RunContext, longest_prompt: int, limit: int) -> None:
    """Say so where an attempt, feedback and an update at their limits do not fit the context."""
    form, hint = context.student.form, context.task.hint
    fixed = form.prompt_ids(update_prompt("", hint, "", "")), form.prompt_ids([prompt("", hint)])
    most = longest_prompt + len(fixed[0]) - len(fixed[1]) + 3 * _attempt_limit(context.settings)
    if most <= limit:
        return
    context.store.add_event(
        context.run_id,
        "alert",
        f"an attempt, {FEEDBACK_PREFIX.rstrip(':').lower()} and an update of "
        f"{_attempt_limit(context.settings):,} tokens each make {most:,} tokens with the longest "
        f"question, and the student's context has {limit:,}: what it writes beyond that is worth "
        "little. collect.max_attempt_tokens and evaluate.max_attempt_tokens set the limits; "
        f"{max(0, limit - most + 3 * _attempt_limit(context.settings)) // 3:,} would fit",
        level=Level.WARNING,
    )


def _attempt_limit(settings: Settings) -> int:
    return max(settings.collect.max_attempt_tokens, settings.evaluate.max_attempt_tokens)
