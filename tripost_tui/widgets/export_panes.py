"""The export screen's panes as text."""

from __future__ import annotations

import textwrap

from textual.content import Content

from tripost_tui.actions.keymap import key_of
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.export import ExportState
from tripost_tui.state.wording import duration
from tripost_tui.text import clean_text, one_line

_BAR = 24
_NAME, _SIZE = 8, 9
_HANGING_FROM = 60
"""Columns from which what is said of a format keeps to its own column."""

_MOST_FILES = 12


def iterations_content(state: ExportState, glyphs: Glyphs) -> Content:
    """The iterations, each with its accuracy; the chosen one is marked and bold."""
    rows = state.iteration_rows()
    if not rows:
        text = "none yet" if state.reading else "looking" + glyphs.ellipsis
        return Content.styled(text, "dim")
    lines = []
    for row in rows:
        sign = glyphs.arrow if row.chosen else " "
        note = f"  {row.note}" if row.note else ""
        lines.append(
            Content.assemble(
                (f"{sign} {row.iteration}  ", "bold $accent" if row.chosen else ""),
                (row.accuracy, "bold" if row.chosen else ""),
                (note, "dim"),
            )
        )
    return Content("\n").join(lines)


def formats_content(state: ExportState, width: int, glyphs: Glyphs) -> Content:
    """The formats with their sizes; those that cannot be had stay, with the reason."""
    rows, indent = state.format_rows(), 4
    if width >= _HANGING_FROM:
        indent = 2 + _NAME + 1 + _SIZE + 1
    if not rows:
        return Content.styled("none yet" if state.reading else "looking" + glyphs.ellipsis, "dim")
    lines = []
    for row in rows:
        sign = glyphs.arrow if row.chosen else " "
        out = bool(row.why_not)
        size = f"{glyphs.failed} no" if out else row.size
        head = f"{sign} {row.format.value:<{_NAME}} {size:<{_SIZE}} "
        said = row.why_not if out else row.about
        text = _wrapped(said, width, indent, head, glyphs)
        style = "dim" if out else ""
        chosen = "bold $accent" if row.chosen else style
        lines.append(Content.assemble((head, chosen), (text.removeprefix(head), style)))
    return Content("\n").join(lines)


def order_content(state: ExportState, width: int, glyphs: Glyphs) -> Content:
    """The folder and what else belongs to the order, then why it cannot be given, if so."""
    lines = []
    for name, value in state.order_lines():
        head = f"{name:<8} "
        text = _wrapped(value, width, len(head), head, glyphs)
        lines.append(Content.assemble((head, "dim"), text.removeprefix(head)))
    why = state.why_no_export()
    if state.reading is None or state.working or not state.iteration_rows():
        why = None
    if why is not None and state.is_fresh:
        head = f"{glyphs.warning} not now: "
        text = _wrapped(why, width, 2, head, glyphs)
        lines.append(Content.assemble((head, "bold $text-warning"), (text.removeprefix(head), "")))
    elif lines and state.is_fresh and not state.working:
        lines.append(Content.assemble(("enter", "bold $accent"), " exports it"))
    return Content("\n").join(lines)


def result_content(state: ExportState, width: int, now: float, glyphs: Glyphs) -> Content:
    """The work under way, or how it ended, and the export that is shown."""
    parts = []
    if state.working is not None:
        parts.append(_work(state, now, glyphs))
    ended = state.ended
    if ended is not None and ended.trouble is not None:
        title = f"{glyphs.failed} failed: {one_line(ended.trouble.title)}"
        text = _wrapped(ended.trouble.message, width, 2, "  ", glyphs, most=2000)
        parts.append(Content.assemble((_shown(title, glyphs), "bold $text-error"), "\n", text))
    elif ended is not None and ended.cancelled:
        parts.append(Content.assemble((f"{glyphs.stopped} cancelled", "bold"), ": nothing is left"))
    elif ended is not None:
        parts.append(
            Content.assemble((f"{glyphs.finished} done", "bold $text-success"), f": {ended.title}")
        )
    if state.shown is not None:
        parts += [_export(state, width, glyphs), _commands(state, width, glyphs)]
    elif not parts:
        text = "No export yet. Its files and the commands to use them come here."
        return Content.styled(text, "dim")
    return Content("\n\n").join(part for part in parts if part)


