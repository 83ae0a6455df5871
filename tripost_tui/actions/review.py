"""Actions of review."""

from engine.reason_tags import REASON_TAGS
from tripost_tui.actions.kinds import Action, Target
from tripost_tui.actions.moving import moving
from tripost_tui.situation import can_review, not_typing, typing

ACTIONS: tuple[Action, ...] = (
    Action(
        id="review.accept",
        label="accept",
        description="Accept it, or all of the range, and go on",
        keys=("a",),
        why_not=can_review,
        footer=1,
    ),
    Action(
        id="review.reject",
        label="reject",
        description="Reject it, or all of the range: it is not trained on",
        keys=("x",),
        why_not=can_review,
        footer=2,
    ),
    Action(
        id="review.undo",
        label="undo",
        description="Take back the newest step, also of earlier sessions",
        keys=(
            "u",
            "z",
            "backspace",
        ),
        why_not=not_typing,
        footer=3,
    ),
    Action(
        id="review.edit",
        label="edit",
        description="Edit the last attempt; the original is kept",
        keys=("e",),
        why_not=can_review,
        footer=4,
    ),
    Action(
        id="review.diff",
        label="diff",
        description="Show updates plain, changed words marked, or split",
        keys=("d",),
        why_not=can_review,
        footer=5,
    ),
    Action(
        id="review.filter",
        label="filter",
        description="Filter the list, such as: status:pending iter:2 tag:wrong-step len>800 words",
        keys=("slash",),
        why_not=not_typing,
        footer=6,
    ),
    Action(
        id="review.later",
        label="later",
        description="Put it to the end of the queue",
        keys=("s",),
        why_not=can_review,
        footer=7,
    ),
    Action(
        id="review.redo",
        label="redo",
        description="Bring back the step that was taken back last",
        keys=(
            "U",
            "Z",
        ),
        why_not=not_typing,
    ),
    Action(
        id="review.flag",
        label="flag",
        description="Flag it, or take the flag off",
        keys=("f",),
        why_not=can_review,
    ),
    Action(
        id="review.note",
        label="note",
        description="Write a note on it",
        keys=("m",),
        why_not=can_review,
    ),
    Action(
        id="review.external",
        label="in $EDITOR",
        description="Edit the last attempt in $EDITOR",
        keys=("E",),
        why_not=can_review,
    ),
    Action(
        id="review.range",
        label="range",
        description="Begin a range that {review.down} and {review.up} extend, then "
        "{review.accept} or {review.reject} decides all of it",
        keys=("v",),
        why_not=can_review,
    ),
    Action(
        id="review.blind",
        label="blind",
        description="Hide the checker's verdict, or show it",
        keys=("b",),
        why_not=not_typing,
    ),
    Action(
        id="review.order",
        label="order",
        description="Order: newest, disagreeing with the checker, shortest",
        keys=("o",),
        why_not=not_typing,
    ),
    Action(
        id="review.copy",
        label="copy",
        description="Copy the trajectory that is shown",
        keys=("y",),
        why_not=can_review,
    ),
    *moving(
        Target.REVIEW,
        "trajectory",
        down="Next trajectory",
        up="Previous trajectory",
        page="; this never decides",
    ),
    Action(
        id="review.anew",
        label="read anew",
        description="Read the list anew, with what has come since",
        keys=("r",),
        why_not=not_typing,
    ),
    Action(
        id="review.save",
        label="save",
        description="Save what is in the editor; esc leaves it without",
        keys=("ctrl+s",),
        why_not=typing,
    ),
    *(
        Action(
            id=f"review.tag{number}",
            label=f"tag {number}",
            description=f"Tag it {tag}, or take that tag off",
            keys=(str(number),),
            why_not=can_review,
        )
        for number, tag in enumerate(REASON_TAGS, 1)
    ),
)
