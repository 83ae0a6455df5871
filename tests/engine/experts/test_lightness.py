"""What experts are asked is light: the app may import it."""

import json
import pkgutil
import subprocess
import sys

import engine.experts


def test_nothing_here_loads_the_training_stack_or_the_app() -> None:
    names = [
        found.name for found in pkgutil.walk_packages(engine.experts.__path__, "engine.experts.")
    ]
    assert "engine.experts.prompts" in names
    imports = "".join(f"import {name}\n" for name in names)
    code = f"import sys, json\n{imports}print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "peft", "bitsandbytes", "textual", "httpx2"}
    assert not heavy & set(json.loads(done.stdout))
