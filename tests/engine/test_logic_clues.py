"""Patterns, clues and questions of logical deduction mean what they say."""

import random
import re
from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tasks.logic_clues import Before, Stands, Story, draw_clues
from engine.tasks.logic_patterns import (
    ANY,
    Gap,
    Pattern,
    PatternError,
    all_orders,
    entails,
    express,
    is_single,
    loosened,
    matching,
    read_pattern,
)
from engine.tasks.logic_questions import NotAStory, draw_story, read_story, write_story
from engine.tasks.logic_scenes import (
    NUMBER_WORDS,
    SCENES,
    Naming,
    Scene,
    end_labels,
    places,
    read_place,
    spellings,
)

COUNTS = st.integers(3, 6)
SCENE = st.sampled_from(list(SCENES.values()))
NAMES = {name: index for index, name in enumerate("abcdefg")}
ENDS = {"left": False, "right": True}


@st.composite
def patterns(draw: st.DrawFn, count: int) -> Pattern:
    objects = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=count))
    gap = st.builds(Gap, st.integers(0, 2), st.booleans())
    gaps = draw(st.lists(gap, min_size=len(objects) + 1, max_size=len(objects) + 1))
    return Pattern(tuple(objects), tuple(gaps))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    count = draw(COUNTS)
    return draw_story(count, random.Random(draw(st.integers())))


# --- patterns ------------------------------------------------------------------------------------


def _by_hand(count: int, pattern: Pattern) -> set[tuple[int, ...]]:
    """The orders that a pattern matches, as a regular expression."""
    text = pattern.render([str(index) for index in range(count)])
    words = {"?": "[0-9]", "??": "[0-9]*"}
    shape = re.compile("".join(words.get(word, word) for word in text.split()))
    orders = permutations(range(count))
    return {order for order in orders if shape.fullmatch("".join(map(str, order)))}


@given(st.data(), COUNTS)
def test_a_pattern_matches_the_orders_that_it_describes(data: st.DataObject, count: int) -> None:
    pattern = data.draw(patterns(count))
    bits = matching(count, pattern)
    matched = {order for bit, order in enumerate(all_orders(count).each) if bits >> bit & 1}
    assert matched == _by_hand(count, pattern)


