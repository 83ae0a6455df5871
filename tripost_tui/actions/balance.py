"""Actions of the balance."""

from tripost_tui.actions.kinds import Action, Target
from tripost_tui.actions.moving import moving
from tripost_tui.actions.steering import zoom
from tripost_tui.situation import (
    can_change_values,
    can_save_values,
    has_example,
    has_iterations,
    has_other_values,
    not_typing,
)

ACTIONS: tuple[Action, ...] = (
    Action(
        id="balance.rows",
        label="rows",
        description="Other rows: what trains, what is left out and why, all",
        keys=("f",),
        why_not=has_iterations,
        footer=1,
    ),
    Action(
        id="balance.kind",
        label="kind",
        description="One kind alone: improving, non-improving, ground truth",
        keys=("t",),
        why_not=has_iterations,
        footer=2,
    ),
    Action(
        id="balance.values",
        label="values",
        description="Change p and the weights; the counts follow",
        keys=("p", "w"),
        why_not=can_change_values,
        footer=3,
    ),
    Action(
        id="balance.save",
        label="save",
        description="Save p and the weights to project.toml, for examples that are not made yet",
        keys=("ctrl+s",),
        why_not=can_save_values,
        footer=4,
    ),
    Action(
        id="balance.numbers",
        label="numbers",
        description="Write each weight behind its text, or do not",
        keys=("n",),
        why_not=has_example,
        footer=5,
    ),
    Action(
        id="balance.iteration",
        label="iteration",
        description="Next iteration",
        keys=("i", "full_stop"),
        why_not=has_iterations,
        footer=6,
    ),
    Action(
        id="balance.iteration_before",
        label="iteration before",
        description="Iteration before",
        keys=("I", "comma"),
        why_not=has_iterations,
    ),
    Action(
        id="balance.more",
        label="raise p",
        description="Raise p by 0.05",
        keys=("plus", "equals_sign"),
        why_not=can_change_values,
    ),
    Action(
        id="balance.less",
        label="lower p",
        description="Lower p by 0.05; below that it is off",
        keys=("minus",),
        why_not=can_change_values,
    ),
    Action(
        id="balance.off",
        label="p off",
        description="No rebalancing: take all that there is",
        keys=("0",),
        why_not=can_change_values,
    ),
    Action(
        id="balance.reset",
        label="reset",
        description="Take p and the weights back to what is saved or used",
        keys=("u",),
        why_not=has_other_values,
    ),
    Action(
        id="balance.rows_before",
        label="rows before",
        description="Show the rows before these",
        keys=("F",),
        why_not=has_iterations,
    ),
    Action(
        id="balance.copy",
        label="copy",
        description="Copy the example, with weights where they are written",
        keys=("y",),
        why_not=has_example,
    ),
    zoom(Target.BALANCE, why_not=not_typing),
    *moving(Target.BALANCE, "example", down="Next example", up="Example before"),
)
