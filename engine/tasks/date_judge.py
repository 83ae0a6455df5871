"""Scripted FBK of date understanding: the first error of an attempt, in reading order.

Each chain of terms in a step (`engine.tasks.date_terms`) claims that they are one day; that day is
known from the story, so that the term that is another day is the error. A date in no chain must
be one of the story, said of what the story says it of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from engine.tasks.base import CannotJudge
from engine.tasks.date_assertions import Flaw, asserts, false_assertions
from engine.tasks.date_copies import Copies
from engine.tasks.date_question import Problem
from engine.tasks.date_rationale import Established, gold_steps
from engine.tasks.date_terms import WHOLE, Kind, Part, Term, chains, read_terms
from engine.tasks.date_words import WEEKDAYS, long_form, lower, slashes
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, Step, correct, incorrect

STATED_ANSWER = re.compile(r"So the answer is (?P<answer>\((?P<letter>[A-Z])\))\.")
_ANSWER_IN_STEP = re.compile(r"answer is (?P<answer>\((?P<letter>[A-Z])\))")
_BELIEVING = ("think", "thinks", "thought", "believe", "believes", "believed", "guesses", "guessed")
_BELIEFS = tuple(f"{verb}{that} " for verb in _BELIEVING for that in ("", " that"))
_PREMISE = re.compile(r"\b(?:if|since|because|as|given that)\b(?!.*\bthen\b)", re.DOTALL)
_TO_THEM = re.compile(r" (?:to (?:them|people)|in the uk)\b")
_NEAR = 30
_NEARBY = 120
_MOST_WORDS_BEFORE = 10
_THEN = ", then "
LONGEST_STEP = 20_000


@dataclass(slots=True)
class _Reading:
    """What a step is found to say."""

    text: str
    lowered: str
    terms: list[Term]
    flaws: list[Flaw] = field(default_factory=list)
    unclear: list[Term] = field(default_factory=list)
    """Dates of which cannot be told what they are said of."""
    stated: set[date] = field(default_factory=set)
    """The days that are stated rightly."""

    def flaw(self, part: Term, reason: str) -> None:
        self.flaws.append(Flaw(part.start, part.text, reason))


class Judge:
    """Scripted FBK: reads steps in order, remembers what they state, names the first error."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._timeline = problem.timeline
        self._copies = Copies(problem)
        self._gold = list(gold_steps(problem))
        self._days = dict(self._gold)
        self._unread: set[str] = set()
        self._settled = Established()

    @property
    def established(self) -> Established:
        """What the steps so far have settled, read to the end."""
        for text in self._unread:
            self._settled.days |= self._read(text).stated
        self._unread.clear()
        return self._settled

    @cached_property
    def _known(self) -> set[date]:
        """The days that may be named without a word on what they are."""
        solution = self._problem.solution
        events = (day for days in solution.events.values() for day in days)
        deduced = (deduction.day for deduction in solution.deductions)
        return {self._problem.target, *events, *deduced, *self._copies.days}

    def judge(self, attempt: Attempt) -> Feedback:
        """Return the verdict. Raises CannotJudge."""
        for step in attempt.steps:
            error = self.step(step)
            if error is not None:
                return error
        if attempt.final_response is None:
            raise CannotJudge("the attempt has no final response")
        return correct(attempt)

    def step(self, step: Step) -> Feedback | None:
        """Judge the next step; a right one is added to what is established."""
        known = self._settled
        if known.steps and known.steps[-1].label == FINAL_RESPONSE:
            reason = "the final response is already given"
            return incorrect(step.label, f"({step.label})", reason)
        if step.label == FINAL_RESPONSE:
            error = self._final_response(step)
        elif step.label != str(len(known.steps) + 1):
            reason = f"this is step ({len(known.steps) + 1})"
            error = incorrect(step.label, f"({step.label})", reason)
        else:
            error = self._numbered(step)
        if error is None:
            known.steps.append(step)
        return error

    def _final_response(self, step: Step) -> Feedback | None:
        problem = self._problem
        asked = f"the date {problem.asked.text}"
        if not self._has_stated(problem.target):
            return incorrect(step.label, step.text, f"{asked} is not worked out yet")
        letters = problem.right_letters
        if not letters:
            raise CannotJudge(f"no option is {slashes(problem.target)}")
        match = STATED_ANSWER.fullmatch(step.text)
        if match is None:
            return incorrect(step.label, step.text, "a final response reads So the answer is (X)")
        if match["letter"] not in letters:
            return incorrect(step.label, match["answer"], self._right_option())
        return None

    def _has_stated(self, day: date) -> bool:
        return day in self._settled.days or day in self.established.days

    def _right_option(self) -> str:
        letters = self._problem.right_letters
        which = f"which is ({letters[0]})" if letters else "which is no option"
        return f"the date {self._problem.asked.text} is {slashes(self._problem.target)}, {which}"

    # --- a numbered step -----------------------------------------------------------------------

    def _numbered(self, step: Step) -> Feedback | None:
        if step.text in self._days:
            # It is right. What else it states is read where that matters, since it takes long.
            self._settled.days.add(self._days[step.text])
            self._unread.add(step.text)
            return None
        if len(step.text) > LONGEST_STEP:
            raise CannotJudge(f"step ({step.label}) has {len(step.text)} characters")
        part = self._unlike_gold(step.text)
        found = self._read(step.text, part)
        if found.flaws:
            first = min(found.flaws, key=lambda flaw: flaw.start)
            return incorrect(step.label, _unmistakable(step.text, first), first.reason)
        if found.unclear:
            where = f"step ({step.label}): {found.unclear[0].text!r}"
            raise CannotJudge(f"{where} is said of something that the question gives no date for")
        if not self._has_date(found, part) and not self._is_harmless(step.text):
            raise CannotJudge(f"step ({step.label}) states nothing that can be checked")
        self._settled.days |= found.stated
        if part != WHOLE:
            self._unread.add(step.text)
        return None

    def _unlike_gold(self, text: str) -> Part:
        """Return the part of a step that is to be read.

        That is all of it, unless its premise or its conclusion is word for word that of the gold
        step in its place: no term is in both, nor linked over the "then" between them.
        """
        place = len(self._settled.steps)
        gold = self._gold[place][0] if place < len(self._gold) else ""
        premise, then, conclusion = gold.rpartition(_THEN)
        if then and text.endswith(then + conclusion):
            return 0, len(text) - len(then + conclusion)
        # "which is 2 days later" may be said of the premise.
        start = len(premise + then)
        if then and text.startswith(premise + then) and "which" not in text[start:]:
            return start, len(text)
        return WHOLE

    def _has_date(self, found: _Reading, part: Part) -> bool:
        """Tell whether a step, of which a part was read, names a date."""
        if part[1] < len(found.text):  # the rest is the conclusion of a gold step
            return True
        terms = found.terms
        if part[0] and _only_anchors(terms):
            terms = read_terms(found.text, self._timeline)
        return not _only_anchors(terms)

    def _is_harmless(self, text: str) -> bool:
        """Tell whether a text without a date or an error says nothing that may be wrong."""
        checked = _ANSWER_IN_STEP.search(text) is not None or asserts(lower(text))
        return checked or self._copies.repeats(text)

    def _read(self, text: str, part: Part = WHOLE) -> _Reading:
        found = _Reading(text, lower(text), read_terms(text, self._timeline, part))
        claims = list(chains(text, found.terms))
        for chain in claims:
            self._chain(chain, found)
        self._impossible(found.terms, found)
        found.flaws += self._copies.wrong_numbers(text, claims, part)
        found.flaws += false_assertions(text, found.lowered)
        found.flaws += self._denied(found)
        found.flaws += self._wrong_options(text)
        return found

    def _wrong_options(self, text: str) -> Iterator[Flaw]:
        for match in _ANSWER_IN_STEP.finditer(text):
            if match["letter"] not in self._problem.right_letters:
                yield Flaw(match.start("answer"), match["answer"], self._right_option())

    def _denied(self, found: _Reading) -> Iterator[Flaw]:
        for phrase, reason in self._problem.solution.denied.items():
            start = found.lowered.find(phrase)
            if start >= 0:
                yield Flaw(start, found.text[start : start + len(phrase)], reason)

    def _impossible(self, terms: Sequence[Term], found: _Reading) -> None:
        bases = (term.base for term in terms if term.base)
        for term in (*terms, *bases):
            missing = term.written is not None and not term.written.exists()
            # A story may name such a day: "Today could not be 12/32/1929".
            if missing and not self._copies.is_copy(found.text, term):
                found.flaw(term, "there is no such day")

    def _chain(self, chain: Sequence[Term], found: _Reading) -> None:
        """Compare each term of a chain with the day that it is about."""
        start = chain[0].start
        # A line may end after them.
        words_before = found.lowered[max(0, start - _NEAR) : start].removesuffix("\n")
        believed = words_before.endswith(_BELIEFS)
        anchor = None if believed else _anchor(chain)
        if anchor is None or len(chain) == 1:
            self._alone(chain, found, believed)
            return
        if not anchor.days:
            found.unclear += [term for term in chain if term.written]
            return
        self._counted_from(anchor, found)
        for before, term in zip((None, *chain), chain, strict=False):
            if term is anchor or (term.kind is Kind.ANCHOR and not term.days):
                continue
            day = self._agreement(found.text, term, anchor.days)
            if day is None:
                self._disagreement(term, anchor, found, is_said=before is anchor)
            elif (weekday := self._wrong_weekday(term, day)) is not None:
                found.flaw(term, weekday)
            elif term.kind is not Kind.WEEKDAY:
                found.stated.add(day)

    def _disagreement(self, term: Term, anchor: Term, found: _Reading, *, is_said: bool) -> None:
        """Say what is wrong where ``term``, perhaps said of the anchor at once, is another day."""
        # "It was Sept. 1st, 2021 two weeks ago": the date is the question's.
        if anchor.offset and anchor.start > term.start and self._copies.is_copy(found.text, term):
            found.flaw(anchor, f"the question says otherwise of {term.text}")
        else:
            name = anchor.text[:1].lower() + anchor.text[1:]
            reason = f"{name} is {long_form(anchor.days[0])}"
            if is_said and any(_is_day(term, day) for day in self._known):
                # The date is a right one, of another day: what is wrong is to say it of this one.
                claim = found.text[anchor.start : term.end]
                found.flaws.append(Flaw(anchor.start, claim, reason))
            else:
                found.flaw(term, reason)

    def _counted_from(self, anchor: Term, found: _Reading) -> None:
        """What is asked for is counted from today, so that another day is the wrong one."""
        base, today = anchor.base, self._timeline.today
        if base is None or base.written is None or anchor.offset != self._problem.asked.offset:
            return
        if not base.written.means(today):
            found.flaw(base, f"today's date is {long_form(today)}")

    def _alone(self, chain: Sequence[Term], found: _Reading, believed: bool) -> None:
        """Judge dates that no anchor says anything of: are they copied from the story?"""
        dates = [term for term in chain if term.kind in (Kind.WRITTEN, Kind.NAMED)]
        for term in dates[1:]:
            if not _same_day(dates[0], term):
                found.flaw(term, f"it is not the same date as {dates[0].text}")
        for term in dates[:1]:
            original = self._copies.original(found.text, term)
            if original is None:
                days = [day for day in self._known if _is_day(term, day)]
                if not days:
                    found.unclear.append(term)
                elif not believed and len(days) == 1:
                    found.stated.add(days[0])
            elif not self._copies.equal(original, term):
                found.flaw(term, f"the question says {original.text}")

    def _agreement(self, text: str, term: Term, days: Sequence[date]) -> date | None:
        """Return which of ``days`` a term is; None where it is another."""
        if term.kind is Kind.WEEKDAY:
            return days[0]
        if term.written and self._problem.solution.day_first and "/" in term.text:
            before = lower(text[max(0, term.start - _NEARBY) : term.start])
            if _TO_THEM.match(lower(text[term.end : term.end + 20])) or _PREMISE.search(before):
                return next((day for day in days if term.written.day_first().means(day)), None)
        return next((day for day in days if _is_day(term, day)), None)

    def _wrong_weekday(self, term: Term, day: date) -> str | None:
        """Say which weekday a day is, if a term has it wrong.

        A story may have wrong weekdays itself; an attempt may go by them.
        """
        weekday = term.written.weekday if term.written else term.weekday
        if weekday is None:
            return None
        allowed = {day.weekday(), (day.weekday() + self._copies.weekday_shift) % 7}
        if weekday in allowed:
            return None
        return f"{slashes(day)} is a {' or a '.join(WEEKDAYS[one] for one in sorted(allowed))}"


