"""How fast does it train, and in how much memory, beside TRL and transformers' Trainer?

    python benchmarks/training.py [--rounds 3] [--threads 1] [--cases embedded,lora,nf4]

TRL is no dependency of the project: pip install trl. The same model, rows, order of rows as far as
each allows, rows per optimizer step, optimizer (AdamW), precision and adapter; every token weighs
1, since the others know no weights. No gradient checkpointing, no logging, no saving. Each run is a
process of its own, the ways take turns, and the fastest round of each counts. On a CPU the time is
the processor's, of one thread unless told otherwise, so that a busy machine slows it less; on a GPU
it is the clock's. Memory is what the process, or the GPU, had at most, less what it had with the
model loaded. The last table is in benchmarks/training.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

WAYS = ("ours", "trl", "trainer")
NAMES = {"ours": "TriPosT", "trl": "TRL SFTTrainer", "trainer": "transformers Trainer"}
_RATE = 1e-4


@dataclass(frozen=True)
class Case:
    """What is trained. ``shape`` is a model's with random weights, None the embedded student."""

    name: str
    shape: dict[str, Any] | None
    student: dict[str, Any]
    rows: int
    rows_at_once: int
    on_gpu: bool = False
    length: int = 0
    """Tokens of a row; 0: real texts of multistep arithmetic."""


SMOLLM2_135M = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}
LLAMA_1B = {
    "vocab_size": 128256,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": True,
}
LLAMA_3B = LLAMA_1B | {
    "hidden_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
}
LLAMA_8B = LLAMA_1B | {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "tie_word_embeddings": False,
}
_QLORA = {"adapter": "lora", "quantisation": "nf4", "precision": "auto"}
CASES = {
    "embedded": Case("embedded student, all weights, fp32", None, {"adapter": "full"}, 160, 8),
    "lora": Case(
        "SmolLM2 135M's shape, LoRA on fp32",
        SMOLLM2_135M,
        {"adapter": "lora", "quantisation": "none", "precision": "fp32"},
        16,
        4,
    ),
    "nf4": Case("SmolLM2 135M's shape, LoRA on NF4, fp32", SMOLLM2_135M, _QLORA, 16, 4),
    "1b": Case("Llama 3.2 1B's shape, LoRA on NF4", LLAMA_1B, _QLORA, 64, 4, True, 1024),
    "3b": Case("Llama 3.2 3B's shape, LoRA on NF4", LLAMA_3B, _QLORA, 32, 4, True, 1024),
    "8b": Case("Llama 3.1 8B's shape, LoRA on NF4", LLAMA_8B, _QLORA, 16, 2, True, 1024),
}


# --- one run, in a process of its own -------------------------------------------------------------


def child(case: Case, way: str, folder: str, threads: int) -> dict[str, float]:
    """Train once; return seconds, tokens, bytes and the mean loss of a token."""
    import torch

    from engine.settings import StudentSettings
    from engine.student.loading import load_student

    settings = {"path": folder, "threads": threads, "device": "auto", **case.student}
    student = load_student(StudentSettings.model_validate(settings), "multistep_arithmetic")
    rows = _rows(case, student)
    train = {"ours": _ours, "trl": _trl, "trainer": _trainer}[way](case, student, rows)
    on_gpu = student.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        before = _resident_bytes()
    started, cpu_started = time.monotonic(), time.process_time()
    loss = train()
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
    if on_gpu:
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "seconds": seconds if on_gpu else cpu_seconds,
        "wall": seconds,
        "tokens": sum(map(len, rows)),
        "extra_bytes": peak - before,
        "peak_bytes": peak,
        "loss": loss,
    }


def _resident_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _rows(case: Case, student: Any) -> list[Any]:
    import random

    from db.records import Split, Subtask
    from engine.tasks.multistep_arithmetic import MultistepArithmetic
    from engine.training.encoding import Encoded, encode
    from engine.trajectory import prompt

    if case.length:
        rng = random.Random(1)
        ids = [tuple(rng.choices(range(3, 130), k=case.length)) for _ in range(case.rows)]
        return [Encoded(row, (0.0, *[1.0] * (case.length - 1))) for row in ids]
    task = MultistepArithmetic()
    items = task.generate(Split.TRAIN, [Subtask.SEEN], case.rows, 1)
    return [
        encode(student.form, [(prompt(item.question, task.hint), 1.0), (item.rationale, 1.0)])
        for item in items
    ]


