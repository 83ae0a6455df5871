"""Findings as text: a sign and a word, what was looked at, what was found, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.text import clean_text, one_line

_LONGEST = 600
_WORD, _LONGEST_NAME = 10, 18
_COLUMNS_FROM = 56
"""Columns of the terminal from which word, name and detail stand in columns of their own."""

_STYLES = {
    "ok": "$text-success",
    "warning": "$text-warning",
    "failed": "$text-error",
    "looking": "$text-accent",
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """``word`` is ok, warning, failed, looking or anything else; texts need not be clean."""

    word: str
    name: str
    detail: str
    fix: str = ""


def findings_content(lines: Sequence[FindingLine], width: int, glyphs: Glyphs) -> Content:
    """The findings one below the other, wrapped to ``width``; in columns where there is room."""
    names = [len(line.name) for line in lines if len(line.name) <= _LONGEST_NAME]
    column = max(names, default=0) + 1
    make = _in_columns if width >= _COLUMNS_FROM else _in_a_row
    return Content("\n").join([make(line, width, column, glyphs) for line in lines])


def _in_columns(line: FindingLine, width: int, column: int, glyphs: Glyphs) -> Content:
    name = one_line(line.name, _LONGEST)
    head = f"{_sign(line, glyphs)} {line.word:<{_WORD}}"
    indent = len(head) + column
    # A long name takes some of its detail's room.
    first = " " * (len(head) + max(column, len(name) + 1))
    detail = _wrapped(line.detail, width, indent, first, glyphs).removeprefix(first)
    named = f"{name:<{len(first) - len(head)}}"
    parts = [(head, f"bold {_style(line)}"), (named, "bold"), (detail, "")]
    return Content.assemble(*parts, *_fix(line, width, indent, glyphs))


def _in_a_row(line: FindingLine, width: int, _: int, glyphs: Glyphs) -> Content:
    head, name = f"{_sign(line, glyphs)} {line.word} ", f"{one_line(line.name, _LONGEST)}:"
    text = _wrapped(f"{name} {line.detail}", width, 2, head, glyphs).removeprefix(head)
    parts = [(head, f"bold {_style(line)}")]
    if text.startswith(name):
        parts.append((name, "bold"))
        text = text.removeprefix(name)
    return Content.assemble(*parts, (text, ""), *_fix(line, width, 2, glyphs))


def _sign(line: FindingLine, glyphs: Glyphs) -> str:
    signs = {
        "ok": glyphs.finished,
        "warning": glyphs.warning,
        "failed": glyphs.failed,
        "looking": glyphs.stopping,
    }
    return signs.get(line.word, glyphs.waiting)


def _style(line: FindingLine) -> str:
    return _STYLES.get(line.word, "dim")


def _fix(line: FindingLine, width: int, indent: int, glyphs: Glyphs) -> list[tuple[str, str]]:
    if not line.fix:
        return []
    first = f"{' ' * indent}{glyphs.arrow} "
    text = _wrapped(line.fix, width, indent + 2, first, glyphs)
    return [("\n" + text, "" if line.word == "failed" else "dim")]


def _wrapped(text: str, width: int, indent: int, first: str, glyphs: Glyphs) -> str:
    """Cleaned and wrapped; ``first`` begins the first line, so many blanks the others."""
    cleaned = one_line(text, _LONGEST)
    if glyphs.ellipsis.isascii():
        cleaned = to_ascii(cleaned)
    return (
        textwrap.fill(
            cleaned,
            max(24, width),
            initial_indent=first,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=True,
        )
        or first
    )


def preset_content(preset: str, lines: Sequence[str]) -> Content:
    """What else a preset sets."""
    title = f"The preset {preset} also sets"
    return Content.assemble((title, "bold"), "\n", ("\n".join(lines), "dim"))


def sample_content(sample: str, glyphs: Glyphs) -> Content:
    """A question as the student is asked it; it is a person's or a generator's text: plain."""
    text = clean_text(sample).rstrip()
    if glyphs.ellipsis.isascii():
        text = to_ascii(text)
    return Content.assemble(("A question, as the student is asked it", "bold"), "\n", text)
