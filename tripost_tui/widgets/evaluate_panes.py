"""What stands in the panes of evaluate, as styled text made from its state."""

from collections.abc import Sequence

from textual.content import Content

from engine.comparing import Measure, Outcome
from engine.statistics import Share
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.evaluate import AccuracyLine
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.wording import counted, percent, shorten
from tripost_tui.widgets.items_list import outcome_content

_LABEL = 14
_UPDATES = 59
"""Columns that the counts of updates take with the interval of their share."""
WHOLE, ROUND = 18, 13
"""Columns of a share with an interval to one digit, and to none."""
_NARROW = 76
"""Columns under which the counts by outcome have no line above a short list."""


KINDS = {
    Outcome.BROKEN: "right to wrong",
    Outcome.FIXED: "wrong to right",
    Outcome.BOTH_WRONG: "both wrong",
    Outcome.BOTH_RIGHT: "both right",
}


def accuracy_content(
    lines: Sequence[AccuracyLine], measure: Measure, width: int, glyphs: Glyphs
) -> Content:
    """A line per iteration: percent right with its 95% interval."""
    if not lines:
        return Content("No evaluation yet.")
    cells = _cells(width)
    names = ("first", "final", "seen", "unseen")
    head = "".join(f"{name:<{cell}}" for name, cell in zip(names, cells, strict=True))
    shown = [Content.styled(f"{'':<{_LABEL}}{head}".rstrip(), "dim")]
    for line in lines:
        parts: list[tuple[str, str]] = [(f"{line.label:<{_LABEL}}", "")]
        shares = (line.first, line.final, line.seen, line.unseen)
        for place, (share, cell) in enumerate(zip(shares, cells, strict=True)):
            strong = place == (0 if measure.first else 1)
            text = share_text(share, cell, glyphs)
            parts.append((f"{text:<{cell}}", "bold $text-accent" if strong else ""))
        shown.append(Content.assemble(*parts).rstrip())
    what = "first attempt" if measure.first else "final answer"
    note = f"% right of {lines[0].wanted:,} items, 95% intervals; seen, unseen: {what}"
    shown.append(Content.styled(note, "dim"))
    for line in lines:
        if not line.done:
            text = f"{line.label} so far: {line.n:,} of {line.wanted:,} items"
            shown.append(Content.styled(text, "$text-warning"))
    return Content("\n").join(shown)


def _cells(width: int) -> tuple[int, int, int, int]:
    """Columns of the four shares."""
    for cells in ((WHOLE,) * 4, (WHOLE, WHOLE, ROUND, ROUND), (ROUND,) * 4):
        if _LABEL + sum(cells) <= width:
            return cells
    return (ROUND, ROUND, 7, 7)


def share_text(share: Share, cell: int, glyphs: Glyphs) -> str:
    """Percent, and its interval where ``cell`` columns have room for it: ``48.0 (43.1-52.9)``."""
    if not share.of:
        return "n/a"
    right = percent(share.count, share.of)
    if cell < ROUND:
        return right
    digits = 1 if cell >= WHOLE else 0
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{right} ({low:.{digits}f}{glyphs.dash}{high:.{digits}f})"


def updates_content(lines: Sequence[AccuracyLine], width: int, glyphs: Glyphs) -> Content:
    """A line per iteration: how often it updates its first attempt, and with what result."""
    fixed, broken = f"wrong{glyphs.arrow}right", f"right{glyphs.arrow}wrong"
    cell = ROUND if width >= _UPDATES else 8
    head = f"{'':<{_LABEL}}{'updated':<{cell}}{fixed:>11}  {broken:>11}  {'net':>6}"
    shown = [Content.styled(head, "dim")]
    for line in lines:
        net = line.wrong_to_right - line.right_to_wrong
        style = "$text-success" if net > 0 else "$text-error" if net < 0 else ""
        shown.append(
            Content.assemble(
                f"{line.label:<{_LABEL}}{share_text(line.updated, cell, glyphs):<{cell}}",
                f"{line.wrong_to_right:>11,}  {line.right_to_wrong:>11,}  ",
                (f"{f'{net:+,}' if net else '0':>6}", f"bold {style}" if style else ""),
            )
        )
    shown.append(Content.styled("first attempt against final answer of one model, strict", "dim"))
    return Content("\n").join(shown)


