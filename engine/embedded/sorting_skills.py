"""A small general education for the word sorting student, beside the rationales.

Words spelled, numbers ordered, lists compared and copied; and the sorting of words by
given marks, which is checked and put right in the words of feedback. None of it is a trajectory,
an attempt or a question of a task: nothing here is sorted by its letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from engine.embedded.curriculum import Document, Draw, Skill
from engine.embedded.marks import Marks, Sorting
from engine.embedded.words import draw_words
from engine.tasks.word_sorting_listing import Check, Found, spelled
from engine.tasks.word_sorting_rationale import ORDINALS, letter, position
from engine.trajectory import FEEDBACK_PREFIX, UPDATE_PREFIX

_MOST_WORDS = 7
_HIGHEST_MARK = 26


def spell(rng: Draw) -> Document:
    """Draw words and spell them up to a place."""
    words = draw_words(rng, rng.upto(1, _MOST_WORDS))
    place = _draw_place(rng, words)
    entries = ", ".join(f'"{word}" {spelled(word, place)}' for word in words)
    return f"Task: {ORDINALS[place - 1]} letters of {' '.join(words)}\n", f"{entries}."


def respell(rng: Draw) -> Document:
    """Draw words with their letters at a place, one of which may be wrong, and look at each."""
    words = draw_words(rng, rng.upto(1, _MOST_WORDS))
    place = _draw_place(rng, words)
    wrong = rng.randrange(len(words)) if rng.random() < 0.6 else None
    check, entries = Check("1"), []
    for at, word in enumerate(words):
        sign = letter(word, place)
        if at == wrong:
            sign = rng.choice([*ascii_lowercase.replace(sign or "?", "")])
        entries.append(f'"{word}"="{sign}" ({position(sign)})')
        if wrong is None or at <= wrong:
            due = f"{spelled(word, place)} ({position(letter(word, place))})"
            check.look_at(word, due, Found.WRONG if at == wrong else Found.RIGHT)
    task = f"Task: {ORDINALS[place - 1]} letters\n(1) {', '.join(entries)}.\n{FEEDBACK_PREFIX}"
    return task, f" {check.text}"


def _draw_place(rng: Draw, words: Sequence[str]) -> int:
    """Draw a place of a letter; most subparts are sorted by their second or third."""
    longest = max(map(len, words)) + 1
    return min(rng.choice((1, 2, 2, 2, 3, 3, 4, 5, rng.randint(1, longest))), longest)


def count(rng: Draw) -> Document:
    """Draw numbers and put them in their order."""
    numbers = [rng.randint(1, _HIGHEST_MARK) for _ in range(rng.upto(2, _MOST_WORDS))]
    ordered = " < ".join(f"({number})" for number in sorted(set(numbers)))
    return f"Task: order {', '.join(f'({number})' for number in numbers)}\n", ordered


def compare(rng: Draw) -> Document:
    """Draw a list and the same in another order, of which one may be missing: look for each."""
    words = draw_words(rng, rng.upto(2, _MOST_WORDS))
    other = rng.sample(words, len(words) - rng.choice((0, 1)))
    quoted, check = " < ".join(f'"{word}"' for word in other), Check("1")
    for word in words:
        check.look_for(word, other)
    return f"Task: compare {' '.join(words)}\n(1) {quoted}.\n{FEEDBACK_PREFIX}", f" {check.text}"


def repeat(rng: Draw) -> Document:
    """Draw words to be repeated."""
    words = " ".join(draw_words(rng, rng.upto(2, 2 * _MOST_WORDS)))
    return f"Task: repeat {words}\n", words


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
    (spell, 0.08),
    (respell, 0.10),
    (count, 0.04),
    (compare, 0.08),
    (repeat, 0.05),
    (copy, 0.05),
    (notes, 0.10),
    (check, 0.20),
    (review, 0.20),
    (amend, 0.10),
)
"""The usual shares; a lesson may have others."""
