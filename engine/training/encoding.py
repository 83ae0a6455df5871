"""Training text as token ids with one weight for each.

Text is tokenised segment by segment, so that a weight never depends on finding a marker
again among token ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from db.records import Runs, Segment
from engine.student.text_format import TextFormat
from engine.training.weighted_loss import IGNORED


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids and, for each, the weight of predicting it; the first has no predictor."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.ids)


def encode(form: TextFormat, segments: Sequence[Segment]) -> Encoded:
    """Tokenise the segments and end the text; the end-of-text token weighs as what is before it.

    The first segment is the question's, with one weight.

    Raises:
        StudentError: characters have weights, and the tokenizer cannot tell where tokens lie.
    """
    (question, last), *others = segments
    assert not isinstance(last, tuple)
    ids = form.prompt_ids([question])
    weights = [last] * len(ids)
    for text, weight in others:
        if isinstance(weight, tuple):
            piece, of_tokens = _by_runs(form, text, weight)
            last = weight[-1][1]
        else:
            piece = form.piece_ids(text)
            of_tokens, last = [weight] * len(piece), weight
        ids.extend(piece)
        weights.extend(of_tokens)
    ids.append(form.end_id)
    weights.append(last)
    weights[0] = 0.0
    return Encoded(tuple(ids), tuple(weights))


def _by_runs(form: TextFormat, text: str, runs: Runs) -> tuple[list[int], list[float]]:
    """Tokenise a text as one; a token weighs as the heaviest of its characters that are no space.

    Cut at the runs, the text would be other tokens than the student writes.
    """
    of_characters = [weight for length, weight in runs for _ in range(length)]
    ids, spans = form.piece_with_places(text)
    weights = []
    for start, end in spans:
        places = [at for at in range(start, end) if not text[at].isspace()]
        weights.append(max(of_characters[at] for at in places or [min(start, len(text) - 1)]))
    return ids, weights


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows, all (rows, longest): ids, labels, weights (fp32).

    No attention mask is needed: in a causal model nothing looks at the padding on its right.

    ``labels[r, t]`` is the token after position t, with ``weights[r, t]``.
    """

    ids: Tensor
    labels: Tensor
    weights: Tensor
    tokens: int

    @property
    def weight_sum(self) -> float:
        return float(self.weights.sum(dtype=torch.float64))

    @property
    def targets(self) -> int:
        """Number of tokens that are learned."""
        return int((self.weights > 0).sum())


def collate(rows: Sequence[Encoded], pad: int) -> Batch:
    """Put rows into one batch."""
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
