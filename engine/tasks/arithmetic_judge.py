"""Scripted FBK of multistep arithmetic: the first error of an attempt, in reading order.

It can show its working: each operation with a number of two digits or more is done again, in
small steps, before the verdict. A verdict alone asks a student to see a mistake at a glance that
it has just made in good faith; the working lets it find out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.expressions import (
    Expr,
    ExpressionError,
    Num,
    Op,
    Var,
    evaluate,
    names,
    parse,
    reduce_once,
    reduce_rendered,
    render,
)
from engine.tasks.arithmetic_rationale import Established, join, parse_question, split_question
from engine.tasks.base import CannotJudge
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, Step, correct, incorrect
from engine.worked_arithmetic import check_link, worked

_WHOLE = re.compile(r'This equation can be written as "(?P<form>[^"]*)", where (?P<parts>.*)\.')
_PART = re.compile(r"([A-Z]) = (\([^=A-Z]*\))(?:, | and |$)")
_CALCULATE = re.compile(r"Let's calculate (?P<name>[A-Z]) = (?P<chain>.*)\.", re.DOTALL)
_FINALLY = re.compile(r"Then, the final equation is (?P<chain>.*)\.", re.DOTALL)
STATED_ANSWER = re.compile(r"So the answer is (?P<answer>-?[0-9]{1,60})\.")


class Judge:
    """Scripted FBK: reads steps in order, remembers what they settle, names the first error."""

    def __init__(self, question: str, *, show_working: bool = False) -> None:
        self._text = question
        self._question = parse_question(question)
        self._show_working = show_working
        self._working: list[str] = []
        self._parts: Mapping[str, Expr] = {}
        self.established = Established()

    def judge(self, attempt: Attempt) -> Feedback:
        feedback = self._verdict(attempt)
        if not self._show_working:
            return feedback
        reason = feedback.reason
        if reason is not None:
            # What the working has just shown need not be shown again.
            first, *between = reason.split(" = ")
            reason = " = ".join([first, *between[-1:]])
        return replace(feedback, working=" ".join(self._working), reason=reason)

    def _verdict(self, attempt: Attempt) -> Feedback:
        for step in attempt.steps:
            error = self.step(step)
            if error is not None:
                return error
        if attempt.final_response is None:
            raise CannotJudge("the attempt has no final response")
        return correct(attempt)

    def step(self, step: Step) -> Feedback | None:
        """Judge the next step; a right one is added to what is established."""
        known = self.established
        if step.label == FINAL_RESPONSE:
            error = self._final_response(step)
        elif step.label != str(len(known.steps) + 1):
            reason = f"this is step ({len(known.steps) + 1})"
            error = incorrect(step.label, f"({step.label})", reason)
        elif known.form is None:
            error = self._whole(step)
        elif match := _CALCULATE.fullmatch(step.text):
            error = self._calculate(step, match["name"], match["chain"])
        elif match := _FINALLY.fullmatch(step.text):
            error = self._finally(step, match["chain"])
        else:
            error = incorrect(step.label, step.text, "this is no step of the calculation")
        if error is None:
            known.steps.append(step)
        elif not error.span:
            error = replace(error, span=step.text)
        return error

    def _whole(self, step: Step) -> Feedback | None:
        match = _WHOLE.fullmatch(step.text)
        if match is None:
            return incorrect(step.label, step.text, "the equation is not split into parts")
        form_text, parts_text = match["form"], match["parts"]
        form = _parse_or_none(form_text)
        if form is None:
            return incorrect(step.label, form_text, "this is not an equation")
        parts = _PART.findall(parts_text)
        listed = [f"{name} = {part}" for name, part in parts]
        if not listed or join(listed) != parts_text:
            span = f"where {parts_text}"
            return incorrect(step.label, span, "the parts are not listed as equations")
        wanted: dict[str, Expr] = {}
        if not _match_form(form, self._question, wanted):
            return incorrect(step.label, form_text, "the question has another form")
        usual = self._usual_parts(form_text)
        seen: set[str] = set()
        for name, text in parts:
            tree = wanted[name] if usual.get(name) == text else _parse_or_none(text)
            if tree != wanted.get(name) and self._is_named_otherwise(form, tree):
                return incorrect(step.label, form_text, "the question has another form")
            if name in seen or name not in wanted:
                return incorrect(step.label, f"{name} = {text}", f"{name} is no part still open")
            if tree != wanted[name]:
                reason = f"{name} = {render(wanted[name])}"
                return incorrect(step.label, f"{name} = {text}", reason)
            seen.add(name)
        missing = [name for name in wanted if name not in seen]
        if missing:
            return incorrect(step.label, f"where {parts_text}", f"{missing[0]} is missing")
        self.established.form = form
        self.established.parts = dict(parts)
        self._parts = wanted
        return None

    def _usual_parts(self, form: str) -> Mapping[str, str]:
        """Return the parts as a rationale writes them, none if its form is another.

        They are right, and need not be read again.
        """
        try:
            usual_form, parts = split_question(self._text)
        except ExpressionError:
            return {}
        return parts if form == usual_form else {}

    def _is_named_otherwise(self, form: Expr, part: Expr | None) -> bool:
        """Tell whether the form has a wrong name for ``part``, which the question does have."""
        right, parts = split_question(self._text)
        return form != parse(right) and any(part == parse(text) for text in parts.values())

    def _calculate(self, step: Step, name: str, chain: str) -> Feedback | None:
        known = self.established
        if name not in known.parts or name in known.results:
            return incorrect(step.label, f"calculate {name}", f"{name} is no part still open")
        links = chain.split(" = ")
        text, part = known.parts[name], self._parts[name]
        if links[0] != text and _parse_or_none(links[0]) != part:
            return incorrect(step.label, f"{name} = {links[0]}", f"{name} = {text}")
        value = self._value_of_links(step, links, part)
        if isinstance(value, Feedback):
            return value
        known.results[name] = value
        return None

    def _finally(self, step: Step, chain: str) -> Feedback | None:
        known = self.established
        assert known.form is not None
        links = chain.split(" = ")
        if known.value is not None:
            return incorrect(step.label, step.text, "the final equation is already solved")
        missing = [name for name in known.parts if name not in known.results]
        if missing:
            return incorrect(step.label, links[0], f"{missing[0]} is not calculated yet")
        if _parse_or_none(links[0]) != known.form:
            return incorrect(step.label, links[0], f"the equation is {render(known.form)}")
        numbers = known.substituted()
        usual = render(numbers)
        if len(links) < 2 or (links[1] != usual and _parse_or_none(links[1]) != numbers):
            span = " = ".join(links[:2])
            return incorrect(step.label, span, f"{links[0]} = {usual}")
        value = self._value_of_links(step, links[1:], numbers)
        if isinstance(value, Feedback):
            return value
        known.value = value
        return None

    def _value_of_links(self, step: Step, links: Sequence[str], first: Expr) -> int | Feedback:
        """Return the number that ends ``a = b = c``, or which link is not what the one before is.

        ``first`` is what the first link says.
        """
        if not self._show_working:
            usual = _value_of_usual_links(links, first)
            if usual is not None:
                return usual
        before, before_text, value = first, links[0], evaluate(first)
        for text in links[1:]:
            span = f"{before_text} = {text}"
            link = _parse_or_none(text)
            if link is None or any(names(link)):
                return incorrect(step.label, span, _next_link(before))
            try:
                right = evaluate(link) == value
            except ExpressionError:
                right = False
            reason = "" if right else _reason(before, link)
            if self._show_working:
                self._work_again(step.label, before, link, span, reason)
            if not right:
                return incorrect(step.label, span, reason)
            before, before_text = link, text
        if not isinstance(before, Num):
            return incorrect(step.label, before_text, _next_link(before))
        return value

    def _work_again(self, label: str, before: Expr, link: Expr, equation: str, reason: str) -> None:
        """Add the checks of a link, unless they refute something else than the verdict does.

        A link of another form has other operations in the same places.
        """
        checks, refuted = check_link(label, before, link, " ".join(equation.split()))
        agrees = reason.startswith(f"{render(refuted)} = ") if refuted else not reason
        if agrees:
            self._working += checks

    def _final_response(self, step: Step) -> Feedback | None:
        known = self.established
        if known.value is None:
            return incorrect(step.label, step.text, "the final equation is not solved yet")
        if known.steps[-1].label == FINAL_RESPONSE:
            return incorrect(step.label, f"({step.label})", "the final response is already given")
        match = STATED_ANSWER.fullmatch(step.text)
        if match is None or int(match["answer"]) != known.value:
            return incorrect(step.label, step.text, f"the final equation is {known.value}")
        return None


def _parse_or_none(text: str) -> Expr | None:
    try:
        return parse(text)
    except ExpressionError:
        return None


def _value_of_usual_links(links: Sequence[str], first: Expr) -> int | None:
    """Return the number that ends a calculation of ``first``; None unless it is as in a rationale.

    What is, is right, and need not be read link by link, which takes several times as long.
    """
    due = render(first)
    for link in links[1:]:
        if link != due:
            due = reduce_rendered(due)
            if link != due:
                return None
    return None if due.startswith("(") else int(due)


def _match_form(form: Expr, whole: Expr, wanted: dict[str, Expr]) -> bool:
    """Match a form such as ``(A - B)`` with the question; collect what each name stands for."""
    if isinstance(form, Var):
        return wanted.setdefault(form.name, whole) == whole
    if isinstance(form, Op) and isinstance(whole, Op) and form.operator == whole.operator:
        return _match_form(form.left, whole.left, wanted) and _match_form(
            form.right, whole.right, wanted
        )
    return form == whole


def _next_link(before: Expr) -> str:
    after = reduce_once(before) if isinstance(before, Op) else before
    return f"{render(before)} = {render(after)}"


def _reason(before: Expr, link: Expr) -> str:
    """Work out the part of ``before`` that ``link`` got wrong, as small as it can be found."""
    if isinstance(before, Op) and isinstance(link, Op) and before.operator == link.operator:
        if _differ(before.left, link.left):
            if not _differ(before.right, link.right) or isinstance(link.left, Num):
                return _reason(before.left, link.left)
        elif _differ(before.right, link.right):
            return _reason(before.right, link.right)
    if isinstance(before, Num):
        return f"the number is {before.value}"
    if not isinstance(before, Op):
        raise ExpressionError("a part has no value")
    if isinstance(before.left, Num) and isinstance(before.right, Num):
        return worked(before.left.value, before.operator, before.right.value)
    return _next_link(before)


def _differ(before: Expr, link: Expr) -> bool:
    try:
        return evaluate(before) != evaluate(link)
    except ExpressionError:
        return True
