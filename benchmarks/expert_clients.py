"""What does a call to an expert cost the processor on our side?

    python benchmarks/expert_clients.py [--calls 300]

A server in a process of its own sends a reply of 10, 100 and 300 pieces, about a token each. The
time is that of this process's processor (user and system) for a call, on one thread; of three
rounds the fastest counts. Memory and open files are compared before and after all calls, to find
what is not let go. The package ``openai`` is measured beside, where it is installed. The last
table is in benchmarks/expert_clients.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from multiprocessing.connection import Connection as Pipe

import psutil

from local_experts.opening import open_expert
from local_experts.protocol import Message, Request, Role

PIECES = (10, 100, 300)
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    calls = parser.parse_args().calls
    print(
        f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"ollama {version('ollama')}, httpx2 {version('httpx2')}; {ROUNDS} rounds of {calls} calls"
    )
    print("\n| client | pieces | CPU ms/call | more memory, KiB | more open files |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for pieces in PIECES:
        with serving(pieces) as url:
            for name, call, close in clients(url):
                print(f"| {name} | {pieces} | {measured(call, calls)} |")
                close()


def clients(url: str) -> Iterator[tuple[str, Callable[[], object], Callable[[], None]]]:
    request = Request(messages=(Message(Role.USER, "What is two and two?"),))
    for name in (f"openai:m@{url}/v1", f"ollama:m@{url}"):
        expert = open_expert(name, environment={})
        yield f"ours, {name.partition(':')[0]}", lambda e=expert: e.ask(request), expert.close  # type: ignore[misc]
    if importlib.util.find_spec("openai") is None:
        return
    import openai

    client = openai.OpenAI(api_key="x", base_url=f"{url}/v1", max_retries=0)

    def call() -> str:
        stream = client.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "What is two and two?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(piece.choices[0].delta.content or "" for piece in stream if piece.choices)

    yield f"package openai {version('openai')}", call, client.close


def measured(call: Callable[[], object], calls: int) -> str:
    for _ in range(20):
        call()
    process = psutil.Process()
    memory, files = process.memory_info().rss, process.num_fds()
    fastest = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(calls):
            call()
        fastest = min(fastest, (time.process_time() - started) / calls)
    grown = (process.memory_info().rss - memory) // 1024
    return f"{fastest * 1000:.2f} | {grown:,} | {process.num_fds() - files}"


@contextmanager
def serving(pieces: int) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(pieces, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


def serve(pieces: int, pipe: Pipe) -> None:
    bodies = {
        "/v1/chat/completions": ("text/event-stream", events(pieces)),
        "/api/chat": ("application/x-ndjson", lines(pieces)),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content_type, body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(http.server_address[1])
    http.serve_forever()


def events(pieces: int) -> bytes:
    common = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def event(delta: dict[str, str], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**common, 'choices': [choice]})}\n\n"

    usage = {"prompt_tokens": 8, "completion_tokens": pieces, "total_tokens": 8 + pieces}
    end = json.dumps({**common, "choices": [], "usage": usage})
    body = event({"content": "word "}) * pieces + event({}, "stop")
    return f"{body}data: {end}\n\ndata: [DONE]\n\n".encode()


def lines(pieces: int) -> bytes:
    def line(text: str, done: bool) -> dict[str, object]:
        message = {"role": "assistant", "content": text}
        at = "2026-01-01T00:00:00.000000Z"
        return {"model": "m", "created_at": at, "message": message, "done": done}

    end = {**line("", True), "done_reason": "stop", "prompt_eval_count": 8, "eval_count": pieces}
    every = [line("word ", False)] * pieces + [end]
    return b"".join(json.dumps(value).encode() + b"\n" for value in every)


if __name__ == "__main__":
    main()
