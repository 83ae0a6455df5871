"""Errors planted in what steps of word sorting list: letters, words and subparts."""

import random
import re
from collections.abc import Callable

from planted_errors import Plant, Planted, with_step

from engine.trajectory import Attempt, Step

FIRST, ORDER, SUBPART = "The first letter", "We now have", "Now sort this subpart"
HENCE, ANSWER = "Hence, we have", "So the answer is"
LETTERS = (FIRST, SUBPART)

FOREIGN = ("zebra", "aa", "o'neill", "y&z", "")

_HEAD = re.compile(
    r"(?:Now .* letters|The first letter|We now have|So the answer is): |Hence, we have "
)


class Listed:
    """The entries that a step lists, to be changed and written again."""

    def __init__(self, step: Step) -> None:
        head = _HEAD.match(step.text)
        assert head is not None
        self.head = head[0]
        self.separator = " < "
        if step.text.startswith(LETTERS):
            self.separator = ", "
        elif step.text.startswith(ANSWER):
            self.separator = " "
        self.entries = step.text[head.end() : -1].split(self.separator)

    def text(self) -> str:
        return f"{self.head}{self.separator.join(self.entries)}."

    def until(self, at: int) -> str:
        """The entry, with what stands before it."""
        before = self.entries[at - 1] + self.separator if at else self.head.split("] ")[-1]
        return f"{before}{self.entries[at]}" if at < len(self.entries) else f"{self.entries[-1]}."


Change = Callable[[Listed, random.Random], str | None]
"""Spoils what a step lists, and tells the span; None where that cannot have this error."""


