"""An Ollama with one model, as far as it is looked at: it cannot generate."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "qwen3:8b"
_DETAILS = {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"}


class OllamaStandIn:
    """Serves at ``url`` while entered; ``asked`` are the paths. ``answer`` holds replies back."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = threading.Event()
        self.answer.set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _reply(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/api/version":
            return 200, {"version": "0.30"}
        if path == "/api/tags":
            return 200, {"models": [{"model": MODEL, "name": MODEL, "size": 5_200_000_000}]}
        if path == "/api/show" and body.get("model") == MODEL:
            info = {"general.architecture": "qwen3", "qwen3.context_length": 40960}
            return 200, {"details": _DETAILS, "model_info": info, "capabilities": ["completion"]}
        return 404, {"error": f"model '{body.get('model')}' not found"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                asked = json.loads(self.rfile.read(length)) if length else {}
                server.asked.append(self.path)
                server.answer.wait(60)
                status, reply = server._reply(self.path, asked)
                content = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - the names are the library's

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
