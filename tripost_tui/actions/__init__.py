"""Everything a person can do in the app, in one table.

Key bindings, the footer, the help screen, the go-to menu and the command palette are all made
from it, so that they cannot disagree. An action that is not possible now stays where it is and
says why. The one who carries out ``run.pause`` is ``do_pause`` of the run screen; for the target
``global`` it is the app.
"""

from collections.abc import Iterable

from tripost_tui.actions import (
    dialogs,
    doctor,
    everywhere,
    home,
    new_project,
    playground,
    report,
    review,
    run,
)
from tripost_tui.actions.kinds import DIALOGS, STAGES, TITLES, TYPED_IN, Action, Target

MOST_FOOTER_KEYS = 7

ACTIONS: tuple[Action, ...] = (
    *home.ACTIONS,
    *run.ACTIONS,
    *review.ACTIONS,
    *report.ACTIONS,
    *playground.ACTIONS,
    *new_project.ACTIONS,
    *doctor.ACTIONS,
    *dialogs.ACTIONS,
    *everywhere.ACTIONS,
)

_BY_ID = {action.id: action for action in ACTIONS}

_SHOWN = {
    "question_mark": "?",
    "escape": "esc",
    "f1": "F1",
    "shift+tab": "S-tab",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "backspace": "bksp",
}


def action(action_id: str) -> Action:
    """Raises KeyError when there is no such action."""
    return _BY_ID[action_id]


def actions_of(*targets: Target) -> list[Action]:
    """The actions of these targets, in the table's order."""
    return [each for each in ACTIONS if each.target in targets]


def more_key(target: Target) -> str:
    """The key that shows all others, as it is shown."""
    return "F1" if target in TYPED_IN else "?"


def footer_actions(target: Target) -> list[Action]:
    """What the footer of a screen shows, at most `MOST_FOOTER_KEYS`; the key for more comes after.

    Where one types, keys that would only type are left out.
    """
    ranked = [
        each
        for each in actions_of(target, Target.GLOBAL)
        if each.footer is not None and not (target in TYPED_IN and len(each.keys[0]) == 1)
    ]
    return sorted(ranked, key=lambda each: each.footer or 0)[:MOST_FOOTER_KEYS]


def goto_actions() -> list[Action]:
    """The go-to menu."""
    return [each for each in ACTIONS if each.letter]


def shown_key(key: str) -> str:
    """A key as it stands on a keyboard, and short: ``esc``, ``^q``, ``?``."""
    if key in _SHOWN:
        return _SHOWN[key]
    return f"^{key[5:]}" if key.startswith("ctrl+") else key


def shown_keys(keys: Iterable[str]) -> str:
    return " ".join(shown_key(key) for key in keys)


def clashes(table: Iterable[Action] = ACTIONS) -> list[str]:
    """Keys, letters and ids that are given twice where only one can have them, in words.

    A key of a screen may not be a global one either, save escape. Dialogs have their own.
    """
    found: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for each in table:
        places = [("id", each.id)] + [(each.target.value, key) for key in each.keys]
        if each.letter:
            places.append(("go-to menu", each.letter))
        for place in places:
            if place in seen:
                found.append(f"{place[1]} ({place[0]}): {seen[place]} and {each.id}")
            seen.setdefault(place, each.id)
    own = {target.value for target in Target if target not in DIALOGS} - {Target.GLOBAL.value}
    for (target, key), owner in seen.items():
        shared = seen.get((Target.GLOBAL.value, key))
        if shared and target in own and key != "escape":
            found.append(f"{key} ({target}): {owner} and {shared}")
    return found


__all__ = [
    "ACTIONS",
    "MOST_FOOTER_KEYS",
    "STAGES",
    "TITLES",
    "Action",
    "Target",
    "action",
    "actions_of",
    "clashes",
    "footer_actions",
    "goto_actions",
    "more_key",
    "shown_key",
    "shown_keys",
]
