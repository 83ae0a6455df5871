"""Training text as token ids with one weight for each.

Text is tokenised segment by segment, so that a weight never depends on finding a marker
again among token ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Runs, Segment
from engine.student.text_format import TextFormat
from engine.token_weights import token_weights


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
    """Tokenise a text as one: cut at the runs, it would be other tokens than the student writes."""
    ids, spans = form.piece_with_places(text)
    return ids, token_weights(text, runs, spans)