def earlier_content(state: ExportState, now: float, glyphs: Glyphs) -> Content:
    lines = []
    for shown, name, about in state.earlier_lines(now):
        sign = glyphs.arrow if shown else " "
        lines.append(
            Content.assemble(
                (f"{sign} {_shown(name, glyphs)}", "bold $accent" if shown else ""),
                (f"  {about}", "dim"),
            )
        )
    return Content("\n").join(lines) if lines else Content.styled("none yet", "dim")


def _work(state: ExportState, now: float, glyphs: Glyphs) -> Content:
    work = state.working
    assert work is not None
    step, how_far, share = state.work_lines()
    took = duration(max(0.0, now - work.since))
    parts: list[tuple[str, str] | str] = [
        (f"{glyphs.running} {_shown(work.title, glyphs)}", "bold $text-accent"),
        f"\n{_shown(step, glyphs)}{glyphs.ellipsis} {took}",
    ]
    if share is not None:
        full = round(share * _BAR)
        bar = glyphs.bar_full * full + glyphs.bar_empty * (_BAR - full)
        parts.append(f"\n{bar} {100 * share:.0f}%, {how_far}")
    parts += ["\n", ("esc", "bold $accent"), " cancels it and leaves nothing behind"]
    return Content.assemble(*parts)


def _export(state: ExportState, width: int, glyphs: Glyphs) -> Content:
    folder, about = state.shown_lines()
    lines = [
        Content.styled(_wrapped(folder, width, 2, "", glyphs), "bold"),
        Content(_wrapped(about, width, 2, "", glyphs)),
    ]
    files = state.file_lines()
    for size, name in files[:_MOST_FILES]:
        lines.append(Content.assemble((f"{size:>9}  ", "dim"), _shown(name, glyphs)))
    if len(files) > _MOST_FILES:
        lines.append(Content.styled(f"{'':>11}and {len(files) - _MOST_FILES} more", "dim"))
    return Content("\n").join(lines)


def _commands(state: ExportState, width: int, glyphs: Glyphs) -> Content:
    parts = []
    for index, usage in enumerate(state.usages()):
        marked = index == min(state.command, len(state.usages()) - 1)
        sign = glyphs.arrow if marked else " "
        head: list[tuple[str, str]] = [
            (f"{sign} {usage.about}", "bold $accent" if marked else "bold"),
            *([(f"  {key_of('export.copy')} copies", "dim")] if marked else []),
        ]
        text = "\n".join(_broken(line, width - 2) for line in clean_text(usage.text).split("\n"))
        parts.append(Content.assemble(*head, "\n", _shown(text, glyphs)))
    return Content("\n\n").join(parts)


def _broken(line: str, width: int) -> str:
    """A line of a command, broken where it must be; it is copied whole."""
    width = max(20, width)
    pieces = textwrap.wrap(line, width, break_on_hyphens=False, drop_whitespace=False) or [""]
    return "\n".join(f"  {piece}" for piece in pieces)


def _wrapped(
    text: str, width: int, indent: int, first: str, glyphs: Glyphs, most: int = 600
) -> str:
    kept = " ".join(clean_text(text[: 8 * most]).split())[:most]
    return (
        textwrap.fill(
            _shown(kept, glyphs),
            max(24, width),
            initial_indent=first,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
        or first
    )


def _shown(text: str, glyphs: Glyphs) -> str:
    return to_ascii(text) if glyphs.ellipsis.isascii() else text
