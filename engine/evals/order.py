"""What is evaluated and how, as it is stored: the same order is the same evaluation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.config import check_settings
from engine.evals.models import Model, ModelKind
from engine.settings import Settings

DATABASE = "eval.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How a model is asked. ``temperature`` 0 is greedy, and the seed without effect.

    ``prompt_only``: it is asked for feedback and updates though it never learned to give any.
    ``shots`` worked examples go before each question. Lengths are in tokens.
    """

    temperature: float = 0.0
    seed: int = 0
    max_updates: int = 3
    max_attempt_tokens: int = 640
    batch_size: int = 64
    prompt_only: bool = False
    shots: int = 0

    @property
    def text(self) -> str:
        """In words, for people."""
        parts = [f"temperature {self.temperature:g}" if self.temperature else "greedy"]
        parts.append(f"{self.max_updates} updates at most" if self.max_updates else "no updates")
        if self.prompt_only:
            parts.append("self-improvement by prompt only")
        if self.shots:
            parts.append(f"{self.shots} examples")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A model asked in a task, as the process that does it is told.

    ``settings`` are those that the student is loaded by; an expert is asked as their ``experts``
    say.
    """

    kind: ModelKind
    name: str
    task: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    decoding: Decoding
    identity: Mapping[str, Any]
    settings: Settings
    weights: str = ""
    weights_hash: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 of what the texts depend on; without the test, and without where things lie."""
        said = [self.kind, self.identity, asdict(self.decoding), self.settings.student.generation]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in Order.__dataclass_fields__}
        values["decoding"] = asdict(self.decoding)
        values["settings"] = self.settings.model_dump(mode="json")
        return values


def read_order(said: Mapping[str, Any]) -> Order:
    """Read what `Order.as_json` wrote. Raises ConfigError."""
    values = dict(said)
    values["kind"] = ModelKind(values["kind"])
    values["decoding"] = Decoding(**values["decoding"])
    values["settings"] = check_settings(values["settings"], "an evaluation's settings")
    values["seen"], values["unseen"] = tuple(values["seen"]), tuple(values["unseen"])
    return Order(**values)


def order_of(
    model: Model, task: str, seen: tuple[str, ...], unseen: tuple[str, ...], decoding: Decoding
) -> Order:
    """Put a model and a task together."""
    return Order(
        kind=model.kind,
        name=model.name,
        task=task,
        seen=seen,
        unseen=unseen,
        decoding=decoding,
        identity=model.identity,
        settings=model.settings,
        weights=str(model.weights or ""),
        weights_hash=str(model.identity.get("weights", "")),
    )


def evaluation_hash(order: Order, test_hash: str) -> str:
    """SHA-256 that stands for an order on a test."""
    return hashlib.sha256(f"{order.hash}/{test_hash}".encode()).hexdigest()


def database_of(folder: Path) -> Path:
    return folder / DATABASE
