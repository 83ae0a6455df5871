"""The student: a causal language model with its tokenizer, from the package, a folder or a hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student_place import check_student, student_place

_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Student:
    """A loaded student. ``model`` is a `PeftModel` when an adapter is trained."""

    model: PreTrainedModel | PeftModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def language_model(self) -> PreTrainedModel:
        """The transformers model, with adapter layers inside where there are any."""
        model = self.model
        if isinstance(model, PeftModel):
            return cast(PreTrainedModel, model.get_base_model())
        return model

    @property
    def body(self) -> nn.Module:
        """The decoder without its head."""
        return self.language_model.base_model

    @property
    def head(self) -> nn.Linear:
        """The head that maps hidden states to the vocabulary."""
        return cast(nn.Linear, self.language_model.get_output_embeddings())

    @property
    def device(self) -> torch.device:
        return self.language_model.device

    def trained_weights(self) -> dict[str, torch.Tensor]:
        """Return the weights that training changes, by name."""
        return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

    def save(self, folder: Path) -> None:
        """Write a folder that transformers (or peft, for an adapter) loads."""
        self.model.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(folder)


def choose_device(wanted: str) -> torch.device:
    """Return the device that ``auto`` means here, or the one asked for.

    Raises:
        StudentError: it is not there.
    """
    found = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in found.items() if there))
    if not found[wanted]:
        there = ", ".join(name for name, is_there in found.items() if is_there)
        raise StudentError(f"student.device is {wanted!r}, but this machine has: {there}.")
    return torch.device(wanted)


def load_student(settings: StudentSettings, task: str, seed: int = 0) -> Student:
    """Load the student that training starts from, ready to be trained for the task.

    ``seed`` is that of a new adapter's weights: a run that is taken up begins with the same.

    Raises:
        StudentError: there is no such model, or it is not one that can be trained here.
    """
    check_student(settings, task)
    device = choose_device(settings.device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    model, tokenizer = _load(student_place(settings, task), _PRECISIONS[settings.precision])
    model.to(device)  # type: ignore[arg-type]  # its stub lost the argument
    if settings.adapter == "lora":
        torch.manual_seed(seed)
        config = LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            lora_dropout=settings.lora_dropout,
            target_modules="all-linear",
            task_type=TaskType.CAUSAL_LM,
        )
        return Student(get_peft_model(model, config), tokenizer)
    return Student(model, tokenizer)


def _load(path: str, dtype: torch.dtype) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        loaded = AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise StudentError(f"{path}: {error}", "The student cannot be loaded") from error
    model, report = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    if missing := sorted(report["missing_keys"]):
        # transformers would make them up.
        raise StudentError(
            f"{path}: {len(missing)} weights are missing, {missing[0]} among them.",
            "The student cannot be loaded",
        )
    if tokenizer.eos_token_id is None:
        raise StudentError(f"{path}: its tokenizer has no end-of-text token.")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer
