"""The doctor finds what is there, names what is missing, and tells no secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.doctor import (
    Check,
    Status,
    check_disk,
    check_gpu,
    check_secrets,
    check_sqlite,
    check_state_dir,
    check_student,
    examine,
    worst,
)
from tests.local_experts.chest import Chest, in_place


def smi(tmp_path: Path, code: str) -> list[str]:
    """A program that stands in for nvidia-smi."""
    script = tmp_path / "smi.py"
    script.write_text(code)
    return [sys.executable, str(script)]


def test_every_check_has_a_finding_and_everything_wrong_has_a_fix() -> None:
    checks = examine()
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.detail for check in checks)
    assert all(check.fix for check in checks if check.status is not Status.OK)


def test_the_checks_of_other_parts_are_told_with_the_engines() -> None:
    ollama = Check("ollama", Status.WARNING, "not running", "ollama serve")
    assert examine(more=[ollama])[-1] == ollama


def test_installed_versions_are_told_without_loading_the_packages() -> None:
    code = (
        "import sys\n"
        "from engine.doctor import examine\n"
        "print([c.detail for c in examine() if c.name == 'torch'][0])\n"
        "sys.exit(', '.join({'torch', 'transformers', 'peft', 'textual'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.stdout.startswith("2.")


def test_the_gravest_finding_decides() -> None:
    ok, warning, error = (Check("x", status, "y") for status in Status)
    assert worst([]) is Status.OK
    assert worst([ok, warning]) is Status.WARNING
    assert worst([warning, error, ok]) is Status.ERROR


def test_an_old_sqlite_is_safe_and_says_why() -> None:
    assert "rollback journal" in check_sqlite((3, 40, 1)).detail
    assert "rollback journal" not in check_sqlite((3, 51, 3)).detail
    assert check_sqlite((3, 40, 1)).status is Status.OK


def test_a_student_is_whole_or_what_it_lacks_is_named(tmp_path: Path) -> None:
    assert "model.safetensors" in check_student(tmp_path).detail
    (tmp_path / "model.safetensors").write_bytes(b"x" * 4_200_000)
    (tmp_path / "tokenizer.json").write_text("{}")
    assert check_student(tmp_path).detail.endswith("no config.json")
    (tmp_path / "config.json").write_text("{")
    assert check_student(tmp_path).status is Status.ERROR
    (tmp_path / "config.json").write_text(json.dumps({"num_hidden_layers": 4, "hidden_size": 128}))
    assert check_student(tmp_path) == Check(
        f"embedded student, {tmp_path.name}", Status.OK, "4.2 MB, 4 layers of 128"
    )


def test_the_disk_of_a_folder_that_is_still_to_be_made_is_its_parents(tmp_path: Path) -> None:
    assert check_disk(tmp_path / "a" / "b").detail.endswith(f"free at {tmp_path}")


def test_gpus_are_told_with_driver_and_memory(tmp_path: Path) -> None:
    lines = (
        "NVIDIA GeForce RTX 3060, 550.54.14, 12288, 11264\\nNVIDIA GB10, 580.65, [N/A], [N/A]\\n"
    )
    detail = check_gpu(smi(tmp_path, f"print('{lines}')")).detail
    assert detail.startswith(
        "NVIDIA GeForce RTX 3060, driver 550.54.14, 11.0 GiB free of 12.0 GiB; "
        "NVIDIA GB10, driver 580.65, ? GiB free of ? GiB"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import sys; print('Failed to initialize NVML'); sys.exit(18)",
        "print('No devices were found')",
        "pass",
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')",
    ],
)
def test_a_broken_driver_is_a_warning(tmp_path: Path, code: str) -> None:
    check = check_gpu(smi(tmp_path, code))
    assert check.status is Status.WARNING
    assert "driver" in check.fix


def test_an_nvidia_smi_that_cannot_be_started_is_a_warning(tmp_path: Path) -> None:
    assert check_gpu([str(tmp_path / "none")]).status is Status.WARNING


def test_a_machine_without_nvidia_smi_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_gpu().status is Status.OK


def test_a_state_folder_that_cannot_be_used_is_told_and_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check_state_dir(tmp_path).status is Status.OK
    assert check_state_dir(tmp_path / "file").status is Status.WARNING
    assert check_state_dir(tmp_path / "file" / "tripost").status is Status.WARNING
    assert check_state_dir(tmp_path / "new" / "tripost").status is Status.OK
    assert os.listdir(tmp_path) == ["file"]


def test_keys_are_told_by_name_and_never_by_value() -> None:
    detail = check_secrets({"OPENAI_API_KEY": "sk-123", "HF_TOKEN": ""}).detail
    assert "OPENAI_API_KEY is set (environment)" in detail
    set_ones, _, missing = detail.partition("not set: ")
    assert "HF_TOKEN" in missing
    assert "OPENROUTER_API_KEY" in missing
    assert "HF_TOKEN" not in set_ones
    assert "123" not in detail


def test_a_key_in_the_keyring_is_told_to_be_there() -> None:
    with in_place(Chest()) as chest:
        chest.set_password("tripost", "GROQ_API_KEY", "canary-7f3a")
        detail = check_secrets({"OPENAI_API_KEY": "sk-123"}).detail
    assert "GROQ_API_KEY is set (keyring)" in detail
    assert "canary" not in detail