def comparison_content(view: ItemsView, width: int, glyphs: Glyphs) -> Content:
    """Two models: how often each is right, what changed from one to the other, and how likely
    that is by luck."""
    if view.first is None or view.second is None:
        return Content("A comparison needs two models: the start, and one iteration at least.")
    if view.why_not:
        return Content(view.why_not)
    table = view.crosstab
    a_right = table.both_right + table.broken
    b_right = table.both_right + table.fixed
    lines: list[Content] = []
    shown = to_ascii if glyphs.ellipsis.isascii() else str
    column = min(max(map(len, view.names)), max(12, width - 24))
    for letter, name, right in zip("AB", view.names, (a_right, b_right), strict=True):
        share = share_text(Share(right, table.pairs), WHOLE, glyphs)
        name = shown(shorten(name, column, glyphs.ellipsis))
        lines.append(Content.assemble((f"{letter} {name:<{column}}  ", "bold"), share))
    lines += [
        Content.styled(f"{'':<9}{'B right':>10}{'B wrong':>10}", "dim"),
        Content.assemble(
            ("A right  ", "dim"),
            f"{table.both_right:>10,}",
            (f"{table.broken:>10,}", "bold $text-error" if table.broken else ""),
        ),
        Content.assemble(
            ("A wrong  ", "dim"),
            (f"{table.fixed:>10,}", "bold $text-success" if table.fixed else ""),
            f"{table.both_wrong:>10,}",
        ),
        Content.styled(view.sentence, "bold"),
        Content.styled(f"{what_counts(view)}; exact McNemar test", "dim"),
    ]
    return Content("\n").join(lines)


def what_counts(view: ItemsView) -> str:
    """What is compared: ``400 items, final answer, strict``."""
    kind = f" {view.subtask.value}" if view.subtask else ""
    so_far = min(view.pairs.first_n, view.pairs.second_n) < view.pairs.tests
    of = f" of {view.pairs.tests:,} so far" if so_far else ""
    return f"{view.crosstab.pairs:,}{kind} items{of}, {view.measure}"


def summary_content(view: ItemsView, width: int, glyphs: Glyphs, *, brief: bool) -> Content:
    """The same above the list; ``brief`` where rows are few."""
    if view.first is None or view.why_not:
        return Content("")
    separator = f" {glyphs.dot} "
    shown = to_ascii if glyphs.ellipsis.isascii() else str
    first, second = (shown(name) for name in view.names)
    models = Content.assemble(("A ", "bold"), first, separator, ("B ", "bold"), second)
    counts = Content(separator).join(
        Content.assemble(outcome_content(kind, glyphs), f" {view.crosstab.count(kind):,}")
        for kind in Outcome
    )
    said = Content.styled(view.sentence, "bold")
    if brief and width < _NARROW:
        return Content("\n").join([models, said])
    if brief and models.cell_length + len(separator) + said.cell_length <= width:
        return Content("\n").join([Content(separator).join([models, said]), counts])
    models = Content(separator).join([models, Content.styled(what_counts(view), "dim")])
    return Content("\n").join([models, counts, said])


def list_title(view: ItemsView) -> str:
    if not view.filtered:
        return f"Items {view.at + 1:,}/{len(view.places):,}" if view.places else "Items"
    return f"Items {view.at + 1:,}/{len(view.places):,}, {view.hidden:,} hidden"


def list_subtitle(view: ItemsView) -> str:
    """Which items, in which order."""
    kind = KINDS[view.kind] if view.kind else ""
    parts = [kind, view.subtask.value if view.subtask else ""]
    parts += [view.words[:40], view.order.value]
    return ", ".join(part for part in parts if part)


def nothing_content(view: ItemsView) -> Content:
    """Why there is no item to show, and what to do."""
    if view.why_not or not view.loaded:
        return Content(view.why_not or "Reading the items")
    if view.filtered and len(view.pairs):
        hidden = counted(len(view.pairs), "item")
        return Content(f"Nothing here: the filter hides {hidden}, esc clears it.")
    return Content("No item has been answered by both models yet.")
