"""What a report says was shown and what was not: no more than its figures do."""

from pathlib import Path

from evaluated import BETTER, SECOND, START, add_run, evaluated_project

from db.records import RunStatus
from db.store import Store
from engine.comparing import Crosstab
from engine.project import Project
from engine.report_charts import Point, thinned
from engine.report_items import Fate
from engine.report_story import story_of
from engine.report_warnings import warnings_of
from engine.report_whole import WholeReport, build_whole_report


def whole_of(project: Project) -> WholeReport:
    with Store.read(project.db_path) as store:
        run = store.latest_run()
        assert run is not None
        return build_whole_report(store, run.id)


def test_a_difference_is_told_with_its_interval_and_its_test(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER], iterations=1)
    shown = " ".join(story_of(whole_of(project)).shown)
    assert "After iteration 1 its final answers are right on 80.0% (95% interval" in shown
    assert "9 went from wrong to right and 0 from right to wrong: +45.0 points" in shown
    assert "better than the start, p = 0.004" in shown
    assert "Its first attempts alone are right on 40.0%, at the start on 35.0%" in shown


def test_what_may_be_luck_is_no_gain_and_no_proof_of_none(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, SECOND], iterations=1)
    story = story_of(whole_of(project))
    shown, not_shown = " ".join(story.shown), " ".join(story.not_shown)
    assert "+25.0 points" in shown
    assert "not distinguishable from luck (p = 0.18)" in shown
    assert "better than the start" not in shown
    assert "That nothing changed" in not_shown


def test_one_seed_and_missing_controls_are_always_told(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER], iterations=1)
    not_shown = story_of(whole_of(project)).not_shown
    assert "one run with one seed" in not_shown[0]
    assert "no control with the same budget" in not_shown[1]
    assert any("not corrected for their number" in sentence for sentence in not_shown)


def test_a_student_that_was_only_tested_at_the_start_has_shown_nothing(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START])
    (told,) = story_of(whole_of(project)).shown
    assert told.startswith("The starting student gets 35.0%")
    assert "Nothing after it has been evaluated." in told


def test_what_is_missing_or_partial_is_warned_of(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER], done=8, iterations=3)
    warnings = warnings_of(whole_of(project))
    assert "The run is not finished: it is running." in warnings
    assert "There is no evaluation of iteration 2 and iteration 3. Nothing stands in for it." in (
        warnings
    )
    assert any("iteration 1 is partial: 8 of 20 items" in warning for warning in warnings)
    story = story_of(whole_of(project))
    assert "of the 8 items that it has been tested on so far" in story.shown[0]


def test_a_whole_and_finished_run_has_no_such_warning(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER], iterations=1)
    with Store.open(project.db_path) as store:
        store.set_run_status(1, RunStatus.FINISHED)
    warnings = warnings_of(whole_of(project))
    # The recording's clock is older than the schema of the database.
    assert [one for one in warnings if "brought up to date" not in one] == []


def test_a_database_that_was_brought_up_to_date_later_is_told(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START])
    assert any("m001_initial" in warning for warning in warnings_of(whole_of(project)))
    with Store.open(project.db_path) as store:
        add_run(store, [START])
    assert not any("brought up" in warning for warning in warnings_of(whole_of(project)))


def test_transitions_are_within_a_test_and_since_the_one_before(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, SECOND], iterations=1)
    start, second = whole_of(project).transitions
    assert start.since is None
    assert second.within == Crosstab(both_right=6, fixed=6, broken=0, both_wrong=8)
    assert second.since == Crosstab(both_right=5, fixed=7, broken=2, both_wrong=6)


def test_examples_are_chosen_by_a_hash_and_counted_all(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER], iterations=1)
    items = whole_of(project).items
    assert items is not None
    assert items.counts == {
        Fate.FIXED: 8,
        Fate.SPOILED: 0,
        Fate.NEEDLESS: 0,
        Fate.UNFIXED: 0,
        Fate.OVERLOOKED: 4,
    }
    assert [len(shown) for shown in items.shown.values()] == [2, 0, 0, 0, 2]
    assert items.shown == getattr(whole_of(project).items, "shown", None)


def test_the_same_items_have_the_same_hash_and_others_another(tmp_path: Path) -> None:
    one = {d.what: d.sha256 for d in whole_of(evaluated_project(tmp_path / "p", [START])).digests}
    other = evaluated_project(tmp_path / "q", [START], offset=1)
    two = {d.what: d.sha256 for d in whole_of(other).digests}
    assert one["Test items"] != two["Test items"]
    again = {d.what: d.sha256 for d in whole_of(evaluated_project(tmp_path / "r", [START])).digests}
    assert one["Test items"] == again["Test items"]


def test_a_line_is_thinned_to_means_with_what_they_cover() -> None:
    points = thinned([(x, float(x % 2)) for x in range(1, 9)], 4)
    assert points == tuple(Point(x, 0.5, 0.0, 1.0) for x in (1.5, 3.5, 5.5, 7.5))
    assert thinned([], 4) == ()
