"""A fresh store on disk, and its first run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.records import Run
from db.store import Store

# The rows that these tests share lie beside them, in store_rows.py.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    from store_rows import new_store

    with new_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store: Store) -> Run:
    from store_rows import new_run

    return new_run(store)
