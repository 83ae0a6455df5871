"""A report as one Markdown file: all that the page has but the pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.comparing import Measure
from engine.report_figures import paired_table, tokens_table, transitions_figure
from engine.report_formats import markdown_text, table_markdown
from engine.report_items import Fate
from engine.report_layout import table_of
from engine.report_story import story_of
from engine.report_tables import report_tables
from engine.report_warnings import warnings_of
from engine.report_whole import WholeReport, setting_text
from tripost_tui.report_html.passages import Passage, passages
from tripost_tui.state.item_passages import verdict
from tripost_tui.state.trajectory import shown_text
from tripost_tui.text import clean_text


def whole_markdown(whole: WholeReport, project: str) -> str:
    """Return it as GitHub-flavoured Markdown; ``project`` is the project's name."""
    report, story = whole.report, story_of(whole)
    parts = [f"# {_said(project)}: run {report.run.id}", "", _said(report.headline)]
    parts += ["", "## What was shown, and what was not", "", _said(" ".join(story.done))]
    parts += ["", f"**Shown.** {_said(' '.join(story.shown))}", "", "**Not shown.**", ""]
    parts += [f"- {_said(sentence)}" for sentence in story.not_shown]
    if warnings := warnings_of(whole):
        parts += ["", "## Warnings", "", *(f"- {_said(warning)}" for warning in warnings)]
    transitions = transitions_figure(whole)
    more = [transitions.table] if transitions else []
    changed = [table for table in report_tables(report) if table.title != "Settings changed"]
    for table in (*changed, *more, paired_table(whole), tokens_table(whole)):
        parts += table_markdown(table)
    parts += _items(whole)
    settings = [
        (one.key, setting_text(one.value), setting_text(one.default), "●" if one.changed else "")
        for one in whole.settings
    ]
    parts += table_markdown(
        table_of("Settings", ("setting", "value", "default", "changed"), settings)
    )
    digests = [(one.what, one.detail, one.sha256) for one in whole.digests]
    parts += table_markdown(table_of("Hashes", ("what", "which", "SHA-256"), digests))
    return clean_text("\n".join(parts)) + "\n"


def _items(whole: WholeReport) -> list[str]:
    if whole.items is None:
        return []
    parts = ["", "## What the student wrote"]
    number = 0
    for fate in Fate:
        count = whole.items.counts[fate]
        parts += ["", f"### {fate.value.capitalize()}: {count:,}", "", fate.told]
        for item in whole.items.shown[fate]:
            number += 1
            said = _said(verdict(item, Measure.FINAL)[1])
            parts += ["", f"#### Item {number}, {item.subtask.value}: {said}"]
            parts += _fenced("Question", shown_text(item.question))
            parts += _fenced("Reference answer", shown_text(item.answer))
            for one in passages(item, whole.hint):
                parts += _fenced(one.heading, _plain([one]))
    return parts


def _plain(shown: Sequence[Passage]) -> str:
    return "\n".join(
        "".join(mark.text for mark in line.marks if mark.kind != "removed")
        for one in shown
        for line in one.lines
    )


def _fenced(name: str, text: str) -> list[str]:
    """A text of others under its name, in a fence that nothing in it closes."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"{_said(name)}:", "", f"{fence}text", text, fence]


def _said(text: str) -> str:
    return markdown_text(text)
