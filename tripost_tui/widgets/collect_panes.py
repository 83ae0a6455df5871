"""What stands in the panes of the collect screen, as styled text made from its state."""

from textual.content import Content

from engine.methods import facts_in
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.collecting import CollectState
from tripost_tui.state.expert_traffic import ExpertRow, Spending
from tripost_tui.state.wording import shorten
from tripost_tui.text import one_line
from tripost_tui.widgets.run_panes import bar

_BAR = 10
_NAME = 10
_MOST_ERRORS = 5


def counters_content(state: CollectState, glyphs: Glyphs) -> Content:
    """Student, FBK, IMP, what is kept; then how far the stage is."""
    if reason := state.empty():
        return Content(reason)
    lines = []
    for one in state.counts():
        style = "bold" if one.who else ""
        drawn = " " * _BAR if one.share is None else bar(one.share, glyphs, _BAR)
        tone = "$text-warning" if one.who == "dropped" else "$accent"
        lines.append(
            Content.assemble(
                (f"{one.who:<8} ", style), (drawn, tone), (f"{one.n:>7,} {one.text}", style)
            )
        )
    lines += [Content.styled(line, "$text-accent") for line in state.stage_lines()]
    return Content("\n").join(lines)


def drops_content(state: CollectState, glyphs: Glyphs) -> Content:
    """Reasons with counts and bars."""
    rows = state.drops()
    if not rows:
        nothing = "Nothing is dropped yet." if state.alive else "Nothing was dropped."
        said = nothing if state.counters.sampled else ""
        return Content.styled(said, "dim")
    lines = []
    for drop in rows:
        filled = bar(drop.share, glyphs, 8).replace(glyphs.bar_empty, " ")
        reason = f" {one_line(drop.reason, 80)}"
        lines.append(
            Content.assemble((f"{drop.count:>6,} ", "bold"), (filled, "$text-warning"), reason)
        )
    return Content("\n").join(lines)


def experts_content(state: CollectState, width: int, glyphs: Glyphs) -> Content:
    """A block for each expert, then what the run may spend still."""
    if not state.experts:
        if state.run is None:
            return Content("")
        corrects = facts_in(state.run.config).corrects
        said = "The task's scripts correct; no language model is asked."
        return Content.styled(said if corrects else "Nobody corrects in this method.", "dim")
    lines: list[Content] = []
    for row in state.experts:
        lines += _expert(row, width, glyphs)
    lines += _budget(state.spending)
    return Content("\n").join(lines)


def _expert(row: ExpertRow, width: int, glyphs: Glyphs) -> list[Content]:
    name = shorten(one_line(row.name, 1000), max(10, width), glyphs.ellipsis)
    lines = [Content.styled(name, "bold")]
    calls = f"{row.calls:,}, {row.replies:,} replied"
    if row.failed:
        calls += f", {row.failed:,} failed"
    if row.retries:
        calls += f", {row.retries:,} retried"
    lines.append(_line("calls", calls))
    speed = [f"{row.replies_per_s:.1f} replies/s"] if row.replies_per_s else []
    if row.under_way:
        speed.append(f"{row.under_way} under way")
    if row.wait_s:
        speed.append(f"it asked to wait {row.wait_s} s")
    if speed:
        lines.append(_line("speed", ", ".join(speed)))
    if row.median_s is not None and row.p95_s is not None:
        lines.append(_line("latency", f"median {row.median_s:.1f} s, p95 {row.p95_s:.1f} s"))
    if row.replayed:
        lines.append(_line("replayed", f"{row.replayed:,} from the record, no call"))
    if row.read_tokens or row.written_tokens:
        tokens = f"{row.read_tokens:,} read, {row.written_tokens:,} written"
        lines.append(_line("tokens", tokens))
    if row.cost:
        lines.append(_line("cost", f"{row.cost:,.4f}"))
    for at, (kind, count) in enumerate(row.errors[:_MOST_ERRORS]):
        text = f"{glyphs.warning} {count:,} {one_line(kind, 120)}"
        lines.append(_line("" if at else "errors", text, "$text-warning"))
    if len(row.errors) > _MOST_ERRORS:
        lines.append(_line("", f"and {len(row.errors) - _MOST_ERRORS} other kinds"))
    return lines


def _line(name: str, text: str, style: str = "") -> Content:
    return Content.assemble((f"  {name:<{_NAME}}", "dim"), (text, style))


def _budget(spent: Spending) -> list[Content]:
    """What is left, over all iterations; nothing where there is no ceiling."""
    lines = []
    if spent.token_ceiling:
        left = max(0, spent.token_ceiling - spent.tokens)
        lines.append(_line("budget", f"{left:,} of {spent.token_ceiling:,} tokens left"))
    if spent.cost_ceiling:
        money = max(0.0, spent.cost_ceiling - spent.cost)
        lines.append(_line("budget", f"{money:,.2f} of {spent.cost_ceiling:,.2f} left"))
    return lines
