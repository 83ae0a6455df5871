"""Multistep arithmetic: ``((1 - 8 + 6) - (-6 * 2 + 5)) =``.

Splits of the paper: seen questions have 3 or 4 operands in each parenthesis and depth 2 or
2,2; unseen ones have 5 or 6 operands or depth 2,2,2. The rationale names the parentheses,
computes each, then the whole. Scripted FBK checks an attempt in reading order; scripted IMP
continues from the flagged step.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase

from db.records import Item, Split, Subtask
from engine.expressions import (
    Expr,
    ExpressionError,
    Num,
    Op,
    Operator,
    Var,
    evaluate,
    names,
    parse,
    reduce_once,
    reductions,
    render,
    substitute,
)
from engine.tasks.base import CannotImprove, CannotJudge
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
    correct,
    incorrect,
)
from engine.worked_arithmetic import worked

_OPERATORS: tuple[Operator, ...] = ("+", "-", "*")
_GROUP = re.compile(r"\([^()]*\)")
_WHOLE = re.compile(r'This equation can be written as "(?P<form>[^"]*)", where (?P<parts>.*)\.')
_PART = re.compile(r"([A-Z]) = (\([^=A-Z]*\))(?:, | and |$)")
_CALCULATE = re.compile(r"Let's calculate (?P<name>[A-Z]) = (?P<chain>.*)\.", re.DOTALL)
_FINALLY = re.compile(r"Then, the final equation is (?P<chain>.*)\.", re.DOTALL)
_ANSWER = re.compile(r"So the answer is (?P<answer>-?[0-9]{1,60})\.")
_ANY_ANSWER = re.compile(r"answer is:?\s*(?:\*+\s*)?\$?(-? ?[0-9][0-9,]{0,60})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """Operands in each parenthesis, and how many levels of pairs lie above them."""

    operands: int
    levels: int

    @classmethod
    def parse(cls, text: str) -> Shape:
        """Read ``4x2``. Raises ValueError that says what is allowed."""
        match = re.fullmatch(r"([2-9])x([1-3])", text)
        if match is None:
            raise ValueError(
                f"{text!r} is no difficulty; allowed: 2 to 9 operands x 1 to 3 levels, as in '4x2'"
            )
        return cls(int(match[1]), int(match[2]))


SEEN_SHAPES = tuple(Shape(n, levels) for n in (3, 4) for levels in (1, 2))
UNSEEN_SHAPES = tuple(
    Shape(n, levels) for n in (3, 4, 5, 6) for levels in (1, 2, 3) if n > 4 or levels == 3
)


class MultistepArithmetic:
    """The task as `engine.tasks.base.Task` asks for it.

    A difficulty is written ``4x2``: 4 operands in each parenthesis, 2 levels of pairs above.
    """

    name = "multistep_arithmetic"
    title = "Multistep arithmetic"
    hint = (
        " Recall that the order of operations in mathematics is as follows: (1) Parentheses, "
        "(2) exponents, (3) multiplication and division (from left to right), (4) addition and "
        "multiplication (from left to right). So, remember to always compute the expressions "
        "inside parentheses or brackets first."
    )

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        self._shapes = {
            Subtask.SEEN: tuple(map(Shape.parse, seen)) or SEEN_SHAPES,
            Subtask.UNSEEN: tuple(map(Shape.parse, unseen)) or UNSEEN_SHAPES,
        }

    def generate(
        self,
        split: Split,
        subtasks: Sequence[Subtask],
        count: int,
        seed: int,
        exclude: Collection[str] = (),
    ) -> list[Item]:
        rng = random.Random(f"{self.name}/{split}/{seed}")
        taken = set(exclude)
        items: list[Item] = []
        while len(items) < count:
            subtask = subtasks[len(items) % len(subtasks)]
            shape = rng.choice(self._shapes[subtask])
            question = f"{_random_expression(shape, rng)} ="
            if question in taken:
                continue
            taken.add(question)
            items.append(self._item(question, split, subtask, shape))
        return items

    def _item(self, question: str, split: Split, subtask: Subtask, shape: Shape) -> Item:
        rationale = self.rationale(question)
        answer = self.answer(rationale)
        if answer is None:
            raise CannotImprove(f"the rationale of {question!r} states no answer")
        return Item(
            task=self.name,
            split=split,
            subtask=subtask,
            question=question,
            answer=answer,
            rationale=rationale.text,
            meta={"operands": shape.operands, "depth_levels": [2] * shape.levels},
        )

    def rationale(self, question: str) -> Attempt:
        return _continue(_Established(), question)

    def answer(self, attempt: Attempt) -> str | None:
        match = _ANSWER.fullmatch(attempt.final_response or "")
        return str(int(match["answer"])) if match else None

    def answer_flexible(self, text: str) -> str | None:
        found = _ANY_ANSWER.findall(text)
        if not found:
            return None
        return str(int(found[-1].replace(",", "").replace(" ", "")))

    def is_right(self, answer: str | None, gold: str) -> bool:
        return answer is not None and answer == gold

    def feedback(self, question: str, attempt: Attempt) -> Feedback:
        try:
            return _Judge(question).judge(attempt)
        except ExpressionError as error:
            raise CannotJudge(str(error)) from error

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        if feedback.is_correct or feedback.step is None:
            raise CannotImprove("the feedback names no wrong step")
        kept = attempt.before(feedback.step)
        if len(kept) == len(attempt.steps) and feedback.step != FINAL_RESPONSE:
            raise CannotImprove(f"the attempt has no step ({feedback.step})")
        try:
            judge = _Judge(question)
            wrong = next((step for step in kept if judge.step(step) is not None), None)
        except ExpressionError as error:
            raise CannotImprove(str(error)) from error
        if wrong is not None:
            raise CannotImprove(f"step ({wrong.label}), before the flagged one, is wrong")
        return _continue(judge.established, question)


def _random_expression(shape: Shape, rng: random.Random) -> str:
    if shape.levels == 0:
        text = str(rng.randint(-9, 9))
        for _ in range(shape.operands - 1):
            text += f" {rng.choice(_OPERATORS)} {rng.randint(-9, 9)}"
        return f"({text})"
    below = Shape(shape.operands, shape.levels - 1)
    left, right = _random_expression(below, rng), _random_expression(below, rng)
    return f"({left} {rng.choice(_OPERATORS)} {right})"


@dataclass(slots=True)
class _Established:
    """What the steps so far have settled."""

    form: Expr | None = None
    parts: dict[str, str] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    value: int | None = None
    steps: list[Step] = field(default_factory=list)

    def trees(self) -> dict[str, Expr]:
        return {name: parse(text) for name, text in self.parts.items()}

    def substituted(self) -> Expr:
        assert self.form is not None
        return substitute(self.form, {name: Num(v) for name, v in self.results.items()})


def _expression_of(question: str) -> str:
    return question.strip().removesuffix("=").strip()


def _parse_question(question: str) -> Expr:
    """Read a question. Raises ExpressionError, also where it has names: those are for parts."""
    expr = parse(_expression_of(question))
    if any(names(expr)):
        raise ExpressionError("the question has letters")
    return expr


def _split(question: str) -> tuple[str, dict[str, str]]:
    """Name the innermost parentheses: return ``(A - B)`` and what each name stands for."""
    text = _expression_of(question)
    groups = _GROUP.findall(text)
    if not 1 <= len(groups) <= len(ascii_uppercase):
        raise ExpressionError("the question needs between 1 and 26 parentheses")
    letters = iter(ascii_uppercase)
    form = _GROUP.sub(lambda _: next(letters), text)
    return form, dict(zip(ascii_uppercase, groups, strict=False))


def _join(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _chain(first: str, tree: Expr) -> str:
    """Write a calculation; ``first`` is how the expression stands in the question."""
    links = [first]
    for link in map(render, reductions(tree)):
        if link != links[-1]:
            links.append(link)
    return " = ".join(links)


def _continue(established: _Established, question: str) -> Attempt:
    """Write the right steps that are still to come after the established ones."""
    known, steps = established, list(established.steps)

    def add(text: str) -> None:
        steps.append(Step(str(len(steps) + 1), text))

    try:
        if known.form is None:
            _parse_question(question)
            form, known.parts = _split(question)
            known.form = parse(form)
            listed = _join([f"{name} = {part}" for name, part in known.parts.items()])
            add(f'This equation can be written as "{form}", where {listed}.')
        trees = known.trees()
        for name, tree in trees.items():
            if name not in known.results:
                known.results[name] = evaluate(tree)
                add(f"Let's calculate {name} = {_chain(known.parts[name], tree)}.")
        if known.value is None:
            numbers = known.substituted()
            known.value = evaluate(numbers)
            add(
                f"Then, the final equation is {render(known.form)} = "
                f"{_chain(render(numbers), numbers)}."
            )
    except ExpressionError as error:
        raise CannotImprove(str(error)) from error
    steps.append(Step(FINAL_RESPONSE, f"So the answer is {known.value}."))
    return Attempt(tuple(steps))


class _Judge:
    """Scripted FBK: reads steps in order, remembers what they settle, names the first error."""

    def __init__(self, question: str) -> None:
        self._text = question
        self._question = _parse_question(question)
        self.established = _Established()

    def judge(self, attempt: Attempt) -> Feedback:
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
        if not listed or _join(listed) != parts_text:
            span = f"where {parts_text}"
            return incorrect(step.label, span, "the parts are not listed as equations")
        wanted: dict[str, Expr] = {}
        if not _match_form(form, self._question, wanted):
            return incorrect(step.label, form_text, "the question has another form")
        seen: set[str] = set()
        for name, text in parts:
            tree = _parse_or_none(text)
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
        return None

    def _is_named_otherwise(self, form: Expr, part: Expr | None) -> bool:
        """Tell whether the form has a wrong name for ``part``, which the question does have."""
        right, parts = _split(self._text)
        return form != parse(right) and any(part == parse(text) for text in parts.values())

    def _calculate(self, step: Step, name: str, chain: str) -> Feedback | None:
        known = self.established
        if name not in known.parts or name in known.results:
            return incorrect(step.label, f"calculate {name}", f"{name} is no part still open")
        links = chain.split(" = ")
        first = _parse_or_none(links[0])
        part = parse(known.parts[name])
        if first is None or first != part:
            reason = f"{name} = {known.parts[name]}"
            return incorrect(step.label, f"{name} = {links[0]}", reason)
        error = _check_links(step, links, part)
        if error is None:
            known.results[name] = evaluate(part)
        return error

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
        if len(links) < 2 or _parse_or_none(links[1]) != numbers:
            span = " = ".join(links[:2])
            return incorrect(step.label, span, f"{links[0]} = {render(numbers)}")
        error = _check_links(step, links[1:], numbers)
        if error is None:
            known.value = evaluate(numbers)
        return error

    def _final_response(self, step: Step) -> Feedback | None:
        known = self.established
        if known.value is None:
            return incorrect(step.label, step.text, "the final equation is not solved yet")
        if known.steps[-1].label == FINAL_RESPONSE:
            return incorrect(step.label, f"({step.label})", "the final response is already given")
        match = _ANSWER.fullmatch(step.text)
        if match is None or int(match["answer"]) != known.value:
            return incorrect(step.label, step.text, f"the final equation is {known.value}")
        return None


def _parse_or_none(text: str) -> Expr | None:
    try:
        return parse(text)
    except ExpressionError:
        return None


def _match_form(form: Expr, whole: Expr, wanted: dict[str, Expr]) -> bool:
    """Match a form such as ``(A - B)`` with the question; collect what each name stands for."""
    if isinstance(form, Var):
        return wanted.setdefault(form.name, whole) == whole
    if isinstance(form, Op) and isinstance(whole, Op) and form.operator == whole.operator:
        return _match_form(form.left, whole.left, wanted) and _match_form(
            form.right, whole.right, wanted
        )
    return form == whole


def _check_links(step: Step, links: Sequence[str], first: Expr) -> Feedback | None:
    """Check that each link of ``a = b = c`` equals the one before and that a number ends it."""
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
        if not right:
            return incorrect(step.label, span, _reason(before, link))
        before, before_text = link, text
    if not isinstance(before, Num):
        return incorrect(step.label, before_text, _next_link(before))
    return None


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
