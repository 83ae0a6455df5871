"""What an import drags in, seen from a fresh interpreter."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import db
import engine.planning
import local_experts

ROOT = Path(__file__).resolve().parents[1]
TRAINING = {"torch", "transformers", "bitsandbytes", "peft", "accelerate"}
APP = {"textual", "textual_plot"}
LIGHT = ("config", "doctor", "errors", "gpus", "process", "project", "report", "statistics")


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after importing ``modules``."""
    code = (
        f"import sys, json\nfor name in {modules!r}:\n    __import__(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package: object) -> list[str]:
    name, path = package.__name__, package.__path__  # type: ignore[attr-defined]
    return [found.name for found in pkgutil.walk_packages(path, f"{name}.")]


def test_the_app_and_the_command_line_load_no_training_stack() -> None:
    assert not loaded_by("tripost_tui.cli", "tripost_tui.app") & TRAINING


def test_drawing_is_loaded_by_who_writes_a_report_alone() -> None:
    loaded = loaded_by("tripost_tui.cli", "tripost_tui.app", "tripost_tui.reporting")
    assert not loaded & {"matplotlib", "jinja2"}
    writing = loaded_by("tripost_tui.report_html.page")
    assert "matplotlib" in writing
    assert not writing & TRAINING


def test_help_loads_next_to_nothing() -> None:
    slow = APP | TRAINING | {"rich", "pydantic", "sqlite_utils", "httpx2", "numpy", "psutil"}
    assert not loaded_by("tripost_tui.cli") & slow


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_of_the_engine_loads_neither_stack(module: str) -> None:
    assert not loaded_by(f"engine.{module}") & (APP | TRAINING)


def test_planning_loads_neither_stack_and_no_hub() -> None:
    loaded = loaded_by("tripost_tui.planning", *modules_of(engine.planning))
    assert not loaded & (APP | TRAINING | {"huggingface_hub"})


def test_store_and_experts_load_neither_stack() -> None:
    assert not loaded_by(*modules_of(db), *modules_of(local_experts)) & (APP | TRAINING)
