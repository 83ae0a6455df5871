"""What the review says above its panes, and where there is no trajectory."""

from collections.abc import Iterable

from textual.content import Content

from tripost_tui.actions.keymap import fill
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.review_words import (
    NO_TRAJECTORIES,
    TRAJECTORIES_COME,
    hidden_by_filter,
    progress,
    queue_empty,
)
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text, one_line


def top_content(view: ReviewView, folder: str, glyphs: Glyphs) -> Content:
    """Project, place in the list, done and left, pace, accept rate."""
    parts = ["review"]
    if view.ids:
        parts.append(f"{view.at + 1:,}/{len(view.ids):,}")
    if view.loaded:
        parts += progress(view.counts, view.speed)
    if view.blind:
        parts.append("blind")
    separator = f" {glyphs.dot} "
    name = one_line(view.name or folder, 40)
    return Content.assemble((name, "bold"), separator, separator.join(parts))


def notices(view: ReviewView, troubles: Iterable[Trouble | None]) -> list[tuple[str, str, str]]:
    """(severity, title, message) of what a person has to know."""
    found: list[tuple[str, str, str]] = []
    for trouble in troubles:
        if trouble is not None and ("error", trouble.title, trouble.message) not in found:
            found.append(("error", trouble.title, trouble.message))
    if view.anchor is not None:
        count = len(view.selected)
        found.append(
            (
                "info",
                f"Range of {count:,}",
                fill("{review.accept} accepts, {review.reject} rejects, {global.back} lets go"),
            )
        )
    if view.loaded and view.ids and not view.left_here and not view.second_look:
        text = queue_empty(view.counts)
        if view.wanted and view.counts.pending:
            text = f"here; {hidden_by_filter(view.hidden)}"
        found.append(("info", "Queue empty", text))
    if view.fresh:
        found.append(("info", f"{view.fresh:,} new", fill("{review.anew} reads the list anew")))
    return [(kind, clean_text(title), clean_text(text)) for kind, title, text in found]


def nothing_content(view: ReviewView, *, failed: bool, at_work: bool = False) -> Content:
    """Why there is no trajectory to show, and what to do."""
    if not view.loaded:
        return Content("" if failed else "Reading the trajectories")
    if view.wanted and view.counts.total:
        text = f"Nothing here: {hidden_by_filter(view.hidden)}."
        return Content(text + fill(" {review.filter} writes another one."))
    lines = TRAJECTORIES_COME if at_work else NO_TRAJECTORIES
    return Content("\n").join(Content(fill(line)) for line in lines)
