"""A small general education for the word sorting student, beside the rationales.

Words spelled, numbers ordered, lists compared, copied and amended; and the sorting of words by
given marks, which is checked and put right in the words of feedback. None of it is a trajectory,
an attempt or a question of a task: nothing here is sorted by its letters.
"""

from __future__ import annotations

from engine.embedded.curriculum import Document, Draw, Skill
from engine.embedded.marks import Marks, Sorting
from engine.embedded.words import draw_words, misspelt
from engine.tasks.word_sorting_rationale import ORDINALS, letter, position
from engine.trajectory import FEEDBACK_PREFIX, UPDATE_PREFIX

_MOST_WORDS = 7
_HIGHEST_MARK = 26


def spell(rng: Draw) -> Document:
    """Draw a word and one of its letters."""
    (word,) = draw_words(rng, 1)
    place = rng.randint(1, len(word) + 1)
    sign = letter(word, place)
    return f'Task: {ORDINALS[place - 1]} letter of "{word}"\n', f'"{sign}" ({position(sign)})'


def count(rng: Draw) -> Document:
    """Draw numbers and put them in their order."""
    numbers = [rng.randint(1, _HIGHEST_MARK) for _ in range(rng.upto(2, _MOST_WORDS))]
    ordered = " < ".join(f"({number})" for number in sorted(set(numbers)))
    return f"Task: order {', '.join(f'({number})' for number in numbers)}\n", ordered


def compare(rng: Draw) -> Document:
    """Draw a list and another that should have the same words: what is wrong with it."""
    words = draw_words(rng, rng.upto(2, _MOST_WORDS))
    other = rng.sample(words, len(words))
    verdict = "right"
    kind = rng.randrange(4)
    at = rng.randrange(len(other))
    if kind == 1:
        verdict = f'"{other.pop(at)}" is missing'
    elif kind == 2:
        wrong = misspelt(rng, other[at])
        if wrong not in words:
            other[at] = wrong
            verdict = f'"{wrong}" is not in the list'
    elif kind == 3:
        verdict = f'"{other[at]}" is listed already'
        other.insert(rng.randint(at + 1, len(other)), other[at])
    quoted = " < ".join(f'"{word}"' for word in other)
    return f"Task: compare {' '.join(words)}\n(1) {quoted}.\n{FEEDBACK_PREFIX}", f" {verdict}."


def copy(rng: Draw) -> Document:
    """Draw lines to be copied; half the time with a part replaced."""
    lines = [_entries(rng) for _ in range(rng.upto(1, 5))]
    text = "\n".join(f"({index}) {', '.join(line)}." for index, line in enumerate(lines, 1))
    if rng.random() < 0.5:
        return f"Task: copy\n{text}\n", text
    line = rng.choice(lines)
    at = rng.randrange(len(line))
    before, line[at] = line[at], _entries(rng)[0]
    after = "\n".join(f"({index}) {', '.join(line)}." for index, line in enumerate(lines, 1))
    if text.count(before) > 1:
        return f"Task: copy\n{after}\n", after
    return f"Task: replace {before} by {line[at]}\n{text}\n", after


def _entries(rng: Draw) -> list[str]:
    return [
        f'"{word}" ({rng.randint(1, _HIGHEST_MARK)})'
        for word in draw_words(rng, rng.upto(1, _MOST_WORDS - 1))
    ]


def notes(rng: Draw) -> Document:
    """Draw words with marks and sort them."""
    marks = Marks(rng)
    return marks.task, marks.sort().text


def check(rng: Draw) -> Document:
    """Draw words sorted by marks, wrong in one place or right, and feedback on it."""
    marks, made = _attempt(rng, 0.5)
    return f"{marks.task}{made.text}\n", f"{FEEDBACK_PREFIX} {made.verdict()}"


def review(rng: Draw) -> Document:
    """Draw words sorted by marks, wrong in one place or right: feedback on it, and its update."""
    marks, made = _attempt(rng, 0.75)
    update = f"\n{UPDATE_PREFIX}\n{marks.sort().text}" if made.step else ""
    return f"{marks.task}{made.text}\n", f"{FEEDBACK_PREFIX} {made.verdict()}{update}"


def amend(rng: Draw) -> Document:
    """Draw words sorted by marks, wrong in one place, and feedback on it: the update is learned."""
    marks, made = _attempt(rng, 1.0)
    head = f"{marks.task}{made.text}\n{FEEDBACK_PREFIX} {made.verdict()}\n"
    return head, f"{UPDATE_PREFIX}\n{marks.sort().text}"


def _attempt(rng: Draw, wrong: float) -> tuple[Marks, Sorting]:
    """Draw words with marks, and how they were sorted; the share ``wrong`` goes wrong."""
    marks = Marks(rng)
    made = marks.sort()
    if rng.random() < wrong:
        made = marks.sort(rng.randrange(len(made.lines)))
    return marks, made


SKILLS: tuple[Skill, ...] = (
    (spell, 0.05),
    (count, 0.05),
    (compare, 0.15),
    (copy, 0.10),
    (notes, 0.10),
    (check, 0.25),
    (review, 0.20),
    (amend, 0.10),
)
"""The usual shares; a lesson may have others."""
