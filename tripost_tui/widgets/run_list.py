"""The rows of Home: two lines for each run, in columns that fit the width."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tripost_tui.glyphs import Glyphs, signs_in_ascii
from tripost_tui.state.home import RunRow
from tripost_tui.state.wording import age, shorten, size
from tripost_tui.text import one_line

_STATE_STYLES = {
    "running": "$text-success",
    "pausing": "$text-warning",
    "paused": "$text-warning",
    "waiting for review": "$text-warning",
    "starting": "$text-accent",
    "stopping": "$text-warning",
    "finished": "$text-accent",
    "failed": "$text-error",
    "unreadable": "$text-error",
}


def state_content(word: str, glyphs: Glyphs) -> Content:
    """A state's sign and word, in its colour."""
    style = "$text-warning" if word.startswith("no heartbeat") else _STATE_STYLES.get(word, "")
    sign = glyphs.warning if word == "unreadable" else glyphs.of_state(word)
    return Content.styled(f"{sign} {word}", style)


def row_content(row: RunRow, width: int, now: float, glyphs: Glyphs) -> Content:
    """A row in ``width`` columns."""
    name_width = max(12, min(40, width - 61))
    name = row.name if row.latest else f"  run {row.run_id}, earlier"
    head = Content.assemble(
        (f"{shorten(one_line(name, 80), name_width, glyphs.ellipsis):<{name_width}}  ", "bold"),
        _padded(state_content(row.word, glyphs), 22),
    )
    rest = width - name_width - 2 - 22
    progress = f"iteration {row.iteration}/{row.iterations}" if row.run_id is not None else ""
    accuracy = _accuracy(row, glyphs)
    below = []
    if rest >= 35:
        head = Content.assemble(head, f"{progress:<16} ", (accuracy, "bold"))
    elif rest >= 16:
        head, below = Content.assemble(head, progress), [accuracy]
    else:
        below = [progress, accuracy]
    second = _second_line(row, below, width, now, glyphs)
    if glyphs.ellipsis.isascii():
        second = signs_in_ascii(second)
    return Content.assemble(head, "\n", (second, "dim"))


def _padded(content: Content, width: int) -> Content:
    return content.pad_right(max(0, width - content.cell_length))


def _accuracy(row: RunRow, glyphs: Glyphs) -> str:
    """The final answers', from the start to now."""
    if row.final is None:
        return ""
    if row.start is None or row.start == row.final:
        return f"{100 * row.final:.1f}% right"
    return f"{100 * row.start:.1f} {glyphs.arrow} {100 * row.final:.1f}% right"


def _second_line(row: RunRow, below: Sequence[str], width: int, now: float, glyphs: Glyphs) -> str:
    """As many particulars as fit, the most telling first; a path may be shortened."""
    path = one_line(str(row.path), 400)
    if row.trouble:
        trouble = one_line(row.trouble, max(20, width - 16))
        place = shorten(path, max(12, width - len(trouble) - 3), glyphs.ellipsis)
        return f"{trouble} {glyphs.dot} {place}"
    parts = list(below)
    if row.event_at is not None:
        parts.append(f"{one_line(row.event, 60)}, {age(now - row.event_at)}")
    if row.pending_reviews:
        parts.append(f"{row.pending_reviews:,} to review")
    if row.first is not None:
        parts.append(f"first {100 * row.first:.1f}%")
    if row.disk_bytes is not None:
        parts.append(size(row.disk_bytes))
    line = ""
    for part in filter(None, parts):
        longer = f"{line} {glyphs.dot} {part}" if line else part
        if len(longer) > width:
            break
        line = longer
    if row.latest:
        left = width - len(line) - 3
        shown = path if len(path) <= left else f"{glyphs.ellipsis}/{one_line(row.path.name, 80)}"
        if len(shown) <= left:
            return f"{line} {glyphs.dot} {shown}" if line else shown
    return line


class RunList(OptionList):
    """Keeps its place while the rows change under it."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="runs", markup=False)
        self._glyphs = glyphs
        self._rows: Sequence[RunRow] = ()
        self._now = 0.0
        self._contents: list[Content] = []

    def show(self, rows: Sequence[RunRow], selected: int | None, now: float) -> None:
        self._rows, self._now = rows, now
        width = max(20, self.scrollable_content_region.width - 2)
        contents = [row_content(row, width, now, self._glyphs) for row in rows]
        if len(contents) != len(self._contents):
            self.clear_options()
            self.add_options([Option(content) for content in contents])
        else:
            for at, (old, new) in enumerate(zip(self._contents, contents, strict=True)):
                if not old.is_same(new):
                    self.replace_option_prompt_at_index(at, new)
        self._contents = contents
        if self.highlighted != selected:
            self.highlighted = selected

    def on_resize(self, _: Resize) -> None:
        self.show(self._rows, self.highlighted, self._now)
