"""Train a task's student from scratch: ``python -m engine.embedded.build TASK OUT``.

Lessons of growing difficulty, each a mixture of gold rationales and general skills
(`engine.embedded.curriculum`). Muon trains the matrices of the layers, AdamW the rest; the learning
rate warms up, then falls along a cosine. Prints a line now and then, and writes a folder that
transformers loads, with a card. Run again after a break, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from db.records import Item, Split, Subtask
from engine.embedded.curricula import CURRICULA
from engine.embedded.curriculum import Curriculum, Document, Draw, Progress
from engine.embedded.word_vectors import begin_with_letters
from engine.student.generation import Request, Sampler, chunks
from engine.student.text_format import TextFormat
from engine.trajectory import parse_attempt, prompt

TEST_ITEMS = 400
"""Questions for the card."""

_SECTIONS = 100
_PAPER = "the paper's seen ones"
_STATE = "state.pt"
"""What a build that is broken off goes on with, in the student's folder."""
_WARMUP_STEPS = 100
_LONGEST_ATTEMPT = 1800
_POOL = 8
"""Batches whose documents are sorted by length together, so that little is padding."""


def student_config(
    vocabulary: int, hidden: int, layers: int, key_heads: int, feed_forward: int
) -> LlamaConfig:
    """Return the architecture: heads of 32, tied embeddings."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=key_heads,
        intermediate_size=feed_forward,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )


Encoded = tuple[list[int], int]
"""Token ids, and how many of them belong to the prompt."""


def batches(
    source: Iterator[Document], tokenizer: PreTrainedTokenizerFast, tokens: int, rng: random.Random
) -> Iterator[list[Encoded]]:
    """Yield batches of at most ``tokens`` tokens, padding counted."""
    while True:
        pool: list[Encoded] = []
        size = 0
        while size < tokens * _POOL:
            start, continuation = next(source)
            head = tokenizer(start)["input_ids"]
            tail = [*tokenizer(continuation)["input_ids"], tokenizer.eos_token_id]
            pool.append((head + tail, len(head)))
            size += len(head) + len(tail)
        pool.sort(key=lambda encoded: len(encoded[0]))
        made: list[list[Encoded]] = [[]]
        for encoded in pool:
            if (len(made[-1]) + 1) * len(encoded[0]) > tokens and made[-1]:
                made.append([])
            made[-1].append(encoded)
        rng.shuffle(made)
        yield from made


def collate(batch: list[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and labels, both (batch, longest); prompts and padding have label -100."""
    longest = max(len(ids) for ids, _ in batch)
    inputs = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), -100)
    for row, (ids, head) in enumerate(batch):
        inputs[row, : len(ids)] = torch.tensor(ids)
        labels[row, head : len(ids)] = torch.tensor(ids[head:])
    return inputs, labels


def make_optimizers(
    model: LlamaForCausalLM, lr: float, muon_lr: float
) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers, AdamW for the embedding and the norms."""
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n]
    others = [p for p in model.parameters() if not any(p is h for h in hidden)]
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.98), weight_decay=0.05),
        torch.optim.Muon(hidden, lr=muon_lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
    ]
    for optimizer in made:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return made


def train(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train section by section, save after each, and yield facts of all so far.

    A build that was broken off goes on with its first open section, to the same student.
    """
    curriculum = CURRICULA[args.task]
    tokenizer = curriculum.tokenizer()
    state_file = args.out / _STATE
    budget = int(args.million_tokens * 1e6)
    facts: dict[str, Any] = {"sections": 0, "steps": 0, "tokens": 0, "minutes": 0.0}
    if state_file.exists():
        model = LlamaForCausalLM.from_pretrained(args.out, dtype=torch.float32)
        optimizers = make_optimizers(model, args.lr, args.muon_lr)
        state = torch.load(state_file)
        facts = state["facts"]
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        if facts["sections"] == _SECTIONS:
            yield facts
    else:
        torch.manual_seed(args.seed)
        size = args.hidden, args.layers, args.key_heads, args.feed_forward
        model = LlamaForCausalLM(student_config(len(tokenizer), *size))
        if curriculum.pieces:
            begin_with_letters(model, tokenizer)
        optimizers = make_optimizers(model, args.lr, args.muon_lr)
    while facts["sections"] < _SECTIONS:
        started = time.monotonic()
        rng, progress = Draw(f"{args.seed}/{facts['sections']}"), Progress(facts["tokens"] / budget)
        stream = batches(curriculum.documents(rng, progress), tokenizer, args.batch_tokens, rng)
        losses, before = [], facts["tokens"]
        while facts["tokens"] < budget * (facts["sections"] + 1) / _SECTIONS:
            progress.done = facts["tokens"] / budget
            share = 0.01 + 0.99 * (1 + math.cos(math.pi * progress.done)) / 2
            share *= min(1.0, (facts["steps"] + 1) / _WARMUP_STEPS)
            inputs, labels = collate(next(stream))
            losses.append(train_step(model, optimizers, share, inputs, labels))
            facts["tokens"] += inputs.numel()
            facts["steps"] += 1
        seconds = time.monotonic() - started
        facts["sections"] += 1
        facts["minutes"] += seconds / 60
        facts["loss"] = sum(losses) / len(losses)
        facts["tokens_per_s"] = (facts["tokens"] - before) / seconds
        facts["vocabulary"] = len(tokenizer)
        facts["threads"] = torch.get_num_threads()
        facts["parameters"] = sum(p.numel() for p in model.parameters())
        model.save_pretrained(args.out)
        tokenizer.save_pretrained(args.out)
        saved = [optimizer.state_dict() for optimizer in optimizers]
        torch.save({"facts": facts, "optimizers": saved}, state_file)
        yield facts


