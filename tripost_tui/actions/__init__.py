"""Everything a person can do in the app, in one table.

Key bindings, the footer, the help screen, the go-to menu and the command palette are all made
from it, so that they cannot disagree. An action that is not possible now stays where it is and
says why. The one who carries out ``run.pause`` is ``do_pause`` of the run screen; for the target
``global`` it is the app.
"""

from collections.abc import Iterable, Mapping

from tripost_tui.actions import (
    balance,
    collect,
    dialogs,
    doctor,
    evaluate,
    everywhere,
    export,
    home,
    keymap,
    new_project,
    playground,
    report,
    review,
    run,
    settings,
    train,
)
from tripost_tui.actions.keys import shown_key, shown_keys, types
from tripost_tui.actions.kinds import STAGES, TITLES, TYPED_IN, Action, Target

MOST_FOOTER_KEYS = 7

ACTIONS: tuple[Action, ...] = (
    *home.ACTIONS,
    *run.ACTIONS,
    *collect.ACTIONS,
    *review.ACTIONS,
    *balance.ACTIONS,
    *evaluate.ACTIONS,
    *train.ACTIONS,
    *report.ACTIONS,
    *playground.ACTIONS,
    *new_project.ACTIONS,
    *doctor.ACTIONS,
    *settings.ACTIONS,
    *export.ACTIONS,
    *dialogs.ACTIONS,
    *everywhere.ACTIONS,
)

_BY_ID = {action.id: action for action in ACTIONS}


def use_keys(changed: Mapping[str, tuple[str, ...]]) -> None:
    """From now on these actions have other keys than by default."""
    keymap.use(keymap.Keymap(ACTIONS, changed))


use_keys({})


def action(action_id: str) -> Action:
    """Raises KeyError when there is no such action."""
    return _BY_ID[action_id]


def actions_of(*targets: Target) -> list[Action]:
    """The actions of these targets, in the table's order."""
    return [each for each in ACTIONS if each.target in targets]


def more_key(target: Target, *, typing: bool = False) -> str:
    """The key that shows all others, as it is shown."""
    return shown_key(offered_key(action("global.help"), target, typing=typing) or "f1")


def offered_key(action: Action, target: Target, *, typing: bool = False) -> str | None:
    """The first key of an action that works in a screen: where one types, letters do not.

    ``typing``: also in a screen where one mostly does not, since an editor is open.
    """
    typed = typing or target in TYPED_IN
    keys = (key for key in keymap.keys_of(action) if not (typed and types(key)))
    return next(keys, None)


def footer_actions(target: Target) -> list[Action]:
    """What the footer of a screen shows, at most `MOST_FOOTER_KEYS`; the key for more comes after.

    What has no key that works there is left out.
    """
    ranked = [
        each
        for each in actions_of(target, Target.GLOBAL)
        if each.footer is not None and offered_key(each, target)
    ]
    return sorted(ranked, key=lambda each: each.footer or 0)[:MOST_FOOTER_KEYS]


def editor_actions(target: Target) -> list[Action]:
    """What the footer of a screen shows while an editor is open: how one gets out of it."""
    ways_out = {f"{target}.save", "global.back", "global.quit"}
    return [
        each
        for each in actions_of(target, Target.GLOBAL)
        if each.id in ways_out and offered_key(each, target, typing=True)
    ]


def goto_actions() -> list[Action]:
    """The go-to menu."""
    return [each for each in ACTIONS if each.letter]


def clashes(table: Iterable[Action] = ACTIONS) -> list[str]:
    """Keys, letters and ids that are given twice where only one can have them, in words."""
    return [
        f"{one.what} ({one.where}): {one.first.id} and {one.second.id}"
        for one in keymap.clashing(table)
    ]


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
    "editor_actions",
    "footer_actions",
    "goto_actions",
    "more_key",
    "offered_key",
    "shown_key",
    "shown_keys",
    "use_keys",
]
