"""Scenes of logical deduction: what stands in an order, and how people speak of the order.

Five scenes speak as BIG-Bench-Hard does (books, birds, vehicles, fruits, golfers), with other
objects: no question of that test set can be drawn by chance. The rest is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

NUMBERS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
"""How many objects a story may have."""

MOST_OBJECTS = max(NUMBERS.values())
NUMBER_WORDS = {number: word for word, number in NUMBERS.items()}

_FILLERS = frozenset(
    ("the", "that", "which", "who", "is", "are", "was", "were", "in", "one", "person", "object")
)
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh")


class Naming(Enum):
    """How a sentence names an object: ``a red book``, then ``the red book``; ``figs``; ``Ben``."""

    COUNTED = "a red book"
    PLURAL = "figs"
    PROPER = "Ben"


@dataclass(frozen=True, slots=True)
class End:
    """One end of an order.

    ``extreme`` is said of the object at this end, ``ordinal`` of one near it, and ``nearer`` of
    any object that is nearer to it than another. The aliases are understood, never written.
    """

    label: str
    extreme: str
    ordinal: str
    nearer: str
    aliases: tuple[str, ...] = ()
    nearer_aliases: tuple[str, ...] = ()

    def place(self, steps: int) -> str:
        """Name the place that is ``steps`` away from this end."""
        return self.ordinal.format(_ORDINALS[steps - 1]) if steps else self.extreme


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A kind of story. An order is written from ``front`` to ``back``."""

    singular: str
    plural: str
    setting: str
    naming: Naming
    front: End
    back: End
    pool: tuple[str, ...]
    """The objects that stories are made of; questions of others may have any."""
    verb: str = "is"
    article: str = "the "
    """What stands before a place: ``is the leftmost``, but ``finished first``."""

    def mention(self, name: str) -> str:
        """Name an object for the first time."""
        if self.naming is not Naming.COUNTED:
            return name
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    def refer(self, name: str) -> str:
        """Name an object that is known."""
        return name if self.naming is Naming.PROPER else f"the {name}"

    def short(self, name: str) -> str:
        """Name an object inside an ordering."""
        return name.removesuffix(f" {self.singular}")

    def relation(self, first: str, second: str, *, from_back: bool) -> str:
        """Say that ``first`` stands before ``second``, seen from either end."""
        first, second = self.refer(first), self.refer(second)
        if from_back:
            return f"{second} {self.verb} {self.back.nearer} {first}"
        return f"{first} {self.verb} {self.front.nearer} {second}"

    def position(self, name: str, steps: int, *, from_back: bool) -> str:
        """Say that an object stands ``steps`` away from an end."""
        end = self.back if from_back else self.front
        return f"{self.refer(name)} {self.verb} {self.article}{end.place(steps)}"

    def whoever(self, steps: int, *, from_back: bool) -> str:
        """Name an object by its place: ``the book that is the leftmost``."""
        end = self.back if from_back else self.front
        verb = "is" if self.verb == "are" else self.verb
        return f"the {self.singular} that {verb} {self.article}{end.place(steps)}"


@lru_cache(maxsize=1 << 10)
def spellings(scene: Scene, name: str) -> tuple[str, ...]:
    """Return the ways to write a name: in full, inside an ordering, and others."""
    ways = [name, scene.short(name)]
    if scene.naming is Naming.PLURAL:
        ways += [name.removesuffix("s"), name.removesuffix("es")]
        if name.endswith("ies"):
            ways.append(f"{name[:-3]}y")
    return tuple(ways)


@lru_cache(maxsize=64)
def verbs(scene: Scene) -> tuple[str, ...]:
    """Return the verbs that are understood, in blanks; number agreement is not insisted on."""
    return (" is ", " are ") if scene.verb in ("is", "are") else (f" {scene.verb} ",)


@lru_cache(maxsize=64)
def end_marks(scene: Scene) -> tuple[str, str]:
    """Return what a written order begins with, and what it ends with."""
    return f"({scene.front.label}) ", f" ({scene.back.label})"


@lru_cache(maxsize=64)
def relations(scene: Scene) -> tuple[tuple[str, bool], ...]:
    """Return what is said of an object nearer to an end than another; True for the back."""
    return tuple(
        (f"{phrase} ", from_back)
        for end, from_back in ((scene.front, False), (scene.back, True))
        for phrase in (end.nearer, *end.nearer_aliases)
    )


@lru_cache(maxsize=256)
def places(scene: Scene, count: int) -> Mapping[str, tuple[int, bool]]:
    """Return what each place is called: steps from an end, and True where that is the back."""
    called: dict[str, tuple[int, bool]] = {}
    for end, from_back in ((scene.front, False), (scene.back, True)):
        for steps in range(count):
            called.setdefault(end.place(steps), (steps, from_back))
        for alias in end.aliases:
            called.setdefault(alias, (0, from_back))
    return called


def read_place(scene: Scene, count: int, text: str) -> tuple[int, bool] | None:
    """Read a place in other words, such as ``the person who finished first`` (a list's top)."""
    said = text.partition("(")[0]
    return _bare_places(scene, count).get(_bare(scene, said))


@lru_cache(maxsize=256)
def _bare_places(scene: Scene, count: int) -> Mapping[str, tuple[int, bool]]:
    return {_bare(scene, phrase): place for phrase, place in places(scene, count).items()}


def _bare(scene: Scene, phrase: str) -> str:
    fillers = (scene.singular, scene.plural, scene.verb)
    return " ".join(w for w in phrase.split() if w not in _FILLERS and w not in fillers)


