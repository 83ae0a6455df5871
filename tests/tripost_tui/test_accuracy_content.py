"""What the accuracy panes say where an evaluation is under way, and where room is short."""

from engine.statistics import Share
from tripost_tui.glyphs import ASCII, UNICODE
from tripost_tui.state.evaluate import AccuracyLine
from tripost_tui.state.run import AccuracyRow
from tripost_tui.state.run import Share as RunShare
from tripost_tui.widgets.evaluate_panes import updates_content
from tripost_tui.widgets.run_panes import accuracy_content


def row(iteration: int, right: int, n: int) -> AccuracyRow:
    share = RunShare(right, n)
    return AccuracyRow(iteration, share, share, share, RunShare(0, 0))


def test_what_is_under_way_is_told_and_is_not_the_best() -> None:
    shown = accuracy_content([row(0, 90, 200), row(1, 104, 200), row(2, 60, 64)], 64, UNICODE)
    lines = shown.plain.splitlines()
    assert lines[-2].startswith("% right of 200 items;")
    assert lines[-1] == "it. 2 so far: 64 of 200 items"
    strong = {shown.plain[one.start : one.end].strip() for one in shown.spans if "bold" in str(one)}
    assert strong == {"52.0 (45–59)"}


def test_all_done_says_nothing_of_so_far() -> None:
    shown = accuracy_content([row(0, 90, 200), row(1, 104, 200)], 64, UNICODE)
    assert "so far" not in shown.plain


def test_counts_of_updates_keep_to_their_line() -> None:
    part = Share(61, 200)
    line = AccuracyLine(10, part, part, part, part, part, 1014, 1001, 200, done=True)
    for width in (54, 58, 59, 90):
        shown = updates_content([line], width, ASCII)
        table = shown.plain.splitlines()[:2]
        assert max(map(len, table)) <= width
        assert "updated " in table[0]
        assert ("30.5 (25-37)" in shown.plain) is (width >= 59)
        assert "30.5 " in shown.plain
