"""A small real model as a GGUF file, and a real server that speaks the OpenAI protocol.

The model is the package's student for arithmetic. With the template that it gets here, the last
message is a question, and a system message is refused, as some models do.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from requirements import need

CONTEXT_TOKENS = 1024
READY_WITHIN_S = 60.0

TEMPLATE = """\
{%- if messages[0].role == 'system' %}{{ raise_exception('no system message') }}{% endif -%}
Q: {{ messages[-1].content }}
Answer: Let's think step by step.{{ HINT }}{{ '\\n' }}"""


def template() -> str:
    from engine.tasks.multistep_arithmetic import MultistepArithmetic

    return TEMPLATE.replace("{{ HINT }}", MultistepArithmetic().hint)


def write_student(out: Path, folder: Path, chat_template: str | None = None) -> Path:
    """Write the student for arithmetic to ``out``, by way of a copy in ``folder``."""
    from engine.embedded import student_folder
    from engine.gguf_writing import write_gguf

    shutil.copytree(student_folder("multistep_arithmetic"), folder)
    if chat_template is not None:
        (folder / "chat_template.jinja").write_text(chat_template)
    write_gguf(folder, out, name="arithmetic")
    return out


@pytest.fixture(scope="session")
def student_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student without a chat template."""
    place = tmp_path_factory.mktemp("gguf")
    return write_student(place / "plain.gguf", place / "student")


@pytest.fixture(scope="session")
def chat_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student with a chat template."""
    place = tmp_path_factory.mktemp("gguf")
    return write_student(place / "chat.gguf", place / "student", template())


@dataclass(frozen=True)
class LlamaServer:
    """A running server. ``url`` ends in /v1, ``model`` is what it calls its one model."""

    url: str
    model: str


def _free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        port: int = any_socket.getsockname()[1]
        return port


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    with httpx2.Client(timeout=1.0, trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get(f"{url}/models").status_code == httpx2.codes.OK:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
    pytest.fail(f"the server does not answer: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def serving_model(gguf: Path, log: Path, context_tokens: int) -> Iterator[LlamaServer]:
    """A server with the model in a file, for as long as it is used."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/v1"
    options = {
        "model": gguf,
        "model_alias": "arithmetic",
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": context_tokens,
        "n_threads": 1,
        "verbose": False,
    }
    command = [sys.executable, "-m", "llama_cpp.server"]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(url, process, log)
        yield LlamaServer(url, "arithmetic")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def llama_server(
    chat_gguf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LlamaServer]:
    """A server with the model that has a template."""
    need("llama_cpp", "uvicorn", "fastapi", "sse_starlette", "starlette_context")
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving_model(chat_gguf, log, CONTEXT_TOKENS) as server:
        yield server
