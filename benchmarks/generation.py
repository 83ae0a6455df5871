"""How many tokens a second does a student write, by which way of generating?

    python benchmarks/generation.py [--prompts 64] [--threads 1]

Side by side in one run, greedily, on the same prompts: our own batches and our use of continuous
batching, against transformers called plainly: `generate` for one prompt after the other (every
eighth of them), `generate` for all of them as one padded batch, and `generate_batch`. Only tokens
that are of use count: those of a text up to its end or its own limit.

The embedded student answers questions of its task and ends its texts by itself. A random model of
100 million parameters never ends; each of its texts has a limit of its own, which `generate` can
only be told of the longest. On a CPU the time is that of the processor, so that a busy machine
slows it less than a clock would show; on a GPU it is the clock's. Each way runs once to warm up on
few prompts. The last table is in benchmarks/generation.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, LlamaConfig, LlamaForCausalLM

from db.records import Split, Subtask
from engine.settings import StudentSettings
from engine.student.generation import ContinuousSampler, Request, Sampler
from engine.student.loading import load_student
from engine.student.model import Student
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import prompt

TASK = MultistepArithmetic()
_PAGE_TOKENS, _STEP_TOKENS = 64, 512


@dataclass(frozen=True)
class Case:
    """A student and what it is asked."""

    name: str
    student: Student
    requests: Sequence[Request]

    @property
    def prompts(self) -> list[list[int]]:
        return [self.student.form.prompt_ids(request.prompt) for request in self.requests]

    def up_to_the_end(self, ids: Sequence[int], request: Request) -> list[int]:
        ids = list(ids[: request.max_tokens])
        ends = (n for n, token in enumerate(ids, 1) if token in self.student.form.end_ids)
        return ids[: next(ends, len(ids))]

    def config(self, requests: Sequence[Request]) -> GenerationConfig:
        form = self.student.form
        return GenerationConfig(
            do_sample=False,
            max_new_tokens=max(request.max_tokens for request in requests),
            eos_token_id=sorted(form.end_ids),
            pad_token_id=form.end_id,
        )


# --- ways to generate ----------------------------------------------------------------------------


def ours(case: Case) -> int:
    student = case.student
    sampler = Sampler(student.language_model, student.form, 0.0, autocast=student.autocast)
    return sum(g.tokens for g in sampler.generate(case.requests))


def ours_continuous(case: Case) -> int:
    student = case.student
    sampler = ContinuousSampler(student.language_model, student.form, 0.0)
    return sum(g.tokens for g in sampler.generate(case.requests))


@torch.no_grad()
def one_by_one(case: Case) -> int:
    return sum(_generate(case, [request]) for request in case.requests[::8])


@torch.no_grad()
def padded(case: Case) -> int:
    return _generate(case, case.requests)


def _generate(case: Case, requests: Sequence[Request]) -> int:
    model, form = case.student.language_model, case.student.form
    prompts = [form.prompt_ids(request.prompt) for request in requests]
    longest = max(map(len, prompts))
    ids = torch.tensor([[form.end_id] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    with _autocast(case.student):
        written = cast(Any, model).generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=case.config(requests),
        )
    rows = written[:, longest:].tolist()
    return sum(len(case.up_to_the_end(row, r)) for row, r in zip(rows, requests, strict=True))


def generate_batch(case: Case) -> int:
    # Left to itself it takes most of the machine's memory.
    tokens = sum(len(p) for p in case.prompts) + sum(
        max(r.max_tokens for r in case.requests) for _ in case.requests
    )
    outputs = cast(Any, case.student.language_model).generate_batch(
        inputs=case.prompts,
        generation_config=case.config(case.requests),
        continuous_batching_config=ContinuousBatchingConfig(
            page_size=_PAGE_TOKENS,
            num_blocks=tokens // _PAGE_TOKENS + len(case.requests),
            max_batch_tokens=_STEP_TOKENS,
        ),
        max_new_tokens=max(request.max_tokens for request in case.requests),
    )
    return sum(
        len(case.up_to_the_end(output.generated_tokens, request))
        for output, request in zip(outputs.values(), case.requests, strict=True)
    )


def _autocast(student: Student) -> AbstractContextManager[object]:
    return student.autocast() if student.compute_dtype != torch.float32 else nullcontext()


WAYS: dict[str, Callable[[Case], int]] = {
    "ours, batches": ours,
    "ours, continuous batching": ours_continuous,
    "`generate`, one by one": one_by_one,
    "`generate`, one padded batch": padded,
    "`generate_batch`": generate_batch,
}


# --- students ------------------------------------------------------------------------------------


def questions(count: int) -> list[tuple[str]]:
    items = TASK.generate(Split.TEST, [Subtask.SEEN, Subtask.UNSEEN], count, 1)
    return [(prompt(item.question, TASK.hint),) for item in items]


def embedded(count: int, device: str) -> Case:
    student = load_student(StudentSettings.model_validate({"device": device}), TASK.name)
    requests = [Request(text, 0, 640) for text in questions(count)]
    return Case("embedded, 0.8M, fp32", student, requests)


def hundred_million(name: str, count: int, device: str, folder: Path, **settings: str) -> Case:
    """A random Llama with a vocabulary of 32,000; its texts have 16 to 128 tokens."""
    if not (folder / "config.json").exists():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=32_000,
            hidden_size=768,
            intermediate_size=2048,
            num_hidden_layers=12,
            num_attention_heads=12,
            num_key_value_heads=4,
            tie_word_embeddings=True,
            pad_token_id=0,
            eos_token_id=1,
        )
        LlamaForCausalLM(config).save_pretrained(folder)
        load_student(StudentSettings(), TASK.name).tokenizer.save_pretrained(folder)
    values = {"path": str(folder), "device": device} | settings
    student = load_student(StudentSettings.model_validate(values), TASK.name)
    rng = random.Random(1)
    requests = [Request(text, 0, rng.randint(16, 128)) for text in questions(count)]
    return Case(name, student, requests)


# --- measuring -----------------------------------------------------------------------------------


def measure(way: Callable[[Case], int], case: Case) -> tuple[int, float]:
    """Return the useful tokens, and how many a second."""
    # Eight of them, so that one by one has one.
    way(Case(case.name, case.student, [Request(r.prompt, 0, 4) for r in case.requests[:8]]))
    on_gpu = case.student.device.type != "cpu"
    clock = time.perf_counter if on_gpu else time.process_time
    started = clock()
    tokens = way(case)
    if on_gpu:
        torch.cuda.synchronize()
    return tokens, tokens / (clock() - started)


def study(case: Case) -> None:
    """Write the lines of the table for one student."""
    case.student.model.eval()
    first = 0.0
    for name, way in WAYS.items():
        tokens, rate = measure(way, case)
        first = first or rate
        print(
            f"| {case.name} | {case.student.device.type} | {len(case.requests)} | {name} "
            f"| {tokens:,} | {rate:,.0f} | {first / rate:.2f} |",
            flush=True,
        )


def machine(threads: int) -> str:
    """Name the machine, the versions and how busy it is."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    gpu = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    packages = ("torch", "transformers", "peft", "bitsandbytes", "tripost-tui")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{gpu}{models[0] if models else platform.machine()} ({os.cpu_count()} cores, {threads} "
        f"used), {platform.system()}, Python {platform.python_version()}, {versions}; load {load}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    count = args.prompts
    print(f"{machine(args.threads)}\n")
    print("| student | on | prompts | way | tokens | tokens/s | ours, batches : this |")
    print("| --- | --- | ---: | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study(embedded(count, "cpu"))
        fewer = count * 3 // 8
        plain = {"adapter": "full", "precision": "fp32"}
        study(hundred_million("random, 100M, fp32", fewer, "cpu", folder, **plain))
        nf4 = {"adapter": "lora", "quantisation": "nf4", "precision": "fp32"}
        study(hundred_million("random, 100M, NF4 + LoRA, fp32", fewer, "cpu", folder, **nf4))
        if torch.cuda.is_available():
            study(embedded(count, "cuda"))
            half = {"adapter": "lora", "quantisation": "none", "precision": "bf16"}
            study(hundred_million("random, 100M, LoRA, bf16", count, "cuda", folder, **half))
            nf4["precision"] = "bf16"
            study(hundred_million("random, 100M, NF4 + LoRA, bf16", count, "cuda", folder, **nf4))


if __name__ == "__main__":
    main()
