"""How much memory and time does the weighted loss take, beside the plain one and Liger's?

    python benchmarks/loss.py [--tokens 2048] [--size 1536] [--vocabulary 151936] [--rounds 3]

Forward and backward of the loss over a frozen head, in a process of its own each, the ways taking
turns. Memory is what was in use at most beyond hidden states, head and the hidden states'
gradient: on a CPU of the process, on a GPU of torch's allocator. A third of the tokens have weight
1.5, a third 1, a third 0; Liger's fused linear cross-entropy (pip install liger-kernel; CUDA alone)
knows no weights between and is given the labels of those above 0. The last table is in
benchmarks/loss.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import torch

from engine.training.weighted_loss import (
    IGNORED,
    naive_weighted_cross_entropy,
    weighted_linear_cross_entropy,
)

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def liger(
    hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

    wanted = torch.where(weights > 0, labels, IGNORED)
    made = LigerFusedLinearCrossEntropyLoss(ignore_index=IGNORED, reduction="sum")
    return made(head, hidden, wanted)  # type: ignore[no-any-return]


WAYS: dict[str, Loss] = {
    "weighted_linear_cross_entropy": weighted_linear_cross_entropy,
    "F.cross_entropy on all logits": naive_weighted_cross_entropy,
    "Liger, unweighted": liger,
}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def child(way: str, dtype: str, device: str, args: argparse.Namespace) -> dict[str, float]:
    """Measure once."""
    torch.set_num_threads(args.threads)
    generator = torch.Generator(device).manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        found = torch.randn(*shape, generator=generator, device=device, dtype=DTYPES[dtype])
        return found.mul_(shape[-1] ** -0.25)

    hidden = normal(args.tokens, args.size).requires_grad_()
    head = normal(args.vocabulary, args.size)
    labels = torch.randint(args.vocabulary, (args.tokens,), generator=generator, device=device)
    weights = torch.tensor([0.0, 1.0, 1.5], device=device).repeat(args.tokens)[: args.tokens]
    hidden.grad = torch.zeros_like(hidden)
    if device == "cuda":
        WAYS[way](hidden[:64], head, labels[:64], weights[:64]).backward()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        import psutil

        before = psutil.Process().memory_info().rss
    started, cpu_started = time.perf_counter(), time.process_time()
    loss = WAYS[way](hidden, head, labels, weights)
    loss.backward()
    if device == "cuda":
        torch.cuda.synchronize()
        seconds, peak = time.perf_counter() - started, torch.cuda.max_memory_allocated()
    else:
        seconds = time.process_time() - cpu_started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert hidden.grad is not None
    return {
        "seconds": seconds,
        "extra_bytes": peak - before,
        "loss": float(loss.detach()),
        "gradient": float(hidden.grad.float().norm()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--size", type=int, default=1536)
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--child", nargs=3, metavar=("WAY", "DTYPE", "DEVICE"))
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(*args.child, args)))
        return
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    print(f"{name}, {os.cpu_count()} cores, torch {version('torch')}; {args.tokens} tokens x ")
    print(f"{args.size} x {args.vocabulary:,}, the fastest of {args.rounds} rounds\n")
    print("| dtype | loss | s | extra memory, MB | loss | gradient norm |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for dtype in DTYPES:
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(args.rounds):
            for way in WAYS:
                if way.startswith("Liger") and device != "cuda":
                    continue
                command = [sys.executable, __file__, *sys.argv[1:], "--child", way, dtype, device]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    print(done.stderr[-800:], file=sys.stderr)
                    continue
                found[way].append(json.loads(done.stdout.splitlines()[-1]))
        for way, runs in found.items():
            if not runs:
                print(f"| {dtype} | {way} | not to be had | | | |")
                continue
            best = min(runs, key=lambda run: run["seconds"])
            print(
                f"| {dtype} | {way} | {best['seconds']:.3g} | {best['extra_bytes'] / 1e6:,.0f} "
                f"| {best['loss']:.6g} | {best['gradient']:.5g} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
