"""Errors of every kind, planted in gold rationales of word sorting."""

import random
import re
from collections.abc import Callable
from dataclasses import replace

from planted_errors import Plant, Planted, with_step

from engine.trajectory import FINAL_RESPONSE, Attempt, Step

FIRST, ORDER, SUBPART = "The first letter", "We now have", "Now sort this subpart"
HENCE, ANSWER = "Hence, we have", "So the answer is"
LETTERS, SORTED = (FIRST, SUBPART), (HENCE, ANSWER)

FOREIGN = ("zebra", "aa", "o'neill", "y&z", "")

_HEAD = re.compile(
    r"(?:Now .* letters|The first letter|We now have|So the answer is): |Hence, we have "
)
_BRACKET = re.compile(r"\[[^]]*\]")
_ORDINAL = re.compile(r"\w+(?= letters: )")


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


def _in(openings: str | tuple[str, ...], change: Change) -> Plant:
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


def _quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


# --- letters and their positions ---------------------------------------------------------------


def wrong_letter(listed: Listed, rng: random.Random) -> str:
    """Another letter; its position is the right one, or that of the wrong letter."""
    at = rng.randrange(len(listed.entries))
    word, sign = _quoted(listed.entries[at])
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
    return rng.choice([word for word in FOREIGN if word not in _quoted(listed.text())])


def foreign_with_letter(listed: Listed, rng: random.Random) -> str:
    word = _stranger(listed, rng)
    at = rng.randint(0, len(listed.entries))
    listed.entries.insert(at, f'"{word}"="{word[:1]}" (1)')
    return listed.entries[at]


def foreign_in_order(listed: Listed, rng: random.Random) -> str:
    """In place of a word, or next to it in its subpart."""
    word = _stranger(listed, rng)
    at = rng.randrange(len(listed.entries))
    old = rng.choice(_quoted(listed.entries[at]))
    new = f'"{word}"'
    if listed.entries[at].endswith("]") and rng.random() < 0.5:
        new = f'"{old}" ? {new}'
    listed.entries[at] = listed.entries[at].replace(f'"{old}"', new)
    return f'"{word}"'


def foreign_in_hence(listed: Listed, rng: random.Random) -> str:
    span = f'"{_stranger(listed, rng)}"'
    listed.entries.insert(rng.randint(0, len(listed.entries)), span)
    return span


