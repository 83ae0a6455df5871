"""Random words of the word sorting student's schooling."""

from __future__ import annotations

from string import ascii_lowercase

from engine.embedded.curriculum import Draw
from engine.tasks.word_sorting import vocabulary


def draw_words(rng: Draw, count: int) -> list[str]:
    """Draw words, a few of which are none, and many of which have letters in common."""
    words: dict[str, None] = {}
    while len(words) < count:
        word = rng.choice(vocabulary())
        if words and rng.random() < 0.3:
            word = misspelt(rng, rng.choice([*words]))
        elif rng.random() < 0.2:
            word = "".join(rng.choices(ascii_lowercase, k=rng.randint(2, 8)))
        words[word] = None
    return [*words]


def misspelt(rng: Draw, word: str) -> str:
    """Return another text that resembles a word."""
    while True:
        at = rng.randrange(len(word))
        changed = rng.choice(
            (
                word[:at] + rng.choice(ascii_lowercase) + word[at + 1 :],
                word[: at + 1] + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
            )
        )
        if changed and changed != word:
            return changed
