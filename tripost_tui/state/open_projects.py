"""Projects that are open to be read, each once. Belongs to one thread."""

import os
from pathlib import Path

from db.errors import StoreMissing
from db.store import Store
from engine.project import DATABASE_FILE, Project

OPEN_TIMEOUT_S = 1.0


class OpenProjects:
    """Opens a project at first sight, and once more where its file has been replaced since: an
    open connection would go on reading what is gone. ``timeout_s`` is how long to wait for
    another process's lock."""

    def __init__(self, timeout_s: float = OPEN_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._open: dict[Path, tuple[tuple[int, int], Project, Store]] = {}

    def of(self, path: Path) -> tuple[Project, Store]:
        """Raises TripostError and StoreError."""
        file = _identity(path)
        opened = self._open.get(path)
        if opened is not None and opened[0] == file:
            return opened[1:]
        if opened is not None:
            del self._open[path]
            opened[2].close()
        project = Project.open(path)
        if (file := _identity(path)) is None:
            raise StoreMissing(f"{project.db_path}: the file cannot be looked at.")
        store = Store.read(project.db_path, timeout_s=self._timeout_s)
        self._open[path] = (file, project, store)
        return project, store

    def close(self) -> None:
        for _, _, store in self._open.values():
            store.close()
        self._open.clear()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path / DATABASE_FILE)
    except OSError:
        return None
    return found.st_dev, found.st_ino
