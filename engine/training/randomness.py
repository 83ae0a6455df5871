"""The random generators that training draws from, for dropout alone: saved and put back."""

from __future__ import annotations

import torch


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of every random generator that training draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "xpu":
        state["xpu"] = torch.xpu.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random(state: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put back what `random_state` gave; a generator that this machine lacks is left out."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "xpu" and "xpu" in state:
        torch.xpu.set_rng_state(state["xpu"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
