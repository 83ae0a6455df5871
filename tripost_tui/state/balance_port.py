"""What the balance asks of the store: small enough to be played by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from db.example_records import ExampleEntry
from db.review_records import ReviewCounts
from engine.balance import Balance
from engine.light_tokens import Basis, Piece
from engine.postprocess import Outline
from engine.preview import Chosen, LateReviews
from engine.stage_two import Values

Entry = ExampleEntry | Outline
"""A line of the list: stored, or as it would be made now."""

Pulse = Callable[[int, int], object]
"""Told how much is done of how much; may raise to end the counting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How a run stands as far as stage 2 is concerned.

    ``collected`` counts trajectories by iteration; of those in ``made`` the examples are stored.
    ``collecting`` are still being collected. ``saved`` are p and the weights in project.toml,
    None where that cannot be read, for the reason in ``unreadable``. ``stamp`` changes with
    what is collected and reviewed. ``goes_on``: the run is the project's latest and not over.
    """

    name: str
    run_id: int
    iterations: int
    method: str
    minimum: int
    collected: Mapping[int, int]
    made: frozenset[int]
    collecting: frozenset[int]
    saved: Values | None
    unreadable: str = ""
    began_with: Values
    stamp: tuple[int, int]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class ShownExample:
    """One example whole. ``pieces`` are tokens, or characters where ``basis`` says so."""

    entry: Entry
    question: str
    pieces: Sequence[Piece]
    basis: Basis
    why: str = ""
    late: str = ""
    """What was decided about its trajectory too late for it."""


class CountPort(Protocol):
    """Counts what would train. Belongs to one thread, and may take long."""

    def count(self, iteration: int, values: Values, pulse: Pulse) -> Chosen:
        """Choose an iteration's examples. Raises TripostError, StoreError, what pulse raises."""

    def close(self) -> None: ...


class BalancePort(Protocol):
    """Stage 2 of one run. All methods raise TripostError and StoreError."""

    def overview(self) -> Overview: ...

    def close(self) -> None: ...

    def stored(self, iteration: int) -> Balance: ...

    def entries(self, iteration: int) -> Sequence[Entry]: ...

    def used(self, iteration: int) -> Values:
        """The settings that an iteration's examples were made with."""

    def reviews(self, iteration: int) -> ReviewCounts: ...

    def late(self, iteration: int) -> LateReviews: ...

    def questions(self, item_ids: Sequence[int]) -> Mapping[int, str]: ...

    def example(self, iteration: int, entry: Entry, values: Values) -> ShownExample: ...

    def save(self, values: Values) -> None:
        """Write p and the weights into project.toml."""

    def counter(self) -> CountPort:
        """To count with, in a thread of its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be counted; ``stamp`` tells when it was looked at."""

    iteration: int
    values: tuple[tuple[str, float], ...]
    stamp: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a job."""

    job: Job
    chosen: Chosen = field(compare=False)
