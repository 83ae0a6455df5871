"""The contracts of pyproject.toml on who may import whom, held by the build and by the tests."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS_OF_TORCH = tuple(
    f"{word} {package}"
    for word in ("import", "from")
    for package in ("torch", "transformers", "peft", "bitsandbytes")
)


def test_every_layer_keeps_to_its_contracts() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_names_each_module_that_loads_the_training_stack() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    named = {
        module
        for contract in contracts["contracts"]
        if contract["name"] == "The app never loads the heavy half of the engine"
        for module in contract["forbidden_modules"]
    }
    heavy = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "engine").rglob("*.py")
        if any(line.startswith(IMPORTS_OF_TORCH) for line in path.read_text().splitlines())
    }
    # A package that is named has all of its modules forbidden.
    unnamed = {
        module
        for module in heavy
        if not any(module == name or module.startswith(f"{name}.") for name in named)
    }
    assert not unnamed
