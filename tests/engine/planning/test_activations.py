"""What is planned for a step is what one holds, by the benchmark's own measurement."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zoo import TINY

from engine.planning.workload import Workload

BENCHMARK = runpy.run_path(
    str(Path(__file__).resolve().parents[3] / "benchmarks/planned_memory.py")
)
QLORA = Workload(packed=False)


def ratio(work: Workload, rows: int, row_tokens: int, **config: object) -> float:
    """Planned by measured, for a model whose weights are few beside its activations."""
    shape: dict[str, Any] = {
        "model_type": "llama",
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 500,
    }
    case = BENCHMARK["Case"]("case", shape | config, work, rows, row_tokens)
    return float(case.planned_bytes / BENCHMARK["measured_bytes"](case))


pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("family", TINY)
def test_each_family_holds_what_is_planned(family: str) -> None:
    assert ratio(QLORA, 2, 300, model_type=family, head_dim=32) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "work",
    [
        replace(QLORA, packed=True),
        replace(QLORA, lora_rank=32),
        replace(QLORA, lora_dropout=0.2),
        replace(QLORA, gradient_checkpointing=False),
        replace(QLORA, quantisation="none"),
        replace(QLORA, quantisation="none", precision="fp32"),
        replace(QLORA, quantisation="none", adapter="full"),
        replace(QLORA, quantisation="none", adapter="full", precision="fp32"),
    ],
    ids=["packed", "rank", "dropout", "whole", "bf16", "fp32", "full", "full-fp32"],
)
def test_each_setting_holds_what_is_planned(work: Workload) -> None:
    assert ratio(work, 2, 300) == pytest.approx(1, abs=0.1)


def test_a_large_vocabulary_makes_the_loss_the_peak() -> None:
    assert ratio(QLORA, 1, 1200, vocab_size=30_000) == pytest.approx(1, abs=0.1)
