"""What nvidia-smi says of GPUs is read, whatever it says."""

import sys
from pathlib import Path

import pytest

from engine.gpus import Gpu, GpuLoad, GpuQueryError, query_gpus, query_loads

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


def test_the_load_is_read(tmp_path: Path) -> None:
    said = "NVIDIA A10, 2nd, 23028, 5120, 61, 148.37, 97\nold card, 4096, 100, 40, [N/A], [N/A]\n"
    assert query_loads(smi(tmp_path, said)) == [
        GpuLoad("NVIDIA A10, 2nd", 23028 * MIB, 5120 * MIB, 61, 148.37, 97),
        GpuLoad("old card", 4096 * MIB, 100 * MIB, 40, None, None),
    ]


@pytest.mark.parametrize("value", ["[N/A]", "", "-3", "nan", "1e400", "1.x", "9" * 5000])
def test_a_load_that_is_no_number_is_not_known(tmp_path: Path, value: str) -> None:
    [load] = query_loads(smi(tmp_path, f"card, {value}, {value}, {value}, {value}, {value}\n"))
    assert load == GpuLoad("card", None, None, None, None, None)


def test_the_load_of_no_gpu_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GpuQueryError, match="No devices"):
        query_loads(smi(tmp_path, "No devices were found\n"))
