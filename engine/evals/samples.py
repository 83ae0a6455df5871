"""An evaluation's items for other tools: as CSV, and as lm-eval-harness writes its samples.

A line of samples is one question with all that the model wrote: ``doc`` (``input``, ``target``),
``resps`` (raw text), ``filtered_resps`` (the final answer), ``exact_match`` (strict, 1.0 or 0.0).
What that format has no name for is under ``tripost``. `engine.evals.item_files` reads it again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

from db.evals import EvalQuestion, EvalStore, EvalTest, StoredAnswer
from engine.evals.question_sets import facts_of, open_task
from engine.trajectory import prompt

CSV_COLUMNS = (
    *("evaluation", "model", "item", "position", "subtask", "question", "reference_answer"),
    *("first_answer", "final_answer", "first_correct", "final_correct", "first_flexible"),
    *("final_flexible", "updates", "repeated_updates", "finish_reason", "tokens", "text"),
)


def lm_eval_name(test: EvalTest) -> str:
    """Return what lm-eval-harness calls a test of BIG-Bench-Hard; of another one, our own name."""
    return (
        f"bbh_cot_fewshot_{test.facts['bbh']}" if test.facts.get("bbh") else f"tripost_{test.task}"
    )


def csv_lines(store: EvalStore, evaluation_id: int, *, header: bool = True) -> Iterator[str]:
    """Yield the items as lines of CSV. Raises StoreError."""
    evaluation = store.evaluation(evaluation_id)
    if header:
        yield _csv(CSV_COLUMNS)
    for question, answer in _items(store, evaluation_id):
        yield _csv(
            (
                evaluation_id,
                evaluation.model,
                question.name,
                question.position,
                question.subtask.value if question.subtask else "",
                question.question,
                question.answer,
                answer.first_answer or "",
                answer.final_answer or "",
                int(answer.first_correct),
                int(answer.final_correct),
                int(answer.first_flexible),
                int(answer.final_flexible),
                answer.updates,
                answer.same + answer.nearly_same,
                answer.finish_reason,
                answer.tokens,
                written(answer),
            )
        )


def sample_lines(store: EvalStore, evaluation_id: int) -> Iterator[str]:
    """Yield the items as JSON lines of samples, in ASCII. Raises StoreError, ConfigError."""
    evaluation = store.evaluation(evaluation_id)
    test = store.test(evaluation.test_id)
    name, *difficulties = facts_of(test)
    task = open_task(name, *difficulties, run_scripts=False)
    hint = task.hint
    task.close()
    for question, answer in _items(store, evaluation_id):
        doc = {"input": question.question, "target": question.answer}
        asked = prompt(question.question, hint)
        sample: dict[str, Any] = {
            "doc_id": question.position,
            "doc": doc,
            "target": question.answer,
            "arguments": {"gen_args_0": {"arg_0": asked}},
            "resps": [[written(answer)]],
            "filtered_resps": [answer.final_answer or "[invalid]"],
            "filter": "strict",
            "metrics": ["exact_match"],
            "doc_hash": _hash(json.dumps(doc, ensure_ascii=False)),
            "prompt_hash": _hash(asked),
            "target_hash": _hash(question.answer),
            "exact_match": float(answer.final_correct),
            "task_name": lm_eval_name(test),
            "tripost": {
                "model": evaluation.model,
                "subtask": question.subtask.value if question.subtask else None,
                "parts": list(answer.parts),
                "first_correct": answer.first_correct,
                "final_flexible": answer.final_flexible,
                "updates": answer.updates,
                "finish_reason": answer.finish_reason,
                "tokens": answer.tokens,
            },
        }
        yield json.dumps(sample) + "\n"


def written(answer: StoredAnswer) -> str:
    """Return what was written as one text, with the marks of a trajectory between its parts."""
    first, *rest = answer.parts
    marks = ("Feedback: ", "Updated Answer:\n")
    return "\n".join([first, *(f"{marks[at % 2]}{part}" for at, part in enumerate(rest))])


def _items(store: EvalStore, evaluation_id: int) -> Iterator[tuple[EvalQuestion, StoredAnswer]]:
    questions = store.questions(store.evaluation(evaluation_id).test_id)
    for answer in store.answers(evaluation_id):
        yield questions[answer.position], answer


def _csv(values: tuple[Any, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()
