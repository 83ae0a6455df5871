"""The NVIDIA GPUs of this machine, as nvidia-smi tells of them. No driver library is loaded."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_QUERY = "--query-gpu=name,driver_version,memory.total,memory.free"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. Memory is None where it is the machine's own, which nvidia-smi does not tell."""

    name: str
    driver: str
    total_bytes: int | None
    free_bytes: int | None


class GpuQueryError(Exception):
    """nvidia-smi is there but does not work; the text is what it said."""


def query_gpus(command: Sequence[str] | None = None) -> list[Gpu]:
    """Ask nvidia-smi, which ``command`` replaces; no GPUs where there is none.

    Raises:
        GpuQueryError: it fails, or says nothing of any GPU.
    """
    if command is None:
        found = shutil.which("nvidia-smi")
        if found is None:
            return []
        command = [found]
    try:
        answer = subprocess.run(
            [*command, _QUERY, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GpuQueryError(str(error)) from error
    gpus = [_gpu(line) for line in answer.stdout.splitlines() if line.count(",") >= 3]
    if answer.returncode or not gpus:
        said = (answer.stdout + answer.stderr).strip().splitlines() or ["it said nothing"]
        raise GpuQueryError(said[0])
    return gpus


def _gpu(line: str) -> Gpu:
    name, driver, total, free = (part.strip() for part in line.rsplit(",", 3))
    return Gpu(name, driver, _bytes(total), _bytes(free))


def _bytes(mib: str) -> int | None:
    # Machines with shared memory answer [N/A].
    return int(mib) * _MIB if mib.isascii() and mib.isdecimal() and len(mib) < 10 else None
