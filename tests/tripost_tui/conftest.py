"""A recorded project, and a state folder of its own for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tripost_tui.actions import use_keys

if TYPE_CHECKING:
    from piloting import StartedBackend

    from engine.project import Project
    from tripost_tui.app import TripostApp

# What these tests share lies beside them, in recorded.py and piloting.py.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(folder))
    for name in ("NO_COLOR", "TRIPOST_ASCII"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def _default_keys() -> Iterator[None]:
    """There is one keymap at a time; what a test makes of it is the test's."""
    yield
    use_keys({})


@pytest.fixture
def backend(tmp_path: Path) -> StartedBackend:
    from piloting import StartedBackend

    return StartedBackend(tmp_path)


@pytest.fixture
def app(backend: StartedBackend) -> TripostApp:
    from piloting import app_on

    return app_on(backend)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    import recorded

    return recorded.new_project(tmp_path / "tripost-demo")
