"""Questions of logical deduction as text, as BIG-Bench-Hard words them: read, written, drawn."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import lru_cache
from string import ascii_uppercase

from engine.tasks.logic_clues import Constraint, Stands, Story, draw_clues, draw_place
from engine.tasks.logic_patterns import all_orders, is_single
from engine.tasks.logic_scenes import NUMBER_WORDS, NUMBERS, SCENES, Scene

_MOST_CHARACTERS = 10_000
_MOST_CLUES = 8
_NAME = re.compile(r"[A-Za-z-]{1,40}(?: [A-Za-z-]{1,40}){0,2}")
_PREAMBLE = (
    "The following paragraphs each describe a set of {} objects arranged in a fixed order. "
    "The statements are logically consistent within each paragraph. "
)


class NotAStory(Exception):
    """A text is no question of this task; the reason is for people."""


def write_story(story: Story) -> str:
    """Write a question; `read_story` reads it."""
    scene, number = story.scene, NUMBER_WORDS[story.count]
    listed = enumerate_objects(story)
    clues = " ".join(f"{story.states(clue)}." for clue in story.clues)
    options = "\n".join(
        f"({letter}) {story.states(option)}."
        for letter, option in zip(ascii_uppercase, story.options, strict=False)
    )
    return (
        f"{_PREAMBLE.format(number)}{scene.setting} {number} {scene.plural}: {listed}. "
        f"{clues}\nOptions:\n{options}"
    )


def enumerate_objects(story: Story) -> str:
    """Write ``a red book, an amber book, and a navy book``."""
    *most, last = map(story.scene.mention, story.objects)
    return f"{', '.join(most)}, and {last}"


def split_objects(text: str) -> list[str]:
    """Read the names that `enumerate_objects` writes; the last comma may be missing."""
    parts = text.replace(", and ", ", ").replace(" and ", ", ").split(", ")
    return [part.removeprefix("a ").removeprefix("an ") for part in parts]


@lru_cache(maxsize=256)  # an attempt, its update and the improvement of each have one question
def read_story(question: str) -> Story:
    """Read a question.

    Raises:
        NotAStory: the text is of another kind, or its clues leave no or several orders.
    """
    if len(question) > _MOST_CHARACTERS:
        raise NotAStory(f"the question is longer than {_MOST_CHARACTERS} characters")
    told, _, options = question.partition("\nOptions:\n")
    scene, objects, said = _read_objects(told)
    bare = Story(scene, objects, ())
    if len(set(bare.names.short)) < bare.count:
        raise NotAStory(f"two of the {scene.plural} have the same name")
    texts = _split_clues(said)
    clues = tuple(_read_statement(bare, text) for text in texts)
    story = Story(scene, objects, clues, _read_options(bare, options), texts)
    if not is_single(story.solution):
        raise NotAStory("the clues do not leave exactly one order")
    if len(story.right) != 1:
        raise NotAStory("not exactly one option is true")
    return story


def _read_objects(told: str) -> tuple[Scene, tuple[str, ...], str]:
    intro, _, rest = told.partition(": ")
    listed, _, said = rest.partition(". ")
    number, plural = ["", "", *intro.rsplit(maxsplit=2)][-2:]
    scene = SCENES.get(plural)
    if scene is None:
        raise NotAStory(f"the question tells of no scene that is known: {', '.join(SCENES)}")
    objects = tuple(split_objects(listed))
    if len(objects) != NUMBERS.get(number):
        raise NotAStory(f"the question does not list 3 to 7 {plural}, as many as it says")
    for name in objects:
        if not _NAME.fullmatch(name):
            raise NotAStory(f"this is no name of one to three words: {name[:100]}")
    return scene, objects, said


def _split_clues(said: str) -> tuple[str, ...]:
    told = tuple(said.removesuffix(".").split(". "))
    if len(told) > _MOST_CLUES:
        raise NotAStory(f"the question has more than {_MOST_CLUES} clues")
    return told


def _read_statement(story: Story, text: str) -> Constraint:
    statement = story.read_statement(text)
    if statement is None:
        raise NotAStory(f"this is no clue or option: {text[:100]}")
    return statement


def _read_options(story: Story, text: str) -> tuple[Stands, ...]:
    lines = text.rstrip("\n").split("\n")
    if len(lines) > story.count:
        raise NotAStory("the question has more options than objects")
    options: list[Stands] = []
    for letter, line in zip(ascii_uppercase, lines, strict=False):
        if not line.startswith(f"({letter}) "):
            raise NotAStory(f"the question has no option ({letter})")
        option = _read_statement(story, line[4:].removesuffix("."))
        if not isinstance(option, Stands):
            raise NotAStory(f"option ({letter}) names no place")
        options.append(option)
    return tuple(options)


def draw_story(count: int, rng: random.Random) -> Story:
    """Draw a story of ``count`` objects, with one option for each."""
    scene = rng.choice(list(SCENES.values()))
    objects = tuple(rng.sample(scene.pool, count))
    story = Story(scene, objects, draw_clues(count, rng))
    order = all_orders(count).first(story.solution)
    asked = draw_place(order, rng.randrange(count), rng)
    return replace(story, options=tuple(replace(asked, index=index) for index in range(count)))
