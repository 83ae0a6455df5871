"""A report put together as one HTML file, the same bytes each time for the same database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.comparing import Measure
from engine.report_charts import Figure
from engine.report_figures import (
    accuracy_figure,
    drops_figure,
    experts_figure,
    loss_figure,
    paired_table,
    time_figure,
    tokens_table,
    transitions_figure,
)
from engine.report_items import SHOWN_OF_EACH, Fate
from engine.report_layout import Table, table_of
from engine.report_story import method_name, story_of
from engine.report_tables import report_tables
from engine.report_warnings import warnings_of
from engine.report_whole import ToldSetting, WholeReport, setting_text
from tripost_tui.report_html.passages import Passage, passages
from tripost_tui.report_html.plots import svgs_of
from tripost_tui.state.item_passages import verdict
from tripost_tui.state.trajectory import shown_text
from tripost_tui.text import clean_text

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_TEXT = 8_000
"""Characters of one text that are shown; passages are shorter already."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its charts as SVG elements."""

    figure: Figure
    svgs: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a heading; ``id`` is what the table of contents links to."""

    id: str
    title: str
    figures: tuple[Drawn, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownItem:
    number: int
    question: str
    subtask: str
    answer: str
    verdict: str
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class ShownFate:
    fate: Fate
    count: int
    items: Sequence[ShownItem]


def html_report(whole: WholeReport, project: str) -> str:
    """Return the page; ``project`` is the project's name."""
    report = whole.report
    return render(
        "report.html",
        title=f"{project}: run {report.run.id}",
        subtitle=f"{method_name(report.method)} on {report.task}, student {report.run.student}",
        headline=report.headline,
        story=story_of(whole),
        warnings=warnings_of(whole),
        sections=sections_of(whole),
        fates=_fates(whole),
        iteration=whole.items.iteration if whole.items else 0,
        of_each=SHOWN_OF_EACH,
        settings=[_setting(one) for one in whole.settings],
        changed_count=sum(one.changed for one in whole.settings),
        digests=table_of(
            "Hashes",
            ("what", "which", "SHA-256"),
            [(one.what, one.detail, one.sha256) for one in whole.digests],
            (),
            "Of weights as files; of items as their questions and answers in sorted order.",
            "No weights and no items are stored yet.",
        ),
        versions=_found(report_tables(report), "Versions"),
        settings_hash=report.run.config_hash,
    )


def render(template: str, **values: object) -> str:
    """Fill a template of this folder in. Every text is cleaned and escaped but Markup."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(style=style, **values)


def drawn(figure: Figure, name: str) -> Drawn:
    """Draw a figure's charts; ids in them begin with ``name``."""
    return Drawn(figure, tuple(map(Markup, svgs_of(figure.charts, name))))


def sections_of(whole: WholeReport) -> list[Section]:
    """What a report has of figures and tables, in the order of the page."""
    report = whole.report
    tables = report_tables(report)

    def section(name: str, title: str, figures: Sequence[Figure | None], *names: str) -> Section:
        shown = [figure for figure in figures if figure is not None]
        drawings = [drawn(one, f"{name}-{at}") for at, one in enumerate(shown, start=1)]
        there = {figure.table.title for figure in shown if figure.open}
        more = [t for t in tables if t.title in names and t.title not in there]
        return Section(name, title, tuple(drawings), tuple(more))

    reviewed = ("Reviewed", "Agreement")
    who = ("Who corrected", "Given up by FBK and IMP", "Calls of experts")
    drops, kept = "Dropped and left out", ("Collected", "Trained on")
    found = [
        section("run", "The run", [], "Run"),
        section("accuracy", "Accuracy", [accuracy_figure(whole)], "Accuracy"),
        section("transitions", "What changed", [transitions_figure(whole)], "Updates"),
        section("collected", "Collected and dropped", [drops_figure(report)], *kept, drops),
        section("reviews", "Reviews", [], *reviewed),
        section("training", "Training", [loss_figure(whole)], "Training", "Speed of training"),
        section("time", "Time and tokens", [time_figure(report)], "Time"),
        section("experts", "Experts", [experts_figure(report)], *who, "Tokens and cost of experts"),
    ]
    extra = {"accuracy": paired_table(whole), "time": tokens_table(whole)}
    return [
        Section(one.id, one.title, one.figures, (*one.tables, extra[one.id]))
        if one.id in extra
        else one
        for one in found
        if one.figures or one.tables
    ]


def _fates(whole: WholeReport) -> list[ShownFate]:
    found, number = [], 0
    if whole.items is None:
        return []
    for fate in Fate:
        shown = []
        for item in whole.items.shown[fate]:
            number += 1
            shown.append(
                ShownItem(
                    number,
                    shown_text(item.question),
                    item.subtask.value,
                    shown_text(item.answer),
                    verdict(item, Measure.FINAL)[1],
                    passages(item, whole.hint),
                )
            )
        found.append(ShownFate(fate, whole.items.counts[fate], shown))
    return found


def _setting(one: ToldSetting) -> dict[str, object]:
    return {
        "key": one.key,
        "value": setting_text(one.value),
        "default": setting_text(one.default),
        "changed": one.changed,
    }


def _found(tables: Sequence[Table], title: str) -> Table:
    return next(table for table in tables if table.title == title)


def _clean(value: object) -> object:
    """Texts of others can neither hide nor reorder what they say, nor fill the page."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    if len(value) > _LONGEST_TEXT:
        more = len(value) - _LONGEST_TEXT
        return f"{clean_text(value[:_LONGEST_TEXT])}… and {more:,} more characters"
    return clean_text(value)
