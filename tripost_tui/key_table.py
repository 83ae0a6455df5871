"""All keys as a table: for the terminal, for programs, for the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tripost_tui.actions import TITLES, Target
from tripost_tui.actions.keymap import Keymap
from tripost_tui.actions.keys import shown_key


@dataclass(frozen=True, slots=True)
class KeyLine:
    """An action, and the keys by Textual's names that carry it out. ``yours``: not the default."""

    target: Target
    id: str
    label: str
    description: str
    keys: tuple[str, ...]
    letter: str | None
    yours: bool

    @property
    def shown(self) -> list[str]:
        """Its keys as they stand on a keyboard; the go-to menu's letter stands after its key."""
        return [shown_key(key) for key in self.keys]


def key_rows(keymap: Keymap) -> list[KeyLine]:
    """Those that work everywhere first, then screen by screen."""
    return [
        KeyLine(
            target,
            each.id,
            each.label,
            keymap.fill(each.description),
            keymap.keys(each.id),
            each.letter,
            each.id in keymap.changed,
        )
        for target in Target
        for each in keymap.table
        if each.target is target
    ]


def _ways(row: KeyLine, goto: str) -> list[str]:
    """All ways to it by key."""
    return [*row.shown, *([f"{goto} {row.letter}"] if row.letter and goto else [])]


def _goto(rows: Sequence[KeyLine]) -> str:
    return next((key for row in rows if row.id == "global.goto" for key in row.shown), "")


def keys_text(rows: Sequence[KeyLine]) -> str:
    """Lines for a terminal, ``*`` at a person's own."""
    lines: list[str] = []
    for target in dict.fromkeys(row.target for row in rows):
        lines += [""] * bool(lines) + [TITLES[target]]
        for row in rows:
            if row.target is target:
                ways = "  ".join(_ways(row, _goto(rows))) or "palette"
                mark = "*" if row.yours else " "
                lines.append(f"{mark} {ways:<18} {row.description}")
    return "\n".join(lines) + "\n"


def keys_json(rows: Sequence[KeyLine]) -> str:
    """A JSON object a line."""
    return "".join(
        json.dumps(
            {
                "action": row.id,
                "screen": TITLES[row.target],
                "label": row.label,
                "description": row.description,
                "keys": list(row.keys),
                "goto": row.letter,
                "yours": row.yours,
            },
            ensure_ascii=False,
        )
        + "\n"
        for row in rows
    )


def keys_markdown(rows: Sequence[KeyLine]) -> str:
    """A page with a table for each screen."""
    lines = [
        "# Keys",
        "",
        "Made by `tripost keys --markdown --default`. `^q` is ctrl+q, `S-tab` shift+tab. Every",
        "screen has those that work everywhere, too. All of them can be changed in the settings",
        "(`g s`) or in their file, by the name of the action.",
    ]
    for target in dict.fromkeys(row.target for row in rows):
        lines += ["", f"## {TITLES[target]}", "", "| keys | does | action |", "| --- | --- | --- |"]
        for row in rows:
            if row.target is target:
                ways = " ".join(_code(way) for way in _ways(row, _goto(rows))) or "palette"
                about = row.description.replace("|", "\\|")
                lines.append(f"| {ways} | {about} | `{row.id}` |")
    return "\n".join(lines) + "\n"


def _code(key: str) -> str:
    if "`" in key:
        return f"`` {key} ``"
    return "`" + key.replace("|", "\\|") + "`"
