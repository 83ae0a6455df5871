"""What tests of training share: rows, settings, and comparing what came of them."""

from collections.abc import Sequence
from typing import Any

import torch
from tiny_students import arithmetic_tokenizer, questions

from engine.settings import TrainSettings
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.training.encoding import Encoded, encode
from engine.training.trainer import StepResult
from engine.trajectory import prompt

HINT = " Recall."
Weights = dict[str, torch.Tensor]


def weighted_rows() -> list[Encoded]:
    """Rationales of different lengths, weighted unevenly."""
    form = TextFormat(arithmetic_tokenizer())
    return [
        encode(
            form,
            [
                (prompt(item.question, HINT), 0.0),
                (item.rationale[: 30 + 5 * index], 1.0),
                (item.rationale[30 + 5 * index : 60 + 5 * index], 1.5),
            ],
        )
        for index, item in enumerate(questions(8))
    ]


def settings(**values: Any) -> TrainSettings:
    given: dict[str, Any] = {"epochs": 3, "learning_rate": 0.01, "batch_tokens": 220}
    return TrainSettings.model_validate(given | values)


def weights_of(student: Student) -> Weights:
    return {name: w.detach().clone() for name, w in student.trained_weights().items()}


def frozen_weights(student: Student) -> Weights:
    named = student.model.named_parameters()
    return {name: w.detach().clone() for name, w in named if not w.requires_grad}


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def numbers(results: Sequence[StepResult]) -> list[tuple[float, ...]]:
    """All of the results but how long they took and what else was in memory."""
    return [
        (r.step, r.epoch, r.loss, r.learning_rate, r.grad_norm, r.tokens, r.weighted_tokens)
        for r in results
    ]
