"""Which run of which project a screen is about."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A run of the project in ``path``, called ``name``; ``run_id`` None is its latest."""

    path: Path
    name: str
    run_id: int | None = None
