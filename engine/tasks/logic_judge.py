"""Scripted FBK of logical deduction: the first error of an attempt, in reading order.

What is said of an order is judged by the set of orders it allows, not by its wording:

- the pattern of a clue allows exactly the orders that the clue allows;
- a combination allows every order that is left by the clues it rests on, those of the steps it
  names and of the steps that they name. It may say less than these clues do, but nothing more;
- what is read off an ordering holds in every order that the latest ordering allows, and so does
  the final response.

How many objects there are is known from the question throughout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from string import ascii_uppercase

from engine.tasks.base import CannotJudge
from engine.tasks.logic_clues import Before, Constraint, Stands, Story
from engine.tasks.logic_patterns import (
    ANY,
    END,
    Gap,
    Pattern,
    PatternError,
    all_orders,
    entails,
    matching,
    spaced,
)
from engine.tasks.logic_questions import read_story, split_objects
from engine.tasks.logic_rationale import Established, Fact, read_off
from engine.tasks.logic_scenes import NUMBER_WORDS, read_place
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, Step, correct, incorrect

_CLUE = re.compile(r'(?P<clue>[^":]*): "(?P<pattern>[^"]*)"\.?')
_TOTAL = re.compile(r"There (?:are|were) in total (?P<many>[^:]*): (?P<objects>[^:.\n]*)\.")
_COMBINE = re.compile(
    r"(?P<head>Combining (?P<steps>\([0-9]{1,4}\)(?:(?:,? and |, )\([0-9]{1,4}\))*))"
    r',? we (?:get|have) the following(?: ordering| order)?::? "(?P<pattern>[^"]*)"\.?'
)
_LABEL = re.compile(r"[0-9]+")
_READ_OFF = re.compile(
    r"(?:According to this (?:ordering|order|ranking),? |This ordering implies that )"
    r"(?P<remark>[^.\n]*)\."
)
STATED_ANSWER = re.compile(
    r"(?:(?P<statement>[^.\n]*)\. )?(?P<answer>So [Tt]he answer is \((?P<letter>[A-G])\))\."
)


class _Wrong(Exception):
    """A part of a step is wrong."""

    def __init__(self, span: str, reason: str) -> None:
        super().__init__(reason)
        self.span = span
        self.reason = reason


class Judge:
    """Scripted FBK: reads steps in order, remembers what they settle, names the first error."""

    def __init__(self, question: str) -> None:
        self.story = read_story(question)
        self.established = Established()

    def judge(self, attempt: Attempt) -> Feedback:
        if not attempt.steps:
            raise CannotJudge("the attempt has no numbered steps")
        finished = attempt.final_response is not None
        if not finished and "??" not in attempt.text:
            raise CannotJudge("the attempt has no final response and another notation")
        # The last step of an attempt that breaks off may be cut, and is not judged.
        for step in attempt.steps if finished else attempt.steps[:-1]:
            error = self.step(step)
            if error is not None:
                return error
        if not finished:
            raise CannotJudge("the attempt has no final response")
        return correct(attempt)

    def step(self, step: Step) -> Feedback | None:
        """Judge the next step; a right one is added to what is established."""
        known = self.established
        try:
            if known.steps and known.steps[-1].label == FINAL_RESPONSE:
                raise _Wrong(f"({step.label})", "the final response is already given")
            if step.label != known.next_label and step.label != FINAL_RESPONSE:
                raise _Wrong(f"({step.label})", f"this is step ({known.next_label})")
            self._judge(step)
        except _Wrong as wrong:
            return incorrect(step.label, wrong.span or step.text, wrong.reason)
        known.steps.append(step)
        return None

    def _judge(self, step: Step) -> None:
        if step.label == FINAL_RESPONSE:
            self._final_response(step.text)
            return
        text = step.text.rstrip()
        if match := _COMBINE.fullmatch(text):
            self._combine(text, match["head"], match["steps"], match["pattern"])
        elif self._is_usual_clue(text):
            return
        elif match := _TOTAL.fullmatch(text):
            self._total(match["many"], match["objects"])
        elif match := _READ_OFF.fullmatch(text):
            self._read_off(match["remark"])
        elif match := _CLUE.fullmatch(text):
            self._clue(match["clue"], match["pattern"])
        else:
            raise _Wrong(text, "this is no step of the deduction")

    def _is_usual_clue(self, text: str) -> bool:
        """Learn what a step says if it states a clue where a rationale does, as the question does.

        It is right, and need not be read, which takes twice the time.
        """
        story, place = self.story, len(self.established.steps)
        if place >= len(story.clues) or not text.startswith(story.told[place]):
            return False
        clue = story.clues[place]
        if text != f'{story.told[place]}: "{story.write(clue.pattern)}".':
            return False
        orders = story.clue_orders[place]
        self.established.learn(Fact(clue.pattern, 1 << story.clue_orders.index(orders), orders))
        return True

    def _clue(self, said: str, written: str) -> None:
        story = self.story
        clue = story.read_statement(said)
        if clue is None:
            raise _Wrong(said, "this is no clue of the question")
        orders = story.orders_of(clue)
        if orders not in story.clue_orders:
            raise _Wrong(said, "the question does not say so")
        pattern = self._pattern(written)
        if matching(story.count, pattern) != orders:
            raise _Wrong(written, f'the clue reads "{story.write(clue.pattern)}"')
        self.established.learn(Fact(pattern, 1 << story.clue_orders.index(orders), orders))

    def _pattern(self, text: str) -> Pattern:
        try:
            return self.story.read(text)
        except PatternError as error:
            raise _Wrong(text, str(error)) from error

    def _total(self, many: str, listed: str) -> None:
        story = self.story
        scene, number = story.scene, NUMBER_WORDS[story.count]
        if not {number, str(story.count), scene.plural}.issuperset(many.split()):
            raise _Wrong(many, f"there are {number} {scene.plural}")
        names = split_objects(listed)
        indexes = list(map(story.find, names))
        if len(indexes) != story.count or len(set(indexes) - {None}) != story.count:
            raise _Wrong(listed, self._object_wrong(names, indexes))
        self.established.learn_total(story.count)

    def _object_wrong(self, names: Sequence[str], indexes: Sequence[int | None]) -> str:
        """Say what is wrong with a list of objects."""
        story = self.story
        for at, index in enumerate(indexes):
            if index is None:
                return f"{names[at][:40]} is not one of the {story.scene.plural}"
            if index in indexes[:at]:
                return f"{story.refer(index)} is there twice"
        missing = next(index for index in range(story.count) if index not in indexes)
        return f"{story.refer(missing)} is missing"

    def _combine(self, text: str, head: str, steps: str, written: str) -> None:
        known, clues, premise = self.established, 0, all_orders(self.story.count).all
        for label in _LABEL.findall(steps):
            fact = known.facts.get(label)
            if fact is None:
                raise _Wrong(head, f"there is no ordering in a step ({label}) before this one")
            clues |= fact.clues
            premise &= fact.left
        pattern = self._pattern(written)
        orders = matching(self.story.count, pattern)
        if not entails(premise, orders):
            # What is true, but does not follow from these steps, may follow from others.
            is_true = entails(self.story.solution, orders)
            raise _Wrong(text if is_true else written, self._objection(pattern, premise, steps))
        known.learn(Fact(pattern, clues, premise))

    def _objection(self, pattern: Pattern, premise: int, steps: str) -> str:
        """Say which part of a pattern does not follow, the first in reading order."""
        for orders, claim in _claims(self.story, pattern):
            if not premise & orders:
                return f"{steps} rule out that {claim}"
            if not entails(premise, orders):
                return f"{steps} leave open whether {claim}"
        raise AssertionError("a pattern is what its parts say")

    def _read_off(self, remark: str) -> None:
        statement = self._read_remark(remark)
        if statement is None:
            raise _Wrong(remark, "it does not say who stands at a place")
        self._check(statement, remark)
        self.established.read_off.append(statement)

    def _read_remark(self, remark: str) -> Constraint | None:
        """Read ``the book that is leftmost is the red book``, or the other way round."""
        story = self.story
        if remark == read_off(story):
            return story.answer
        for verb in (" is ", " are ", " was "):
            described, _, name = remark.rpartition(verb)
            index = story.find(name)
            place = read_place(story.scene, story.count, described) if index is not None else None
            if index is not None and place is not None:
                return Stands(index, *place)
        return story.read_statement(remark)

    def _check(self, statement: Constraint, span: str) -> None:
        """Check that a statement holds in the latest ordering."""
        story, known = self.story, self.established
        if known.latest is None:
            raise _Wrong(span, "there is no ordering yet")
        orders = matching(story.count, known.facts[known.latest].pattern)
        if entails(orders, story.orders_of(statement)):
            return
        if isinstance(statement, Stands):
            for index in range(story.count):
                other = replace(statement, index=index)
                if entails(orders, story.orders_of(other)):
                    raise _Wrong(span, f"in this ordering, {story.says(other)}")
        raise _Wrong(span, f"this ordering leaves open whether {story.says(statement)}")

    def _final_response(self, text: str) -> None:
        story = self.story
        match = STATED_ANSWER.fullmatch(text)
        if match is None:
            raise _Wrong(text, "it does not end with an answer such as (A)")
        option = ascii_uppercase.index(match["letter"])
        if option >= len(story.options):
            raise _Wrong(match["answer"], "there is no such option")
        said = match["statement"]
        if said is None:
            self._check(story.options[option], text)
            return
        usual = said == story.states(story.answer)
        statement = story.answer if usual else story.read_statement(said)
        if statement is None:
            raise _Wrong(said, "it does not say who stands at a place")
        self._check(statement, said)
        if usual and option == story.right[0]:
            return
        orders = story.orders_of(statement)
        if story.orders_of(story.options[option]) != orders:
            same = [i for i, one in enumerate(story.options) if story.orders_of(one) == orders]
            if not same:
                raise _Wrong(said, "no option says so")
            raise _Wrong(match["answer"], f"that is option ({ascii_uppercase[same[0]]})")


def _claims(story: Story, pattern: Pattern) -> Iterator[tuple[int, str]]:
    """Take a pattern apart: what each part says, as a set of orders and in words."""
    for left, right, gap in pattern.spaces:
        if END not in (left, right):
            order = Before(left, right)
            yield story.orders_of(order), story.says(order)
        if gap != ANY:
            orders = spaced(story.count, left, right, gap)
            yield orders, _gap_in_words(story, left, right, gap)


def _gap_in_words(story: Story, left: int, right: int, gap: Gap) -> str:
    """Say ``none of the books come between the red book and the navy book``."""
    if END in (left, right) and gap.exact:
        return story.says(Stands(max(left, right), gap.least, from_back=right == END))
    amount = f"{'exactly' if gap.exact else 'at least'} {gap.least}" if gap.least else "none"
    if left == END:
        where = f"before {story.refer(right)}"
    elif right == END:
        where = f"after {story.refer(left)}"
    else:
        where = f"between {story.refer(left)} and {story.refer(right)}"
    return f"{amount} of the {story.scene.plural} come {where}"