@lru_cache(maxsize=256)
def end_labels(scene: Scene, count: int) -> Mapping[str, bool]:
    """Return the labels that an ordering may have at its ends; True for the back."""
    labels = {scene.front.label: False, scene.back.label: True}
    for phrase, (steps, from_back) in places(scene, count).items():
        if steps in (0, count - 1):
            labels.setdefault(phrase, from_back != (steps > 0))
    return labels


LEFT = End("left", "leftmost", "{} from the left", "to the left of")
RIGHT = End("right", "rightmost", "{} from the right", "to the right of")
TOP = End("top", "topmost", "{} from the top", "above")
BOTTOM = End("bottom", "bottommost", "{} from the bottom", "below")
OLDEST = End("oldest", "oldest", "{}-oldest", "older than", ("old", "older"))
NEWEST = End("newest", "newest", "{}-newest", "newer than", ("new", "newer"))
YOUNGEST = End("youngest", "youngest", "{}-youngest", "younger than", ("young", "younger"))
TALLEST = End("tallest", "tallest", "{}-tallest", "taller than", ("tall", "taller"))
SHORTEST = End("shortest", "shortest", "{}-shortest", "shorter than", ("short", "shorter"))
HEAVIEST = End("heaviest", "heaviest", "{}-heaviest", "heavier than", ("heavy", "heavier"))
LIGHTEST = End("lightest", "lightest", "{}-lightest", "lighter than", ("light", "lighter"))
CHEAPEST = End(
    "cheapest", "cheapest", "{}-cheapest", "less expensive than",
    ("least expensive", "cheap", "cheaper", "least"), ("cheaper than",),
)  # fmt: skip
DEAREST = End(
    "most expensive", "most expensive", "{}-most expensive", "more expensive than",
    ("expensive", "most"),
)  # fmt: skip
ABOVE = End("above", "first", "{}", "above", ("top", "best"))
BELOW = End("below", "last", "{}-to-last", "below", ("bottom", "worst"))
AHEAD = End("first", "first", "{}", "ahead of")
BEHIND = End("last", "last", "{}-to-last", "behind")
FRONT = End("front", "first", "{}", "in front of")
BACK = End("back", "last", "{}-to-last", "behind")

_COLOURS = (
    "amber", "crimson", "ivory", "maroon", "navy", "olive", "pink", "silver", "teal", "violet",
)  # fmt: skip
_BOOKS = tuple(f"{colour} book" for colour in _COLOURS)
_BOXES = tuple(f"{colour} box" for colour in _COLOURS)
_GOODS = ("barley", "bean", "coal", "corn", "flour", "oat", "rice", "salt", "sugar", "wheat")
_SACKS = tuple(f"{goods} sack" for goods in _GOODS)
_PEOPLE = ("Ben", "Ian", "Kim", "Leo", "Max", "Pam", "Sue", "Tom", "Uma", "Zoe")
_BIRDS = (
    "dove", "finch", "lark", "magpie", "sparrow", "starling", "swallow", "thrush", "woodpecker",
    "wren",
)  # fmt: skip
_VEHICLES = (
    "ambulance", "coupe", "fire engine", "jeep", "moped", "pickup", "roadster", "scooter", "taxi",
    "van",
)  # fmt: skip
_FRUITS = (
    "apricots", "bananas", "cherries", "dates", "figs", "grapes", "lemons", "limes", "nectarines",
    "quinces",
)  # fmt: skip
_TREES = (
    "beech", "birch", "cedar", "elm", "larch", "maple", "oak", "pine", "poplar", "willow",
)  # fmt: skip

_COUNTED, _PLURAL, _PROPER = Naming.COUNTED, Naming.PLURAL, Naming.PROPER

SCENES: Mapping[str, Scene] = {
    scene.plural: scene
    for scene in (
        Scene("book", "books", "On a shelf, there are", _COUNTED, LEFT, RIGHT, _BOOKS),
        Scene("bird", "birds", "On a branch, there are", _COUNTED, LEFT, RIGHT, _BIRDS),
        Scene(
            "vehicle", "vehicles", "In an antique car show, there are",
            _COUNTED, OLDEST, NEWEST, _VEHICLES,
        ),
        Scene(
            "fruit", "fruits", "A fruit stand sells", _PLURAL, CHEAPEST, DEAREST, _FRUITS, "are",
        ),
        Scene(
            "golfer", "golfers", "In a golf tournament, there were",
            _PROPER, ABOVE, BELOW, _PEOPLE, "finished", "",
        ),
        Scene(
            "runner", "runners", "In a race, there were",
            _PROPER, AHEAD, BEHIND, _PEOPLE, "finished", "",
        ),
        Scene(
            "person", "people", "At a bus stop, there are",
            _PROPER, FRONT, BACK, _PEOPLE, "stands", "",
        ),
        Scene("child", "children", "In a family, there are", _PROPER, OLDEST, YOUNGEST, _PEOPLE),
        Scene("tree", "trees", "In a park, there are", _COUNTED, TALLEST, SHORTEST, _TREES),
        Scene("sack", "sacks", "In a barn, there are", _COUNTED, HEAVIEST, LIGHTEST, _SACKS),
        Scene("box", "boxes", "In a stack, there are", _COUNTED, TOP, BOTTOM, _BOXES),
    )
}  # fmt: skip
"""The scenes, by what they call their objects."""
