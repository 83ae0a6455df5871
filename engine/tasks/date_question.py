"""A question of date understanding, read: its story, the date it asks for, its options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.tasks.date_long_stories import LONG
from engine.tasks.date_short_stories import SHORT
from engine.tasks.date_story import Solution, Story
from engine.tasks.date_terms import Term, Timeline, read_terms
from engine.tasks.date_words import Written, lower, slashes

STORIES: tuple[Story, ...] = (*SHORT, *LONG)
_STORIES_BY_OPENING = {
    opening: [(story.landmark, story) for story in STORIES if story.opening == opening]
    for opening in {story.opening for story in STORIES}
}
LONGEST_QUESTION = 3_000

_QUESTION = re.compile(
    r"(?P<story>\S.*\S)\s+What is the date (?P<asked>[^?\n]{1,60}) in MM/DD/YYYY\?"
    r"\s*Options:(?P<options>.*)",
    re.DOTALL,
)
_OPTION = re.compile(r"\(([A-Z])\)\s{0,3}([0-9]{1,2})/([0-9]{1,2})/([0-9]{1,4})(?![0-9/])")


class NoQuestion(Exception):
    """A text is no question of this task that the script can solve; the reason is for people."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and its solution."""

    content: str
    """The story and what is asked, without the options."""
    story: str
    asked: Term
    solution: Solution
    options: dict[str, Written]

    @property
    def target(self) -> date:
        """The date that is asked for."""
        return self.asked.days[0]

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.solution.today, {**self.solution.events, "answer": (self.target,)})

    @property
    def right_letters(self) -> list[str]:
        """The options that are the date asked for: one, unless the question is bad."""
        target = self.target
        return [letter for letter, option in self.options.items() if option.means(target)]

    def right_letter(self) -> str:
        """Return the answer. Raises NoQuestion where no option is right."""
        letters = self.right_letters
        if not letters:
            raise NoQuestion(f"no option is {slashes(self.target)}")
        return letters[0]


def content_of(question: str) -> str:
    """Return a question without its options: what decides which split it is in."""
    return question.partition("\nOptions:")[0]


@lru_cache(maxsize=256)  # an attempt, its update and the improvement of each have one question
def read_question(question: str) -> Problem:
    """Read and solve a question. Raises NoQuestion."""
    match = _QUESTION.fullmatch(question.strip()) if len(question) <= LONGEST_QUESTION else None
    if match is None:
        raise NoQuestion("this is no story that ends in 'What is the date …?' and options")
    story = " ".join(match["story"].split())
    solution = solve(story)
    timeline = Timeline(solution.today, solution.events)
    terms = read_terms(match["asked"], timeline)
    if len(terms) != 1 or terms[0].text != match["asked"] or len(terms[0].days) != 1:
        raise NoQuestion(f"it is unknown which date {match['asked']!r} is")
    options = {
        letter: Written(int(month), int(day), int(year))
        for letter, month, day, year in _OPTION.findall(match["options"])
    }
    if not options:
        raise NoQuestion("the question has no options")
    return Problem(content_of(question), story, terms[0], solution, options)


def solve(story: str) -> Solution:
    """Return what follows from a story. Raises NoQuestion for one that is not known."""
    lowered = lower(story)
    opening = lowered.partition(" ")[0]
    for landmark, known in (*_STORIES_BY_OPENING.get(opening, []), *_STORIES_BY_OPENING[""]):
        # Most stories are another one, which is found out sooner without their expressions.
        solution = known.read(story) if landmark in lowered else None
        if solution is not None:
            return solution
    raise NoQuestion("the story is of no kind that is known")
