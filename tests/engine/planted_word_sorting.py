"""Errors of every kind, planted in gold rationales of word sorting."""

import random
import re
from dataclasses import replace

from planted_errors import Plant, Planted, no_full_stop, with_step
from planted_word_lists import (
    ANSWER,
    HENCE,
    LETTERS,
    ORDER,
    SUBPART,
    doubled,
    foreign_in_answer,
    foreign_in_hence,
    foreign_in_order,
    foreign_with_letter,
    in_list,
    merged_groups,
    missing,
    quoted,
    single_word_in_brackets,
    split_group,
    unreadable_entry,
    word_doubled_in_group,
    word_missing_in_group,
    wrong_letter,
    wrong_number,
    wrong_order,
)

from engine.trajectory import FINAL_RESPONSE, Attempt, Step

_BRACKET = re.compile(r"\[[^]]*\]")
_ORDINAL = re.compile(r"\w+(?= letters: )")

# --- the words of a subpart, and the place of their letters ------------------------------------


def word_of_another_part(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """In the order or the conclusion of a subpart, in place of one of its words."""
    step = attempt.steps[index]
    if "." not in step.label or not step.text.startswith((ORDER, HENCE)):
        return None
    own = quoted(step.text)
    others = sorted(set(quoted(attempt.steps[1].text)) - set(own))
    if not others:
        return None
    span = f'"{rng.choice(others)}"'
    text = step.text.replace(f'"{rng.choice(own)}"', span, 1)
    return Planted(with_step(attempt, index, text), step.label, span)


def wrong_subpart(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A word too many or too few, all words, words with no mark between, or one already sorted."""
    step = attempt.steps[index]
    if not step.text.startswith(SUBPART):
        return None
    right = _BRACKET.findall(step.text)[0]
    words = [f'"{word}"' for word in quoted(right)]
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
    words = sorted(quoted(_BRACKET.findall(step.text)[0]))
    text = f"{HENCE} {' < '.join(f'{chr(34)}{word}{chr(34)}' for word in words)}."
    return Planted(with_step(attempt, index, text), step.label, HENCE)


def subpart_when_sorted(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A subpart is sorted although none is open."""
    step = attempt.steps[index]
    if not step.text.startswith(HENCE):
        return None
    words = " ? ".join(f'"{word}"' for word in quoted(step.text))
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


PLANTS: dict[str, Plant] = {
    "wrong letter": in_list(LETTERS, wrong_letter),
    "wrong index of a letter": in_list(LETTERS, wrong_number),
    "wrong index in an order": in_list(ORDER, wrong_number),
    "missing word with its letter": in_list(LETTERS, missing),
    "missing entry of an order": in_list(ORDER, missing),
    "missing word in hence": in_list(HENCE, missing),
    "missing word in the answer": in_list(ANSWER, missing),
    "doubled word with its letter": in_list(LETTERS, doubled),
    "doubled entry of an order": in_list(ORDER, doubled),
    "doubled word in hence": in_list(HENCE, doubled),
    "doubled word in the answer": in_list(ANSWER, doubled),
    "foreign word with its letter": in_list(LETTERS, foreign_with_letter),
    "foreign word in an order": in_list(ORDER, foreign_in_order),
    "foreign word in hence": in_list(HENCE, foreign_in_hence),
    "foreign word in the answer": in_list(ANSWER, foreign_in_answer),
    "word of another part": word_of_another_part,
    "wrong order by a letter": in_list(ORDER, wrong_order),
    "wrong order in hence": in_list(HENCE, wrong_order),
    "wrong order in the answer": in_list(ANSWER, wrong_order),
    "group split": in_list(ORDER, split_group),
    "groups merged": in_list(ORDER, merged_groups),
    "word missing in a group": in_list(ORDER, word_missing_in_group),
    "word doubled in a group": in_list(ORDER, word_doubled_in_group),
    "single word in brackets": in_list(ORDER, single_word_in_brackets),
    "unreadable entry": in_list((*LETTERS, ORDER, HENCE), unreadable_entry),
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
