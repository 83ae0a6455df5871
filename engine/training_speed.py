"""What a training's speed is measured by: the work of a token, and what the device could do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import StudentError
from engine.planning.machine import this_cpu, this_machine
from engine.planning.model_config import architecture_of
from engine.planning.speed import training_flops
from engine.planning.workload import workload_of
from engine.stage import RunContext
from engine.training.encoding import Encoded


def speed_facts(context: RunContext, rows: Sequence[Encoded]) -> dict[str, Any]:
    """Return ``flops_per_token`` of training on the rows, and ``peak_tflops`` of the device.

    Empty for a student whose shape cannot be planned; a peak that is not known, as a CPU's, is
    None.
    """
    student = context.student
    try:
        config = student.language_model.config.get_text_config().to_dict()
        shape = architecture_of(config, context.settings.student.path)
    except StudentError:
        return {}
    on_cuda = student.device.type == "cuda"
    machine = this_machine() if on_cuda else this_cpu()
    work = workload_of(context.settings, machine)
    mean_tokens = sum(map(len, rows)) / max(1, len(rows))
    return {
        "flops_per_token": round(training_flops(shape, work, mean_tokens)),
        "peak_tflops": machine.card.tflops if on_cuda else None,
    }
