"""Keys of a person's own: what is possible, what is refused, and what texts make of them."""

import pytest

from tripost_tui.actions import ACTIONS, Target, clashes, footer_actions, more_key, use_keys
from tripost_tui.actions.keymap import Keymap, checked, fill, key_of, keys_of
from tripost_tui.glyphs import UNICODE
from tripost_tui.screens.help import help_content
from tripost_tui.situation import Situation

DEFAULT = Keymap(ACTIONS)


@pytest.mark.parametrize(
    ("action_id", "key", "reason"),
    [
        ("run.pause", "s", '"stop" of Run'),
        ("run.pause", "g", '"go to" of Everywhere'),
        ("global.goto", "p", '"pause/resume" of Run'),
        ("run.pause", "escape", "esc always leads one layer back"),
        ("run.pause", "ctrl+c", "never ends anything"),
        ("run.pause", "down", "need down for themselves"),
        ("run.pause", "enter", "need enter for themselves"),
        ("new.make", "m", "would only type"),
        ("global.quit", "Q", "would only type in a field"),
        ("confirm.yes", "n", '"no" of When asked to confirm'),
        ("confirm.yes", "ctrl+q", '"quit" of Everywhere'),
    ],
)
def test_a_key_that_cannot_be_had_is_refused_with_the_reason(
    action_id: str, key: str, reason: str
) -> None:
    assert reason in (DEFAULT.refusal(action_id, (key, *_escape(action_id))) or "")


def _escape(action_id: str) -> tuple[str, ...]:
    return tuple(key for key in DEFAULT.keys(action_id) if key == "escape")


@pytest.mark.parametrize(
    ("action_id", "keys"),
    [
        ("run.pause", ("f5",)),
        ("run.pause", ("x", "ctrl+t")),
        ("home.forget", ()),
        ("review.down", ("n", "down")),
        ("confirm.yes", ("g",)),
        ("global.home", ("H",)),
        ("global.quit", ("f10",)),
        ("global.back", ("escape", "q")),
    ],
)
def test_a_free_key_can_be_had(action_id: str, keys: tuple[str, ...]) -> None:
    assert DEFAULT.refusal(action_id, keys) is None


@pytest.mark.parametrize(
    ("action_id", "keys", "reason"),
    [
        ("global.quit", (), "works where letters are typed"),
        ("global.help", ("question_mark",), "works where letters are typed"),
        ("global.palette", (), "works where letters are typed"),
        ("review.save", ("S",), "works where letters are typed"),
        ("global.back", ("q",), "cannot be taken away"),
        ("confirm.no", ("n",), "cannot be taken away"),
    ],
)
def test_nobody_can_shut_themselves_out(action_id: str, keys: tuple[str, ...], reason: str) -> None:
    assert reason in (DEFAULT.refusal(action_id, keys) or "")


def test_a_file_may_have_two_actions_change_keys_with_each_other() -> None:
    keymap, faults = checked(ACTIONS, {"review.accept": ["x"], "review.reject": ["a"]})
    assert faults == []
    assert (keymap.keys("review.accept"), keymap.keys("review.reject")) == (("x",), ("a",))


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"run.dance": ["d"]}, "there is no action 'run.dance'"),
        ({"run.pause": ["nokey"]}, "keys, run.pause: 'nokey' is no key; it keeps p"),
        ({"run.pause": 5}, "written as a list of names, not 5; it keeps p"),
        ({"run.pause": [1]}, "written as a list of names"),
        ({"run.pause": ["s"]}, 's is "stop" of Run; it keeps p'),
        ({"run.pause": ["esc"]}, "esc always leads one layer back"),
        ({"global.quit": []}, "It keeps ^q"),
    ],
)
def test_what_a_file_cannot_have_is_named_and_the_default_kept(
    written: dict[str, object], fault: str
) -> None:
    keymap, faults = checked(ACTIONS, {"run.copy": "Y", **written})
    assert len(faults) == 1
    assert fault in faults[0]
    assert dict(keymap.changed) == {"run.copy": ("Y",)}


def test_of_two_that_want_one_key_the_first_has_it() -> None:
    keymap, faults = checked(ACTIONS, {"run.pause": ["F5"], "run.stop": ["F5"]})
    assert dict(keymap.changed) == {"run.pause": ("f5",)}
    assert faults == ['keys, run.stop: F5 is "pause/resume" of Run; it keeps s']


def test_an_action_that_falls_back_takes_its_default_from_whoever_had_it() -> None:
    """Accept cannot have g; with its default back, reject cannot have a."""
    keymap, faults = checked(ACTIONS, {"review.accept": ["g"], "review.reject": ["a"]})
    assert dict(keymap.changed) == {}
    assert len(faults) == 2
    assert clashes(keymap.effective()) == []


def test_texts_name_the_keys_that_hold() -> None:
    assert fill("{run.pause} pauses, {global.doctor} looks") == "p pauses, g d looks"
    use_keys({"run.pause": ("f5",), "global.goto": ("G",), "home.demo": ()})
    assert fill("{run.pause} pauses, {global.doctor} looks") == "F5 pauses, G d looks"
    assert key_of("home.demo") == 'ctrl+p "demo"'


def test_footer_and_help_have_the_keys_that_hold() -> None:
    use_keys({"run.pause": ("f5",), "run.stop": (), "global.help": ("question_mark", "f2")})
    ids = [each.id for each in footer_actions(Target.RUN)]
    assert "run.pause" in ids
    assert "run.stop" not in ids
    assert more_key(Target.NEW) == "F2"
    page = help_content(Target.RUN, Situation(), UNICODE, 200).plain
    assert "F5          Pause the run" in page
    assert "its engine waits; F5 resumes" in page
    assert "^p          Stop after the item at hand" in page


def test_where_one_types_the_footer_has_the_first_key_that_works_there() -> None:
    use_keys({"new.make": ("ctrl+s",), "global.goto": ("g", "ctrl+t")})
    (goto,) = [each for each in footer_actions(Target.NEW) if each.id == "global.goto"]
    assert keys_of(goto) == ("g", "ctrl+t")
