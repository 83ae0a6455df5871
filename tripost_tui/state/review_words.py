"""What the review says: toasts, the line on top, what to do when nothing is left."""

from collections.abc import Sequence

from db.review_conditions import ReviewOrder
from db.review_records import (
    CheckVerdict,
    ReviewCounts,
    ReviewEvent,
    ReviewKind,
    ReviewSpeed,
    ReviewStep,
)
from tripost_tui.actions.keymap import key_of

NO_TRAJECTORIES = (
    "No trajectories yet.",
    "They come when the run edits the student's attempts: esc, then {run.pause} starts or "
    "resumes it.",
    "This list fills by itself.",
)
TRAJECTORIES_COME = (
    NO_TRAJECTORIES[0],
    "The run is at work: they come when it edits the student's attempts.",
    NO_TRAJECTORIES[2],
)
CONSEQUENCE = (
    "Rejected ones are left out of training, edited ones are used as edited; "
    "a run that waits for review goes on."
)

ORDERS = {
    ReviewOrder.NEWEST: "newest first",
    ReviewOrder.OLDEST: "oldest first",
    ReviewOrder.CHECKER: "disagreeing with the checker first",
    ReviewOrder.SHORTEST: "shortest first",
}
VERDICTS = {
    CheckVerdict.PASS: "the checker agrees: pass",
    CheckVerdict.FAIL: "the checker disagrees: fail",
    CheckVerdict.UNKNOWN: "the checker cannot tell",
    None: "the checker has not been asked",
}
_DONE = {
    ReviewKind.ACCEPT: "accepted",
    ReviewKind.REJECT: "rejected",
    ReviewKind.FLAG: "flagged",
    ReviewKind.UNFLAG: "flag taken off",
    ReviewKind.TAGS: "tags of",
    ReviewKind.NOTE: "note on",
    ReviewKind.EDIT: "edit of",
}


def turned(verb: str, step: ReviewStep, question: str) -> str:
    """What an undo or redo did: ``Undone: accepted "2 + 3 ="``."""
    events = [event for event in step.events if event.trajectory_id is not None]
    if not events:
        return f"{verb}: nothing."
    if len(events) > 1:
        return f"{verb}: {_kind(events[0])} {f'{len(events):,} trajectories'}."
    return f'{verb}: {_kind(events[0])} "{question}"'


def _kind(event: ReviewEvent) -> str:
    return "second look at" if event.blind else _DONE.get(event.kind, event.kind.value)


def revision_said(
    original: bool, verdict: CheckVerdict, right: bool | None, complaints: Sequence[str]
) -> str:
    """What became of an edit. ``right`` is whether its answer is."""
    if original:
        return "This is the original text: the edit is taken away."
    parts = ["Saved, the original is kept"]
    if right is not None:
        parts.append(f"the answer is {'right' if right else 'wrong'}")
    parts += [VERDICTS[verdict], *complaints]
    return "; ".join(parts) + "."


def queue_empty(counts: ReviewCounts) -> str:
    """What stands where nothing is left to decide."""
    edited = f", {counts.edited:,} edited" if counts.edited else ""
    return (
        f"{counts.accepted:,} accepted, {counts.rejected:,} rejected{edited}. {CONSEQUENCE} "
        f"{key_of('global.next_stage')} shows what trains (balance); esc goes back."
    )


def hidden_by_filter(hidden: int) -> str:
    return f"the filter hides {hidden:,}, esc clears it"


def progress(counts: ReviewCounts, speed: ReviewSpeed | None) -> list[str]:
    """Done and left, items per minute, accept rate."""
    parts = [f"{counts.decided:,} decided, {counts.pending:,} left"]
    if speed is not None and speed.per_minute is not None:
        parts.append(f"{speed.per_minute:.1f}/min")
    if counts.decided:
        parts.append(f"{100 * counts.accepted / counts.decided:.0f}% accepted")
    return parts
