"""A run from its first question to its last evaluation, by real engine processes."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from engines import (
    QUIET,
    TRAINING_ALONE,
    Engines,
    Finished,
    Rows,
    assert_same,
    change,
    run_of,
    small_project,
    undisturbed,
)
from tiny_students import random_model, save
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from db.records import (
    CommandKind,
    ExampleKind,
    Level,
    RunStatus,
    Split,
    StageName,
    StageStatus,
)
from db.store import Store
from engine.lock import EngineLock
from engine.postprocess import share_of_improving
from engine.project import Project
from engine.report import build_report
from engine.report_formats import to_json, to_markdown
from engine.training.schedule import learning_rate_at


def opened(project: Project) -> Store:
    return Store.open(project.db_path, readonly=True)


# --- what a run does ---------------------------------------------------------------------------


def test_a_run_goes_through_all_stages_to_its_end(finished: Finished) -> None:
    run = run_of(finished.project)
    assert (run.status, run.reason) == (RunStatus.FINISHED, "finished")
    assert finished.output == "run finished\n"
    done = [(iteration, name) for iteration, name, status, *_ in finished.rows.stages if status]
    collecting = (StageName.SAMPLE, StageName.EDIT, StageName.POSTPROCESS, StageName.TRAIN)
    assert done == [
        (0, StageName.EVALUATE),
        *((i, name) for i in (1, 2) for name in (*collecting, StageName.EVALUATE)),
    ]
    for _iteration, name, status, count, total, _detail in finished.rows.stages:
        assert status is StageStatus.DONE
        assert count == total, name
    with opened(finished.project) as store:
        kinds = [event.kind for event in store.events(run.id)]
    assert (kinds[0], kinds[-1]) == ("run.started", "run.finished")
    assert Counter(kinds)["stage.started"] == Counter(kinds)["stage.finished"] == len(done)
    assert Counter(kinds)["iteration.finished"] == 2


def test_what_it_collects_is_plausible(finished: Finished) -> None:
    rows, settings = finished.rows, finished.project.settings
    passes = Counter((a.iteration, a.pass_) for a in rows.attempts)
    assert passes == {(i, p): settings.collect.questions for i in (1, 2) for p in (0, 1)}
    assert len({a.seed for a in rows.attempts}) == len(rows.attempts)
    fates = len(rows.trajectories) + sum(d.attempt_id is not None for d in rows.drops)
    assert fates == len(rows.attempts)
    origins = Counter(t.origin for t in rows.trajectories)
    assert origins["edited"] > 0
    assert origins["correct"] > 0
    for iteration in (1, 2):
        kinds = Counter(e.kind for e in rows.examples if e.selected and e.iteration == iteration)
        assert min(kinds[kind] for kind in ExampleKind) >= 2
        share = kinds[ExampleKind.IMPROVING] / kinds.total()
        assert share == pytest.approx(share_of_improving(1.5), abs=1.5 / kinds.total())
    # One text is not learned twice in an iteration.
    learned = Counter((e.iteration, e.text_hash) for e in rows.examples if e.selected)
    assert set(learned.values()) == {1}
    # Evaluation is of the same items each time.
    tested = [{e.item_id for e in rows.evaluations if e.iteration == i} for i in (0, 1, 2)]
    assert tested[0] == tested[1] == tested[2]
    assert len(tested[0]) == settings.task.test_items


def test_each_iteration_has_questions_of_its_own(finished: Finished) -> None:
    asked = [{a.item_id for a in finished.rows.attempts if a.iteration == i} for i in (1, 2)]
    assert not asked[0] & asked[1]


def test_ground_truth_is_of_questions_that_are_not_asked(finished: Finished) -> None:
    truths = {e.item_id for e in finished.rows.examples if e.kind is ExampleKind.GROUND_TRUTH}
    assert len(truths) == 8
    assert not truths & {a.item_id for a in finished.rows.attempts}


def test_no_test_item_is_in_any_training_text(finished: Finished) -> None:
    split = {item.id: item.split for item in finished.rows.items}
    tests = [item for item in finished.rows.items if item.split is Split.TEST]
    trained = ["".join(text for text, _ in e.segments) for e in finished.rows.examples]
    assert len(tests) == finished.project.settings.task.test_items
    assert trained
    for item in tests:
        assert not any(item.question.removesuffix(" =") in text for text in trained)
    assert {split[e.item_id] for e in finished.rows.examples} == {Split.TRAIN}
    assert {split[a.item_id] for a in finished.rows.attempts} == {Split.TRAIN}
    assert {split[e.item_id] for e in finished.rows.evaluations} == {Split.TEST}
    questions = Counter(item.question for item in finished.rows.items)
    assert set(questions.values()) == {1}


def test_the_weights_of_each_iteration_are_there_and_nothing_else(finished: Finished) -> None:
    folder = finished.project.checkpoints
    names = ["run1-iteration1", "run1-iteration2"]
    assert sorted(path.name for path in folder.iterdir()) == names
    models = [AutoModelForCausalLM.from_pretrained(folder / name) for name in names]
    weights = [model.get_input_embeddings().weight for model in models]
    assert not torch.equal(weights[0], weights[1])


def test_each_iteration_takes_smaller_steps(finished: Finished) -> None:
    wanted = finished.project.settings.train
    with opened(finished.project) as store:
        for iteration, highest in ((1, 1e-4), (2, 0.5e-4)):
            found = [row.learning_rate for row in store.train_steps(1, iteration)]
            settings = wanted.model_copy(update={"learning_rate": highest})
            steps = range(len(found))
            assert found == [learning_rate_at(step, len(found), settings) for step in steps]


def test_its_report_is_made_of_its_rows(finished: Finished) -> None:
    with opened(finished.project) as store:
        report = build_report(store, 1)
    assert [one.iteration for one in report.evaluations] == [0, 1, 2]
    assert "| iteration" in to_markdown(report).lower()
    assert to_json(report)["run"]["status"] == "finished"


def test_a_finished_run_is_left_alone(engines: Engines, finished: Finished) -> None:
    ended = engines.run(finished.project)
    assert (ended.code, ended.output) == (0, "run finished\n")
    assert_same(Rows.of(finished.project), finished.rows)


def test_another_seed_is_another_run(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    values = {"run.seed": 2, "run.iterations": 1, "task.test_items": 0, "collect.passes": 1}
    other = undisturbed(engines, tmp_path / "p", able_student, values).rows
    texts = {a.item_id: a.text for a in other.attempts}
    before = {a.item_id: a.text for a in finished.rows.attempts if a.pass_ == 0}
    # The questions follow from the task's seed, which is the same.
    assert [i.question for i in other.items] == [
        i.question for i in finished.rows.items if i.split is Split.TRAIN
    ]
    assert len(texts) == 8
    assert list(texts.values()) != list(before.values())[:8]


def test_an_adapter_is_trained_and_saved_as_one(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {"student.adapter": "lora", "student.lora_rank": 4, "run.iterations": 1}
    done = undisturbed(engines, tmp_path / "p", able_student, values)
    folder = done.project.checkpoints / "run1-iteration1"
    assert (folder / "adapter_model.safetensors").is_file()
    assert not (folder / "model.safetensors").exists()


# --- steering ----------------------------------------------------------------------------------


def ask(project: Project, kind: CommandKind) -> None:
    with Store.open(project.db_path) as store:
        run = store.latest_run()
        assert run is not None
        store.send_command(run.id, kind)


def test_paused_stopped_and_terminated_it_still_becomes_the_undisturbed_run(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student)
    engine = engines.start(project)
    engine.wait_for(lambda store, run: run.status is RunStatus.RUNNING)
    ask(project, CommandKind.PAUSE)
    engine.wait_for(lambda store, run: run.status is RunStatus.PAUSED)
    with opened(project) as store:
        beat = store.heartbeat(1)
    assert beat is not None
    assert (beat.pid, beat.state) == (engine.pid, "paused")
    ask(project, CommandKind.RESUME)
    engine.wait_for(lambda store, run: run.status is RunStatus.RUNNING)
    ask(project, CommandKind.STOP)
    ended = engine.wait()
    assert (ended.code, ended.output) == (0, "run stopped\n")
    assert run_of(project).status is RunStatus.STOPPED

    engine = engines.start(project)
    engine.wait_for(
        lambda store, run: run.status is RunStatus.RUNNING and bool(store.attempts(run.id, 1))
    )
    os.kill(engine.pid, signal.SIGTERM)
    assert engine.wait().code == 0
    assert run_of(project).status is RunStatus.STOPPED

    assert engines.run(project).code == 0
    assert run_of(project).status is RunStatus.FINISHED
    assert_same(Rows.of(project), finished.rows)


# --- refusals and failures ---------------------------------------------------------------------


@pytest.fixture
def interrupted(engines: Engines, able_student: Path, tmp_path: Path) -> Project:
    """A project whose engine was killed in its first evaluation."""
    project = small_project(tmp_path / "p", able_student)
    ended = engines.run(project, death={"where": "0 evaluate 1", "statement": 10}, patches=QUIET)
    assert ended.code == -signal.SIGKILL
    return project


def test_a_second_engine_is_refused(engines: Engines, interrupted: Project) -> None:
    before = Rows.of(interrupted)
    with EngineLock(interrupted):
        ended = engines.run(interrupted)
    assert ended.code == 5
    assert f"an engine (process {os.getpid()}) is at work there" in ended.output
    assert_same(Rows.of(interrupted), before)


def test_settings_that_changed_during_a_run_are_refused(
    engines: Engines, interrupted: Project
) -> None:
    changed = change(interrupted, {"train.learning_rate": 0.5, "run.name": "another name"})
    ended = engines.run(changed)
    assert ended.code == 2
    assert str(changed.settings_path) in ended.output
    assert "train.learning_rate" in ended.output
    assert run_of(changed).status is RunStatus.RUNNING  # as the killed engine left it


def test_what_is_no_part_of_the_experiment_may_change_during_a_run(
    engines: Engines, interrupted: Project, finished: Finished
) -> None:
    values = {"run.name": "another name", "train.checkpoint_every_s": 3600.0}
    changed = change(interrupted, values)
    assert engines.run(changed).code == 0
    assert_same(Rows.of(changed), finished.rows)


def test_a_new_run_may_have_other_settings_but_not_other_questions(
    engines: Engines, interrupted: Project
) -> None:
    other = change(interrupted, {**TRAINING_ALONE, "task.test_items": 6, "task.train_items": 9})
    ended = engines.run(other, "--new")
    assert ended.code == 2
    assert "The questions of a project cannot change" in ended.output
    other = change(other, {"task.train_items": interrupted.settings.task.train_items})
    assert engines.run(other, "--new").code == 0
    with opened(other) as store:
        assert [run.status for run in store.runs()] == [RunStatus.STOPPED, RunStatus.FINISHED]
        assert store.train_steps(2, 1)


def test_a_student_that_is_not_there_is_told_before_anything_begins(
    engines: Engines, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", tmp_path / "no student")
    ended = engines.run(project)
    assert ended.code == 4
    assert str(tmp_path / "no student") in ended.output
    with opened(project) as store:
        assert store.latest_run() is None


def test_a_download_that_broke_off_is_told_before_anything_begins(
    engines: Engines, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    weights = save(random_model(), tokenizer, tmp_path / "student") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    project = small_project(tmp_path / "p", tmp_path / "student")
    ended = engines.run(project)
    assert ended.code == 4
    assert str(weights) in ended.output
    with opened(project) as store:
        assert store.latest_run() is None


def other_size(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"hidden_size": 32', '"hidden_size": 64'))


def lost_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("model.norm.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("damage", [other_size, lost_weights])
def test_a_damaged_student_is_refused_and_can_be_put_right(
    engines: Engines,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path: Path,
    damage: Any,
) -> None:
    student = save(random_model(), tokenizer, tmp_path / "student")
    damage(student)
    project = small_project(tmp_path / "p", student, TRAINING_ALONE)
    ended = engines.run(project)
    assert ended.code == 4
    assert str(student) in ended.output
    run = run_of(project)
    assert run.status is RunStatus.FAILED
    assert "The student cannot be loaded" in (run.reason or "")
    save(random_model(), tokenizer, student)
    assert engines.run(project).code == 0
    assert run_of(project).status is RunStatus.FINISHED


def test_too_few_trajectories_fail_the_run_with_a_reason_and_lose_nothing(
    engines: Engines, random_student: Path, tmp_path: Path
) -> None:
    values = {"task.test_items": 0, "collect.max_attempt_tokens": 16}
    project = small_project(tmp_path / "p", random_student, values)
    ended = engines.run(project)
    assert ended.code == 6
    run = run_of(project)
    assert run.status is RunStatus.FAILED
    assert "collected 0 trajectories, fewer than collect.minimum = 1" in (run.reason or "")
    assert run.reason in ended.output
    rows = Rows.of(project)
    assert len(rows.attempts) == len(rows.drops) == 16
    # Taken up, it comes to the same end without sampling again.
    assert engines.run(project).code == 6
    assert_same(Rows.of(project), rows)


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_weights(
    engines: Engines, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = random_model()
    with torch.no_grad():
        model.model.norm.weight[0] = torch.nan
    student = save(model, tokenizer, tmp_path / "student")
    project = small_project(tmp_path / "p", student, TRAINING_ALONE)
    ended = engines.run(project)
    assert ended.code == 6
    assert "not a number" in ended.output
    with opened(project) as store:
        assert store.run(1).status is RunStatus.FAILED
        (step,) = store.train_steps(1, 1)
        assert (step.step, step.loss) == (1, None)
        (checkpoint,) = store.checkpoints(1)
        alerts = [e for e in store.events(1) if e.kind == "alert"]
        assert [e.level for e in alerts] == [Level.ERROR]
    assert checkpoint.step == 0
    assert (project.path / checkpoint.path).is_dir()


def test_an_error_that_nobody_foresaw_is_a_row_too(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student, {"task.test_items": 0})
    ended = engines.run(project, patches={"engine.edit_stage:_STORED_AT_ONCE": None})
    assert ended.code == 1
    assert "Traceback" in ended.output
    run = run_of(project)
    assert run.status is RunStatus.FAILED
    assert "not supported between instances" in (run.reason or "")
    assert run.finished_at is not None