def in_list(openings: str | tuple[str, ...], change: Change) -> Plant:
    def plant(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not step.text.startswith(openings):
            return None
        listed = Listed(step)
        span = change(listed, rng)
        if span is None:
            return None
        return Planted(with_step(attempt, index, listed.text()), step.label, span)

    return plant


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


# --- letters and their positions ---------------------------------------------------------------


def wrong_letter(listed: Listed, rng: random.Random) -> str:
    """Another letter; its position is the right one, or that of the wrong letter."""
    at = rng.randrange(len(listed.entries))
    word, sign = quoted(listed.entries[at])
    number = listed.entries[at].split("(")[1]
    other = rng.choice([c for c in [*"abcdefghijklmnopqrstuvwxyz", "", "'", "th"] if c != sign])
    if len(other) == 1 and other.isalpha() and rng.random() < 0.5:
        number = f"{ord(other) - 96})"
    listed.entries[at] = f'"{word}"="{other}" ({number}'
    return listed.entries[at]


def _other_number(text: str, rng: random.Random) -> str:
    number = int(text)
    return str(rng.choice([number + 1, number + 10, abs(number - 1), 99]))


def wrong_number(listed: Listed, rng: random.Random) -> str:
    at = rng.randrange(len(listed.entries))
    entry = listed.entries[at]
    listed.entries[at] = re.sub(r"(?<=\()\d+(?=\))", lambda m: _other_number(m[0], rng), entry)
    return listed.entries[at]


# --- words missing, doubled, foreign -----------------------------------------------------------


def missing(listed: Listed, rng: random.Random) -> str | None:
    if len(listed.entries) < 2:
        return None
    at = rng.randrange(len(listed.entries))
    del listed.entries[at]
    return listed.until(at)


def doubled(listed: Listed, rng: random.Random) -> str:
    """Listed a second time, somewhere after the first."""
    first = rng.randrange(len(listed.entries))
    at = rng.randint(first + 1, len(listed.entries))
    listed.entries.insert(at, listed.entries[first])
    return listed.until(at)


def _stranger(listed: Listed, rng: random.Random) -> str:
    return rng.choice([word for word in FOREIGN if word not in quoted(listed.text())])


def foreign_with_letter(listed: Listed, rng: random.Random) -> str:
    word = _stranger(listed, rng)
    at = rng.randint(0, len(listed.entries))
    listed.entries.insert(at, f'"{word}"="{word[:1]}" (1)')
    return listed.entries[at]


def foreign_in_order(listed: Listed, rng: random.Random) -> str:
    """In place of a word, or next to it in its subpart."""
    word = _stranger(listed, rng)
    at = rng.randrange(len(listed.entries))
    old = rng.choice(quoted(listed.entries[at]))
    new = f'"{word}"'
    if listed.entries[at].endswith("]") and rng.random() < 0.5:
        new = f'"{old}" ? {new}'
    listed.entries[at] = listed.entries[at].replace(f'"{old}"', new)
    return f'"{word}"'


def foreign_in_hence(listed: Listed, rng: random.Random) -> str:
    span = f'"{_stranger(listed, rng)}"'
    listed.entries.insert(rng.randint(0, len(listed.entries)), span)
    return span


def foreign_in_answer(listed: Listed, rng: random.Random) -> str:
    at = rng.randint(0, len(listed.entries))
    # A piece of a word of the list is none of its words.
    piece = f"{rng.choice(listed.entries)}x"
    word = rng.choice([piece, *FOREIGN])
    listed.entries.insert(at, word)
    return listed.until(at) if word else listed.text()


# --- order and groups --------------------------------------------------------------------------


def wrong_order(listed: Listed, rng: random.Random) -> str | None:
    """Two neighbours exchanged, or all shuffled."""
    right = list(listed.entries)
    if len(right) < 2:
        return None
    if rng.random() < 0.5:
        at = rng.randrange(len(right) - 1)
        listed.entries[at : at + 2] = reversed(right[at : at + 2])
    else:
        while listed.entries == right:
            rng.shuffle(listed.entries)
    ranks = [right.index(entry) for entry in listed.entries]
    return listed.until(next(at for at in range(1, len(ranks)) if ranks[at] < ranks[at - 1]))


def _subparts(listed: Listed) -> list[int]:
    return [at for at, entry in enumerate(listed.entries) if entry.endswith("]")]


def split_group(listed: Listed, rng: random.Random) -> str | None:
    if not _subparts(listed):
        return None
    at = rng.choice(_subparts(listed))
    number = listed.entries[at].split(" ")[0]
    words = [f'"{word}"' for word in quoted(listed.entries[at])]
    rest = f"{number} [{' ? '.join(words[1:])}]" if len(words) > 2 else f"{number} {words[1]}"
    listed.entries[at : at + 1] = [f"{number} {words[0]}", rest]
    return listed.entries[at]


def word_missing_in_group(listed: Listed, rng: random.Random) -> str | None:
    if not _subparts(listed):
        return None
    at = rng.choice(_subparts(listed))
    words = [f'"{word}"' for word in quoted(listed.entries[at])]
    words.remove(rng.choice(words))
    kept = f"[{' ? '.join(words)}]" if rng.random() < 0.5 or len(words) > 1 else words[0]
    listed.entries[at] = f"{listed.entries[at].split(' ')[0]} {kept}"
    return listed.entries[at]


def word_doubled_in_group(listed: Listed, rng: random.Random) -> str | None:
    if not _subparts(listed):
        return None
    at = rng.choice(_subparts(listed))
    listed.entries[at] = listed.entries[at].replace("]", f' ? "{quoted(listed.entries[at])[0]}"]')
    return listed.entries[at]


def merged_groups(listed: Listed, rng: random.Random) -> str | None:
    """Neighbours in one subpart, with the number of either."""
    if len(listed.entries) < 2:
        return None
    at = rng.randrange(len(listed.entries) - 1)
    both = listed.entries[at : at + 2]
    merged = f"[{' ? '.join(f'{chr(34)}{w}{chr(34)}' for w in quoted(' '.join(both)))}]"
    listed.entries[at : at + 2] = [f"{rng.choice(both).split(' ')[0]} {merged}"]
    return merged


def single_word_in_brackets(listed: Listed, rng: random.Random) -> str | None:
    singles = [at for at in range(len(listed.entries)) if at not in _subparts(listed)]
    if not singles:
        return None
    at = rng.choice(singles)
    number, word = listed.entries[at].split(" ")
    listed.entries[at] = f"{number} [{word}]"
    return listed.entries[at]


def unreadable_entry(listed: Listed, rng: random.Random) -> str:
    at = rng.randrange(len(listed.entries))
    old = listed.entries[at]
    wrong = [f"{old}?", old.replace('"', "'"), old[:-1], f"{old}\x00", f"{old}\n", f"[{old}"]
    listed.entries[at] = rng.choice([w for w in wrong if w != old])
    return listed.until(at)
