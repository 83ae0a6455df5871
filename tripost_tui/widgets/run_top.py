"""The top line and the newest event of a screen about one run, as styled text."""

from typing import Any

from textual.content import Content

from tripost_tui.glyphs import Glyphs
from tripost_tui.state.standing import Standing
from tripost_tui.state.wording import age
from tripost_tui.text import one_line
from tripost_tui.widgets.run_list import state_content


def top_content(state: Standing[Any], width: int, glyphs: Glyphs) -> Content:
    """Run, iteration, stage, state, VRAM, ETA; the last go first where room is short."""
    separator = f" {glyphs.dot} "
    parts: list[Content] = [Content(part) for part in state.heading()]
    parts[0] = Content.styled(str(parts[0]), "bold")
    parts.append(state_content(state.word, glyphs))
    # The ETA goes after VRAM, which others may need as well.
    for more in ([state.vram(), state.eta()], [state.eta()], []):
        line = Content(separator).join([*parts, *(Content(one) for one in more if one)])
        if line.cell_length <= width:
            break
    return line


def event_content(state: Standing[Any], now: float, glyphs: Glyphs) -> Content:
    """The last thing that happened."""
    if not state.events:
        return Content("")
    last = state.events[-1]
    style = {"error": "$text-error", "warning": "$text-warning"}.get(last.level.value, "dim")
    sign = glyphs.dot if last.level.value == "info" else glyphs.warning
    return Content.styled(f"{sign} {one_line(last.message, 300)}, {age(now - last.at)}", style)
