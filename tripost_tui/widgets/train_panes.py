"""What stands in the panes of the train screen, as styled text made from its state."""

from textual.content import Content

from tripost_tui.glyphs import Glyphs
from tripost_tui.state.training import Figure, TrainState

_NAME = 15
_TWO_COLUMNS = 72
_STYLES = {"": "", "warning": "$text-warning", "error": "bold $text-error"}
_TONES = {
    "": "",
    "error": "bold $text-error",
    "step": "$primary",
    "smooth": "$accent",
    "other": "$warning",
}


def figures_content(state: TrainState, now: float, width: int, glyphs: Glyphs) -> Content:
    """A line for each figure, two side by side where there is room; or why there are none."""
    if reason := state.empty():
        return Content(reason)
    lines = [_line(one, glyphs) for one in state.lines(now)]
    if width < _TWO_COLUMNS:
        return Content("\n").join(lines)
    room = width // 2
    short = [line for line in lines if line.cell_length < room]
    half = -(-len(short) // 2)
    left, right = short[:half], [*short[half:], Content("")][:half]
    pairs = [
        Content.assemble(one.pad_right(room - one.cell_length), other)
        for one, other in zip(left, right, strict=True)
    ]
    return Content("\n").join([*pairs, *(line for line in lines if line.cell_length >= room)])


def _line(figure: Figure, glyphs: Glyphs) -> Content:
    value = figure.value.replace("°", "") if glyphs.dot.isascii() else figure.value
    sign = f"{glyphs.warning} " if figure.level else ""
    return Content.assemble(
        (f"{figure.name:<{_NAME}} ", "dim"), (f"{sign}{value}", _STYLES[figure.level])
    )


def alerts_content(state: TrainState, now: float, glyphs: Glyphs) -> Content:
    """The newest first, each with its age."""
    found = state.alerts(now)
    if not found:
        return Content.styled("None in this training.", "dim")
    lines = []
    for level, message, ago in found:
        sign = glyphs.failed if level == "error" else glyphs.warning
        lines.append(Content.assemble((f"{sign} {message}", _STYLES[level]), (f", {ago}", "dim")))
    return Content("\n").join(lines)


def words_content(state: TrainState, name: str) -> Content:
    """What a chart shows."""
    return Content.assemble(*((text, _TONES[tone]) for text, tone in state.words(name) if text))
