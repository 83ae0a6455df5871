"""Be the engine of a recorded project's run: python watched_engine.py DIR RUN. Never ends."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import recorded

from engine.project import Project

if __name__ == "__main__":
    with recorded.at_work(Project.open(sys.argv[1]), int(sys.argv[2])):
        print("at work", flush=True)
        sys.stdin.read()
