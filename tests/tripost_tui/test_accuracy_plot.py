"""The plot of accuracy by iteration: its limits, and what it is in ASCII."""

from engine.statistics import Share
from tripost_tui.state.evaluate import AccuracyLine
from tripost_tui.widgets.accuracy_plot import ascii_accuracy, limits


def line(iteration: int, first: int, final: int, of: int = 100) -> AccuracyLine:
    nothing = Share(0, 0)
    return AccuracyLine(
        iteration=iteration,
        first=Share(first, of),
        final=Share(final, of),
        seen=nothing,
        unseen=nothing,
        updated=nothing,
        wrong_to_right=0,
        right_to_wrong=0,
        wanted=of,
        done=True,
    )


def test_limits_are_whole_fives_around_all_intervals() -> None:
    # Wilson's intervals: 40.4 to 59.6 and 50.2 to 69.1.
    assert limits([line(0, 50, 60)]) == (40.0, 70.0)
    assert limits([line(0, 0, 100)]) == (0.0, 100.0)
    assert limits([line(0, 3, 3, 3)]) == (40.0, 100.0)


def test_the_plot_in_ascii_has_both_answers_with_their_intervals() -> None:
    drawn = ascii_accuracy([line(0, 50, 50), line(1, 45, 70)], 2, 30, 20)
    rows = drawn.split("\n")
    assert len(rows) == 20
    assert rows[0].startswith("    80 |")
    assert rows[-2].startswith("    35 |")
    assert rows[-1].split() == ["0", "1", "2"]
    assert drawn.count("o") == drawn.count("*") == 2
    columns = {sign: [row.index(sign) for row in rows if sign in row] for sign in "o*"}
    finals = [at for at, row in enumerate(rows) if "*" in row]
    firsts = [at for at, row in enumerate(rows) if "o" in row]
    assert finals[0] < firsts[0]
    # The start's two stand beside each other at one height, the first attempt to the left.
    both = next(row for row in rows if "o" in row and "*" in row)
    assert both.index("o") + 2 == both.index("*")
    assert len(set(columns["*"])) == 2


def test_many_iterations_have_a_column_each_however_narrow() -> None:
    drawn = ascii_accuracy([line(at, 40, 50) for at in range(9)], 8, 5, 6)
    assert drawn.count("*") + drawn.count("o") >= 9
