"""What evaluate shows of a run's tests, read from real databases."""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import recorded
from evaluated import FIRST, SECOND, START, evaluate, evaluated_project

from db.errors import StoreError
from db.records import RunStatus, StageName
from db.store import Store
from engine.comparing import Measure
from engine.errors import TripostError
from engine.project import Project
from engine.run_view import EngineState
from engine.statistics import Share, wilson
from tripost_tui.glyphs import ASCII
from tripost_tui.state.evaluate import AccuracyLine, EvaluateState
from tripost_tui.state.evaluate_reading import EvaluationReader
from tripost_tui.state.place import Place
from tripost_tui.state.run import Trouble
from tripost_tui.widgets.evaluate_panes import share_text, updates_content


def state_of(project: Project, run_id: int | None = None) -> EvaluateState:
    state = EvaluateState(Place(project.path, project.name, run_id))
    with closing(EvaluationReader(project.path, run_id, recorded.Clock(recorded.NOW))) as reader:
        state.run.apply(reader.read())
    return state


def shown_as(state: EvaluateState, word: str, *, alive: bool = False) -> EvaluateState:
    """The same, with the run in another state."""
    reading = state.run.reading
    assert reading is not None
    process = reading.view.engine
    view = replace(reading.view, state=word, engine=EngineState(alive, process.process, None, 1.0))
    state.run.apply(replace(reading, view=view))
    return state


def test_accuracy_is_counted_for_each_iteration(tmp_path: Path) -> None:
    lines = state_of(evaluated_project(tmp_path / "p")).lines()
    assert [line.label for line in lines] == ["start", "iteration 1", "iteration 2"]
    assert [line.final.count for line in lines] == [7, 7, 12]
    assert [line.first.count for line in lines] == [7, 6, 6]
    assert all(line.n == line.wanted == 20 and line.done for line in lines)
    start = lines[0]
    assert (start.seen, start.unseen) == (Share(4, 10), Share(3, 10))
    first = lines[1]
    assert (first.updated, first.wrong_to_right, first.right_to_wrong) == (Share(3, 20), 2, 1)


