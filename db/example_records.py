"""Rows of training examples as lists show them, without their texts."""

from typing import NamedTuple

from db.records import ExampleKind


class ExampleEntry(NamedTuple):
    """One line of a list of examples. ``dropped`` is why it is not trained on, None if it is."""

    key: int
    kind: ExampleKind
    dropped: str | None
    item_id: int
    trajectory_id: int | None
