"""Random words of the word sorting student's schooling."""

from __future__ import annotations

from collections.abc import Collection

from engine.embedded.curriculum import Draw
from engine.tasks.word_sorting import families, vocabulary

_ALIKE = 0.3
"""The share of words that begin like another one: these are the ones that are mixed up."""


def draw_words(rng: Draw, count: int) -> list[str]:
    """Draw words, some of which begin alike."""
    words: dict[str, None] = {}
    while len(words) < count:
        words[_draw_beside(rng, words)] = None
    return [*words]


def stranger(rng: Draw, words: Collection[str]) -> str:
    """Draw a word that is none of ``words``."""
    while True:
        word = _draw_beside(rng, words)
        if word not in words:
            return word


def _draw_beside(rng: Draw, words: Collection[str]) -> str:
    if words and rng.random() < _ALIKE:
        return rng.choice(families()[rng.choice([*words])[:2]])
    return rng.choice(vocabulary())
