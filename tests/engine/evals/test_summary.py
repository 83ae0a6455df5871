"""What is counted, and what is said of it."""

from pathlib import Path
from typing import Any

import pytest
from evaluated_by import run_eval

from db.evals import EvalQuestion, ScoredAnswer, StoredVote
from db.records import Split, Subtask
from db.store import Store
from engine.config import Settings, with_values
from engine.evals.overlap import normalised
from engine.evals.scored import scored
from engine.evals.summary import figures, votes_of
from engine.project import Project
from engine.tasks import TASKS

TASK = TASKS["multistep_arithmetic"]()
ASKED = EvalQuestion(position=0, question="((1 + 2) * (3 - 1)) =", answer="6")


def answer(first: bool, final: bool, updates: int, **more: Any) -> ScoredAnswer:
    values: dict[str, Any] = {
        "position": 0,
        "first_answer": None,
        "final_answer": None,
        "first_flexible": first,
        "final_flexible": final,
        "same": 0,
        "nearly_same": 0,
        "finish_reason": "",
        "tokens": 10,
    }
    return ScoredAnswer(
        first_correct=first, final_correct=final, updates=updates, **{**values, **more}
    )


def test_what_updates_do_is_counted() -> None:
    found = figures(
        [
            answer(False, True, 1),
            answer(False, True, 2),
            answer(True, False, 1),
            answer(True, True, 0),
            answer(False, False, 3),
        ]
    )
    assert (found.first, found.final, found.attempted, found.updates) == (2, 3, 4, 7)
    assert (found.wrong_to_right, found.right_to_wrong, found.unchanged) == (2, 1, 1)
    assert found.gain == pytest.approx(0.2)
    assert found.owed.value == pytest.approx(2 / 3)
    assert not found.collapses


def test_updates_that_repeat_the_attempt_are_a_collapse() -> None:
    assert figures([answer(False, False, 5, same=2, nearly_same=1)]).collapses
    assert not figures([answer(False, False, 5, same=2)]).collapses
    assert not figures([answer(False, False, 2, same=2)]).collapses


FIRST = "(1) It is one two three and so on, as I said before.\n(Final response) So the answer is 5."


@pytest.mark.parametrize(
    ("update", "counts"),
    [
        (FIRST + "\n", (1, 0)),
        (FIRST.replace("It is", "it is"), (0, 1)),
        (FIRST.replace("5", "6"), (0, 0)),
        ("(1) Something else.\n(Final response) So the answer is 5.", (0, 0)),
    ],
)
def test_an_update_is_compared_with_the_attempt_before(
    update: str, counts: tuple[int, int]
) -> None:
    found = scored(TASK, ASKED, [FIRST, "no verdict", update], "", 1)
    assert (found.same, found.nearly_same) == counts
    assert found.updates == 1


def test_the_last_stated_answer_counts() -> None:
    found = scored(TASK, ASKED, [FIRST.replace("5", "6"), "why", "(1) I break off"], "", 1)
    assert (found.first_correct, found.final_correct, found.final_answer) == (True, True, "6")


def vote(sample: int, said: str | None, tokens: int = 10) -> StoredVote:
    right = said == "6"
    return StoredVote(
        sample=sample,
        position=0,
        answer=said,
        flexible=said,
        correct=right,
        flexible_correct=right,
        tokens=tokens,
        text="",
    )


def test_most_samples_decide_and_of_two_the_first_one() -> None:
    drawn = [vote(at, said) for at, said in enumerate(["5", "6", None, "6"])]
    found = votes_of(1.0, drawn, [ASKED], budget=29)
    assert [one.right for one in found.rounds] == [0, 0, 0, 1]
    assert [one.tokens for one in found.rounds] == [10, 20, 30, 40]
    assert found.equal is found.rounds[1]
    # With less than a single sample takes, there is one all the same.
    assert votes_of(1.0, drawn, [ASKED], budget=1).equal.samples == 1  # type: ignore[union-attr]
    assert not votes_of(1.0, drawn, [ASKED], budget=50).is_spent


def test_questions_are_the_same_whatever_their_blanks_and_capitals() -> None:
    assert normalised("Sort  the words: List:\nb a.") == normalised("sort the words, list: B a")
    assert normalised("(1 + 2) =") != normalised("(1 - 2) =")
    assert normalised("(1 + -2) =") != normalised("(1 + 2) =")


def project_with_test(folder: Path, seed: int) -> Project:
    values = {"task.seed": seed, "task.test_items": 4}
    project = Project.create(folder, with_values(Settings(), values))
    items = TASK.generate(Split.TEST, (Subtask.SEEN, Subtask.UNSEEN), 4, seed)
    with Store.open(project.db_path) as store:
        store.add_items(items)
    return project


def test_tests_are_not_mixed(tmp_path: Path) -> None:
    one, other = (project_with_test(tmp_path / f"p{seed}", seed) for seed in (1, 2))
    out = tmp_path / "out"
    result = run_eval(f"{one.path}:start", f"{other.path}:start", "--out", out)
    assert result.exit_code == 2
    assert "not the same questions" in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ((), 2, "Which model?"),
        (("embedded",), 2, "say on which test"),
        (("embedded", "--task", "no_such_task"), 2, "There is no task 'no_such_task'"),
        (("embedded", "--task", "date_understanding", "-n", 2), 4, "no student for"),
        (("openai:", "--task", "word_sorting"), 2, "an expert is named as"),
        (("./nowhere", "--task", "word_sorting", "-n", 2), 4, "there is no model"),
        (("embedded", "--task", "word_sorting", "--seen", "many"), 2, "is no difficulty"),
        (("samples:/no/such/word_sorting.jsonl",), 2, "No such file"),
        (("--list",), 3, "no such file"),
    ],
)
def test_what_cannot_be_is_told_at_once(
    given: tuple[object, ...], code: int, said: str, tmp_path: Path
) -> None:
    result = run_eval(*given, "--out", tmp_path / "out")
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert not (tmp_path / "out").exists()
