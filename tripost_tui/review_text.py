"""A trajectory under review as plain lines and as one JSON object. Safe to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.records import Item, Trajectory
from db.review_records import CheckVerdict, ReviewState, ReviewStatus
from engine.review import Recheck
from tripost_tui.state.trajectory import Passage, passages
from tripost_tui.text import clean_text, one_line

FLAG_BEGIN, FLAG_END = ">>", "<<"
"""What stands around the part that feedback calls wrong."""


def trajectory_lines(
    item: Item, row: Trajectory, state: ReviewState, check: Recheck | None
) -> list[str]:
    """Question, turns, reference answer, and what is known; without a check it is shown blind."""
    blind = check is None
    head = f"trajectory {row.id} · iteration {row.iteration} · {row.origin.value}"
    lines = [head + (" · again, without your decision" if blind else "")]
    for passage in passages(item.question, row):
        lines += ["", f"{passage.heading}:", *_marked(passage).split("\n")]
    lines += ["", f"Reference answer: {one_line(item.answer)}"]
    if check is not None:
        lines.append(f"Checker: {check_text(check)}")
        lines += [f"  note: {one_line(complaint)}" for complaint in check.complaints]
        lines += _standing(state)
    return lines


def check_text(check: Recheck) -> str:
    """The checker's verdict in a sentence."""
    if check.verdict is CheckVerdict.PASS:
        return "pass"
    if check.feedback is not None and not check.feedback.is_correct:
        return f"{check.verdict}: {one_line(check.feedback.render(), 400)}"
    if check.right is False:
        stated = "no answer" if check.answer is None else one_line(check.answer)
        return f"{check.verdict}: the last attempt states {stated}"
    return check.verdict.value


def trajectory_json(
    item: Item, row: Trajectory, state: ReviewState, check: CheckVerdict | None
) -> dict[str, Any]:
    """A trajectory as it stands; ``check`` is None where the checker was not asked yet."""
    return {
        "id": row.id,
        "iteration": row.iteration,
        "item": item.id,
        "question": item.question,
        "answer": item.answer,
        "origin": row.origin.value,
        "updates": row.updates,
        "status": state.status.value,
        "decided_at": state.decided_at,
        "flagged": state.flagged,
        "tags": list(state.tags),
        "note": state.note,
        "edited": state.edited is not None,
        "check": check.value if check else None,
        "text": row.text,
        "authors": [turn.author for turn in row.turns],
    }


def _marked(passage: Passage) -> str:
    text = passage.text
    for start, end in sorted(passage.flagged, reverse=True):
        text = f"{text[:start]}{FLAG_BEGIN}{text[start:end]}{FLAG_END}{text[end:]}"
    return text


def _standing(state: ReviewState) -> Sequence[str]:
    known = []
    if state.status is not ReviewStatus.PENDING:
        known.append(state.status.value)
    known += ["flagged"] if state.flagged else []
    known += ["edited"] if state.edited is not None else []
    known += [f"tags {', '.join(state.tags)}"] if state.tags else []
    known += [f"note {one_line(state.note)}"] if state.note else []
    return [f"So far: {clean_text(' · '.join(known))}"] if known else []