def _unmistakable(text: str, flaw: Flaw) -> str:
    """Return a wrong part with the words before it that tell it from the same part elsewhere.

    "If yesterday was May 1, 2001, then today's date is May 1, 2001" has one that is right.
    """
    start, end = flaw.start, flaw.start + len(flaw.span)
    for _ in range(_MOST_WORDS_BEFORE):
        if text.find(text[start:end]) == start:
            return text[start:end]
        start = text.rfind(" ", 0, max(0, start - 1)) + 1
    return flaw.span


def _anchor(chain: Sequence[Term]) -> Term | None:
    """Return the term of a chain that says which day it is about."""
    anchors = (term for term in chain if term.kind is Kind.ANCHOR)
    return next(anchors, None) or next((term for term in chain if term.days), None)


def _only_anchors(terms: Sequence[Term]) -> bool:
    return all(term.kind is Kind.ANCHOR for term in terms)


def _is_day(term: Term, day: date) -> bool:
    return term.written.means(day) if term.written else day in term.days


def _same_day(first: Term, second: Term) -> bool:
    if first.written and second.written:
        one, other = first.written, second.written
        known = None in (one.year, other.year) or one.year == other.year
        return known and (one.month, one.day) == (other.month, other.day)
    days = first.days or second.days
    return bool(days) and all(_is_day(term, days[0]) for term in (first, second))
