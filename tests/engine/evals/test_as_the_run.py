"""A project's iterations on its own test items: what the run stored, word for word."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from engines import Finished
from evaluated_by import evaluated, run_eval, stored

from db.store import Store
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import FEEDBACK_PREFIX, UPDATE_PREFIX


def as_run(parts: Sequence[str]) -> str:
    """What was written in turn as the text that a run stores."""
    marks = f"{FEEDBACK_PREFIX} ", f"{UPDATE_PREFIX}{MultistepArithmetic.hint}\n"
    return "\n".join([parts[0], *(f"{marks[at % 2]}{part}" for at, part in enumerate(parts[1:]))])


@pytest.fixture(scope="module")
def everything(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All iterations of the finished run, evaluated."""
    out = tmp_path_factory.mktemp("everything")
    said = evaluated(f"{finished.project.path}:all", "--out", out)
    kinds = [one["kind"] for one in said]
    assert kinds == ["evaluation"] * 3 + ["comparison"] * 2
    assert all(one["whole"] for one in said[:3])
    return out


def test_each_iteration_gives_exactly_what_the_run_stored(
    finished: Finished, everything: Path
) -> None:
    texts = set()
    with Store.read(finished.project.db_path) as store:
        for iteration in range(3):
            rows = store.evaluations(1, iteration)
            _, answers = stored(everything, iteration + 1)
            assert len(rows) == len(answers) > 5
            for row, answer in zip(rows, answers, strict=True):
                assert as_run(answer.parts) == row.text
                for name in (
                    *("first_answer", "final_answer", "first_correct", "final_correct"),
                    *("first_flexible", "final_flexible", "updates", "tokens", "finish_reason"),
                ):
                    assert getattr(answer, name) == getattr(row, name), name
                texts.add(row.text)
    assert len(texts) > 10


def test_what_is_there_is_shown_and_not_generated_again(
    finished: Finished, everything: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work_on(*_: object) -> None:
        raise AssertionError("nothing is left to do")

    monkeypatch.setattr("tripost_tui.evaluating.work_on", work_on)
    result = run_eval(f"{finished.project.path}:start", "--out", everything)
    assert result.exit_code == 0, result.output
    assert "Evaluation 1:" in result.stdout


def test_iterations_are_compared_pair_by_pair(finished: Finished, everything: Path) -> None:
    path = finished.project.path
    result = run_eval(f"{path}:start", f"{path}:2", "--out", everything)
    assert result.exit_code == 0, result.output
    assert "items, final answer, strict" in result.stdout
    assert "not distinguishable from luck" in result.stdout or "better than A" in result.stdout


def test_a_missing_iteration_is_told(finished: Finished, everything: Path) -> None:
    result = run_eval(f"{finished.project.path}:7", "--out", everything)
    assert result.exit_code == 3
    assert "iteration 7 of run 1 is not trained" in result.stderr
    assert "There are: start, 1, 2." in result.stderr


def test_the_training_questions_are_refused_or_marked(
    finished: Finished, everything: Path, tmp_path: Path
) -> None:
    project = finished.project
    with Store.read(project.db_path) as store:
        items = [item for item in store.items("multistep_arithmetic") if item.split == "train"][:2]
    # Blanks alone make no other question of it.
    questions = [items[0].question.replace(" + ", "  +  "), items[1].question]
    file = tmp_path / "items.jsonl"
    rows = [
        f'{{"question": "{q}", "answer": {i.answer}}}'
        for q, i in zip(questions, items, strict=True)
    ]
    file.write_text("\n".join([*rows, '{"question": "(9 * 9 + 1) =", "answer": 82}']))
    given = (f"{project.path}:1", "--items", file, "--task", "multistep_arithmetic")
    refused = run_eval(*given, "--out", tmp_path)
    assert refused.exit_code == 2
    assert "it was trained on 2 of these 3 questions" in refused.stderr
    assert not (tmp_path / "eval.db").exists()
    marked = run_eval(*given, "--out", tmp_path, "--trained-on", "ok")
    assert marked.exit_code == 0, marked.output
    assert "!! TRAINED ON 2 of these 3 questions" in marked.stdout
    # At the start nothing had been trained on.
    assert run_eval(f"{project.path}:start", *given[1:], "--out", tmp_path).exit_code == 0
    # A checkpoint's folder is the project's iteration.
    folder = project.checkpoints / "run1-iteration1"
    assert run_eval(folder, *given[1:], "--out", tmp_path).exit_code == 2
