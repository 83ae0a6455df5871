"""The trajectory under review as styled text: model text is data, never markup."""

from collections.abc import Iterable, Sequence

from textual.content import Content

from engine.reason_tags import REASON_TAGS
from tripost_tui.actions.keymap import fill
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.review_passages import DiffMode, Shown
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.review_words import VERDICTS
from tripost_tui.state.trajectory import Passage
from tripost_tui.state.word_diff import Change, Piece, added_ranges, removed_ranges, word_diff
from tripost_tui.text import one_line
from tripost_tui.widgets.review_list import status_content
from tripost_tui.widgets.run_panes import FLAGGED, TONES
from tripost_tui.widgets.side_by_side import side_by_side

REMOVED = "strike $text-error"
ADDED = "bold underline $text-success"
_SECOND_LOOK = (
    "second look: {review.accept} or {review.reject} as if for the first time; "
    "{review.later} puts it off"
)
TAGS_FROM = 74
"""Columns from which all tags with their numbers take two lines."""
NARROWEST = 60
"""Columns under which two texts have no room side by side."""


def fitting_mode(mode: DiffMode, width: int) -> DiffMode:
    """``mode``, or what has room where it has none."""
    return DiffMode.WORDS if mode is DiffMode.SPLIT and width < NARROWEST else mode


def item_content(shown: Sequence[Shown], mode: DiffMode, width: int, glyphs: Glyphs) -> Content:
    """Passages one below the other, updates as ``mode`` says."""
    mode = fitting_mode(mode, width)
    blocks: list[Content] = []
    for each in shown:
        passage, before = each.passage, each.before
        if mode is DiffMode.SPLIT and each.leads_on:
            blocks += [
                split_content(passage, other.passage, width, glyphs)
                for other in shown
                if other.before is passage
            ]
        elif mode is DiffMode.SPLIT and before is not None:
            continue  # it stands beside what it is an update of
        elif mode is DiffMode.PLAIN or before is None:
            blocks.append(_block(passage, _flagged(passage)))
        else:
            blocks.append(_block(passage, words_content(word_diff(before.text, passage.text))))
    return Content("\n").join(blocks)


def _block(passage: Passage, text: Content) -> Content:
    return Content.assemble((passage.heading, TONES[passage.tone]), "\n", text)


def _flagged(passage: Passage) -> Content:
    text = Content(passage.text)
    for start, end in passage.flagged:
        text = text.stylize(FLAGGED, start, end)
    return text


def words_content(pieces: Iterable[Piece]) -> Content:
    """One text in which what was removed is struck out and what was added underlined."""
    styles = {Change.SAME: "", Change.REMOVED: REMOVED, Change.ADDED: ADDED}
    return Content.assemble(*((piece.text, styles[piece.change]) for piece in pieces))


def split_content(before: Passage, after: Passage, width: int, glyphs: Glyphs) -> Content:
    """Two texts side by side, what differs marked in both."""
    pieces = word_diff(before.text, after.text)
    left, right = Content(before.text), Content(after.text)
    for start, end in removed_ranges(pieces):
        left = left.stylize(REMOVED, start, end)
    for start, end in added_ranges(pieces):
        right = right.stylize(ADDED, start, end)
    for start, end in before.flagged:
        left = left.stylize(FLAGGED, start, end)
    one, other = (
        Content.assemble((passage.heading, TONES[passage.tone]), "\n", text)
        for passage, text in ((before, left), (after, right))
    )
    return side_by_side(one, other, width, glyphs)


def decision_content(view: ReviewView, width: int, glyphs: Glyphs, *, brief: bool) -> Content:
    """How the item stands, its tags with their numbers, its note; ``brief`` where room is short."""
    item = view.item
    if item is None:
        return Content("")
    state = item.state
    if view.second_look:
        return Content.styled(
            f"{glyphs.warning} {fill(_SECOND_LOOK)}",
            "bold $text-accent",
        )
    parts = [status_content(state.status, glyphs)]
    if state.flagged:
        parts.append(Content.styled(f"{glyphs.warning} flagged", "bold $text-warning"))
    if state.edited is not None:
        parts.append(Content.styled("e edited", "bold $text-accent"))
    if not view.blind:
        parts.append(Content(VERDICTS[item.checked]))
    else:
        parts.append(Content.styled("blind: the checker's verdict is hidden", "dim"))
    lines = [Content(f" {glyphs.dot} ").join(parts)]
    if brief and width < TAGS_FROM:
        tags = ", ".join(one_line(tag, 40) for tag in state.tags)
        lines.append(Content.assemble(("1-9 tags: ", "dim"), tags or "none"))
    else:
        lines += _in_lines(_tags(state.tags), width)
    if state.note:
        lines.append(Content.assemble(("note: ", "dim"), one_line(state.note, 300)))
    return Content("\n").join(lines)


def _in_lines(parts: Sequence[Content], width: int) -> list[Content]:
    """Put parts into lines of at most ``width`` cells; none is broken."""
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + 2 + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], "  ", part)
        else:
            lines.append(part)
    return lines


def _tags(chosen: Sequence[str]) -> list[Content]:
    found = []
    for number, tag in enumerate(REASON_TAGS, 1):
        on = tag in chosen
        name = f"[{tag}]" if on else tag
        found.append(
            Content.assemble(
                (str(number), "bold $accent"),
                " ",
                (name, "bold $text-warning" if on else "dim"),
            )
        )
    # Tags that the keys do not stand for: of the command line, or of another version.
    found += [
        Content.styled(f"[{one_line(tag, 40)}]", "bold $text-warning")
        for tag in chosen
        if tag not in REASON_TAGS
    ]
    return found
