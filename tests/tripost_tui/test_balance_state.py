"""The balance at its desk: counts, p and weights tried and saved, rows, what came too late."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from balanced import balanced_project
from hypothesis import given
from hypothesis import strategies as st

from db.records import ExampleKind, RunStatus
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.config import load_settings
from engine.project import Project
from tripost_tui.state.balance import RATIO, BalanceDesk
from tripost_tui.state.balance_port import Counted, Job
from tripost_tui.state.balance_store import StoreBalance
from tripost_tui.state.balance_view import ALL, DROPPED, LATE, TRAINS, BalanceView, Source
from tripost_tui.state.balance_words import (
    ValueFault,
    parse_values,
    shortage,
    values_text,
    weighted_text,
)


class Balancing:
    """A desk, and what counts for it."""

    def __init__(self, path: Path) -> None:
        self.port = StoreBalance(path)
        self.desk = BalanceDesk(self.port)
        self.counter = self.port.counter()

    def close(self) -> None:
        self.counter.close()
        self.desk.close()

    def look(self) -> BalanceView:
        """Look until all is there."""
        self.desk.poll()
        return self.settle()

    def settle(self) -> BalanceView:
        while True:
            view = self.desk.view()
            if view.wants_more:
                self.desk.poll()
            elif view.lacks_example:
                self.desk.show_example()
            elif view.job is None:
                return view
            else:
                self.count(view.job)

    def count(self, job: Job) -> None:
        chosen = self.counter.count(job.iteration, dict(job.values), lambda done, total: None)
        self.desk.take(Counted(job, chosen))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return balanced_project(tmp_path / "demo")[0]


@pytest.fixture
def balancing(project: Project) -> Iterator[Balancing]:
    with closing(Balancing(project.path)) as made:
        yield made


def kinds(view: BalanceView) -> list[ExampleKind]:
    return [view.entries[place].kind for place in view.shown]


def reasons(view: BalanceView) -> set[str | None]:
    return {view.entries[place].dropped for place in view.shown}


# --- what is shown -----------------------------------------------------------------------------


def test_it_begins_with_what_would_train_of_the_latest_iteration(balancing: Balancing) -> None:
    view = balancing.look()
    assert (view.iteration, view.source, view.rows) == (2, Source.PREVIEW, TRAINS)
    assert view.balance is not None
    assert len(view.shown) == view.balance.selected_in_all > 0
    assert reasons(view) == {None}
    assert view.example is not None
    assert view.example.entry is view.entries[view.shown[0]]
    assert not view.is_old


def test_of_a_made_iteration_it_shows_what_is_stored(
    balancing: Balancing, project: Project
) -> None:
    balancing.look()
    balancing.desk.turn_iteration(-1)
    view = balancing.settle()
    assert (view.iteration, view.source) == (1, Source.STORED)
    with Store.open(project.db_path, readonly=True) as store:
        examples = store.examples(1, 1, selected=True)
    assert [view.entries[place].item_id for place in view.shown] == [e.item_id for e in examples]
    assert view.example is not None
    text = "".join(piece.text for piece in view.example.pieces)
    assert text == "".join(text for text, _ in examples[0].segments)


def test_rows_go_from_what_trains_over_each_reason_to_all(balancing: Balancing) -> None:
    view = balancing.look()
    seen = {}
    for _ in view.rows_there:
        seen[view.rows] = view
        balancing.desk.turn_rows()
        view = balancing.settle()
    assert view.rows == TRAINS
    assert list(seen) == [
        *(TRAINS, DROPPED, "duplicate text", "surplus after rebalancing", ALL),
    ]
    for rows, one in seen.items():
        if rows not in (TRAINS, DROPPED, ALL):
            assert reasons(one) == {rows}
    assert len(seen[TRAINS].shown) + len(seen[DROPPED].shown) == len(seen[ALL].shown)
    balancing.desk.turn_rows(-1)
    assert balancing.settle().rows == ALL


def test_one_kind_after_the_other(balancing: Balancing) -> None:
    balancing.look()
    for kind in ExampleKind:
        balancing.desk.turn_kind()
        view = balancing.settle()
        assert view.kind is kind
        assert set(kinds(view)) == {kind}
    balancing.desk.turn_kind()
    assert set(kinds(balancing.settle())) == set(ExampleKind)


def test_moving_stays_within_the_list_and_brings_each_example(balancing: Balancing) -> None:
    view = balancing.look()
    balancing.desk.move(-1)
    assert balancing.settle().at == 0
    balancing.desk.go(10**6)
    view = balancing.settle()
    assert view.at == len(view.shown) - 1
    assert view.example is not None
    assert view.example.entry is view.entries[view.shown[-1]]
    assert view.entries[view.shown[-1]].item_id in view.questions


# --- p and the weights -------------------------------------------------------------------------


def test_another_p_is_another_choice_at_once(balancing: Balancing) -> None:
    before = balancing.look()
    balancing.desk.set_values({RATIO: 3.0})
    old = balancing.desk.view()
    assert old.job is not None
    assert old.is_old
    assert old.balance == before.balance
    view = balancing.settle()
    assert view.balance is not None
    assert view.edited
    share = view.balance.share_of_improving
    assert share is not None
    assert share == pytest.approx(0.6, abs=0.03)
    balancing.desk.set_values({RATIO: 0.0})
    view = balancing.settle()
    assert view.balance is not None
    assert view.balance.selected == view.balance.before_rebalancing
    balancing.desk.reset()
    view = balancing.settle()
    assert (view.balance, view.edited) == (before.balance, False)


def test_p_goes_up_and_down_by_steps_and_then_off(balancing: Balancing) -> None:
    view = balancing.look()
    assert values_text(view.values).startswith("p=0.3333 ")
    shown = []
    for by in (1, 1, -1, -1, -1, -1, -1, -1, -1, -1, 1):
        balancing.desk.nudge(by)
        shown.append(values_text(balancing.settle().values).split()[0])
    assert shown == [
        *("p=0.4", "p=0.45", "p=0.4", "p=0.35", "p=0.3", "p=0.25", "p=0.2", "p=0.15", "p=0.1"),
        *("p=0.05", "p=0.1"),
    ]


def test_other_weights_are_in_the_example_and_change_no_count(balancing: Balancing) -> None:
    before = balancing.look()
    values = {"train.weight": 2.5, "train.change_factor": 4.0, "train.question_weight": 0.5}
    balancing.desk.set_values(values)
    view = balancing.settle()
    assert view.balance == before.balance
    assert view.example is not None
    assert {piece.weight for piece in view.example.pieces} == {0.0, 0.5, 2.5, 10.0}


def test_of_a_made_iteration_other_values_are_a_what_if(balancing: Balancing) -> None:
    balancing.look()
    balancing.desk.turn_iteration(-1)
    stored = balancing.settle()
    balancing.desk.set_values({RATIO: 4.0})
    view = balancing.settle()
    assert view.source is Source.WHAT_IF
    assert view.balance is not None
    assert stored.balance is not None
    assert view.balance.made == stored.balance.made
    assert view.balance.selected != stored.balance.selected
    balancing.desk.reset()
    view = balancing.settle()
    assert (view.source, view.balance) == (Source.STORED, stored.balance)


def test_saved_values_are_in_the_file_and_hold_from_the_next_iteration(
    balancing: Balancing, project: Project
) -> None:
    balancing.look()
    balancing.desk.set_values({RATIO: 3.0, "train.weight": 2.0})
    balancing.settle()
    balancing.desk.save()
    view = balancing.desk.view()
    assert "Iteration 2 will be made with them" in view.said
    saved = load_settings(project.settings_path)
    assert (saved.postprocess.ratio, saved.train.weight) == (3.0, 2.0)
    assert saved.train.epochs == project.settings.train.epochs
    view = balancing.settle()
    assert (view.edited, view.values[RATIO], view.said) == (False, 3.0, "")


def test_a_run_that_is_over_says_that_a_new_one_takes_them(
    balancing: Balancing, project: Project
) -> None:
    with Store.open(project.db_path) as store:
        store.set_run_status(1, RunStatus.FINISHED)
    balancing.look()
    balancing.desk.set_values({RATIO: 3.0})
    balancing.desk.save()
    assert "a new run takes them" in balancing.desk.view().said


def test_a_damaged_file_is_told_and_the_runs_values_hold(
    balancing: Balancing, project: Project
) -> None:
    before = balancing.look()
    project.settings_path.write_text("p = [")
    view = balancing.look()
    assert view.overview is not None
    assert "not TOML" in view.overview.unreadable
    assert view.values == before.values


# --- reviews and what is collected meanwhile ---------------------------------------------------


def test_what_is_rejected_meanwhile_leaves_the_preview(
    balancing: Balancing, project: Project
) -> None:
    before = balancing.look()
    with Store.open(project.db_path) as store:
        row = store.trajectories(1, 2)[0]
        store.review_step(1, [ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT)])
    view = balancing.look()
    assert view.balance is not None
    assert before.balance is not None
    assert sum(view.balance.steps[0].lost.values()) > 0
    assert view.balance.made == before.balance.made
    assert "rejected in review" in view.rows_there
    with Store.open(project.db_path) as store:
        store.undo_review(1)
    assert balancing.look().balance == before.balance


def test_what_is_decided_after_the_examples_were_made_is_listed(
    balancing: Balancing, project: Project
) -> None:
    balancing.look()
    balancing.desk.turn_iteration(-1)
    balancing.settle()
    with Store.open(project.db_path) as store:
        row = store.trajectories(1, 1)[1]
        store.review_step(1, [ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT)])
    view = balancing.look()
    assert view.late.rejected == {row.id}
    while view.rows != LATE:
        balancing.desk.turn_rows()
        view = balancing.settle()
    assert {view.entries[place].trajectory_id for place in view.shown} == {row.id}
    assert view.example is not None
    assert view.example.late == "rejected since: trained on all the same"


# --- empty, and too few ------------------------------------------------------------------------


def test_nothing_collected(tmp_path: Path) -> None:
    project, _ = balanced_project(tmp_path / "p", 0, made=False)
    with closing(Balancing(project.path)) as balancing:
        view = balancing.look()
    assert (view.source, view.balance, len(view.shown)) == (Source.NOTHING, None, 0)


def test_too_few_names_the_shortfall_and_what_costs_most(tmp_path: Path) -> None:
    project, _ = balanced_project(
        tmp_path / "p", 8, made=False, collect__minimum=8, postprocess__ratio=60.0
    )
    with closing(Balancing(project.path)) as balancing:
        view = balancing.look()
        assert view.balance is not None
        selected = view.balance.selected_in_all
        surplus = view.balance.steps[-1].lost_in_all
        assert selected < 8 < surplus
        title, text = shortage(view) or ("", "")
        assert title == "Too few examples"
        assert text.startswith(f"{selected} are trained on, {8 - selected} short of 8")
        assert f"surplus over p, {surplus} of {view.balance.made_in_all}" in text
        balancing.desk.set_values({RATIO: 0.0})
        assert shortage(balancing.settle()) is None
        balancing.desk.reset()
        balancing.settle()
        with Store.open(project.db_path) as store:
            changes = [
                ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT)
                for row in store.trajectories(1, 1)
            ]
            store.review_step(1, changes)
        view = balancing.look()
    # Ground truth alone is left, which is enough by number.
    assert view.balance is not None
    assert view.balance.selected.get(ExampleKind.IMPROVING, 0) == 0
    assert shortage(view) is None


# --- what is written ---------------------------------------------------------------------------


def test_values_are_read_as_they_are_written() -> None:
    assert parse_values("p=0.5 w=2 wrong=0 change=3 question=0.25") == {
        "postprocess.ratio": 2.0,
        "train.weight": 2.0,
        "train.wrong_attempt_weight": 0.0,
        "train.change_factor": 3.0,
        "train.question_weight": 0.25,
    }
    assert parse_values("0.2") == {"postprocess.ratio": 0.5}
    assert parse_values("off") == parse_values("p=0") == {"postprocess.ratio": 0.0}
    assert parse_values("r=1.5, train.weight=1") == {
        "postprocess.ratio": 1.5,
        "train.weight": 1.0,
    }
    assert parse_values("") == {}


@given(st.floats(0.001, 100), st.floats(0, 100))
def test_what_is_shown_is_read_back_as_it_is(ratio: float, weight: float) -> None:
    values = {
        "postprocess.ratio": ratio,
        "train.weight": float(f"{weight:g}"),
        "train.wrong_attempt_weight": 1.0,
        "train.change_factor": 2.0,
        "train.question_weight": 0.0,
    }
    assert parse_values(values_text(values), values) == values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p=1", "at most 0.98"),
        ("p=x", "is no number"),
        ("w=-1", "from 0 to 100"),
        ("w=nan", "from 0 to 100"),
        ("q=3", "there is no 'q'"),
        ("change=2000", "from 0 to 1000"),
    ],
)
def test_what_cannot_be_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueFault, match=why):
        parse_values(text)


def test_weights_stand_behind_the_text_that_has_them(balancing: Balancing) -> None:
    view = balancing.look()
    assert view.example is not None
    text = weighted_text(view.example.pieces)
    assert text.startswith("Q: ")
    assert text.endswith("<end>{1.5}")
    assert "{0}\nFeedback: " in text