def word_of_another_part(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """In the order or the conclusion of a subpart, in place of one of its words."""
    step = attempt.steps[index]
    if "." not in step.label or not step.text.startswith((ORDER, HENCE)):
        return None
    own = _quoted(step.text)
    others = sorted(set(_quoted(attempt.steps[1].text)) - set(own))
    if not others:
        return None
    span = f'"{rng.choice(others)}"'
    text = step.text.replace(f'"{rng.choice(own)}"', span, 1)
    return Planted(with_step(attempt, index, text), step.label, span)


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
    words = [f'"{word}"' for word in _quoted(listed.entries[at])]
    rest = f"{number} [{' ? '.join(words[1:])}]" if len(words) > 2 else f"{number} {words[1]}"
    listed.entries[at : at + 1] = [f"{number} {words[0]}", rest]
    return listed.entries[at]


def word_missing_in_group(listed: Listed, rng: random.Random) -> str | None:
    if not _subparts(listed):
        return None
    at = rng.choice(_subparts(listed))
    words = [f'"{word}"' for word in _quoted(listed.entries[at])]
    words.remove(rng.choice(words))
    kept = f"[{' ? '.join(words)}]" if rng.random() < 0.5 or len(words) > 1 else words[0]
    listed.entries[at] = f"{listed.entries[at].split(' ')[0]} {kept}"
    return listed.entries[at]


def word_doubled_in_group(listed: Listed, rng: random.Random) -> str | None:
    if not _subparts(listed):
        return None
    at = rng.choice(_subparts(listed))
    listed.entries[at] = listed.entries[at].replace("]", f' ? "{_quoted(listed.entries[at])[0]}"]')
    return listed.entries[at]


def merged_groups(listed: Listed, rng: random.Random) -> str | None:
    """Neighbours in one subpart, with the number of either."""
    if len(listed.entries) < 2:
        return None
    at = rng.randrange(len(listed.entries) - 1)
    both = listed.entries[at : at + 2]
    merged = f"[{' ? '.join(f'{chr(34)}{w}{chr(34)}' for w in _quoted(' '.join(both)))}]"
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


# --- the subpart and the place of its letters --------------------------------------------------


def wrong_subpart(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A word too many or too few, all words, words with no mark between, or one already sorted."""
    step = attempt.steps[index]
    if not step.text.startswith(SUBPART):
        return None
    right = _BRACKET.findall(step.text)[0]
    words = [f'"{word}"' for word in _quoted(right)]
    everything = [f'"{word}"' for word in attempt.steps[-1].text[len(ANSWER) + 2 : -1].split(" ")]
    lists = [[*words, '"zebra"'], [*words, words[0]], words[1:], ['"zebra"'], [], everything]
    lists += [
        _BRACKET.findall(s.text)[0][1:-1].split(" ? ")
        for s in attempt.steps[:index]
        if s.text.startswith(SUBPART)
    ]
    wrong = [f"[{' ? '.join(some)}]" for some in lists if sorted(some) != sorted(words)]
    wrong += [f"[{' < '.join(words)}]", f"[{' '.join(words)}]"]
    chosen = rng.choice(wrong)
    text = step.text.replace(right, chosen, 1)
    return Planted(with_step(attempt, index, text), step.label, chosen)


def wrong_ordinal(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(SUBPART):
        return None
    right = _ORDINAL.findall(step.text)[0]
    ordinals = {"first", "second", "third", "fourth", "fifth", "last", "next"} - {right}
    wrong = rng.choice(sorted(ordinals))
    text = step.text.replace(f"{right} letters: ", f"{wrong} letters: ", 1)
    return Planted(with_step(attempt, index, text), step.label, f"{wrong} letters")


# --- whole steps -------------------------------------------------------------------------------


def _first_word(step: Step) -> str:
    return step.text.split(" ")[0]


def _misplaced(attempt: Attempt, step: Step) -> Planted:
    if step.label == FINAL_RESPONSE:
        return Planted(attempt, step.label, ANSWER)
    return Planted(attempt, step.label, f"({step.label}) {_first_word(step)}")


def wrong_label(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label == FINAL_RESPONSE:
        return None
    label = step.label
    head, _, last = label.rpartition(".")
    labels = [f"{label}.1", f"{label}0", f"{head}.{int(last) + 50}".lstrip("."), f"0.{label}", "0"]
    renamed = replace(step, label=rng.choice(labels))
    steps = (*attempt.steps[:index], renamed, *attempt.steps[index + 1 :])
    return _misplaced(Attempt(steps), renamed)


def skipped_step(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    if index == len(attempt.steps) - 1:
        return None
    shorter = Attempt((*attempt.steps[:index], *attempt.steps[index + 1 :]))
    return _misplaced(shorter, shorter.steps[index])


def repeated_step(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """With its own label."""
    step = attempt.steps[index]
    if step.label == FINAL_RESPONSE:
        return None
    return _misplaced(Attempt((*attempt.steps[:index], step, *attempt.steps[index:])), step)


def repeated_order(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """As the step that should come next."""
    if not attempt.steps[index].text.startswith(ORDER):
        return None
    text, label = attempt.steps[index].text, attempt.steps[index + 1].label
    return Planted(with_step(attempt, index + 1, text), label, ORDER)


def hence_while_open(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Instead of sorting a subpart, it is said to be in order."""
    step = attempt.steps[index]
    if not step.text.startswith(SUBPART):
        return None
    words = sorted(_quoted(_BRACKET.findall(step.text)[0]))
    text = f"{HENCE} {' < '.join(f'{chr(34)}{word}{chr(34)}' for word in words)}."
    return Planted(with_step(attempt, index, text), step.label, HENCE)


def subpart_when_sorted(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A subpart is sorted although none is open."""
    step = attempt.steps[index]
    if not step.text.startswith(HENCE):
        return None
    words = " ? ".join(f'"{word}"' for word in _quoted(step.text))
    text = f'{SUBPART} [{words}] by looking at their second letters: "a"="" (0).'
    return Planted(with_step(attempt, index, text), step.label, SUBPART)


def answer_too_early(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    if index == len(attempt.steps) - 1:
        return None
    return _misplaced(Attempt((*attempt.steps[:index], attempt.steps[-1])), attempt.steps[-1])


def step_after_the_answer(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    if index == len(attempt.steps) - 1:
        return None
    step = replace(attempt.steps[index], label=f"{len(attempt.steps) + 5}")
    return _misplaced(Attempt((*attempt.steps, step)), step)


def another_sentence(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    texts = ["I do not know.", "", "We had: a.", "Hence we have a.", "Now sort.", '"a" < "b".']
    text = rng.choice(texts)
    return Planted(with_step(attempt, index, text), attempt.steps[index].label, text)


def no_full_stop(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    text = step.text.removesuffix(".")
    return Planted(with_step(attempt, index, text), step.label, text)


PLANTS: dict[str, Plant] = {
    "wrong letter": _in(LETTERS, wrong_letter),
    "wrong index of a letter": _in(LETTERS, wrong_number),
    "wrong index in an order": _in(ORDER, wrong_number),
    "missing word with its letter": _in(LETTERS, missing),
    "missing entry of an order": _in(ORDER, missing),
    "missing word in hence": _in(HENCE, missing),
    "missing word in the answer": _in(ANSWER, missing),
    "doubled word with its letter": _in(LETTERS, doubled),
    "doubled entry of an order": _in(ORDER, doubled),
    "doubled word in hence": _in(HENCE, doubled),
    "doubled word in the answer": _in(ANSWER, doubled),
    "foreign word with its letter": _in(LETTERS, foreign_with_letter),
    "foreign word in an order": _in(ORDER, foreign_in_order),
    "foreign word in hence": _in(HENCE, foreign_in_hence),
    "foreign word in the answer": _in(ANSWER, foreign_in_answer),
    "word of another part": word_of_another_part,
    "wrong order by a letter": _in(ORDER, wrong_order),
    "wrong order in hence": _in(HENCE, wrong_order),
    "wrong order in the answer": _in(ANSWER, wrong_order),
    "group split": _in(ORDER, split_group),
    "groups merged": _in(ORDER, merged_groups),
    "word missing in a group": _in(ORDER, word_missing_in_group),
    "word doubled in a group": _in(ORDER, word_doubled_in_group),
    "single word in brackets": _in(ORDER, single_word_in_brackets),
    "unreadable entry": _in((*LETTERS, ORDER, HENCE), unreadable_entry),
    "wrong subpart": wrong_subpart,
    "wrong ordinal": wrong_ordinal,
    "wrong label": wrong_label,
    "skipped step": skipped_step,
    "repeated step": repeated_step,
    "repeated order": repeated_order,
    "hence while open": hence_while_open,
    "subpart when sorted": subpart_when_sorted,
    "answer too early": answer_too_early,
    "step after the answer": step_after_the_answer,
    "another sentence": another_sentence,
    "no full stop": no_full_stop,
}
