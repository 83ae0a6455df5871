"""What nvidia-smi says of GPUs is read, whatever it says."""

import sys
from pathlib import Path

import pytest

from engine.gpus import Gpu, GpuQueryError, query_gpus

MIB = 2**20


def smi(tmp_path: Path, output: str) -> list[str]:
    """A program that stands in for nvidia-smi."""
    script = tmp_path / "smi.py"
    script.write_text(f"import sys; sys.stdout.write({output!r})")
    return [sys.executable, str(script)]


def test_name_and_memory_are_read(tmp_path: Path) -> None:
    command = smi(tmp_path, "NVIDIA A10, with a comma, 550.1, 23028, 22000\n")
    assert query_gpus(command) == [
        Gpu("NVIDIA A10, with a comma", "550.1", 23028 * MIB, 22000 * MIB)
    ]


@pytest.mark.parametrize("amount", ["[N/A]", "", "-1", "1e9", "٣", "9" * 5000])
def test_memory_that_is_no_number_is_not_known(tmp_path: Path, amount: str) -> None:
    [gpu] = query_gpus(smi(tmp_path, f"NVIDIA GB10, 580.65, {amount}, {amount}\n"))
    assert (gpu.total_bytes, gpu.free_bytes) == (None, None)


@pytest.mark.parametrize("output", ["", "No devices were found\n", "a, b\n"])
def test_an_answer_without_a_gpu_is_an_error(tmp_path: Path, output: str) -> None:
    with pytest.raises(GpuQueryError):
        query_gpus(smi(tmp_path, output))


def test_a_machine_without_nvidia_smi_has_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert query_gpus() == []
