"""Errors of every kind, planted in gold rationales of logical deduction."""

import random
from collections.abc import Callable
from dataclasses import replace

from planted_errors import (
    Planted,
    of_any_question,
    renumbered,
    skipped_number,
    swapped_numbers,
    with_step,
)
from planted_logic_orders import (
    ACCORDING,
    TOTAL,
    foreigner,
    is_clue,
    is_combination,
    orders_of,
    pattern_of,
)
from planted_logic_patterns import (
    Plant,
    closed_gaps,
    in_clue,
    in_combination,
    opened_gaps,
    other_objects,
    reversed_patterns,
    swapped_objects,
    unknown_step_named,
    unreadable_patterns,
    whole_order_with_a_gap,
    wrong_places,
    wrong_steps_named,
)

from engine.tasks.logic_clues import Story
from engine.trajectory import FINAL_RESPONSE, Attempt

# --- the clue, the total, what is read off, the final response -----------------------------------


def wrong_clue(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Another object, relation or place than in the question, or none that there is."""
    step = attempt.steps[index]
    if not is_clue(step):
        return None
    said, _, rest = step.text.partition(": ")
    subject, _, told = said.partition(f" {story.scene.verb} ")
    ways = [f"{_subject(story, i)} {story.scene.verb} {told}" for i in range(story.count)]
    ways += [f"{subject} {story.scene.verb} {other}" for other in ("blue", "not there", "")]
    wrong = rng.choice([way for way in ways if not _is_said(story, way)])
    return Planted(with_step(attempt, index, f"{wrong}: {rest}"), step.label, wrong)


def _is_said(story: Story, text: str) -> bool:
    """Tell whether a clue says so, perhaps in other words."""
    statement = story.read_statement(text)
    return statement is not None and story.orders_of(statement) in story.clue_orders


def _subject(story: Story, index: int) -> str:
    subject = story.refer(index)
    return subject[0].upper() + subject[1:]


def _in_total(ways: Callable[[Story, list[str], random.Random], list[str]]) -> Plant:
    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not step.text.startswith(TOTAL):
            return None
        head = step.text.partition(": ")[0]
        mentioned = [story.scene.mention(name) for name in story.objects]
        names = ways(story, mentioned, rng)
        wrong = ", and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        return Planted(with_step(attempt, index, f"{head}: {wrong}."), step.label, wrong)

    return plant


def one_left_out(story: Story, names: list[str], rng: random.Random) -> list[str]:
    names.remove(rng.choice(names))
    return names


def one_doubled(story: Story, names: list[str], rng: random.Random) -> list[str]:
    return [*names, rng.choice(names)]


def one_replaced(story: Story, names: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(names))
    others = [foreigner(story), "", *names[:at], *names[at + 1 :]]
    names[at] = rng.choice(others)
    return names


def wrong_number(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(TOTAL):
        return None
    number = step.text.removeprefix(f"{TOTAL} ").split()[0]
    others = {"two", "three", "five", "seven", "eight", "2", "no"} - {number}
    wrong = f"{rng.choice(sorted(others))} {story.scene.plural}"
    text = step.text.replace(f"{number} {story.scene.plural}", wrong)
    return Planted(with_step(attempt, index, text), step.label, wrong)


def _others(story: Story) -> list[str]:
    return [story.refer(i) for i in range(story.count) if i != story.answer.index]


def wrong_reading(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Another object stands there, or no object, or nowhere."""
    step = attempt.steps[index]
    if not step.text.startswith(ACCORDING):
        return None
    remark = step.text.removeprefix("According to this ordering, ").removesuffix(".")
    described = remark.rpartition(" is ")[0]
    ways = [f"{described} is {other}" for other in (*_others(story), foreigner(story), "")]
    ways += ["the newt is the eldest", f"it is {story.refer(story.answer.index)}"]
    wrong = rng.choice(ways)
    text = step.text.replace(remark, wrong)
    return Planted(with_step(attempt, index, text), step.label, wrong)


def _final(story: Story, index: int) -> str:
    return story.states(replace(story.answer, index=index))


def wrong_sentence(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The final sentence names another object; its letter may agree with it."""
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    other = rng.choice([i for i in range(story.count) if i != story.answer.index])
    answer = step.text.partition(". ")[2]
    wrong = _final(story, other)
    letter = "ABCDEFG"[[option.index for option in story.options].index(other)]
    answer = rng.choice([answer, f"So the answer is ({letter})."])
    return Planted(with_step(attempt, index, f"{wrong}. {answer}"), FINAL_RESPONSE, wrong)


def wrong_letter(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    right = step.text[-3]
    wrong = f"So the answer is ({rng.choice([x for x in 'ABCDEFG' if x != right])})"
    text = f"{step.text.partition('. ')[0]}. {wrong}."
    return Planted(with_step(attempt, index, text), FINAL_RESPONSE, wrong)


def no_answer(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    text = rng.choice(["I do not know.", step.text[:-1], step.text[:-5], "(A)", f"{step.text} A"])
    return Planted(with_step(attempt, index, text), FINAL_RESPONSE, text)


def another_sentence(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    step = attempt.steps[index]
    text = rng.choice(["I do not know.", f"{step.text}\nI see.", 'In "A" we trust.', "Combining."])
    return Planted(with_step(attempt, index, text), step.label, text)


# --- whole steps ---------------------------------------------------------------------------------


def repeated_number(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """A step has the number of the step before it."""
    if index == 0 or index >= len(attempt.steps) - 1:
        return None
    steps = list(attempt.steps)
    steps[index] = replace(steps[index], label=steps[index - 1].label)
    label = steps[index].label
    return Planted(Attempt(tuple(steps)), label, f"({label})")


def nothing_combined(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """From the clues at once to what is read off, or to the final response."""
    if not attempt.steps[index].text.startswith(ACCORDING):
        return None
    kept = [step for step in attempt.steps[:index] if not is_combination(step)]
    last = max(i for i, step in enumerate(kept) if is_clue(step))
    place = story.count - 1 - story.answer.steps if story.answer.from_back else story.answer.steps
    left = orders_of(story, pattern_of(kept[last]))
    if all(order[place] == str(story.answer.index) for order in left):
        return None
    rest = list(attempt.steps[index + rng.randrange(2) :])
    shorter = renumbered([*kept, *rest])
    wrong = shorter.steps[len(kept)]
    remark = wrong.text.removeprefix("According to this ordering, ").removesuffix(".")
    span = remark.partition(". ")[0] if wrong.label == FINAL_RESPONSE else remark
    return Planted(shorter, wrong.label, span)


PLANTS: dict[str, Plant] = {
    "clue: pattern reversed": in_clue(reversed_patterns),
    "clue: wrong place": in_clue(wrong_places),
    "clue: gap closed": in_clue(closed_gaps),
    "clue: gap opened": in_clue(opened_gaps),
    "clue: wrong object": in_clue(other_objects),
    "clue: objects swapped": in_clue(swapped_objects),
    "clue: unreadable pattern": in_clue(unreadable_patterns, readable=False),
    "clue: not in the question": wrong_clue,
    "total: object missing": _in_total(one_left_out),
    "total: object doubled": _in_total(one_doubled),
    "total: object replaced": _in_total(one_replaced),
    "total: wrong number": wrong_number,
    "combination: reversed": in_combination(reversed_patterns),
    "combination: wrong place": in_combination(wrong_places),
    "combination: gap closed": in_combination(closed_gaps),
    "combination: wrong object": in_combination(other_objects),
    "combination: objects swapped": in_combination(swapped_objects),
    "combination: unreadable pattern": in_combination(unreadable_patterns, readable=False),
    "combination: object of the whole order missing": whole_order_with_a_gap,
    "combination: wrong steps named": wrong_steps_named,
    "combination: unknown step named": unknown_step_named,
    "wrong reading of the order": wrong_reading,
    "final: wrong sentence": wrong_sentence,
    "final: wrong letter": wrong_letter,
    "final: no answer": no_answer,
    "another sentence": another_sentence,
    "skipped number": of_any_question(skipped_number),
    "repeated number": repeated_number,
    "swapped numbers": of_any_question(swapped_numbers),
    "nothing combined": nothing_combined,
}
