"""Actions of the export screen."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import can_copy_command, can_create, can_export, can_read

ACTIONS: tuple[Action, ...] = (
    Action(
        id="export.write",
        label="export",
        description="Write the chosen format into the folder",
        keys=("enter",),
        why_not=can_export,
        footer=1,
    ),
    Action(
        id="export.iteration",
        label="iteration",
        description="Choose the next iteration",
        keys=("i",),
        why_not=can_read,
        footer=2,
    ),
    Action(
        id="export.folder",
        label="folder",
        description="Name another folder to export into",
        keys=("f",),
        why_not=can_read,
        footer=3,
    ),
    Action(
        id="export.copy",
        label="copy",
        description="Copy the command that is marked",
        keys=("y",),
        why_not=can_copy_command,
        footer=4,
    ),
    Action(
        id="export.command",
        label="command",
        description="Mark the next command",
        keys=("c",),
        why_not=can_copy_command,
        footer=5,
    ),
    Action(
        id="export.create",
        label="to ollama",
        description="Have Ollama take the shown export up: ollama create",
        keys=("o",),
        why_not=can_create,
        footer=6,
    ),
    Action(
        id="export.copy_all",
        label="copy all",
        description="Copy all commands of the shown export",
        keys=("Y",),
        why_not=can_copy_command,
    ),
    Action(
        id="export.earlier",
        label="earlier",
        description="Show the export written before this one",
        keys=("e",),
        why_not=can_copy_command,
    ),
    Action(
        id="export.numbers",
        label="numbers",
        description="Number format of a model: its own, bf16, fp16, fp32",
        keys=("n",),
        why_not=can_read,
    ),
    Action(
        id="export.all",
        label="all iterations",
        description="A dataset of all iterations, or of one",
        keys=("a",),
        why_not=can_read,
    ),
    Action(
        id="export.down",
        label="down",
        description="Next format; arrows scroll a pane that has the focus",
        keys=("j", "down"),
    ),
    Action(
        id="export.up",
        label="up",
        description="Format before",
        keys=("k", "up"),
    ),
    Action(
        id="export.zoom",
        label="zoom",
        description="Zoom commands and files, or the focused pane, or back",
        keys=("z",),
    ),
)
