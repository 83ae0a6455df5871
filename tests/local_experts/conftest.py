import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

# What these tests share lies beside them.
sys.path.insert(0, str(Path(__file__).parent))

from llama_server import chat_gguf, llama_server, student_gguf

__all__ = ["chat_gguf", "llama_server", "student_gguf"]

Answer = Callable[[BaseHTTPRequestHandler], None]


def replying(value: Any, status: int = 200) -> Answer:
    """An answer of ``value`` as JSON, or of ``value`` itself where it is bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@dataclass
class Server:
    """A real HTTP server on this machine. ``answers`` maps a path to what it does."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.headers.append(dict(self.headers))
            answer = state.answers.get(self.path, replying({"error": "no such page"}, 404))
            # The client may have heard enough and gone.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.hang.set()
        http.shutdown()
        http.server_close()
        thread.join()
