"""What the collect screen shows, without Textual."""

from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import HOSTED, OLLAMA

from db.records import Origin, RunStatus
from db.store import Store
from engine.control import BUDGET_CAUSE
from engine.project import Project
from tripost_tui.situation import report_or_retry, stop_or_scripts
from tripost_tui.state.collect_reading import CollectReader
from tripost_tui.state.collecting import CollectState
from tripost_tui.state.expert_trouble import ExpertTrouble

CLOCK = recorded.Clock(recorded.NOW)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return recorded.new_project(tmp_path / "demo")


def read(project: Project, iteration: int | None = None) -> CollectState:
    state = CollectState("demo")
    with CollectReader(project.path, clock=CLOCK) as reader:
        reader.iteration = iteration
        state.apply(reader.read())
    return state


def test_counters_follow_an_attempt_from_the_student_to_where_it_ends(project: Project) -> None:
    recorded.record(project)
    counters = read(project).counters
    assert (counters.sampled, counters.judged) == (60, 60)
    assert counters.kept == {Origin.CORRECT: 14, Origin.EDITED: 23}
    assert (counters.right_at_once, counters.right_by_itself) == (14, 0)
    assert (counters.sent, counters.updates) == (23, 23)
    assert counters.dropped == 23
    assert counters.kept_in_all + counters.dropped == counters.judged


def test_what_comes_in_is_counted_once(project: Project) -> None:
    run_id = recorded.record(project)
    with CollectReader(project.path, clock=CLOCK) as reader:
        before = reader.read().counters
        assert reader.read().counters is before
        with Store.open(project.db_path) as store, store.transaction():
            first = store.trajectories(run_id, 2)[0]
            (free,) = store.add_attempts(
                [
                    store.attempt(first.attempt_id).__class__(
                        run_id=run_id,
                        iteration=2,
                        pass_=7,
                        item_id=first.item_id,
                        text="x",
                        seed=1,
                        temperature=1.0,
                        finish_reason="eos",
                        tokens=1,
                    )
                ]
            )
            store._change("UPDATE stages SET done = done + 1 WHERE iteration = 2")
            store.add_edits(
                [
                    type(first)(
                        run_id=run_id,
                        iteration=2,
                        attempt_id=free,
                        item_id=first.item_id,
                        origin=Origin.TRUNCATED,
                        text="",
                        updates=0,
                        turns=first.turns[:1],
                    )
                ]
            )
        after = reader.read().counters
    assert (after.sampled, after.judged) == (before.sampled + 1, before.judged + 1)
    assert after.kept[Origin.TRUNCATED] == 1


def test_drops_have_their_reasons_the_most_frequent_first(project: Project) -> None:
    recorded.record(project)
    rows = [(row.reason, row.count) for row in read(project).drops()]
    assert rows == [("keeps flagged span", 15), ("too long", 8)]


def test_an_earlier_iteration_can_be_looked_at(project: Project) -> None:
    recorded.record(project)
    state = read(project)
    assert (state.shown, state.title()) == (2, "Collected, iteration 2 (keys , and . show others)")
    assert not state.choose(1)
    assert state.choose(-1)
    assert state.wanted == 1
    state = read(project, state.wanted)
    assert state.shown == 1
    assert state.choose(1)
    assert state.wanted is None


def test_trajectories_are_gone_through_and_held(project: Project) -> None:
    recorded.record(project)
    with CollectReader(project.path, clock=CLOCK) as reader:
        newest = reader.read().live
        assert (newest.place, newest.of, newest.held) == (37, 37, False)
        reader.step(-1)
        reader.step(-1)
        before = reader.read().live
        assert (before.place, before.held) == (35, True)
        reader.step(-100)
        assert reader.read().live.place == 1
        reader.step(100)
        assert reader.read().live.place == 37
        reader.step(0)
        again = reader.read().live
        assert (again.place, again.held) == (37, False)
        assert again.trajectory == newest.trajectory


