"""Does the planner's memory agree with what a training step really holds?

    python benchmarks/planned_memory.py [--cuda]

Without a GPU, the bytes of all live tensors are counted after every operation of forward and
backward, on models of 60 to 300 million random weights, NF4 by bitsandbytes; weights, gradients and
what was there before are left out, so that the planned activations are compared by themselves.
autocast is shown to peft as it is on a GPU: there 4-bit layers do not cast their inputs.

With --cuda, whole steps of real shapes with random weights: torch.cuda.max_memory_allocated against
all that is planned for tensors, and what the process takes beyond it against what is assumed. The
weights are made in RAM first, two bytes each. The last table is in benchmarks/planned_memory.md.
"""

from __future__ import annotations

import argparse
import gc
import platform
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any
from unittest.mock import patch

import bitsandbytes
import torch
from peft import LoraConfig, get_peft_model
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from engine.planning.activations import activation_bytes
from engine.planning.architecture import Architecture
from engine.planning.memory import training_memory
from engine.planning.model_config import architecture_of
from engine.planning.models import find_model
from engine.planning.workload import Workload
from engine.training.weighted_loss import weighted_linear_cross_entropy

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One training step: a model, settings, and rows of so many tokens."""

    name: str
    config: Config
    work: Workload
    rows: int
    row_tokens: int

    @property
    def architecture(self) -> Architecture:
        return architecture_of(self.config, self.name)

    @property
    def planned_bytes(self) -> int:
        """Activations."""
        tokens = self.rows * self.row_tokens
        row = tokens if self.work.packed else self.row_tokens
        return activation_bytes(self.architecture, self.work, tokens, row)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations made and that are still alive."""

    def __init__(self, known: Iterator[torch.Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in known}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._note(tensor.untyped_storage())
        return result

    def _note(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata in self._known:
            return
        self._known.add(storage._cdata)
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, storage._cdata, size)

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


# --- the real thing ------------------------------------------------------------------------------


def build(config: Config, work: Workload, device: str) -> PreTrainedModel:
    """A model of random weights, ready to be trained with the workload's settings."""
    torch.manual_seed(0)
    values = {name: value for name, value in config.items() if name != "model_type"}
    made = AutoConfig.for_model(config["model_type"], **values, **_IDS)
    # What is trained is fp32.
    dtype = torch.float32 if work.adapter == "full" else _DTYPES[work.precision]
    model = AutoModelForCausalLM.from_config(made, dtype=dtype)
    if work.quantisation == "nf4":
        quantise(model, device, _DTYPES[work.precision])
    model.to(device)
    if work.adapter == "lora":
        for weight in model.parameters():
            weight.requires_grad_(False)
        lora = LoraConfig(
            r=work.lora_rank,
            lora_dropout=work.lora_dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        get_peft_model(model, lora)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
    if work.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    for weight in model.parameters():
        if weight.requires_grad:
            weight.grad = torch.zeros_like(weight)
    return model.train()


def quantise(model: PreTrainedModel, device: str, dtype: torch.dtype) -> None:
    """Put NF4 layers in the place of all linear layers but the head."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, linear in list(parent.named_children()):
            if type(linear) is not torch.nn.Linear or linear is head:
                continue
            layer = bitsandbytes.nn.Linear4bit(
                linear.in_features,
                linear.out_features,
                bias=linear.bias is not None,
                compute_dtype=dtype,
                quant_type="nf4",
                device="meta",
            )
            layer.weight = bitsandbytes.nn.Params4bit(
                linear.weight.data, requires_grad=False, quant_type="nf4"
            )
            layer.bias = linear.bias
            setattr(parent, name, layer.to(device))
    model.is_loaded_in_4bit = True


def step(model: PreTrainedModel, case: Case) -> None:
    """Forward and backward, as the engine's training does them."""
    device = model.device
    ids = torch.randint(3, case.config["vocab_size"], (case.rows, case.row_tokens), device=device)
    more = {}
    if case.work.packed:
        positions = torch.arange(case.row_tokens, device=device).repeat(case.rows)
        ids, more = ids.view(1, -1), {"position_ids": positions[None]}
    dtype = _DTYPES[case.work.precision]
    half = dtype != torch.float32
    with torch.autocast(device.type, dtype, enabled=half):
        hidden = model.base_model(input_ids=ids, use_cache=False, **more).last_hidden_state
    weights = torch.ones(ids.numel(), device=device)
    head = model.get_output_embeddings()
    # Apart, as autocast keeps its copies of weights to the end of its block.
    with torch.autocast(device.type, dtype, enabled=half):
        loss = weighted_linear_cross_entropy(
            hidden.flatten(0, 1), head.weight, ids.flatten(), weights
        )
    loss.backward()


def measured_bytes(case: Case) -> int:
    """The most bytes that one step holds at once, counted on the CPU."""
    model = build(case.config, case.work, "cpu")
    known = [*model.parameters(), *model.buffers()]
    known += [weight.grad for weight in known if weight.grad is not None]
    live = LiveBytes(iter(known))
    half = case.work.precision != "fp32"
    with patch.object(torch, "is_autocast_enabled", lambda *_: half), live:
        step(model, case)
    # autocast has put back what it was shown.
    torch.set_autocast_enabled("cpu", False)
    return live.peak


# --- cases ---------------------------------------------------------------------------------------


def _shape(model_type: str, *sizes: int, **more: object) -> Config:
    names = (
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "vocab_size",
    )
    return {"model_type": model_type, **dict(zip(names, sizes, strict=True)), **more}


SMALL = {
    "llama": _shape("llama", 768, 2304, 10, 12, 4, 32000),
    "llama, wide": _shape("llama", 1280, 5120, 6, 20, 5, 4000),
    "llama, large vocabulary": _shape("llama", 768, 2048, 4, 12, 4, 151936),
    "qwen2": _shape("qwen2", 896, 4864, 6, 14, 2, 4000),
    "qwen3": _shape("qwen3", 768, 2304, 8, 12, 6, 4000, head_dim=128),
    "gemma2": _shape("gemma2", 768, 3072, 6, 6, 3, 4000, head_dim=128),
    "gemma3_text": _shape(
        "gemma3_text", 768, 4608, 7, 4, 1, 4000, head_dim=256, sliding_window=512
    ),
    "phi3": _shape("phi3", 960, 2560, 7, 10, 10, 4000),
    "smollm3": _shape("smollm3", 768, 4096, 8, 12, 3, 4000),
    "olmo2": _shape("olmo2", 896, 2560, 8, 14, 14, 4000),
}
_NF4 = Workload(packed=False)
_LORA = replace(_NF4, quantisation="none")
_FULL = replace(_LORA, adapter="full", optimizer="adamw")


def cases() -> Iterator[Case]:
    """Each family with QLoRA, and other settings with one of them."""
    for name, config in SMALL.items():
        yield Case(name, config, _NF4, 1, 1536)
    llama, wide = SMALL["llama"], SMALL["llama, wide"]
    yield Case("llama", llama, _NF4, 1, 512)
    yield Case("llama", llama, _NF4, 6, 512)
    yield Case("llama", llama, replace(_NF4, packed=True), 6, 512)
    yield Case("llama", llama, replace(_NF4, lora_rank=64), 1, 1024)
    yield Case("llama", llama, replace(_NF4, lora_dropout=0.1), 1, 1024)
    yield Case("llama", llama, replace(_NF4, gradient_checkpointing=False), 1, 768)
    yield Case("gemma2", SMALL["gemma2"], _NF4, 6, 256)
    yield Case("gemma3_text", SMALL["gemma3_text"], replace(_NF4, packed=True), 3, 512)
    yield Case("llama, wide", wide, _LORA, 1, 1024)
    yield Case("llama, wide", wide, replace(_LORA, precision="fp32"), 1, 768)
    yield Case("llama", llama, replace(_LORA, gradient_checkpointing=False), 1, 768)
    yield Case("llama", llama, _FULL, 1, 1024)
    yield Case("llama", llama, replace(_FULL, precision="fp32"), 1, 768)
    yield Case("llama", llama, replace(_FULL, gradient_checkpointing=False), 1, 768)


def cuda_cases() -> Iterator[Case]:
    for name, tokens in (
        ("Llama 3.2 1B", 2048),
        ("Llama 3.2 3B", 2048),
        ("Llama 3.1 8B", 1024),
        ("Qwen2.5 1.5B", 4096),
        ("Qwen2.5 7B", 1024),
    ):
        model = find_model(name)
        assert model is not None
        work = replace(_NF4, max_tokens=tokens, micro_tokens=tokens)
        yield Case(name, model.config, work, 1, tokens)


# --- tables --------------------------------------------------------------------------------------


def cpu_table() -> Iterator[str]:
    yield "| model | weights, M | weights are | trained | checkpoints | rows × tokens "
    yield "| measured, MB | planned, MB | planned / measured |\n"
    yield "| --- | ---: | --- | --- | --- | ---: | ---: | ---: | ---: |\n"
    for case in cases():
        measured, planned = measured_bytes(case), case.planned_bytes
        gc.collect()
        work = case.work
        weights = work.quantisation if work.quantisation == "nf4" else work.precision
        trained = "all" if work.adapter == "full" else f"LoRA {work.lora_rank}"
        trained += ", dropout" if work.lora_dropout else ""
        rows = f"{case.rows} × {case.row_tokens}{', packed' if work.packed else ''}"
        yield (
            f"| {case.name} | {case.architecture.parameters / 1e6:.0f} | {weights} | {trained} | "
            f"{'yes' if work.gradient_checkpointing else 'no'} | {rows} | {measured / 1e6:.1f} | "
            f"{planned / 1e6:.1f} | {planned / measured:.2f} |\n"
        )


def cuda_table() -> Iterator[str]:
    yield "| model | tokens | allocated, GB | planned, GB | planned / measured "
    yield "| beyond tensors, GB | planned, GB |\n"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    for case in cuda_cases():
        model = build(case.config, case.work, "cuda")
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = bitsandbytes.optim.AdamW8bit(trained, lr=1e-6)
        torch.cuda.reset_peak_memory_stats()
        for _ in range(2):
            step(model, case)
            optimizer.step()
        free, total = torch.cuda.mem_get_info()
        allocated = torch.cuda.max_memory_allocated()
        memory = training_memory(case.architecture, case.work)
        beyond = memory.slack + memory.process
        tensors = memory.total - beyond
        yield (
            f"| {case.name} | {case.row_tokens:,} | {allocated / 1e9:.2f} | {tensors / 1e9:.2f} | "
            f"{tensors / allocated:.2f} | {(total - free - allocated) / 1e9:.2f} | "
            f"{beyond / 1e9:.2f} |\n"
        )
        del model, trained, optimizer
        gc.collect()
        torch.cuda.empty_cache()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuda", action="store_true", help="whole steps on a GPU")
    on_cuda = parser.parse_args().cuda
    warnings.simplefilter("ignore")
    where = torch.cuda.get_device_name() if on_cuda else f"CPU ({platform.machine()})"
    print("# Is the memory that is planned the memory that is used?\n")
    print("`benchmarks/planned_memory.py` says what is measured.\n")
    packages = ("torch", "transformers", "peft", "bitsandbytes")
    print(f"{where}, {', '.join(f'{name} {version(name)}' for name in packages)}\n")
    for part in cuda_table() if on_cuda else cpu_table():
        print(part, end="", flush=True)


if __name__ == "__main__":
    main()