def _ours(case: Case, student: Any, rows: list[Any]) -> Callable[[], float]:
    from engine.settings import TrainSettings
    from engine.training.trainer import Trainer

    per_step = round(sum(map(len, rows)) / len(rows) * case.rows_at_once)
    settings = TrainSettings(
        epochs=1,
        learning_rate=_RATE,
        schedule="constant",
        warmup=0.0,
        batch_tokens=per_step,
        optimizer="adamw",
        gradient_checkpointing="off",
    )
    trainer = Trainer(student, rows, settings, 0)

    def train() -> float:
        results = list(trainer.steps())
        return sum(r.loss * r.weighted_tokens for r in results) / sum(
            r.weighted_tokens for r in results
        )

    return train


def _arguments(case: Case) -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(),
        "num_train_epochs": 1,
        "per_device_train_batch_size": case.rows_at_once,
        "learning_rate": _RATE,
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch",
        "weight_decay": 0.01,
        "max_grad_norm": 1.0,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": not case.on_gpu,
        "bf16": case.on_gpu,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "seed": 0,
    }


def _trl(case: Case, student: Any, rows: list[Any]) -> Callable[[], float]:
    import pyarrow
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    texts = [{"input_ids": list(row.ids), "labels": list(row.ids)} for row in rows]
    arguments = SFTConfig(
        **_arguments(case), max_length=None, dataset_kwargs={"skip_prepare_dataset": True}
    )
    trainer = SFTTrainer(
        model=student.model,
        args=arguments,
        train_dataset=Dataset(pyarrow.Table.from_pylist(texts), fingerprint="rows"),
        processing_class=student.tokenizer,
    )
    return lambda: float(trainer.train().training_loss)


def _trainer(case: Case, student: Any, rows: list[Any]) -> Callable[[], float]:
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    texts = [
        {"input_ids": list(r.ids), "attention_mask": [1] * len(r), "labels": list(r.ids)}
        for r in rows
    ]
    trainer = Trainer(
        model=student.model,
        args=TrainingArguments(**_arguments(case)),
        train_dataset=texts,  # type: ignore[arg-type]  # a list does
        data_collator=DataCollatorForSeq2Seq(student.tokenizer, padding=True),
    )
    return lambda: float(trainer.train().training_loss)


# --- all runs, side by side -----------------------------------------------------------------------


def prepare(case: Case, folder: Path) -> str:
    """Write a model of the case's shape with random weights; return what loads it."""
    if case.shape is None:
        return "embedded"
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from engine.embedded import student_folder

    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16 if case.on_gpu else torch.float32)
    config = LlamaConfig(**case.shape, max_position_embeddings=4096, eos_token_id=1, pad_token_id=0)
    with torch.device("cuda" if case.on_gpu else "cpu"):
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((student_folder("multistep_arithmetic") / name).read_bytes())
    return str(folder)


def measured(case: str, way: str, folder: str, threads: int) -> dict[str, float] | None:
    """Run a child; None where it failed, the reason on stderr."""
    command = [sys.executable, __file__, "--child", case, way, folder, "--threads", str(threads)]
    quiet = os.environ | {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        print(done.stderr[-1500:], file=sys.stderr)
        return None
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(case: Case, runs: dict[str, list[dict[str, float]]]) -> list[str]:
    """The rows of a case: the fastest round of each way, ratios to ours."""
    best = {way: min(found, key=lambda r: r["seconds"]) for way, found in runs.items() if found}
    lines = []
    for way, found in best.items():
        rate = found["tokens"] / found["seconds"]
        ours = best["ours"]
        faster = ours["tokens"] / ours["seconds"] / rate
        less = found["extra_bytes"] / ours["extra_bytes"]
        lines.append(
            f"| {case.name} | {NAMES[way]} | {rate:,.0f} | {found['extra_bytes'] / 1e6:,.0f} "
            f"| {found['peak_bytes'] / 1e6:,.0f} | {found['loss']:.3f} "
            f"| {faster:.2f} | {less:.2f} |"
        )
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", default="embedded,lora,nf4")
    parser.add_argument("--child", nargs=3, metavar=("CASE", "WAY", "FOLDER"))
    args = parser.parse_args(argv)
    if args.child:
        name, way, folder = args.child
        print(json.dumps(child(CASES[name], way, folder, args.threads)))
        return
    packages = ("torch", "transformers", "peft", "bitsandbytes", "trl")
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {versions}; ")
    print(f"{args.threads} thread(s), the fastest of {args.rounds} rounds\n")
    print(
        "| what | with | tokens/s | extra memory, MB | peak, MB | loss | ours is faster by "
        "| takes more memory by |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in args.cases.split(","):
        case = CASES[name]
        with tempfile.TemporaryDirectory() as place:
            folder = prepare(case, Path(place))
            runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
            for _ in range(args.rounds):
                for way in WAYS:
                    if found := measured(name, way, folder, args.threads):
                        runs[way].append(found)
        print("\n".join(table(case, runs)), flush=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except ImportError:
        return "not installed"


if __name__ == "__main__":
    main()
