"""Actions of the settings screen."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import not_filtering, on_a_key, on_a_setting

ACTIONS: tuple[Action, ...] = (
    Action(
        id="settings.change",
        label="change",
        description="Change what is selected, or give it another key",
        keys=("enter",),
        why_not=on_a_setting,
        footer=1,
    ),
    Action(
        id="settings.add",
        label="add a key",
        description="Give the selected action one more key",
        keys=("a",),
        why_not=on_a_key,
        footer=2,
    ),
    Action(
        id="settings.default",
        label="default",
        description="Take what is selected back to its default",
        keys=("x", "backspace"),
        why_not=on_a_setting,
        footer=3,
    ),
    Action(
        id="settings.filter",
        label="filter",
        description="Show keys by words of their action, screen or key",
        keys=("slash",),
        why_not=not_filtering,
        footer=4,
    ),
    Action(
        id="settings.all_defaults",
        label="all defaults",
        description="Take every key back to its default; asks first",
        keys=("R",),
        why_not=not_filtering,
        footer=5,
    ),
    Action(
        id="settings.none",
        label="no key",
        description="Leave the action no key; the palette still has it",
        keys=("d",),
        why_not=on_a_key,
    ),
    Action(
        id="settings.copy",
        label="copy path",
        description="Copy where the file with these settings is",
        keys=("y",),
        why_not=not_filtering,
    ),
    Action(
        id="settings.down",
        label="down",
        description="Next line, as the arrows do",
        keys=("j",),
        why_not=not_filtering,
    ),
    Action(
        id="settings.up",
        label="up",
        description="Previous line",
        keys=("k",),
        why_not=not_filtering,
    ),
)
