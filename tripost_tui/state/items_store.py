"""The items of two models, out of their projects' databases. Belongs to one thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from db.records import EvaluatedItem
from db.store import Store
from engine.comparing import Pairs, read_pairs
from engine.task_setup import hint_of
from engine.tasks import is_folder
from tripost_tui.state.items_port import ItemsPort
from tripost_tui.state.models import Model, names_of
from tripost_tui.state.open_projects import OPEN_TIMEOUT_S, OpenProjects


class StoreItems(ItemsPort):
    """``timeout_s`` is how long to wait for another process's lock."""

    def __init__(self, timeout_s: float = OPEN_TIMEOUT_S) -> None:
        self._projects = OpenProjects(timeout_s)
        self._hints: dict[tuple[Path, int], str | None] = {}

    def pairs(self, first: Model, second: Model) -> Pairs:
        stores = (self._store(first.path), self._store(second.path))
        one, two = (
            (store, model.run_id, model.iteration)
            for store, model in zip(stores, (first, second), strict=True)
        )
        return read_pairs(one, two, names_of(first, second))

    def evaluated(self, model: Model, item_ids: Sequence[int]) -> dict[int, EvaluatedItem]:
        store = self._store(model.path)
        rows = store.evaluated_rows(model.run_id, model.iteration, item_ids)
        return {row.item_id: row for row in rows}

    def hint(self, model: Model) -> str | None:
        key = (model.path, model.run_id)
        if key not in self._hints:
            section = self._store(model.path).run(model.run_id).config.get("task")
            name = str(section.get("name", "")) if isinstance(section, dict) else ""
            if is_folder(name):
                name = str(model.path / Path(name).expanduser())
            self._hints[key] = hint_of(name)
        return self._hints[key]

    def lengths(self, model: Model) -> dict[int, int]:
        store = self._store(model.path)
        task = store.evaluated_task(model.run_id, model.iteration)
        return {} if task is None else store.question_lengths(task)

    def with_words(self, model: Model, words: str, among: Sequence[int] | None = None) -> set[int]:
        return self._store(model.path).evaluated_with(model.run_id, model.iteration, words, among)

    def asked_with(self, model: Model, words: str) -> set[int]:
        store = self._store(model.path)
        task = store.evaluated_task(model.run_id, model.iteration)
        return set() if task is None else store.asked_with(task, words)

    def close(self) -> None:
        self._projects.close()

    def _store(self, path: Path) -> Store:
        return self._projects.of(path)[1]
