"""Two evaluations on the same test, question by question."""

from __future__ import annotations

from db.evals import EvalStore, ScoredAnswer, StoredEvaluation
from db.evaluation import FINAL_FLEXIBLE, FINAL_RIGHT, FIRST_FLEXIBLE, FIRST_RIGHT
from db.records import Subtask
from engine.comparing import NotComparable, Pairs


def pairs_of(
    first: tuple[EvalStore, StoredEvaluation], second: tuple[EvalStore, StoredEvaluation]
) -> Pairs:
    """Pair up the answers of two evaluations, as `engine.comparing.read_pairs` does for runs.

    Raises:
        NotComparable: they are of different tests, were scored by different versions of the task,
            or one is not whole: what is done of it need not speak for the rest.
        StoreError: they cannot be read.
    """
    (store, one), (other_store, other) = first, second
    tests = store.test(one.test_id), other_store.test(other.test_id)
    names = one.model, other.model
    if tests[0].hash != tests[1].hash:
        raise NotComparable(
            f"{names[0]} was tested on {tests[0].name}, {names[1]} on {tests[1].name}: these are "
            "not the same questions. Evaluate both on one test: --task or --items."
        )
    if one.task_version != other.task_version:
        raise NotComparable(
            f"{names[0]} was scored by version {one.task_version} of the task, {names[1]} by "
            f"version {other.task_version}. Score both by the version of now: --rescore."
        )
    questions = store.questions(one.test_id)
    scores = [
        {score.position: score for score in which.scores(evaluation.id)}
        for which, evaluation in ((store, one), (other_store, other))
    ]
    for found, name in zip(scores, names, strict=True):
        if len(found) < len(questions):
            raise NotComparable(
                f"{name}: {len(found):,} of {len(questions):,} questions are answered. Evaluate it "
                "to its end first: the same command goes on."
            )
    places = [question.position for question in questions]
    return Pairs(
        places,
        places,
        bytes(_mark(scores[0][at]) | _mark(scores[1][at]) << 4 for at in places),
        bytes(question.subtask is Subtask.UNSEEN for question in questions),
        len(places),
        len(places),
        len(places),
    )


def _mark(score: ScoredAnswer) -> int:
    return (
        FIRST_RIGHT * score.first_correct
        | FINAL_RIGHT * score.final_correct
        | FIRST_FLEXIBLE * score.first_flexible
        | FINAL_FLEXIBLE * score.final_flexible
    )
