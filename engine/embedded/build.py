"""Train the embedded student from scratch: ``python -m engine.embedded.build OUT``.

Two phases in one run of AdamW: general skills (`engine.embedded.skills`), then gold
rationales with some skills kept in. The learning rate warms up, then falls along a cosine.
Prints one line per interval and writes a folder that transformers loads.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from db.records import Split, Subtask
from engine.embedded.skills import Document, skill
from engine.embedded.tokenizer import build_tokenizer
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import prompt

TRAIN_SEED = 0
"""Seed of the questions a student is raised on; runs draw theirs with other seeds."""

_POOL = 16
"""Batches whose documents are sorted by length together, so that little is padding."""


def student_config(vocabulary: int, hidden: int, layers: int, feed_forward: int) -> LlamaConfig:
    """Return the architecture: grouped-query attention with heads of 32, tied embeddings."""
    heads = hidden // 32
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=max(1, heads // 2),
        intermediate_size=feed_forward,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )


def documents(share_of_rationales: float, rng: random.Random) -> Iterator[Document]:
    """Yield skills and gold rationales of fresh seen questions, without end."""
    task = MultistepArithmetic()
    seen: set[str] = set()
    while True:
        items = task.generate(Split.TRAIN, [Subtask.SEEN], 200, rng.randrange(2**60), seen)
        for item in items:
            while rng.random() >= share_of_rationales:
                yield skill(rng)
            yield prompt(item.question, task.hint), item.rationale


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
    """Return Muon for the matrices of the layers, AdamW for the embedding and the norms.

    ``muon_lr`` 0 takes AdamW for all.
    """
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n]
    if muon_lr == 0:
        hidden = []
    others = [p for p in model.parameters() if not any(p is h for h in hidden)]
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.98), weight_decay=0.05)
    ]
    if hidden:
        made.append(
            torch.optim.Muon(hidden, lr=muon_lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
        )
    for optimizer in made:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return made


def train(args: argparse.Namespace) -> None:
    """Train and save after every interval, so that a long build can be looked at."""
    torch.manual_seed(args.seed)
    tokenizer = build_tokenizer()
    model = LlamaForCausalLM(
        student_config(len(tokenizer), args.hidden, args.layers, args.feed_forward)
    )
    parameters = sum(p.numel() for p in model.parameters())
    optimizers = make_optimizers(model, args.lr, args.muon_lr)
    rng = random.Random(args.seed)
    phases = [documents(args.early_rationales, rng), documents(args.rationales, rng)]
    streams = [batches(phase, tokenizer, args.batch_tokens, rng) for phase in phases]
    budget = int(args.million_tokens * 1e6)
    used, step, report_at, started = 0, 0, 0, time.monotonic()
    recent: list[float] = []
    while used < budget:
        done = used / budget
        rate = min(1.0, (step + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["initial_lr"]
        inputs, labels = collate(next(streams[done >= args.phase_one]))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            logits = model(input_ids=inputs, use_cache=False).logits
        loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        used += inputs.numel()
        step += 1
        recent.append(loss.item())
        if used >= report_at or used >= budget:
            report_at += budget // args.reports
            seconds = time.monotonic() - started
            facts = {
                "step": step,
                "tokens": used,
                "loss": round(sum(recent) / len(recent), 4),
                "lr": round(rate * args.lr, 6),
                "minutes": round(seconds / 60, 1),
                "tokens_per_s": round(used / seconds),
                "parameters": parameters,
            }
            print(json.dumps(facts), flush=True)
            recent.clear()
            model.save_pretrained(args.out)
            tokenizer.save_pretrained(args.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=384)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--muon-lr", type=float, default=0.0)
    parser.add_argument("--million-tokens", type=float, default=30.0)
    parser.add_argument(
        "--phase-one", type=float, default=0.6, help="share of the budget that is phase one"
    )
    parser.add_argument("--early-rationales", type=float, default=0.5, help="share in phase one")
    parser.add_argument("--rationales", type=float, default=0.75, help="share in phase two")
    parser.add_argument("--reports", type=int, default=40)
    parser.add_argument("--bf16", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
