"""The presets as lines."""

from __future__ import annotations

import textwrap

from engine.presets import PRESETS, Group

_WIDTH = 88
_NAME = max(map(len, PRESETS)) + 2


def list_text() -> str:
    """Every preset by group, with what it is."""
    lines: list[str] = []
    for group in Group:
        lines += [*([""] if lines else []), f"{group}:"]
        for preset in PRESETS.values():
            if preset.group is group:
                part = f" ({preset.part})" if preset.part else ""
                lines += textwrap.wrap(
                    preset.says + part,
                    _WIDTH,
                    initial_indent=f"  {preset.name:<{_NAME}}",
                    subsequent_indent=" " * (_NAME + 2),
                )
    lines += [
        "",
        "They go together: --preset demo --preset lmsi. In brackets, where it is in the paper.",
    ]
    return "\n".join(lines)
