"""What review events add up to: which steps stand, and how a trajectory stands after them.

The rules of undo are those of an editor: an undo takes back the newest step that stands, a redo
brings back the one that was taken back last, and a new step makes what was taken back
unreachable. Everything here follows from the events alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from db.review_records import (
    ReviewEvent,
    ReviewKind,
    ReviewState,
    ReviewStatus,
)


class Standing(StrEnum):
    """What has become of a step."""

    DONE = "done"
    UNDONE = "undone"
    """It can be redone."""
    DROPPED = "dropped"
    """A new step came after it was undone."""


def standings(events: Iterable[ReviewEvent]) -> dict[int, Standing]:
    """Return where each step of a run stands, from all its events in their order."""
    found: dict[int, Standing] = {}
    for event in events:
        if event.kind is ReviewKind.UNDO:
            found[event.step] = Standing.UNDONE
        elif event.kind is ReviewKind.REDO:
            found[event.step] = Standing.DONE
        elif event.step not in found:
            for step, standing in found.items():
                if standing is Standing.UNDONE:
                    found[step] = Standing.DROPPED
            found[event.step] = Standing.DONE
    return found


def after(state: ReviewState, event: ReviewEvent) -> ReviewState:
    """Return how a trajectory stands after one more of its events."""
    match event.kind:
        case ReviewKind.ACCEPT | ReviewKind.REJECT:
            accepted = event.kind is ReviewKind.ACCEPT
            verdict = ReviewStatus.ACCEPTED if accepted else ReviewStatus.REJECTED
            if event.blind:
                return replace(state, blind=verdict, blind_at=event.at)
            return replace(state, status=verdict, decided_at=event.at)
        case ReviewKind.FLAG | ReviewKind.UNFLAG:
            return replace(state, flagged=event.kind is ReviewKind.FLAG)
        case ReviewKind.TAGS:
            return replace(state, tags=event.tags)
        case ReviewKind.NOTE:
            return replace(state, note=event.text)
        case ReviewKind.EDIT:
            return replace(state, edited=event.text, edited_checked=event.checked)
        case ReviewKind.UNDO | ReviewKind.REDO:
            raise ValueError(f"{event.kind} concerns a step, not a trajectory")


def untouched(state: ReviewState) -> bool:
    """Tell whether a state is that of a trajectory that nobody has reviewed."""
    return state == ReviewState(
        trajectory_id=state.trajectory_id, run_id=state.run_id, iteration=state.iteration
    )
