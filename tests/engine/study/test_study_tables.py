"""What is compared, what is refused to be, and how it is told."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from studies import SMALL, runs_of

from engine.statistics import Share
from engine.study.comparing import NOT_DISTINGUISHABLE, Comparison, Row, compare_runs
from engine.study.plan import PlannedRun
from engine.study.results import APP, IterationResult, RunResult
from engine.study.standing import Stand
from engine.study.tables import in_words, study_tables
from engine.study.writing import FILES, to_csv, to_markdown, write_results

SEEDS = SMALL.split("[[run]]", maxsplit=1)[0]
N = 100


def an_iteration(iteration: int, right: int, first: int, tokens: int) -> IterationResult:
    """An iteration that answers the first ``right`` of 100 items, at first ``first`` of them."""
    none = Share(0, 0)
    return IterationResult(
        iteration=iteration,
        first=Share(first, N),
        final=Share(right, N),
        final_seen=Share(right, N),
        final_unseen=none,
        updated=Share(abs(right - first), N),
        wrong_to_right=max(0, right - first),
        right_to_wrong=max(0, first - right),
        tokens=tokens,
        marks={f"item {i}": (i < first, i < right) for i in range(N)},
    )


def result(run: PlannedRun, right: int, first: int = 40, version: str = "1") -> RunResult:
    return RunResult(
        run=run,
        stand=Stand.FINISHED,
        why="finished",
        iterations=(an_iteration(0, 40, 40, 0), an_iteration(1, right, first, 1_000)),
        test=f"test of seed {run.seed}",
        versions={APP: version},
    )


@pytest.fixture
def runs(tmp_path: Path) -> tuple[PlannedRun, ...]:
    return runs_of(tmp_path, SEEDS)


def compared(results: Sequence[RunResult]) -> Comparison:
    return compare_runs("a study", "tripost", results)


def other_row(comparison: Comparison) -> Row:
    return next(row for row in comparison.rows if row.label == "continued_rationale")


def test_means_differences_and_an_outcome(runs: tuple[PlannedRun, ...]) -> None:
    rights = {("tripost", 1): 60, ("tripost", 2): 56}
    comparison = compared([result(run, rights.get((run.method, run.seed), 44)) for run in runs])
    reference, other = comparison.rows
    assert reference.is_reference
    assert reference.against is None
    assert reference.final is not None
    assert reference.final.mean == pytest.approx(0.58)
    assert reference.final.sd == pytest.approx(0.0283, abs=1e-4)
    assert other.against is not None
    assert other.against.difference == pytest.approx(-0.14)
    assert [(s.gained, s.lost) for s in other.against.seeds] == [(0, 16), (0, 12)]
    assert other.against.outcome == "lower"
    assert "lower (-14.0 points" in in_words(comparison)[0]


def test_a_small_difference_is_not_called_one(runs: tuple[PlannedRun, ...]) -> None:
    results = [result(run, 42 if run.method == "tripost" else 41) for run in runs]
    comparison = compared(results)
    against = other_row(comparison).against
    assert against is not None
    assert against.outcome == NOT_DISTINGUISHABLE
    assert "no proof of equality" in in_words(comparison)[0]


def test_one_seed_alone_says_that_it_is_one(runs: tuple[PlannedRun, ...]) -> None:
    results = [result(run, 70 if run.method == "tripost" else 45) for run in runs if run.seed == 1]
    against = other_row(compared(results)).against
    assert against is not None
    assert against.outcome == "lower with this seed"


def test_seeds_that_disagree_are_said_to(runs: tuple[PlannedRun, ...]) -> None:
    """One seed gains much and one loses a little: these runs differ, others may not."""
    results = [
        result(run, 45 if run.method == "tripost" else 70 if run.seed == 1 else 43) for run in runs
    ]
    against = other_row(compared([replace(one, test="same") for one in results])).against
    assert against is not None
    assert against.p_holm < 0.05
    assert against.outcome == "higher in these runs; other seeds may differ"


def test_a_missing_run_takes_the_mean_away_and_is_told(runs: tuple[PlannedRun, ...]) -> None:
    results = [result(run, 50) for run in runs]
    results[-1] = RunResult(runs[-1], Stand.FAILED, "memory ran out")
    comparison = compared(results)
    row = other_row(comparison)
    assert (row.final, row.against, row.problem) == (None, None, "1 of 2 runs")
    assert any("memory ran out" in text for text in comparison.problems)
    assert "memory ran out" in to_markdown(comparison)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"test": "another"}, "other test items than the reference"),
        ({"versions": {APP: "2"}}, "several versions of TriPosT"),
    ],
)
def test_what_does_not_go_together_is_not_compared(
    runs: tuple[PlannedRun, ...], change: dict[str, object], problem: str
) -> None:
    results = [result(run, 50) for run in runs]
    results[-1] = replace(results[-1], **change)  # type: ignore[arg-type]
    comparison = compared(results)
    row = other_row(comparison)
    assert (row.against, row.problem) == (None, problem)
    assert comparison.problems
    assert in_words(comparison) == ["Nothing can be compared yet."]


def test_another_version_throughout_a_row_is_not_compared(runs: tuple[PlannedRun, ...]) -> None:
    results = [result(run, 50, version="1" if run.method == "tripost" else "2") for run in runs]
    row = other_row(compared(results))
    assert row.final is not None
    assert row.problem == "another version of TriPosT than the reference"


def test_where_the_accuracy_comes_from_adds_up(runs: tuple[PlannedRun, ...]) -> None:
    comparison = compared([result(run, 55, first=43) for run in runs])
    table = next(t for t in study_tables(comparison) if t.title.startswith("Where"))
    assert table.rows[0][2:] == ("40.0", "+3.0", "+12.0", "+15.0", "55.0")


def test_a_sweep_has_the_reference_at_its_place(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, SMALL.replace("seed = [1, 2]", "seed = 1"))
    comparison = compared([result(run, 50) for run in runs])
    swept = [row.label for row in comparison.rows if row.table == "p sweep"]
    assert swept == ["tripost, p = 0.2", "tripost (p = 0.33)", "tripost, p = 0.7"]


def test_corrections_are_for_the_tables_comparisons(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, SMALL.replace("seed = [1, 2]", "seed = 1"))
    comparison = compared(
        [result(run, 50 if run.arms[0].label == "tripost" else 42) for run in runs]
    )
    ps = {r.label: (r.against.p, r.against.p_holm) for r in comparison.rows if r.against}
    p = 2 / 2**8
    assert ps["continued_rationale"] == pytest.approx((p, p))
    assert ps["tripost, p = 0.2"] == pytest.approx((p, 2 * p))


def test_files_say_the_same(runs: tuple[PlannedRun, ...], tmp_path: Path) -> None:
    comparison = compared([result(run, 50) for run in runs])
    files = write_results(tmp_path / "out", comparison)
    assert [file.name for file in files] == list(FILES)
    rows = list(csv.DictReader(io.StringIO(to_csv(comparison))))
    assert [row["final"] for row in rows] == ["0.4", "0.5"] * 4
    data = json.loads(files[2].read_text())
    assert [run["iterations"][1]["final"]["count"] for run in data["runs"]] == [50] * 4
    assert data["rows"][1]["against"]["p"] == 1.0


def test_text_of_others_does_not_break_out_of_the_tables(runs: tuple[PlannedRun, ...]) -> None:
    results = [result(run, 50) for run in runs]
    results[0] = RunResult(runs[0], Stand.FAILED, "a | b\n# c <script> \x1b[31m")
    text = to_markdown(compared(results))
    assert "\x1b" not in text
    assert "<script" not in text.replace("\\<script", "")
    assert "\n# c" not in text
