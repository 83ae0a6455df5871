"""Actions of the Playground. Those with ctrl work in the field, too."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import can_ask, can_copy_answer, has_items, is_readable

ACTIONS: tuple[Action, ...] = (
    Action(
        id="playground.ask",
        label="ask",
        description="Ask the question in the field; loads the student first",
        keys=("enter",),
        why_not=can_ask,
        footer=1,
    ),
    Action(
        id="playground.random",
        label="test item",
        description="Take a test item by chance; its answer is known",
        keys=("ctrl+r", "r"),
        why_not=has_items,
        footer=2,
    ),
    Action(
        id="playground.models",
        label="models",
        description="Choose the models of the two columns",
        keys=("ctrl+o", "m"),
        why_not=is_readable,
        footer=3,
    ),
    Action(
        id="playground.temperature",
        label="temperature",
        description="Greedy as in the evaluation, or sampled at 0.3, 0.7, 1",
        keys=("ctrl+t", "t"),
        why_not=is_readable,
        footer=5,
    ),
    Action(
        id="playground.cancel",
        label="cancel, back",
        description="Cancel the answer; else leave the field, the screen",
        keys=("escape",),
        footer=4,
    ),
    Action(
        id="playground.write",
        label="write",
        description="Go to the field; there letters only type",
        keys=("i",),
    ),
    Action(
        id="playground.newline",
        label="new line",
        description="Begin a new line in the field",
        keys=("ctrl+j", "shift+enter"),
    ),
    Action(
        id="playground.earlier",
        label="question before",
        description="The question before; in the field from its first line",
        keys=("up",),
    ),
    Action(
        id="playground.later",
        label="question after",
        description="The question after; in the field from its last line",
        keys=("down",),
    ),
    Action(
        id="playground.seen",
        label="seen item",
        description="Take a test item of a difficulty that is trained on",
        keys=("s",),
        why_not=has_items,
    ),
    Action(
        id="playground.unseen",
        label="unseen item",
        description="Take a test item of a difficulty never trained on",
        keys=("u",),
        why_not=has_items,
    ),
    Action(
        id="playground.more",
        label="more updates",
        description="Let it write one update more at most",
        keys=("plus",),
        why_not=is_readable,
    ),
    Action(
        id="playground.fewer",
        label="fewer updates",
        description="Let it write one update less at most",
        keys=("minus",),
        why_not=is_readable,
    ),
    Action(
        id="playground.copy",
        label="copy",
        description="Copy the question and its answers",
        keys=("y",),
        why_not=can_copy_answer,
    ),
    Action(
        id="playground.zoom",
        label="zoom",
        description="Zoom the focused column to the whole screen, or back",
        keys=("z",),
    ),
)
