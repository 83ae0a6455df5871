"""The NVIDIA GPUs of this machine, as nvidia-smi tells of them. No driver library is loaded."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_QUERY = "--query-gpu=name,driver_version,memory.total,memory.free"
_LOAD_QUERY = "--query-gpu=name,memory.total,memory.used,temperature.gpu,power.draw,utilization.gpu"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. Memory is None where it is the machine's own, which nvidia-smi does not tell."""

    name: str
    driver: str
    total_bytes: int | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """How one GPU stands at a moment; None for what nvidia-smi does not tell.

    ``power_w`` is in watts, ``busy_percent`` is the part of the last second in which it worked.
    """

    name: str
    total_bytes: int | None
    used_bytes: int | None
    temperature_c: int | None
    power_w: float | None
    busy_percent: int | None


class GpuQueryError(Exception):
    """nvidia-smi is there but does not work; the text is what it said."""


def query_gpus(command: Sequence[str] | None = None) -> list[Gpu]:
    """Ask nvidia-smi, which ``command`` replaces; no GPUs where there is none.

    Raises:
        GpuQueryError: it fails, or says nothing of any GPU.
    """
    return [
        Gpu(name, driver, _bytes(total), _bytes(free))
        for name, driver, total, free in _ask(command, _QUERY)
    ]


def query_loads(command: Sequence[str] | None = None) -> list[GpuLoad]:
    """Ask how the GPUs stand now; the rest as for `query_gpus`."""
    return [
        GpuLoad(name, _bytes(total), _bytes(used), _whole(hot), _number(power), _whole(busy))
        for name, total, used, hot, power, busy in _ask(command, _LOAD_QUERY)
    ]


def _ask(command: Sequence[str] | None, query: str) -> list[list[str]]:
    """A row of values for each GPU; the name, which comes first, may have commas."""
    if command is None:
        found = shutil.which("nvidia-smi")
        if found is None:
            return []
        command = [found]
    try:
        answer = subprocess.run(
            [*command, query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GpuQueryError(str(error)) from error
    commas = query.count(",")
    rows = [
        [part.strip() for part in line.rsplit(",", commas)]
        for line in answer.stdout.splitlines()
        if line.count(",") >= commas
    ]
    if answer.returncode or not rows:
        said = (answer.stdout + answer.stderr).strip().splitlines() or ["it said nothing"]
        raise GpuQueryError(said[0])
    return rows


def _bytes(mib: str) -> int | None:
    # Machines with shared memory answer [N/A].
    number = _whole(mib)
    return None if number is None else number * _MIB


def _whole(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def _number(said: str) -> float | None:
    whole, _, part = said.partition(".")
    number = _whole(whole)
    return None if number is None or (part and _whole(part) is None) else float(said)
