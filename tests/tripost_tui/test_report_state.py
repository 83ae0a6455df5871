"""The report in columns."""

from engine.report_layout import Table
from tripost_tui.state.report import LineKind, ReportPage, page_lines, table_lines

TABLE = Table(
    "Accuracy",
    ("iteration", "final, flexible", "n"),
    (("0 (start)", "55.0%", "20"), ("1", "70.0%", "20")),
    frozenset({1, 2}),
    "In brackets: an interval.",
)


def test_columns_are_aligned_numbers_to_the_right() -> None:
    assert [text for _, text in table_lines(TABLE, 80)] == [
        "iteration  final, flexible   n",
        "0 (start)            55.0%  20",
        "1                    70.0%  20",
    ]


def test_where_it_is_narrow_the_names_wrap_first() -> None:
    assert [text for _, text in table_lines(TABLE, 22)] == [
        "            final,",
        "iteration flexible  n",
        "0 (start)    55.0% 20",
        "1            70.0% 20",
    ]


def test_words_in_the_last_column_wrap_where_they_find_no_room() -> None:
    table = Table(
        "Against the start",
        ("iteration", "outcome"),
        (("1", "better than the start by 6.5 points"),),
    )
    assert [text for _, text in table_lines(table, 30)] == [
        "iteration outcome",
        "1         better than the",
        "          start by 6.5 points",
    ]
    # Numbers stay whole, and so do words that would be left a few columns.
    for width, numbers in ((30, frozenset({1})), (20, frozenset[int]())):
        whole = Table(table.title, table.columns, table.rows, numbers)
        assert len(table_lines(whole, width)) == 2


def test_a_page_has_its_headline_titles_and_notes() -> None:
    page = ReportPage(
        "Better [/x]\x1b[2J.", (TABLE, Table("None", ("a",), (), note="Nothing.")), ""
    )
    lines = page_lines(page, 80)
    assert lines[0] == (LineKind.HEADLINE, "Better [/x][2J.")
    assert (LineKind.NOTE, "In brackets: an interval.") in lines
    assert lines[-2:] == [(LineKind.TITLE, "None"), (LineKind.NOTE, "Nothing.")]


def test_a_value_with_newlines_and_of_any_length_stays_in_its_row() -> None:
    table = Table("T", ("value",), (("a\nb " + "x" * 500,),))
    ((_, _), (_, row)) = table_lines(table, 80)
    assert row.startswith("a b x")
    assert len(row) == 60