@given(st.data(), COUNTS)
def test_a_pattern_is_read_as_it_is_written(data: st.DataObject, count: int) -> None:
    pattern = data.draw(patterns(count))
    body = pattern.render("abcdefg")
    fixed = len(pattern.objects) + sum(gap.least for gap in pattern.gaps)
    open_ = any(not gap.exact for gap in pattern.gaps)
    backwards = " ".join(reversed(body.split()))
    texts = [f"(left) {body} (right)", f"{body} (right)", f"(right) {backwards} (left)"]
    for text in texts:
        if fixed > count or (fixed < count and not open_):
            with pytest.raises(PatternError, match="places for"):
                read_pattern(text, count, NAMES, ENDS)
        else:
            assert read_pattern(text, count, NAMES, ENDS) == pattern


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "which end is which"),
        ("?? a ??", "which end is which"),
        ("()", "() is no end"),
        ("(left) a (top)", "(top) is no end"),
        ("(Left) ?? (right)", "(Left) is no end"),
        ("(left) ?? (left)", "both ends are the same"),
        ("(left) ?? a ?? a (right)", "a is there twice"),
        ("(left) ?? x ?? (right)", "x is not one"),
        ("(left) ??? (right)", "??? is not one"),
        ("(left) a, b, c (right)", "a, is not one"),
        ("(left) ?? (right) a", "(right) is not one"),
        (f"(left) {'x' * 1000} (right)", f"{'x' * 40}… is not one"),
        ("(left) ? ? ? ? (right)", "4 places for 3 objects"),
        ("(left) a b (right)", "places for 2 of 3 objects only"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        read_pattern(text, 3, NAMES, ENDS)
    assert reason in str(caught.value)


@given(st.text() | st.text("()? abcleftrigh\n", max_size=40))
def test_reading_a_pattern_fails_in_one_way_only(text: str) -> None:
    try:
        pattern = read_pattern(text, 3, NAMES, ENDS)
    except PatternError:
        return
    assert len(pattern.gaps) == len(pattern.objects) + 1
    assert len(pattern.objects) + sum(gap.least for gap in pattern.gaps) <= 3


def test_the_longest_name_is_read() -> None:
    names = {"blue": 0, "blue jay": 1, "jay": 2}
    read = read_pattern("(left) blue jay ?? blue (right)", 3, names, ENDS)
    assert read.objects == (1, 0)


WORDS = st.lists(st.sampled_from(["?", "??", "blue", "jay", "bird", "owl", "(left)", "x", ""]))


@given(WORDS, st.sampled_from(["(left) {} (right)", "(right) {} (left)", "{} (right)"]))
def test_a_story_reads_patterns_as_all_of_its_names_have_it(words: list[str], frame: str) -> None:
    """Whatever it takes a short way to: names may begin, end or be other names."""
    text = frame.format(" ".join(words))
    story = Story(SCENES["birds"], ("blue", "jay", "blue jay", "owl bird"), ())
    try:
        read = read_pattern(text, 4, story.names.index_of, end_labels(story.scene, 4))
    except PatternError as error:
        with pytest.raises(PatternError, match=re.escape(str(error))):
            story.read(text)
    else:
        assert story.read(text) == read


@given(stories())
def test_what_clues_say_is_expressed_exactly_or_not_at_all(story: Story) -> None:
    for size in range(1, len(story.clues) + 1):
        for some in combinations(range(len(story.clues)), size):
            orders = story.orders(sum(1 << index for index in some))
            objects = {i for index in some for i in story.clues[index].pattern.objects}
            pattern = express(story.count, orders, objects)
            if pattern is None:
                samples = [o for b, o in enumerate(all_orders(story.count).each) if orders >> b & 1]
                chains = {tuple(sorted(objects, key=order.index)) for order in samples}
                assert size > 1
                if len(chains) == 1:
                    assert all(
                        matching(story.count, Pattern(chain, (ANY,) * (len(chain) + 1))) != orders
                        for chain in chains
                    )
                continue
            assert set(pattern.objects) == objects
            assert matching(story.count, pattern) == orders
            loose = loosened(story.count, pattern)
            assert matching(story.count, loose) == orders
            assert loosened(story.count, pattern, pattern.spaces) == pattern
            for at, gap in enumerate(loose.gaps):
                if gap != ANY:
                    assert matching(story.count, loose.with_gap(at, ANY)) != orders


# --- clues ---------------------------------------------------------------------------------------


@given(COUNTS, st.integers())
def test_clues_leave_one_order_and_none_is_needless(count: int, seed: int) -> None:
    clues = draw_clues(count, random.Random(seed))
    story = Story(SCENES["books"], SCENES["books"].pool[:count], clues)
    assert is_single(story.solution)
    everything = (1 << len(clues)) - 1
    for index in range(len(clues)):
        assert not is_single(story.orders(everything & ~(1 << index)))
    assert story.orders(0) == all_orders(count).all


@given(SCENE, COUNTS, st.data())
def test_a_clue_is_read_as_it_is_written(scene: Scene, count: int, data: st.DataObject) -> None:
    story = Story(scene, scene.pool[:count], ())
    one, other = data.draw(st.permutations(range(count)))[:2]
    from_back = data.draw(st.booleans())
    before = Before(one, other, from_back)
    stands = Stands(one, data.draw(st.integers(0, count - 1)), from_back)
    assert story.read_statement(story.states(before)) == before
    read = story.read_statement(story.states(stands))
    assert isinstance(read, Stands)
    assert story.orders_of(read) == story.orders_of(stands)
    assert entails(story.orders_of(Stands(one, 0)), story.orders_of(Before(one, other)))
    for constraint in (before, stands):
        written = story.write(constraint.pattern)
        assert story.read(written) == constraint.pattern


SENTENCES = {
    "books": (
        "The amber book is to the left of the crimson book",
        "The crimson book is to the right of the amber book",
        "The amber book is the second from the left",
        "The amber book is the leftmost",
    ),
    "vehicles": (
        "The ambulance is older than the coupe",
        "The coupe is newer than the ambulance",
        "The ambulance is the second-oldest",
        "The ambulance is the oldest",
    ),
    "fruits": (
        "The apricots are less expensive than the bananas",
        "The bananas are more expensive than the apricots",
        "The apricots are the second-cheapest",
        "The apricots are the cheapest",
    ),
    "golfers": (
        "Ben finished above Ian",
        "Ian finished below Ben",
        "Ben finished second",
        "Ben finished first",
    ),
}


@pytest.mark.parametrize("plural", SENTENCES)
def test_sentences_are_those_of_big_bench(plural: str) -> None:
    scene = SCENES[plural]
    story = Story(scene, scene.pool[:3], ())
    said = (Before(0, 1), Before(0, 1, from_back=True), Stands(0, 1), Stands(0, 0))
    assert tuple(map(story.states, said)) == SENTENCES[plural]


def test_the_back_is_counted_from_the_back() -> None:
    said = {
        plural: [
            Story(scene, scene.pool[:5], ()).states(Stands(0, steps, from_back=True))
            for steps in (0, 1, 2)
        ]
        for plural, scene in SCENES.items()
    }
    assert said["birds"][1] == "The dove is the second from the right"
    assert said["runners"] == [
        "Ben finished last", "Ben finished second-to-last", "Ben finished third-to-last",
    ]  # fmt: skip
    assert said["fruits"][2] == "The apricots are the third-most expensive"
    assert said["people"][0] == "Ben stands last"


@pytest.mark.parametrize(
    ("plural", "text", "place"),
    [
        ("books", "the second book from the left", (1, False)),
        ("golfers", "the person who finished first (the one at the top of this list", (0, False)),
        ("fruits", "the second-most expensive fruit", (1, True)),
        ("fruits", "the fruits that are least expensive", (0, False)),
        ("books", "the book that is not leftmost", None),
        ("books", "the oldest book", None),
        ("books", "", None),
    ],
)
def test_a_place_is_read_in_other_words(
    plural: str, text: str, place: tuple[int, bool] | None
) -> None:
    assert read_place(SCENES[plural], 5, text) == place


@given(SCENE, COUNTS)
def test_ends_and_places_have_their_own_names(scene: Scene, count: int) -> None:
    assert len(set(scene.pool)) == len(scene.pool) >= 10
    assert {end_labels(scene, count)[end.label] for end in (scene.front, scene.back)} == {0, 1}
    called = places(scene, count)
    for steps in range(count):
        assert called[scene.front.place(steps)] == (steps, False)
        assert called[scene.back.place(steps)] == (steps, True)
    names = [spelling for name in scene.pool for spelling in set(spellings(scene, name))]
    assert len(set(names)) == len(names)


# --- questions -----------------------------------------------------------------------------------


@given(stories())
def test_a_question_is_read_as_it_is_written(story: Story) -> None:
    question = write_story(story)
    read = read_story(question)
    assert read == story
    assert write_story(read) == question
    assert read.key == story.key
    number = NUMBER_WORDS[story.count]
    assert question.startswith(
        f"The following paragraphs each describe a set of {number} objects arranged in a fixed "
        "order. The statements are logically consistent within each paragraph. "
        f"{story.scene.setting} {number} {story.scene.plural}: "
    )


@given(stories(), st.randoms(use_true_random=False))
def test_the_key_is_the_same_for_the_same_content(story: Story, rng: random.Random) -> None:
    """Whatever the order of clues, objects and options, the wording and what is asked."""
    renamed = rng.sample(range(story.count), story.count)
    clues = []
    for clue in rng.sample(story.clues, len(story.clues)):
        if isinstance(clue, Before):
            first, second = renamed.index(clue.first), renamed.index(clue.second)
            clues.append(Before(first, second, not clue.from_back))
        else:
            steps = story.count - 1 - clue.steps
            clues.append(Stands(renamed.index(clue.index), steps, not clue.from_back))
    objects = tuple(story.objects[index] for index in renamed)
    other = Story(story.scene, objects, tuple(clues))
    assert is_single(other.solution)
    assert other.key == story.key
    fewer = replace(story, clues=story.clues[1:])
    assert fewer.key != story.key


@given(stories())
def test_exactly_one_option_is_true(story: Story) -> None:
    order = all_orders(story.count).first(story.solution)
    answer = story.answer
    assert order[-1 - answer.steps if answer.from_back else answer.steps] == answer.index
    assert sorted(option.index for option in story.options) == list(range(story.count))


STORY = (
    "On a shelf, there are three books: a red book, a blue book, and a green book. The red book "
    "is the leftmost. The blue book is to the right of the green book.\nOptions:\n"
    "(A) The red book is the leftmost.\n(B) The blue book is the leftmost.\n"
    "(C) The green book is the leftmost."
)


def test_full_stops_preamble_and_last_comma_may_be_missing() -> None:
    story = read_story(STORY)
    assert story.objects == ("red book", "blue book", "green book")
    otherwise = STORY.replace("leftmost.\n(", "leftmost\n(").replace(", and", " and") + "\n"
    assert read_story(otherwise) == story
    assert story.scene.naming is Naming.COUNTED


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("books: ", "newts: ", "no scene that is known: books, birds"),
        ("three books", "3 books", "does not list 3 to 7 books"),
        ("three books", "five books", "does not list 3 to 7 books"),
        ("a red book, ", "", "does not list 3 to 7 books"),
        ("a blue book", "a red book", "two of the books have the same name"),
        ("a blue book", "a red", "two of the books have the same name"),
        ("a blue book", "a bl?e book", "no name of one to three words: bl?e book"),
        ("a blue book", "a ", "no name of one to three words"),
        ("a blue book", "a very old and big blue book", "does not list"),
        ("is the leftmost. The", "is red. The", "no clue or option: The red book is red"),
        ("right of the green", "right of the blue", "no clue or option: The blue book is to"),
        (" The blue book is to the right of the green book.", "", "exactly one order"),
        ("right of the green book", "left of the red book", "exactly one order"),
        ("is the leftmost. The", f"is the leftmost. {'A. ' * 9}The", "more than 8 clues"),
        ("(C) The green book", "(D) The green book", "no option (C)"),
        ("(C) The green book is the leftmost.", "(C) It is green.", "no clue or option"),
        ("(C) The green book is the leftmost.", "(C) The green book is to the left of the red book",
         "option (C) names no place"),
        ("(A) The red book", "(A) The blue book", "not exactly one option is true"),
        ("(C) The green book", "(C) The red book", "not exactly one option is true"),
        ("(C)", "(C) The red book is the leftmost.\n(D)", "more options than objects"),
        ("Options", "Choices", "no clue or option"),
        ("On a", f"On {'a' * 10_000}", "longer than 10000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    changed = STORY.replace(old, new, 1)
    assert changed != STORY
    with pytest.raises(NotAStory) as caught:
        read_story(changed)
    assert reason in str(caught.value)


@given(st.text() | st.tuples(st.integers(0, 300), st.integers(0, 30), st.text()))
def test_reading_a_question_fails_in_one_way_only(change: str | tuple[int, int, str]) -> None:
    text = change
    if not isinstance(change, str):
        start, length, piece = change
        text = STORY[:start] + piece + STORY[start + length :]
    try:
        story = read_story(str(text))
    except NotAStory:
        return
    assert read_story(write_story(story)) == story
