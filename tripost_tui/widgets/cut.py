"""A line that is cut where its room ends, and says so."""

from textual.content import Content

from tripost_tui.glyphs import Glyphs


def in_width(line: Content, width: int, glyphs: Glyphs) -> Content:
    """``line`` in ``width`` cells: filled up, or cut with the ellipsis of ``glyphs`` at its end."""
    if line.cell_length > width:
        room = max(0, width - len(glyphs.ellipsis))
        line = Content.assemble(line.truncate(room, ellipsis=False), glyphs.ellipsis)
    return line.truncate(width, ellipsis=False, pad=True)
