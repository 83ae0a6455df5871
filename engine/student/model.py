"""A loaded student: the model with its adapter, its texts, its head."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.student.head import LogitHead
from engine.student.text_format import TextFormat


@dataclass(frozen=True, slots=True)
class Student:
    """A student. ``model`` is a `PeftModel` when an adapter is trained.

    ``compute_dtype`` is what it calculates in; weights that are trained are fp32 all the same.
    """

    model: PreTrainedModel | PeftModel
    form: TextFormat
    head: LogitHead
    compute_dtype: torch.dtype

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self.form.tokenizer

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
    def device(self) -> torch.device:
        return self.language_model.device

    @property
    def context_tokens(self) -> int | None:
        """How many tokens it can look at; None where its configuration does not say."""
        config = self.language_model.config.get_text_config()
        found = getattr(config, "max_position_embeddings", None)
        return int(found) if found else None

    @property
    def attends_eagerly(self) -> bool:
        """True for a model such as Gemma 2, whose attention no fused kernel calculates."""
        return getattr(self.language_model.config, "_attn_implementation", None) == "eager"

    def trained_weights(self) -> dict[str, torch.Tensor]:
        """Return the weights that training changes, by name."""
        return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Calculate in ``compute_dtype``, whatever the weights are in."""
        if self.compute_dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.compute_dtype)

    @contextlib.contextmanager
    def untrained(self) -> Iterator[None]:
        """Switch the adapter off for a while: the model as it was before all training.

        Without an adapter there is nothing to switch, and it raises ValueError.
        """
        if not isinstance(self.model, PeftModel):
            raise ValueError("all weights of this student are trained; there is no other model")
        with self.model.disable_adapter():
            yield

    def save(self, folder: Path) -> None:
        """Write a folder that transformers (or peft, for an adapter) loads."""
        if isinstance(self.model, PeftModel):
            # Left to itself, peft asks the hub whether the embeddings are as they were.
            self.model.save_pretrained(str(folder), save_embedding_layers=False)
        else:
            self.model.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(folder)
