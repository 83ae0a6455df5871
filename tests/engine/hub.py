"""A model hub on this machine, and processes that look for a student there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"

LOOK = """
import json, sys, time
from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.tasks.multistep_arithmetic import MultistepArithmetic
wanted, how = json.loads(sys.argv[1]), sys.argv[2]
settings, task = StudentSettings.model_validate(wanted), MultistepArithmetic.name
begin = time.monotonic()
found = {}
try:
    if how == "find":
        from engine.student_place import find_student
        place = find_student(settings, task)
        found = {"model": place.model, "name": place.name, "adapter": str(place.adapter)}
    else:
        from engine.student.loading import load_student
        begin = time.monotonic()
        student = load_student(settings, task)
        found = {"weights": len(student.trained_weights())}
        student.save(wanted["path"].replace("/", "-") + "-saved")
except StudentError as error:
    found = {"title": error.title, "message": error.message}
print(json.dumps(found | {"seconds": time.monotonic() - begin}))
"""


def look(
    path: str, environment: Mapping[str, str], how: str = "find", folder: Path | None = None
) -> dict[str, Any]:
    """Look for a student in a process of its own, whose hub and cache ``environment`` names."""
    wanted = {"path": path, "device": "cpu", "threads": 1, "quantisation": "none"}
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(wanted), how],
        env=clean | {"PYTHONPATH": paths, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@dataclass
class Hub:
    """What the hub has: ``folders`` by id. ``gated`` are given to nobody; ``asked`` are paths."""

    url: str = ""
    folders: dict[str, Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    fault: int = 0
    silent: bool = False
    closing: Event = field(default_factory=Event)
    asked: list[str] = field(default_factory=list)

    def information(self, hub_id: str) -> dict[str, Any]:
        folder = self.folders[hub_id]
        files = sorted(path.name for path in folder.iterdir())
        config: dict[str, Any] = {}
        if "config.json" in files:
            said = json.loads((folder / "config.json").read_text())
            told = ("model_type", "architectures", "quantization_config", "auto_map")
            config = {key: said[key] for key in told if key in said}
        return {
            "id": hub_id,
            "sha": REVISION,
            "gated": "manual" if hub_id in self.gated else False,
            "siblings": [{"rfilename": name} for name in files],
            "config": config,
        }


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub that answers as huggingface.co does to those who fetch models."""
    ours = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/api/agent-harnesses":  # the client tells what it runs in
                self.reply(404, b"{}")
                return
            ours.asked.append(path)
            if ours.silent:
                ours.closing.wait()
                return
            if ours.fault:
                self.reply(ours.fault, b"{}")
                return
            hub_id = "/".join(path.removeprefix("/api/models").split("/")[1:3])
            if hub_id not in ours.folders:
                self.reply(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif path.startswith("/api/"):
                self.information(hub_id, path)
            elif hub_id in ours.gated:
                self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"})
            else:
                self.file(ours.folders[hub_id] / path.rpartition("/")[2])

        def information(self, hub_id: str, path: str) -> None:
            if "/tree/" in path:
                found: Any = [
                    {
                        "type": "file",
                        "path": f.name,
                        "size": f.stat().st_size,
                        "oid": "0" * 40,
                    }
                    for f in sorted(ours.folders[hub_id].iterdir())
                ]
            else:
                found = ours.information(hub_id)
            self.reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

        def file(self, path: Path) -> None:
            if not path.is_file():
                self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound"})
                return
            about = {"X-Repo-Commit": REVISION, "ETag": f'"{path.name.encode().hex():0>40}"'}
            self.reply(200, path.read_bytes(), about)

        def reply(self, code: int, body: bytes, more: Mapping[str, str] | None = None) -> None:
            self.send_response(code)
            for key, value in (more or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        ours.url = f"http://127.0.0.1:{server.server_address[1]}"
        worker = Thread(target=server.serve_forever, daemon=True)
        worker.start()
        try:
            yield ours
        finally:
            ours.closing.set()
            server.shutdown()
            worker.join()