def test_before_any_is_kept_the_newest_attempt_is_shown(project: Project) -> None:
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store, store.transaction():
        store._change("DELETE FROM examples")
        store._change("DELETE FROM turns")
        store._change("DELETE FROM trajectories")
    state = read(project)
    assert state.live_title() == "Newest attempt"
    assert [one.heading for one in state.passages()] == [
        "Question",
        "Attempt, by student, not judged yet",
    ]
    assert state.run is not None
    assert state.run.id == run_id


def test_experts_are_told_with_what_they_may_spend_still(project: Project) -> None:
    live_rows.asking(project)
    run_id = recorded.record(project)
    live_rows.calls(project, run_id)
    state = read(project)
    ollama, hosted = state.experts
    assert (ollama.name, ollama.replies, ollama.failed, ollama.retries) == (OLLAMA, 30, 3, 3)
    assert ollama.errors[0] == ("The expert took too long", 2)
    assert ollama.replayed == 12
    assert (hosted.name, hosted.calls) == (HOSTED, 30)
    assert hosted.cost == pytest.approx(0.12)
    assert state.spending.tokens == 60 * 790
    assert state.spending.token_ceiling == 200_000


def test_an_engine_that_asks_tells_what_is_under_way(project: Project) -> None:
    live_rows.asking(project)
    run_id = recorded.record(project)
    live_rows.calls(project, run_id)
    with live_rows.editing(project, run_id):
        state = read(project)
    assert (state.experts[0].under_way, state.experts[0].replayed) == (3, 16)
    assert state.stage_lines()[1] == "edit 48/60, 1.9/s, ETA 1 min"


def test_an_expert_that_is_offline_is_told_with_what_is_kept(project: Project) -> None:
    live_rows.asking(project)
    run_id = recorded.record(project)
    assert read(project).offline is None
    live_rows.offline(project, run_id)
    state = read(project)
    assert state.offline_name == OLLAMA
    first, second, *rest = state.notices()
    assert first[:2] == ("error", f"The expert does not answer: {OLLAMA}")
    assert "Connection refused" in first[2]
    assert second[1].startswith("Kept: 60 judged attempts, 37 trajectories. r asks again, ")
    assert not any(title == "The run failed" for _, title, _ in rest)
    now = state.situation()
    assert report_or_retry(now) is None
    assert stop_or_scripts(now) is None


def test_a_budget_that_is_used_up_is_no_ones_fault(project: Project) -> None:
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store:
        store.set_run_status(run_id, RunStatus.STOPPED, "raise experts.budget_tokens")
        store.add_event(run_id, "run.stopped", "it stopped", data={"cause": BUDGET_CAUSE})
    state = read(project)
    assert state.offline == ExpertTrouble(
        "The budget for experts is used up", "raise experts.budget_tokens"
    )


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.STOPPED, RunStatus.FINISHED])
def test_another_end_is_not_an_experts(project: Project, status: RunStatus) -> None:
    recorded.finish(project, recorded.record(project), status, "something else")
    assert read(project).offline is None


def test_a_refused_start_is_told_until_an_engine_works(project: Project) -> None:
    run_id = recorded.record(project)
    state = read(project)
    state.refusal = ExpertTrouble("The expert does not answer", "nobody there", OLLAMA)
    assert state.offline is state.refusal
    with recorded.at_work(project, run_id), CollectReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
    assert state.offline is None
    assert state.refusal is None


def test_a_task_without_scripts_does_not_offer_them(project: Project, tmp_path: Path) -> None:
    run_id = recorded.record(project)
    live_rows.offline(project, run_id)
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "task.toml").write_text("[data]\n")
    text = project.settings_path.read_text()
    named = text.replace('name = "multistep_arithmetic"', f'name = "{folder}"')
    project.settings_path.write_text(named)
    state = read(project)
    assert not any("scripts" in title for _, title, _ in state.notices())
    assert "no scripts" in (stop_or_scripts(state.situation()) or "")


def test_nothing_collected_says_so(project: Project) -> None:
    assert read(project).empty() == "There is no run yet. p starts it."
    with Store.open(project.db_path) as store:
        store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student="embedded"
        )
    assert read(project).empty() == "Nothing is collected yet. The run is not started."
