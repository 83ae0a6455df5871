"""Rows as the tensors that go through the model at once: padded, or packed one after the other.

Packed rows are kept apart by positions that begin anew, which transformers' masks respect as long
as neither an attention mask nor a cache is passed. Whether a model does is found out
(`why_not_packed`), since one that does not would train on contaminated rows without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.student.evaluating import evaluating
from engine.student.model import Student
from engine.training.encoding import Encoded
from engine.training.weighted_loss import IGNORED

_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.03}
"""How far hidden states may be apart, of their norm: sums are taken in another order."""

_CHECKED_TOKENS = 512
"""Tokens of a row that are looked at; rows of training may be long."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for the model: ids, labels, weights (fp32), all (rows, length).

    ``labels[r, t]`` is the token after position t, with ``weights[r, t]``. ``positions`` is (1,
    length) for packed rows. Without it rows are padded on the right, and no attention mask is
    needed: in a causal model nothing looks at the padding. ``tokens`` is the length of all rows
    without padding.
    """

    ids: Tensor
    labels: Tensor
    weights: Tensor
    tokens: int
    positions: Tensor | None = None

    @property
    def weight_sum(self) -> float:
        return float(self.weights.sum(dtype=torch.float64))

    @property
    def targets(self) -> int:
        """Number of tokens that are learned."""
        return int((self.weights > 0).sum())


def collate(rows: Sequence[Encoded], pad: int = 0) -> Batch:
    """Put rows below each other, padded to the longest."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    labels = torch.full((len(rows), longest), IGNORED)
    weights = torch.zeros(len(rows), longest)
    for index, row in enumerate(rows):
        length = len(row)
        ids[index, :length] = torch.tensor(row.ids)
        labels[index, : length - 1] = torch.tensor(row.ids[1:])
        weights[index, : length - 1] = torch.tensor(row.weights[1:])
    return Batch(ids, labels, weights, tokens=sum(map(len, rows)))


def pack(rows: Sequence[Encoded]) -> Batch:
    """Put rows one after the other, without padding."""
    ids = torch.tensor([token for row in rows for token in row.ids])
    labels = torch.tensor([token for row in rows for token in (*row.ids[1:], IGNORED)])
    weights = torch.tensor([weight for row in rows for weight in (*row.weights[1:], 0.0)])
    positions = torch.cat([torch.arange(len(row)) for row in rows])
    return Batch(ids[None], labels[None], weights[None], len(ids), positions[None])


def by_budget(rows: Sequence[Encoded], order: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Cut ``order`` into runs of rows that hold at most ``tokens``, one row at least."""
    batch: list[int] = []
    used = 0
    for index in order:
        if batch and used + len(rows[index]) > tokens:
            yield batch
            batch, used = [], 0
        batch.append(index)
        used += len(rows[index])
    if batch:
        yield batch


def micro_batches(rows: Sequence[Encoded], tokens: int, *, packed: bool) -> Iterator[list[Encoded]]:
    """Cut rows, sorted by length, into pieces of at most ``tokens``, one row at least.

    Without packing the padding counts.
    """
    if packed:
        for batch in by_budget(rows, range(len(rows)), tokens):
            yield [rows[index] for index in batch]
        return
    micro: list[Encoded] = []
    for row in rows:
        if micro and (len(micro) + 1) * len(row) > tokens:
            yield micro
            micro = []
        micro.append(row)
    if micro:
        yield micro


def why_not_packed(student: Student, rows: Sequence[Encoded]) -> str | None:
    """Return what is wrong with packing on this very model; None if packed rows are separate ones.

    Two things are compared, on the two shortest rows: the second row behind the first with the same
    row behind another text, between which nothing but a leak makes a difference, and the second
    row behind the first with the second row alone.
    """
    if len(rows) < 2:
        return "there is one row only"
    first, second = (
        Encoded(row.ids[:_CHECKED_TOKENS], row.weights[:_CHECKED_TOKENS])
        for row in sorted(rows, key=len)[:2]
    )
    other = Encoded(first.ids[::-1], first.weights)
    with evaluating(student.model):
        behind, behind_other, alone = (
            _last_states(student, texts, len(second))
            for texts in ([first, second], [other, second], [second])
        )
    tolerance = _TOLERANCE[student.compute_dtype]
    if not _apart(behind, behind_other) <= tolerance / 10:
        return f"a row sees the one before it ({_apart(behind, behind_other):.2g} apart)"
    if not _apart(behind, alone) <= tolerance:
        return f"a packed row is not what it is alone ({_apart(behind, alone):.2g} apart)"
    return None


@torch.no_grad()
def _last_states(student: Student, rows: Sequence[Encoded], count: int) -> Tensor:
    """Return the last ``count`` hidden states of packed rows, in fp32."""
    return hidden_states(student, pack(rows))[0, -count:].float()


def _apart(one: Tensor, other: Tensor) -> float:
    """Return the largest distance of two states of one place, as a share of their norm."""
    return float(((one - other).norm(dim=-1) / other.norm(dim=-1).clamp(min=1e-12)).max())


def hidden_states(student: Student, batch: Batch) -> Tensor:
    """Return the last hidden states, (rows, length, size), in the student's compute dtype."""
    device = student.device
    positions = None if batch.positions is None else batch.positions.to(device)
    with student.autocast():
        states: Tensor = student.body(
            input_ids=batch.ids.to(device), position_ids=positions, use_cache=False
        ).last_hidden_state
    return states
