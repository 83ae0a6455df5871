"""Folders of tasks that the tests of this folder write."""

import sys
from pathlib import Path

import pytest

# What these tests share lies beside them, in own_folders.py.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that comes to an end may take long on a busy machine."""
    monkeypatch.setattr("engine.tasks.own.checking.REGEX_TIMEOUT_S", 600.0)
