"""Findings as text: a sign and a word, what was looked at, what was found, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.text import clean_text, one_line

_LONGEST = 600
_WORD, _NAME = 11, 10
_COLUMNS_FROM = 70
"""Columns from which word, name and detail stand below each other's likes."""

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
    """The findings one below the other, wrapped to ``width``."""
    return Content("\n").join([_line(line, width, glyphs) for line in lines])


def _line(line: FindingLine, width: int, glyphs: Glyphs) -> Content:
    sign = {
        "ok": glyphs.finished,
        "warning": glyphs.warning,
        "failed": glyphs.failed,
        "looking": glyphs.stopping,
    }.get(line.word, glyphs.waiting)
    in_columns = width >= _COLUMNS_FROM
    if in_columns:
        head = f"{sign} {line.word:<{_WORD}}"
        name, indent = f"{line.name:<{_NAME}}", 2 + _WORD + max(_NAME, len(line.name) + 1)
        name = f"{line.name:<{indent - 2 - _WORD}}"
    else:
        head, indent = f"{sign} {line.word} ", 2
        name = f"{line.name}: "
    style = _STYLES.get(line.word, "dim")
    first = "" if in_columns else " " * len(head + name)
    detail = _wrapped(line.detail, width, indent, first, glyphs)
    body = detail.removeprefix(first) if first else detail
    parts: list[tuple[str, str]] = [(head, f"bold {style}"), (name, "bold"), (body, "")]
    if line.fix:
        lead = f"{glyphs.arrow} "
        fix = _wrapped(line.fix, width, indent + 2, " " * indent + lead, glyphs)
        parts.append(("\n" + fix, "" if line.word == "failed" else "dim"))
    return Content.assemble(*parts)


def _wrapped(text: str, width: int, indent: int, first: str, glyphs: Glyphs) -> str:
    """Cleaned and wrapped; ``first`` begins the first line, blanks the others."""
    cleaned = one_line(text, _LONGEST)
    if glyphs.ellipsis.isascii():
        cleaned = to_ascii(cleaned)
    begin = first or " " * indent
    filled = textwrap.fill(
        cleaned,
        max(24, width),
        initial_indent=begin,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
    return filled if first else filled[indent:]


def sample_content(sample: str, glyphs: Glyphs) -> Content:
    """A question as the student is asked it; it is a person's or a generator's text: plain."""
    text = clean_text(sample).rstrip()
    if glyphs.ellipsis.isascii():
        text = to_ascii(text)
    return Content.assemble(("A question, as the student is asked it", "bold"), "\n", text)