def train_step(
    model: LlamaForCausalLM,
    optimizers: Sequence[torch.optim.Optimizer],
    share: float,
    inputs: torch.Tensor,
    labels: torch.Tensor,
) -> float:
    """Take one step at a share of the highest learning rates; return the loss."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = share * group["initial_lr"]
    hidden = model.model(input_ids=inputs, use_cache=False).last_hidden_state[:, :-1]
    # The vocabulary may be the larger part of a small student: only what is learned needs logits.
    learned = labels[:, 1:] != -100
    loss = cross_entropy(model.lm_head(hidden[learned]), labels[:, 1:][learned])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def first_attempts(folder: Path, curriculum: Curriculum, items: Sequence[Item]) -> dict[str, float]:
    """Return the share of right greedy answers by kind of question."""
    task = curriculum.task()
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    sampler = Sampler(model, TextFormat(curriculum.tokenizer()), temperature=0.0)
    right: dict[str, list[bool]] = {}
    for chunk in chunks(sorted(items, key=lambda item: len(item.question)), 64):
        requests = [Request((prompt(i.question, task.hint),), 0, _LONGEST_ATTEMPT) for i in chunk]
        for item, generation in zip(chunk, sampler.generate(requests), strict=True):
            answer = task.answer(parse_attempt(generation.text))
            for name in (curriculum.kind(item), str(item.subtask)):
                right.setdefault(name, []).append(task.is_right(answer, item.answer))
    return {name: sum(found) / len(found) for name, found in sorted(right.items(), key=_by_number)}


def _by_number(kind: tuple[str, object]) -> tuple[int, str]:
    """Order kinds of questions by the number that they begin with, the others last."""
    digits = re.match(r"\d+", kind[0])
    return int(digits[0]) if digits else sys.maxsize, kind[0]


def card(args: argparse.Namespace, facts: dict[str, Any], accuracy: dict[str, float]) -> str:
    """Describe the student: data, minutes, accuracy."""
    curriculum = CURRICULA[args.task]
    title = curriculum.task.title.lower()
    rows = "\n".join(f"| {kind} | {100 * share:.1f}% |" for kind, share in accuracy.items())
    lessons = "\n".join(
        f"| {lesson.until:.0%} | {', '.join(lesson.seen) or _PAPER} | {lesson.rationales:.0%} "
        f"| {curriculum.skills_of(lesson)} |"
        for lesson in curriculum.lessons
    )
    return f"""# The embedded student for {title}

A Llama-architecture causal language model of {facts["parameters"]:,} parameters (hidden
{args.hidden}, {args.layers} layers, {args.hidden // 32} heads, {args.key_heads} of keys and values,
feed-forward {args.feed_forward}, {facts["vocabulary"]:,} tokens), trained from scratch on
generated text alone by `python -m engine.embedded.build {args.task}`. Apache-2.0, like the code.

**Data.** Gold rationales of questions of the training split, and general skills:
{curriculum.about}. No trajectory of a task, no feedback on an attempt of its own, no test question.

| until this share of the tokens | questions | rationales in the text | skills |
| --- | --- | --- | --- |
{lessons}

**Training.** {facts["tokens"]:,} tokens with padding, {facts["steps"]:,} steps,
{facts["minutes"]:.0f} minutes on {platform.machine()} with {facts["threads"]} thread(s), torch
{torch.__version__}; Muon {args.muon_lr} for the layers, AdamW {args.lr} for the rest, cosine, seed
{args.seed}, batches of {args.batch_tokens} tokens.

**First-attempt accuracy**, greedy, on {TEST_ITEMS} test questions, half of them of seen
kinds, half of unseen ones ({curriculum.task.notation}):

| questions | right |
| --- | --- |
{rows}
"""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or ``argv``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(CURRICULA))
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("--hidden", "--layers", "--key-heads", "--feed-forward"):
        parser.add_argument(name, type=int, help="the curriculum's unless given")
    parser.add_argument("--batch-tokens", type=int, help="the curriculum's unless given")
    parser.add_argument("--lr", type=float, default=3e-3, help="of AdamW")
    parser.add_argument("--muon-lr", type=float, default=0.01)
    parser.add_argument("--million-tokens", type=float, help="the curriculum's unless given")
    args = parser.parse_args(argv)
    for name, value in asdict(CURRICULA[args.task].size).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


def main() -> None:
    args = arguments()
    for facts in train(args):
        print(json.dumps({name: round(value, 4) for name, value in facts.items()}), flush=True)
    curriculum = CURRICULA[args.task]
    items = curriculum.task().generate(
        Split.TEST, [Subtask.SEEN, Subtask.UNSEEN], TEST_ITEMS, seed=1
    )
    accuracy = first_attempts(args.out, curriculum, items)
    (args.out / "CARD.md").write_text(card(args, facts, accuracy))


if __name__ == "__main__":
    main()
