"""Programs of others that an export can use, found and run: llama.cpp's converter, Ollama."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.errors import StudentError

CONVERTER = "convert_hf_to_gguf.py"
"""llama.cpp's script. It is not on PyPI: it comes with llama.cpp's source."""

LLAMA_CPP_DIR = "LLAMA_CPP_DIR"
_LAST_WORDS = 600


def find_converter(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return llama.cpp's converter, from its folder by ``LLAMA_CPP_DIR`` or from ``PATH``."""
    if named := environ.get(LLAMA_CPP_DIR):
        script = Path(named).expanduser() / CONVERTER
        if script.is_file():
            return script.absolute()
    for name in (CONVERTER, "convert_hf_to_gguf", "convert-hf-to-gguf"):
        if found := shutil.which(name, path=environ.get("PATH", "")):
            return Path(found).absolute()
    # shutil.which wants it to be executable, which a script in a checkout need not be.
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and (script := Path(folder) / CONVERTER).is_file():
            return script.absolute()
    return None


def find_ollama(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return Ollama's program; None where it is not on ``PATH``."""
    return shutil.which("ollama", path=environ.get("PATH", ""))


def converter_command(script: str, folder: str, out: str, precision: str) -> list[str]:
    """Return the command that makes a GGUF file of a folder with a model."""
    outtype = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}[precision]
    run = [_python(Path(script)), script] if script.endswith(".py") else [script]
    return [*run, folder, "--outfile", out, "--outtype", outtype]


def _python(script: Path) -> str:
    """Return the Python of llama.cpp's own environment where there is one, else this one."""
    for name in (".venv", "venv"):
        if (own := script.parent / name / "bin" / "python").exists():
            return str(own)
    return sys.executable


def convert(script: Path, folder: Path, out: Path, precision: str) -> None:
    """Have llama.cpp's converter write ``out``.

    Raises:
        StudentError: it could not; with its last words.
    """
    command = converter_command(str(script), str(folder), str(out), precision)
    # An exception in here, such as that of a signal, ends it.
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise StudentError(f"{script}: {error.strerror or error}.", _TITLE) from error
    if ended.returncode or not out.is_file():
        advice = ""
        if "ModuleNotFoundError" in ended.stdout:
            advice = (
                f" What it needs is in {script.parent / 'requirements.txt'}; an environment named "
                f".venv in {script.parent} is used where there is one."
            )
        raise StudentError(
            f"{script} ended with code {ended.returncode}. Its last words: "
            f"{_last_words(ended.stdout)}{advice}",
            _TITLE,
        )


_TITLE = "llama.cpp's converter could not write the student"


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " ".join(lines[-4:])[-_LAST_WORDS:] or "none"


def create_command(program: str, name: str, modelfile: str) -> Sequence[str]:
    """Return the command by which Ollama takes a model up."""
    return [program, "create", name, "-f", modelfile]
