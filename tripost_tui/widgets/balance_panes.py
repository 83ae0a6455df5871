"""What stands in the balance's panes, as styled text: model text is data, never markup."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from tripost_tui.actions.keymap import fill, key_of
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.balance_port import ShownExample
from tripost_tui.state.balance_view import BalanceView, Source
from tripost_tui.state.balance_words import (
    KINDS,
    count_rows,
    counting_said,
    example_said,
    kept_said,
    late_said,
    nothing_said,
    numbered_runs,
    p_reached,
    shortage,
    source_said,
    values_said,
)
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text, one_line
from tripost_tui.widgets.balance_list import status_content

MASKED, LIGHT, HEAVY, HEAVIEST = "dim", "italic", "bold", "bold underline $text-accent"
_NOT_SAVED = "{balance.save} saves p and weights, {balance.reset} takes them back"
_NUMBER = "not bold not underline $text-warning"
MOST_SHOWN, MOST_LINES = 50_000, 2_000
"""Characters and lines of an example that are shown: more would hold up the keys."""
_WIDE = 76
"""Columns from which the kinds are written out."""


def top_content(
    view: BalanceView, folder: str, progress: tuple[int, int] | None, glyphs: Glyphs
) -> Content:
    """Project, iteration, what is shown of it, how far the counting is."""
    overview = view.overview
    name = one_line(overview.name if overview else folder, 40)
    parts = ["balance"]
    if overview is not None:
        parts += [f"iteration {view.iteration}/{overview.iterations}", source_said(view)]
    line = [Content.styled(name, "bold"), *map(Content, parts)]
    if counting := counting_said(view, progress):
        line.append(Content.styled(f"{glyphs.stopping} {counting}{glyphs.ellipsis}", "bold"))
    return Content(f" {glyphs.dot} ").join(line)


def notices(view: BalanceView, troubles: Iterable[Trouble | None]) -> list[tuple[str, str, str]]:
    """(severity, title, message) of what a person has to know."""
    found: list[tuple[str, str, str]] = []
    for trouble in troubles:
        if trouble is not None and ("error", trouble.title, trouble.message) not in found:
            found.append(("error", trouble.title, trouble.message))
    if view.overview is not None and view.overview.unreadable:
        found.append(("warning", "project.toml cannot be read", view.overview.unreadable))
    if (short := shortage(view)) is not None:
        found.append(("warning", *short))
    if view.late.all:
        text = f"{late_said(view.late)} since. {key_of('balance.rows')} shows them; "
        text += "the next iteration heeds its own."
        found.append(("warning", f"{len(view.late.all):,} not in this training", text))
    if view.edited:
        found.append(("info", "Not saved", fill(_NOT_SAVED)))
    return [(kind, clean_text(title), clean_text(text)) for kind, title, text in found]


def counts_content(view: BalanceView, width: int, glyphs: Glyphs, *, brief: bool) -> Content:
    """The way from trajectories to what is trained on, and p and the weights."""
    if not view.loaded:
        return Content("")
    if view.source is Source.NOTHING:
        return Content("\n").join(Content(fill(line)) for line in nothing_said(view.facts))
    lines = [Content(kept_said(view))]
    balance = view.balance
    if balance is None:
        lines.append(Content.styled(f"examples: counting{glyphs.ellipsis}", "dim"))
    else:
        wide = width >= _WIDE
        names = list(KINDS.values()) if wide else ["improv.", "non-imp.", "truth"]
        first = 20 if wide else 19
        column = max(9, (width - first) // 4)
        heads = "".join(f"{name:>{column}}" for name in (*names, "all"))
        lines.append(Content.styled(f"{'':<{first}}{heads}", "dim"))
        for row in count_rows(balance, brief=brief):
            sign = glyphs.dash if row.lost else ""
            cells = "".join(
                f"{f'{sign}{count:,}' if count else '0':>{column}}"
                for count in (*row.counts, row.total)
            )
            style = "$text-warning" if row.lost and row.total else "dim" if row.lost else ""
            style = "bold" if row.name == "trained on" else style
            lines.append(Content.styled(f"{row.name:<{first}}{cells}", style))
        if not brief:
            lines.append(Content(p_reached(balance, view.ratio, view.facts)))
            lines.append(Content.styled("all seen difficulties; unseen ones are for tests", "dim"))
    mark = f"{glyphs.warning} " if view.edited else ""
    p, *others = values_said(view.values, view.facts)
    balanced = balance if view.facts.balances else None
    if brief and balanced is not None and (share := balanced.share_of_improving) is not None:
        p += f", is {share:.2f}"
    said = f" {glyphs.dot} ".join([p, *others])
    lines.append(Content.assemble((mark, "bold $text-warning"), (said, "$text-accent")))
    return Content("\n").join(lines)


def weight_style(weight: float, heaviest: float) -> str:
    """How text of a weight is shown; the legend says it in words."""
    if weight <= 0:
        return MASKED
    if weight < 1:
        return LIGHT
    if weight == 1:
        return ""
    return HEAVIEST if weight == heaviest else HEAVY


def legend_content(example: ShownExample, glyphs: Glyphs) -> Content:
    """The weights of an example, each shown as its text is, with words."""
    weights = sorted({piece.weight for piece in example.pieces})
    heaviest = weights[-1] if weights else 0.0
    words = {MASKED: "dim masked", LIGHT: "italic light", "": "plain", HEAVY: "bold"}
    parts = []
    for weight in weights:
        style = weight_style(weight, heaviest)
        word = words.get(style, "underlined heaviest")
        parts.append(Content.assemble((f"{word} {weight:g}", style)))
    return Content(f" {glyphs.dot} ").join(parts)


def example_content(example: ShownExample, glyphs: Glyphs, *, numbers: bool) -> Content:
    """An example with its text shaded by weight; ``numbers`` are written behind the text."""
    entry, heaviest = example.entry, max((p.weight for p in example.pieces), default=0.0)
    origin = "gold rationale"
    if entry.trajectory_id is not None:
        origin = f"trajectory {entry.trajectory_id}"
    dot = f" {glyphs.dot} "
    status = status_content(entry.dropped, glyphs)
    reason = "" if entry.dropped is None else f": {one_line(str(entry.dropped), 80)}"
    head = Content(dot).join(
        [Content.assemble(status, reason), Content(KINDS[entry.kind]), Content(origin)]
    )
    lines = [head]
    if example.late:
        lines.append(Content.styled(f"{glyphs.warning} {example.late}", "bold $text-warning"))
    lines.append(legend_content(example, glyphs))
    exact = f"by {example.basis.value}"
    why = f": {one_line(example.why, 200)}" if example.why else ""
    lines.append(
        Content.styled(f"{example_said(example.pieces, example.basis)}, {exact}{why}", "dim")
    )
    parts: list[tuple[str, str]] = []
    room, lines_left = MOST_SHOWN, MOST_LINES
    for text, weight, rest in numbered_runs(example.pieces):
        if len(text) > room or text.count("\n") > lines_left:
            cut = "\n".join(text[:room].split("\n", lines_left)[:lines_left])
            parts.append((clean_text(cut), weight_style(weight, heaviest)))
            more = f"(cut here; {key_of('balance.copy')} copies all of it)"
            parts.append((f"{glyphs.ellipsis}\n{more}", "bold"))
            break
        room, lines_left = room - len(text), lines_left - text.count("\n") - len(rest)
        parts.append((clean_text(text), weight_style(weight, heaviest)))
        if numbers:
            parts.append((f"{{{weight:g}}}", _NUMBER))
        parts.append((rest, ""))
    return Content.assemble(Content("\n").join(lines), "\n\n", *parts)


def nothing_content(view: BalanceView, *, failed: bool, at_work: bool = False) -> Content:
    """Why there is no example to show."""
    if not view.loaded:
        return Content("" if failed else "Reading the run")
    if view.source is Source.NOTHING:
        return Content("The run is at work: they come by themselves." if at_work else "")
    if view.balance is None or view.is_old or not view.entries:
        return Content("The examples are listed when they are counted.")
    return Content(
        fill("No example of these. {balance.rows} shows other rows, {balance.kind} other kinds.")
    )
