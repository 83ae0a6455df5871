"""The weight of each token of a piece of training text, from the weights of its characters."""

from __future__ import annotations

from collections.abc import Sequence

from db.records import Runs


def token_weights(text: str, runs: Runs, spans: Sequence[tuple[int, int]]) -> list[float]:
    """Return the weights of tokens that lie at ``spans`` of ``text``.

    A token weighs as the heaviest of its characters that are no space.
    """
    of_characters = [weight for length, weight in runs for _ in range(length)]
    weights = []
    for start, end in spans:
        places = [at for at in range(start, end) if not text[at].isspace()]
        weights.append(max(of_characters[at] for at in places or [min(start, len(text) - 1)]))
    return weights