def test_what_counts_can_be_the_first_attempt_and_read_flexibly(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p"))
    seen = {}
    for measure in Measure:
        assert state.measure is measure
        line = state.lines()[2]
        seen[measure] = (line.first.count, line.final.count, line.seen.count + line.unseen.count)
        state.turn_measure()
    assert seen == {
        Measure.FINAL: (6, 12, 12),
        Measure.FINAL_FLEXIBLE: (7, 13, 13),
        Measure.FIRST: (6, 12, 6),
        Measure.FIRST_FLEXIBLE: (7, 13, 7),
    }
    assert state.measure is Measure.FINAL


def test_intervals_are_wilsons() -> None:
    low, high = wilson(12, 20).low, wilson(12, 20).high
    text = share_text(Share(12, 20), 18, ASCII)
    assert text == f"60.0 ({100 * low:.1f}-{100 * high:.1f})" == "60.0 (38.7-78.1)"
    assert share_text(Share(12, 20), 13, ASCII) == "60.0 (39-78)"
    assert share_text(Share(12, 20), 7, ASCII) == "60.0"
    assert share_text(Share(0, 0), 18, ASCII) == "n/a"


def test_an_evaluation_under_way_says_how_far_it_is(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p", done=13))
    line = state.lines()[2]
    assert (line.n, line.wanted, line.done) == (13, 20, False)
    assert state.progress() == "iteration 2: 13/20 evaluated"
    shown_as(state, "running", alive=True)
    assert ("info", "iteration 2: 13/20 evaluated", "") in state.notices()


def test_one_that_has_just_begun_has_nothing_to_show_yet(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", (START,))
    with Store.open(project.db_path) as store:
        store.start_stage(1, 1, StageName.EVALUATE, 400)
    state = state_of(project)
    assert len(state.lines()) == 1
    assert state.progress() == "iteration 1: 0/400 evaluated"


def test_a_reader_counts_on_while_the_evaluation_goes_on(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", done=13)
    with closing(EvaluationReader(project.path)) as reader, Store.open(project.db_path) as store:
        before = reader.read()
        assert reader.read().evaluations == before.evaluations
        evaluate(store, 1, 2, SECOND, 13, 20)
        counts = [counts.n for counts in reader.read().evaluations if counts.iteration == 2]
        assert sum(counts) == 20


def test_a_reader_notices_a_project_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p")
    with closing(EvaluationReader(project.path)) as reader:
        reader.read()
        os.rename(project.path, tmp_path / "elsewhere")
        with pytest.raises(TripostError, match="no such folder"):
            reader.read()
        evaluated_project(tmp_path / "p", (START,))
        assert {counts.iteration for counts in reader.read().evaluations} == {0}
    project.db_path.write_bytes(b"no database at all, but a text that is long enough" * 100)
    with closing(EvaluationReader(project.path)) as reader, pytest.raises(StoreError):
        reader.read()


@pytest.mark.parametrize(
    ("word", "alive", "how"),
    [
        ("stopped", False, "p resumes the run, which evaluates then."),
        ("no heartbeat 6 min", False, "p resumes the run, which evaluates then."),
        ("failed", False, "the run failed (g r says why); p resumes it, and it evaluates then."),
        ("finished", False, "it will not come, since the run is finished."),
        ("paused", True, "the run is paused; p resumes it."),
        ("stopping", True, "the run is stopping; p resumes it after that."),
        ("running", True, "the run is at work, and it comes by itself."),
        ("waiting for review", True, "the run waits for review (g v); it comes after that."),
    ],
)
def test_what_is_missing_says_how_it_comes(
    tmp_path: Path, word: str, alive: bool, how: str
) -> None:
    state = shown_as(state_of(evaluated_project(tmp_path / "p")), word, alive=alive)
    assert state.missing() == f"No evaluation for iteration 3: {how}"
    _, _, after = state.missing().partition(": ")
    reason = _resume(state)
    assert ("p resumes" in after and word != "stopping") == (reason is None)


def _resume(state: EvaluateState) -> str | None:
    from tripost_tui.situation import can_evaluate

    return can_evaluate(state.situation())


def test_a_run_that_can_only_be_begun_anew_says_so(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p")
    reason = "Iteration 3 collected 2 trajectories. Begin again with: tripost run --new"
    recorded.finish(project, 1, RunStatus.FAILED, reason)
    state = state_of(project)
    assert "it will not come, since the run cannot go on" in state.missing()
    assert state.notices()[0] == ("error", "The run failed", reason)


def test_several_are_missing(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p", (START,)))
    assert state.missing().startswith("No evaluation for iterations 1 to 3: ")
    state = state_of(evaluated_project(tmp_path / "q", (START, FIRST)))
    assert state.missing().startswith("No evaluation for iterations 2 and 3: ")
    state = state_of(evaluated_project(tmp_path / "r", done=3))
    assert state.missing().startswith("The evaluation of iteration 2 is not finished: ")
    state = state_of(evaluated_project(tmp_path / "s", iterations=2))
    assert state.missing() == ""


def test_a_run_without_any_and_a_project_without_a_run(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p", ()))
    assert state.missing().startswith("No evaluation yet: ")
    assert state.wanted() is None
    state = state_of(recorded.new_project(tmp_path / "q"))
    assert state.missing() == "No evaluation yet: p starts the run, which begins with it."
    assert _resume(state) is None


def test_an_earlier_run_cannot_go_on(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", status=RunStatus.STOPPED)
    state = state_of(project, 1)
    assert "it will not come, since this is an earlier run" in state.missing()
    assert "earlier run" in (_resume(state) or "")


def test_the_start_and_the_newest_are_compared_unless_others_are_chosen(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p"))
    wanted = state.wanted()
    assert wanted is not None
    assert [model.short for model in wanted] == ["start", "iteration 2"]
    state.chosen = (replace(wanted[0], iteration=1), None)
    assert [model.short for model in state.wanted() or ()] == ["iteration 1", "iteration 2"]


def test_a_start_alone_is_not_compared_with_itself(tmp_path: Path) -> None:
    assert state_of(evaluated_project(tmp_path / "p", (START,))).wanted() is None


def test_trouble_is_told_before_anything_else(tmp_path: Path) -> None:
    state = state_of(evaluated_project(tmp_path / "p"))
    state.run.fail(Trouble("The project database is busy", "Another process"))
    assert state.notices()[0] == ("error", "The project database is busy", "Another process")
    assert _resume(state) == "The project cannot be read."


@pytest.mark.parametrize("width", [55, 59, 120])
def test_a_line_of_updates_stays_one_line(width: int) -> None:
    share = Share(47, 120)
    line = AccuracyLine(10, share, share, share, share, share, 47, 5, 120, True)
    lines = updates_content([line], width, ASCII).plain.splitlines()[:2]
    assert [text.split()[-1] for text in lines] == ["net", "+42"]
    assert all(len(text) <= width for text in lines)
