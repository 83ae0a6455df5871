"""Students that tests can afford: random ones, and one that has learned a few rationales."""

from collections.abc import Sequence
from pathlib import Path
from re import findall

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from db.records import Item, Split, Subtask
from engine.embedded.arithmetic import PHRASES
from engine.embedded.build import collate, student_config
from engine.embedded.tokenizer import FORMAT, build_tokenizer
from engine.settings import StudentSettings
from engine.student.generation import Request, Sampler
from engine.student.loading import load_student
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.tasks.base import Task
from engine.tasks.date_understanding import DateUnderstanding
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import parse_attempt, prompt

SEEN, UNSEEN = ("2x1",), ("3x1",)
TEMPERATURE = 0.6
ASKED_ITEMS, SPARE_ITEMS, TEST_ITEMS = 16, 8, 6
"""Items of a small project: those that two iterations ask, more for training, and for tests.

The able student has seen the first of these and half of the last.
"""


def arithmetic_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer of the embedded student for multistep arithmetic."""
    return build_tokenizer(PHRASES)


def questions(count: int, seed: int = 1) -> list[Item]:
    """Small questions: the training items of a project with ``SEEN``, ``UNSEEN`` and ``seed``."""
    task = MultistepArithmetic(SEEN, UNSEEN)
    return task.generate(Split.TRAIN, [Subtask.SEEN], count, seed)


def random_model(hidden: int = 32, layers: int = 2, seed: int = 0) -> LlamaForCausalLM:
    """A model that knows nothing; it spreads its chances unevenly enough to be worth sampling."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        student_config(
            len(arithmetic_tokenizer()), hidden, layers, max(1, hidden // 64), 2 * hidden
        )
    )
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(10)
    return model


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def load(folder: Path, adapter: str = "full", **values: object) -> Student:
    """The student as the engine loads it."""
    settings = {"path": str(folder), "adapter": adapter, "device": "cpu", "threads": 1} | values
    return load_student(StudentSettings.model_validate(settings), MultistepArithmetic.name)


def memorise(
    items: Sequence[Item],
    enough: float,
    task: Task | None = None,
    tokenizer: PreTrainedTokenizerFast | None = None,
) -> LlamaForCausalLM:
    """A model that writes the items' rationales, of which the share ``enough`` is right.

    That is measured on what it samples, so that it has mistakes of its own whatever the
    questions are.
    """
    tokenizer, task = tokenizer or arithmetic_tokenizer(), task or MultistepArithmetic()
    prompts = [prompt(item.question, task.hint) for item in items]
    rows = []
    for text, item in zip(prompts, items, strict=True):
        head, tail = tokenizer(text)["input_ids"], tokenizer(item.rationale)["input_ids"]
        rows.append(([*head, *tail, tokenizer.eos_token_id], len(head)))
    inputs, labels = collate(rows)
    torch.manual_seed(0)
    model = LlamaForCausalLM(student_config(len(tokenizer), 64, 2, 1, 128))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    sampler = Sampler(model, TextFormat(tokenizer), TEMPERATURE)
    requests = [Request((text,), seed, 150) for seed, text in enumerate(prompts)]
    for step in range(1, 1001):
        rate = min(1.0, step / 20) * 0.5 ** (step / 100)
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * rate
        logits = model(input_ids=inputs, use_cache=False).logits
        cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step >= 100 and step % 5 == 0:
            written = [parse_attempt(g.text) for g in sampler.generate(requests)]
            answers = zip(written, items, strict=True)
            right = sum(task.is_right(task.answer(a), item.answer) for a, item in answers)
            if right >= enough * len(items):
                return model
    raise AssertionError("it does not learn them")


def able_date_student(folder: Path) -> Path:
    """A student that answers the questions of a small project about dates, at times wrongly."""
    task = DateUnderstanding(("1",), ("2",))
    items = task.generate(Split.TRAIN, [Subtask.SEEN], ASKED_ITEMS, 1)
    words = {word for item in items for word in findall(r"[a-z]{2,}|[0-9]{2,}", item.rationale)}
    tokenizer = build_tokenizer(FORMAT, sorted(words))
    return save(memorise(items, 0.4, task, tokenizer), tokenizer, folder)


def able_model() -> LlamaForCausalLM:
    """A model that is right now and then on training items and seen test items of `SMALL`."""
    tests = MultistepArithmetic(SEEN, UNSEEN).generate(
        Split.TEST, [Subtask.SEEN, Subtask.UNSEEN], TEST_ITEMS, 1
    )
    known = [item for item in tests if item.subtask is Subtask.SEEN]
    return memorise([*questions(ASKED_ITEMS), *known], enough=0.4)
