"""`tripost compare-items` on projects whose tests are made by hand."""

import csv
import io

import pytest
from evaluated import BETTER, SECOND, START, add_run, evaluated_project

from db.store import Store
from engine.project import Project

from .conftest import CommandLine


@pytest.fixture
def project(cli: CommandLine) -> Project:
    return evaluated_project(cli.folder / "p")


@pytest.mark.usefixtures("project")
def test_it_prints_the_table_the_test_and_the_items(cli: CommandLine) -> None:
    result = cli("compare-items", "p")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:9] == [
        "A: start",
        "B: iteration 2",
        "20 items, final answer, strict",
        "",
        "            B right   B wrong",
        "A right           5         2",
        "A wrong           7         6",
        "",
        "B against A: not distinguishable from luck (p = 0.18) (exact two-sided McNemar test)",
    ]
    assert result.stdout.count("right -> wrong") == 2
    assert result.stdout.count("wrong -> right") == 7
    assert "both wrong" not in result.stdout
    assert (
        "Question: (5 * 5 - 1) =\nReference answer: 24\nA, right, says 24:\n  (1)" in result.stdout
    )


@pytest.mark.usefixtures("project")
def test_json_has_the_comparison_first_and_then_the_items(cli: CommandLine) -> None:
    head, *items = cli.json("compare-items", "p", "0", "2", "--json", "--change", "broken")
    assert head["kind"] == "comparison"
    assert (head["both_right"], head["fixed"], head["broken"], head["both_wrong"]) == (5, 7, 2, 6)
    assert head["p"] == pytest.approx(0.1796875)
    assert head["difference"] == pytest.approx(0.25)
    assert head["b"] == {"project": str(cli.folder / "p"), "run": 1, "iteration": 2}
    assert [item["change"] for item in items] == ["broken", "broken"]
    assert items[0]["question"] == "(5 * 5 - 1) ="
    assert items[0]["a"]["final_correct"] is True
    assert items[0]["b"]["final_answer"] == "36"
    assert "(Final response)" in items[0]["b"]["text"]


@pytest.mark.usefixtures("project")
def test_csv_has_a_row_for_each_item(cli: CommandLine) -> None:
    result = cli("compare-items", "p", "--csv", "--change", "all")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 20
    assert rows[2]["change"] == "fixed"
    assert (rows[2]["a_right"], rows[2]["b_right"]) == ("0", "1")
    assert (rows[2]["b_first"], rows[2]["b_final"]) == ("60", "48")


@pytest.mark.usefixtures("project")
def test_what_counts_and_what_is_listed_can_be_chosen(cli: CommandLine) -> None:
    (head,) = cli.json("compare-items", "p", "--json", "--limit", "0", "--answer", "first")
    assert (head["fixed"], head["broken"]) == (1, 2)
    (head,) = cli.json("compare-items", "p", "--json", "--limit", "0", "--flexible")
    assert head["both_right"] == 6
    head, *items = cli.json("compare-items", "p", "--json", "--subtask", "seen")
    assert (head["pairs"], head["fixed"], len(items)) == (10, 3, 4)
    _, *items = cli.json("compare-items", "p", "--json", "--find", '"9 * 9"')
    assert [item["question"] for item in items] == ["(9 * 9 - 1) ="]
    _, *items = cli.json("compare-items", "p", "--json", "--limit", "3")
    assert len(items) == 3


def test_models_of_other_runs_and_projects_are_named(cli: CommandLine, project: Project) -> None:
    with Store.open(project.db_path) as store:
        add_run(store, (START, BETTER))
    head, *_ = cli.json("compare-items", "p", "1/2", "2/last", "--json")
    assert (head["a"]["run"], head["b"]["run"], head["b"]["iteration"]) == (1, 2, 1)
    evaluated_project(cli.folder / "other", (SECOND,))
    result = cli("compare-items", "p", "1/0", "other:0", "--limit", "0")
    assert "A: demo (p), run 1, start\nB: demo (other), run 1, start\n" in result.stdout
    assert "A wrong           7         6" in result.stdout


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("p", "0", "3"), 2, "There is no evaluation of iteration 3 yet."),
        (("p", "0", "harder:0"), 2, "Their test items differ"),
        (("p", "zero"), 2, "'zero' names no model"),
        (("p", "0", "7/1"), 3, "has no row 7"),
        (("p", "0", "nowhere:1"), 3, "no such folder"),
        (("empty",), 3, "there is no run yet"),
        (("begun",), 2, "has no evaluation yet"),
        (("p", "--csv", "--json"), 2, "choose one"),
    ],
)
def test_what_cannot_be_compared_is_told(
    cli: CommandLine, arguments: tuple[str, ...], code: int, said: str
) -> None:
    evaluated_project(cli.folder / "harder", (START,), offset=4)
    evaluated_project(cli.folder / "begun", ())
    cli.new("empty")
    result = cli("compare-items", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_projects_of_one_name_in_folders_of_one_name_are_told_apart(cli: CommandLine) -> None:
    for folder in ("here", "there"):
        (cli.folder / folder).mkdir()
        evaluated_project(cli.folder / folder / "p", (START,))
    result = cli("compare-items", "here/p", "0", "there/p:0", "--limit", "0")
    assert f"A: demo (p), run 1, start ({cli.folder / 'here' / 'p'})" in result.stdout
    assert f"B: demo (p), run 1, start ({cli.folder / 'there' / 'p'})" in result.stdout


def test_an_evaluation_under_way_says_so(cli: CommandLine) -> None:
    evaluated_project(cli.folder / "p", done=13)
    result = cli("compare-items", "p", "--limit", "0")
    assert "13 items of 20 so far, final answer, strict" in result.stdout


def test_model_text_cannot_steer_the_terminal(cli: CommandLine, project: Project) -> None:
    with Store.open(project.db_path) as store:
        store._execute(
            "UPDATE evaluations SET text = ?, final_answer = ?", ("a\x1b[2Jb\u202ec", "\x07[/x]")
        )
    for form in ((), ("--csv",), ("--json",)):
        printed = cli("compare-items", "p", *form).stdout
        assert "\x1b" not in printed
        assert "\x07" not in printed
        assert "\u202e" not in printed
