"""Students that tests can afford: random ones, and one that has learned a few rationales."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from db.records import Item, Split, Subtask
from engine.embedded.build import collate, student_config
from engine.embedded.tokenizer import build_tokenizer
from engine.settings import StudentSettings
from engine.student import Student, load_student
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import prompt

SEEN, UNSEEN = ("2x1",), ("3x1",)
TRAIN_ITEMS = 16
"""Training items of a small project: the able student has seen these and no others."""


def questions(count: int, seed: int = 1) -> list[Item]:
    """Small questions: the training items of a project with ``SEEN``, ``UNSEEN`` and ``seed``."""
    task = MultistepArithmetic(SEEN, UNSEEN)
    return task.generate(Split.TRAIN, [Subtask.SEEN], count, seed)


def random_model(hidden: int = 32, layers: int = 2, seed: int = 0) -> LlamaForCausalLM:
    """A model that knows nothing; it spreads its chances unevenly enough to be worth sampling."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(student_config(len(build_tokenizer()), hidden, layers, 2 * hidden))
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
    return load_student(StudentSettings.model_validate(settings))


def memorise(
    items: Sequence[Item], steps: int, hidden: int = 64, seed: int = 0
) -> LlamaForCausalLM:
    """A model that writes most of the items' rationales, and errs now and then."""
    tokenizer, hint = build_tokenizer(), MultistepArithmetic.hint
    rows = []
    for item in items:
        head = tokenizer(prompt(item.question, hint))["input_ids"]
        tail = tokenizer(item.rationale)["input_ids"]
        rows.append(([*head, *tail, tokenizer.eos_token_id], len(head)))
    inputs, labels = collate(rows)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(student_config(len(tokenizer), hidden, 2, 2 * hidden))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(steps):
        rate = min(1.0, (step + 1) / 20) * (1 + math.cos(math.pi * step / steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * rate
        logits = model(input_ids=inputs, use_cache=False).logits
        loss = cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return model


def able_model() -> LlamaForCausalLM:
    """A model that is right now and then, and wrong in readable ways, on the training items."""
    return memorise(questions(TRAIN_ITEMS), steps=190)
