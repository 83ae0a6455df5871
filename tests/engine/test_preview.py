"""What would train is told before it does: the very examples that the engine then makes."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from engines import Engine, Engines, Finished, change, run_of, small_project, undisturbed

from db.records import CommandKind, Example, RunStatus, StageName
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.balance import Filter, balance_of, counted, filter_of, scarce
from engine.editing import DropReason
from engine.errors import ConfigError
from engine.light_tokens import Basis
from engine.preview import Examples, Preview, late_reviews
from engine.project import Project
from engine.report import build_report
from engine.report_formats import to_json, to_markdown
from engine.stage_two import CHANGED, save_values, stage_two_values

LONG = 260
"""Tokens that some examples of these small projects have, and others do not."""


def shape(example: Example) -> tuple[object, ...]:
    return example.kind, example.text_hash, example.trajectory_id, example.drop_reason


def stored(project: Project, iteration: int) -> list[Example]:
    with Store.open(project.db_path, readonly=True) as store:
        return store.examples(1, iteration)


def check_same(project: Project, iteration: int) -> None:
    """Compare a preview with what the engine has stored, texts and weights included."""
    run = run_of(project)
    with (
        Store.open(project.db_path, readonly=True) as store,
        closing(Preview(project, store, run, iteration)) as preview,
        closing(Examples(project, run)) as examples,
    ):
        preview.look()
        values = stage_two_values(project.settings)
        chosen = preview.choose(values)
        made = stored(project, iteration)
        assert [
            (o.kind, o.text_hash, o.trajectory_id, None if o.dropped is None else str(o.dropped))
            for o in chosen.outlines
        ] == [shape(example) for example in made]
        for outline, example in zip(chosen.outlines, made, strict=True):
            assert examples.draft(store, iteration, outline, values).segments == example.segments
        assert chosen.balance == balance_of(store.example_counts(1, iteration))


@pytest.mark.parametrize("iteration", [1, 2])
def test_it_is_what_the_engine_makes(finished: Finished, iteration: int) -> None:
    check_same(finished.project, iteration)


@pytest.mark.parametrize(
    "values",
    [
        {"train.max_tokens": LONG, "train.change_factor": 3.0, "postprocess.ratio": 0.5},
        {"run.method": "lmsi"},
        {"run.method": "continued_rationale"},
    ],
    ids=["some too long", "lmsi", "gold rationales"],
)
def test_it_is_whatever_the_method(
    engines: Engines, able_student: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    wanted = {"run.iterations": 1, "task.test_items": 0, **values}
    done = undisturbed(engines, tmp_path / "p", able_student, wanted)
    check_same(done.project, 1)
    if "train.max_tokens" in values:
        reasons = {example.drop_reason for example in stored(done.project, 1)}
        assert str(DropReason.TOO_LONG) in reasons, "the limit is to concern some"
        assert None in reasons, "and not all"


# --- while a run goes on -----------------------------------------------------------------------


@pytest.fixture
def project(able_student: Path, tmp_path: Path) -> Project:
    values = {"review.wait": "pending", "run.iterations": 2, "task.test_items": 0}
    return small_project(tmp_path / "p", able_student, values)


@pytest.fixture
def engine(engines: Engines, project: Project) -> Engine:
    """An engine that waits for a person in iteration 1."""
    started = engines.start(project)
    started.wait_for(lambda store, run: bool(store.events_of_kind(1, "review.waiting")))
    return started


def go_on(project: Project) -> None:
    with Store.open(project.db_path) as store:
        store.send_command(1, CommandKind.CONTINUE)


def test_reviews_and_saved_values_hold_for_what_is_not_made_yet(
    engine: Engine, project: Project
) -> None:
    run = run_of(project)
    new = {"postprocess.ratio": 0.5, "train.weight": 2.5, "train.question_weight": 0.25}
    with (
        Store.open(project.db_path) as store,
        closing(Preview(project, store, run, 1)) as preview,
    ):
        preview.look()
        before = preview.choose(stage_two_values(project.settings))
        row = store.trajectories(1, 1)[0]
        store.review_step(1, [ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT)])
        preview.look()
        after = preview.choose(stage_two_values(project.settings) | new)
    lost = {o.trajectory_id for o in after.outlines if o.dropped is DropReason.REJECTED}
    assert lost == {row.id}
    assert not before.balance.step(Filter.REVIEW).lost
    save_values(project, new)
    go_on(project)
    engine.wait_for(lambda store, run: len(store.events_of_kind(1, "review.waiting")) == 2)
    assert [(o.kind, o.text_hash, o.dropped) for o in after.outlines] == [
        (e.kind, e.text_hash, e.drop_reason) for e in stored(project, 1)
    ]
    weights = {weight for e in stored(project, 1) for _, weight in e.segments}
    assert weights == {0.25, 1.0, 2.5}
    # Iteration 2 goes back to what the run began with, and that is told, too.
    save_values(project, stage_two_values(project.settings))
    go_on(project)
    assert engine.wait().code == 0
    with Store.open(project.db_path, readonly=True) as store:
        events = store.events_of_kind(1, CHANGED)
        report = build_report(store, 1)
    assert [event.data["iteration"] for event in events] == [1, 2]
    assert events[0].message == (
        "iteration 1: postprocess.ratio 1.5 → 0.5 (p = 0.20), train.weight 1.5 → 2.5, "
        "train.question_weight 0 → 0.25"
    )
    assert "iteration 1: postprocess.ratio 1.5 → 0.5" in to_markdown(report)
    told = to_json(report)["settings_of_iterations"]
    assert [(one["iteration"], one["settings"]["train.weight"]) for one in told] == [
        (1, 2.5),
        (2, 1.5),
    ]


def test_a_run_is_taken_up_with_other_values_and_with_nothing_else_changed(
    engine: Engine, engines: Engines, project: Project
) -> None:
    engine.kill()
    other = change(project, {"train.weight": 4.0, "postprocess.ratio": -1, "review.wait": "off"})
    again = engines.start(other)
    assert again.wait().code == 0
    assert run_of(other).status is RunStatus.FINISHED
    weights = {weight for e in stored(other, 1) for _, weight in e.segments}
    assert weights == {0.0, 1.0, 4.0}
    assert {e.drop_reason for e in stored(other, 1)} <= {None, str(DropReason.DUPLICATE)}


def test_a_damaged_file_does_not_end_a_run(engine: Engine, project: Project) -> None:
    was = project.settings_path.read_text()
    project.settings_path.write_text("this is [no toml")
    go_on(project)
    engine.wait_for(lambda store, run: len(store.events_of_kind(1, "review.waiting")) == 2)
    with Store.open(project.db_path, readonly=True) as store:
        (alert,) = [e for e in store.events_of_kind(1, "alert") if "project.toml" in e.message]
        assert "those that this run was started with hold" in alert.message
        stage = store.stage(1, 1, StageName.POSTPROCESS)
    assert stage is not None
    assert stage.detail["settings"] == stage_two_values(project.settings)
    project.settings_path.write_text(was)
    engine.kill()


def test_what_is_decided_too_late_is_told(engine: Engine, project: Project) -> None:
    run = run_of(project)
    with Store.open(project.db_path) as store:
        first, second, *_ = store.trajectories(1, 1)
        store.review_step(1, [ReviewChange(trajectory_id=first.id, kind=ReviewKind.REJECT)])
    go_on(project)
    engine.wait_for(lambda store, run: len(store.events_of_kind(1, "review.waiting")) == 2)
    engine.kill()
    with Store.open(project.db_path) as store, closing(Examples(project, run)) as examples:
        assert not late_reviews(store, 1, 1, examples).all
        changes = [
            ReviewChange(trajectory_id=first.id, kind=ReviewKind.ACCEPT),
            ReviewChange(trajectory_id=second.id, kind=ReviewKind.REJECT),
        ]
        store.review_step(1, changes)
        edited = store.trajectories(1, 1)[2]
        text = edited.text.replace("\n(1) ", "\n(1) So, ", 1)
        change_ = ReviewChange(trajectory_id=edited.id, kind=ReviewKind.EDIT, text=text)
        store.review_step(1, [change_])
        late = late_reviews(store, 1, 1, examples)
        assert late.restored == {first.id}
        assert late.rejected == {second.id}
        assert late.edited == {edited.id}
        for _ in range(2):
            store.undo_review(1)
        assert not late_reviews(store, 1, 1, examples).all


def test_wrong_values_are_not_saved(project: Project) -> None:
    was = project.settings_path.read_text()
    with pytest.raises(ConfigError, match=r"train\.weight"):
        save_values(project, {"train.weight": -1.0})
    assert project.settings_path.read_text() == was


# --- the account -------------------------------------------------------------------------------


def test_the_account_names_the_filter_that_costs_most(finished: Finished) -> None:
    with Store.open(finished.project.db_path, readonly=True) as store:
        balance = balance_of(store.example_counts(1, 1))
        examples = store.examples(1, 1)
    assert balance.selected_in_all == sum(e.selected for e in examples)
    assert balance.made_in_all == len(examples)
    left_out = [filter_of(e.drop_reason) for e in examples if e.drop_reason is not None]
    worst = balance.costliest
    assert worst is not None
    assert left_out.count(worst.filter) == worst.lost_in_all == max(map(left_out.count, Filter))
    assert balance == counted((e.kind, e.drop_reason) for e in examples)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 1.5, 4.0])
def test_with_what_is_scarce_there_would_be_no_surplus(finished: Finished, ratio: float) -> None:
    from db.records import ExampleKind
    from engine.postprocess import Outline, rebalance

    def made(improving: int, others: int) -> list[Outline]:
        kinds = [ExampleKind.IMPROVING] * improving + [ExampleKind.NON_IMPROVING] * others
        return [Outline(kind, str(n), 1, 1, 0, 0) for n, kind in enumerate(kinds)]

    for improving, others in ((10, 37), (40, 9), (21, 20)):
        outlines = made(improving, others)
        short = scarce(counted((o.kind, o.dropped) for o in outlines), ratio)
        if short is None:
            assert all(o.dropped is None for o in rebalance(outlines, ratio, 1))
            continue
        more = short.missing
        filled = (
            made(improving + more, others) if short.improving else made(improving, others + more)
        )
        lost = [o for o in rebalance(filled, ratio, 1) if o.dropped is not None]
        # Only what cannot be told apart by rounding.
        assert len([o for o in lost if (o.kind is ExampleKind.IMPROVING) != short.improving]) <= 1


def test_tokens_of_these_students_are_exact(finished: Finished) -> None:
    run = run_of(finished.project)
    with closing(Examples(finished.project, run)) as examples:
        assert examples.tokens.basis is Basis.TOKENS
