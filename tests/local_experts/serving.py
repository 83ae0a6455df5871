"""What the contract servers have in common: real HTTP on this machine, and how it can fail."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A good reply. Counts are made up from the texts unless given."""

    text: str = ""
    thinking: str = ""
    finish: str = "stop"
    prompt_tokens: int | None = None
    reply_tokens: int | None = None


@dataclass(frozen=True)
class Status:
    """Another status than 200; ``body`` is sent as JSON unless it is bytes."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """Status 200 with any bytes for a body, after which the connection breaks, if wanted."""

    body: bytes
    content_type: str = "application/json"
    breaks: bool = False


@dataclass(frozen=True)
class Cut:
    """The connection breaks once ``text`` is sent; before the status line where it is None."""

    text: str | None = "half of"


@dataclass(frozen=True)
class Hang:
    """No byte comes until the server is closed."""


@dataclass(frozen=True)
class Trickle:
    """A piece of text every ``every_s``, without end; of the headers, if wanted."""

    every_s: float = 0.02
    headers: bool = False


@dataclass(frozen=True)
class StreamError:
    """The reply begins well, and goes on with an error in the protocol's form."""

    error: Any


Fault = Status | Raw | Cut | Hang | Trickle | StreamError
Answering = Callable[[Body], "str | Answer | Fault"]


@dataclass(frozen=True)
class Asked:
    """A request as it came in. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Body


class ContractServer:
    """A server on a port of its own, from ``with`` to the end of it.

    ``asked`` keeps every request, ``latency_s`` is waited before each answer to a chat.
    """

    def __init__(self, answer: Answering, latency_s: float = 0.0) -> None:
        self.answer = answer
        self.latency_s = latency_s
        self.asked: list[Asked] = []
        self.connections = 0
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self) -> ContractServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def calls(self, path: str) -> list[Asked]:
        """The requests for ``path``, in order."""
        with self.lock:
            return [asked for asked in self.asked if asked.path == path]

    def handle(self, request: Handler, asked: Asked) -> None:
        """Answer one request; for the server of a protocol to define."""
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    """Writes replies of known length, or piece by piece, and keeps connections alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: ContractServer

    def send_json(
        self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_body(body, "application/json", status, headers)

    def send_body(
        self,
        body: bytes,
        content_type: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_pieces(self, pieces: Iterable[bytes], *, end: bool = True) -> None:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.wfile.write(chunks + (b"0\r\n\r\n" if end else b""))

    def break_off(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send_fault(self, fault: Fault, content_type: str, piece: Callable[[str], bytes]) -> None:
        """Fail as told; ``piece`` makes bytes of the protocol of some text."""
        match fault:
            case Status():
                self.send_json(fault.body, fault.status, fault.headers)
            case Raw(breaks=True):
                self.begin_stream(fault.content_type)
                self.send_pieces([fault.body], end=False)
                self.break_off()
            case Raw():
                self.send_body(fault.body, fault.content_type)
            case Cut(text=None):
                self.break_off()
            case Cut(text=text):
                self.begin_stream(content_type)
                self.send_pieces([piece(text or "")], end=False)
                self.break_off()
            case Hang():
                self.server_of.closing.wait(60)
                self.break_off()
            case Trickle(headers=True):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not self.server_of.closing.wait(fault.every_s):
                    self.wfile.write(b"x")
                self.break_off()
            case Trickle():
                self.begin_stream(content_type)
                while not self.server_of.closing.wait(fault.every_s):
                    self.send_pieces([piece("word ")], end=False)
                self.break_off()
            case StreamError():
                raise TypeError("an error within a stream is in the protocol's own form")

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._serve(json.loads(self.rfile.read(length)))

    def _serve(self, body: Body) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body)
        with self.server_of.lock:
            self.server_of.asked.append(asked)
        # The client may have heard enough and gone.
        try:
            self.server_of.handle(self, asked)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def setup(self) -> None:
        with self.server_of.lock:
            self.server_of.connections += 1
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler_of(server: ContractServer) -> type[Handler]:
    return type("ServerHandler", (Handler,), {"server_of": server})


def pieces_of(text: str, most: int = 40) -> list[str]:
    """``text`` as a stream would have it: about word by word, in ``most`` pieces at most."""
    words = re.findall(r"\S*\s*", text)[:-1] or [text]
    size = -(-len(words) // most)
    return ["".join(words[at : at + size]) for at in range(0, len(words), size)]


def tokens_of(texts: Iterable[str]) -> int:
    """A count of tokens, as crude as it is certain: words, and signs beside them."""
    return sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)
