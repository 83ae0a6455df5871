"""What stands in the panes of the run screen, as styled text made from its state."""

from textual.content import Content

from db.records import DropStage, Level
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.run import AccuracyRow, RunState, Share
from tripost_tui.state.stages import StageRow, drop_rows, funnel
from tripost_tui.state.trajectory import Passage, Tone, passages
from tripost_tui.state.wording import age, brief, percent
from tripost_tui.text import one_line

_BAR = 10
_NOTE_LINES = 3
"""Lines that a note or an alert may take."""

_STAGE_STYLES = {
    "done": "$text-success",
    "at work": "bold $text-accent",
    "interrupted": "$text-warning",
    "waiting": "dim",
}

TONES = {
    Tone.QUESTION: "bold $accent",
    Tone.ATTEMPT: "bold $text-primary",
    Tone.RIGHT: "bold $text-success",
    Tone.WRONG: "bold $text-error",
    Tone.UPDATE: "bold $text-primary",
}

FLAGGED = "bold reverse $text-error"


def stages_content(rows: list[StageRow], glyphs: Glyphs) -> Content:
    """A line per stage: sign, name, bar or word, counts, seconds."""
    signs = {
        "done": glyphs.finished,
        "at work": glyphs.running,
        "interrupted": glyphs.paused,
        "waiting": glyphs.waiting,
    }
    lines = []
    for row in rows:
        style = _STAGE_STYLES[row.word]
        took = brief(row.seconds) if row.seconds else ""
        if row.heading:
            lines.append(
                Content.assemble(
                    (f"{signs[row.word]} {row.label:<14}", f"bold {style}"),
                    (f"{row.word:<22}", style),
                    f"{took:>7}".rstrip(),
                )
            )
            continue
        counts = f"{row.done:,}/{row.total:,}" if row.total else ""
        middle = bar(row.share, glyphs) if row.word in ("at work", "interrupted") else row.word
        lines.append(
            Content.assemble(
                (f"  {signs[row.word]} {row.label:<12}", style),
                (f"{middle:<{_BAR}}", style),
                f"{counts:>12}{took:>7}".rstrip(),
            )
        )
    return Content("\n").join(lines) if lines else Content("The run has not begun yet.")


def doing_content(state: RunState, width: int, now: float, glyphs: Glyphs) -> Content:
    """What the engine does just now, and the alert that other events have pushed out of sight."""
    lines = [Content.styled(line, "$text-accent") for line in state.doing(_NOTE_LINES * width)]
    if (alert := state.alert()) is not None:
        text = one_line(alert.message, _NOTE_LINES * width)
        style = "$text-error" if alert.level is Level.ERROR else "$text-warning"
        lines.append(Content.styled(f"{glyphs.warning} {text}, {age(now - alert.at)}", style))
    return Content("\n").join(lines)


def bar(share: float, glyphs: Glyphs, width: int = _BAR - 1) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return glyphs.bar_full * full + glyphs.bar_empty * (width - full)


def collected_content(state: RunState, width: int, glyphs: Glyphs) -> Content:
    """From samples to examples, then the reasons of what was dropped."""
    reading = state.reading
    if reading is None or reading.counts is None:
        return Content("Nothing is collected yet.")
    lines: list[Content] = []
    for row in funnel(reading.counts, reading.drops, reading.counts_of):
        line = Content.assemble((f"{row.count:>6,} ", "bold"), row.name)
        kinds = ", ".join(row.kinds)
        if kinds and line.cell_length + 2 + len(kinds) <= width:
            lines.append(Content.assemble(line, (f": {kinds}", "dim")))
        else:
            lines += [line, *(Content.styled(f"       {kind}", "dim") for kind in row.kinds)]
    before: DropStage | None = None
    for drop in drop_rows(reading.drops, reading.counts_of):
        if drop.stage is not before:
            title = "in editing" if drop.stage is DropStage.EDIT else "after editing"
            lines.append(Content.styled(f"Dropped {title}, why", "bold"))
            before = drop.stage
        filled = bar(drop.share, glyphs, 8).replace(glyphs.bar_empty, " ")
        lines.append(
            Content.assemble(
                (f"{drop.count:>6,} ", "bold"),
                (filled, "$text-warning"),
                f" {one_line(drop.reason, 60)}",
            )
        )
    return Content("\n").join(lines)


def accuracy_content(rows: list[AccuracyRow], width: int, glyphs: Glyphs) -> Content:
    """A line per iteration: percent right with its 95% interval; the best final one is bold.

    What is under way is not compared: the seen items, which are easier, come first in the test.
    """
    if not rows:
        return Content("No evaluation yet.")
    digits = 1 if width >= 80 else 0
    cell = 18 if width >= 80 else 13 if width >= 60 else 7
    names = ("first", "final", "seen", "unseen")
    widths = [max(cell, 14) if name == "final" else cell for name in names]
    head = "".join(f"{name:<{one}}" for name, one in zip(names, widths, strict=True))
    lines = [Content.styled(f"{'':<7}{head}".rstrip(), "dim")]
    items = max(row.final.n for row in rows)
    best = max(row.final.right for row in rows if row.final.n == items)
    for row in rows:
        label = "start" if row.iteration == 0 else f"it. {row.iteration}"
        parts: list[tuple[str, str]] = [(f"{label:<7}", "")]
        shares = (row.first, row.final, row.seen, row.unseen)
        for share, one in zip(shares, widths, strict=True):
            strong = share is row.final and (share.n, share.right) == (items, best)
            text = _share(share, digits if one > 7 else None, glyphs)
            parts.append((f"{text:<{one}}", "bold $text-accent" if strong else ""))
        lines.append(Content.assemble(*parts).rstrip())
    note = f"% right of {items:,} items; seen, unseen: final"
    if width >= 70:
        note += " answers; in brackets: 95% interval"
    lines.append(Content.styled(note, "dim"))
    for row in rows:
        if row.final.n < items:
            text = f"it. {row.iteration} so far: {row.final.n:,} of {items:,} items"
            lines.append(Content.styled(text, "$text-warning"))
    return Content("\n").join(lines)


def _share(share: Share, digits: int | None, glyphs: Glyphs) -> str:
    """Percent; with ``digits`` also its interval, so precise."""
    if share.interval is None:
        return "n/a"
    right = percent(share.right, share.n)
    if digits is None:
        return right
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{right} ({low:.{digits}f}{glyphs.dash}{high:.{digits}f})"


def trajectory_content(shown: list[Passage]) -> Content:
    """Passages one below the other. Model text is data: plain, never markup."""
    if not shown:
        return Content("No trajectory yet: they come with the first edits.")
    blocks: list[Content] = []
    for passage in shown:
        text = Content(passage.text)
        for start, end in passage.flagged:
            text = text.stylize(FLAGGED, start, end)
        blocks.append(Content.assemble((passage.heading, TONES[passage.tone]), "\n", text))
    return Content("\n").join(blocks)


def trajectory_of(state: RunState) -> list[Passage]:
    reading = state.reading
    if reading is None or reading.trajectory is None:
        return []
    return passages(reading.question, reading.trajectory)
