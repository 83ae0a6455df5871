"""No text of the app names a key: keys can be given away, so that texts ask for them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tripost_tui
from tripost_tui.actions import ACTIONS
from tripost_tui.actions.keymap import named_in

ROOT = Path(tripost_tui.__file__).parent
FOLDERS = ("actions", "screens", "state", "widgets")
TERMINAL = ("failures", "key_table", "plain_review", "preferences")
"""What is read in a terminal or a file, where no key of the app works."""

SOURCES = [
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))),
    *(path for path in sorted(ROOT.glob("*.py")) if path.stem not in TERMINAL),
]

# A key by itself: a letter that is no word, a sign, F1, ^q or ctrl+q, g and a letter, a named one.
_LONE = r"(?:g [a-z?]|F[0-9]+|\^[a-z]|ctrl\+[a-z]|[b-zB-HJ-Z]|[][?/+=-])"
_KEY = rf"(?:{_LONE}|(?:enter|space|tab|backspace|bksp)\b)"
_START = r"(?:^|(?<=[\s(`]))"
_END = r"(?=[\s,;:.)]|$)"
_VERB = r"(?!is\b|has\b|was\b|as\b|its\b)[a-z]+s\b"

NAMED = re.compile(
    "|".join(
        (
            rf"{_START}{_KEY}`? {_VERB}",  # p resumes, enter asks
            rf"\({_LONE}(?: {_VERB}[a-z ]*)?\)",  # (u), (g r says why)
            rf"\b(?:[Pp]ress|[Hh]it|key|then) {_KEY}{_END}",  # press p; esc, then p
            rf"{_START}{_LONE} (?:or|and) {_LONE}{_END}",  # a or x, + and -
            rf"(?:^|, |: |; ){_LONE} (?:the|another|an?|for|new)\b",  # s the task's scripts
            rf"\bor {_LONE} (?:for|here|as)\b",  # or e for an earlier one
            r"[:(] ?[,.] [,.]\)",  # (others: , .)
            r"\^[a-z]\b|\bctrl\+[a-z]\b|(?<![A-Za-z])F[0-9]+\b",
            rf"`{_LONE}`",
        )
    )
)

ALLOWED = {
    # what a field does with enter, which nobody can change
    "enter keeps, esc takes back",
    "Words are being typed: enter keeps them, esc leaves.",
    # how a text area takes back what was typed, which nobody can change either
    ", ^z as it was",
    # keys that stand for all keys, or that nobody can give away
    "^c copies what is marked and never ends anything; it cannot be given away.",
    "It needs a key that works where letters are typed, such as F1 or ^q.",
    # p, the share of improving examples
    "Another p takes fewer out: {balance.more} and {balance.less} try it, {balance.off} "
    "turns it off.",
}


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what is not a docstring; an f-string is one text, ``{}`` in its gaps."""
    tree = ast.parse(source)
    silent = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def named_keys(path: Path) -> list[str]:
    """Where a file's texts name a key: line, text, and the key with what is near it."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {found[0]!r} in {text!r}"
        for line, text in texts_of(path.read_text(encoding="utf-8"))
        if text not in ALLOWED and (found := NAMED.search(text))
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_names_a_key(path: Path) -> None:
    assert named_keys(path) == []


def test_every_exception_is_needed() -> None:
    texts = {text for path in SOURCES for _, text in texts_of(path.read_text(encoding="utf-8"))}
    assert texts >= ALLOWED
    assert all(NAMED.search(text) for text in ALLOWED)


@pytest.mark.parametrize(
    "text",
    [
        "All is saved, and p resumes it later.",
        "There is no run yet. p starts it.",
        "The items are not shown: i shows them.",
        "Review takes decisions back (u).",
        "the run failed (g r says why)",
        "the run waits for review: g v decides",
        "a or x as if for the first time",
        "+ and - try it",
        "esc, then p starts or resumes it.",
        "choose ollama, or e for an earlier one.",
        "r asks again, w another expert, s the task's scripts",
        "] shows what trains",
        "`]` leads on",
        "Press d for the demo",
        "enter asks, esc leaves",
        "esc, then enter on it in the list",
        "tab goes back to the values.",
        "(others: , .)",
        "ctrl+r takes a test item",
        "See F1 for more",
        "/ writes another one",
    ],
)
def test_a_key_in_a_text_would_be_found(text: str) -> None:
    assert NAMED.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "{run.pause} resumes it",
        "esc leaves it",
        "arrows and pgdn scroll",
        "p is 0.43; p and the weights are as they are saved",
        "a, b (b is asked where a gives up)",
        "{} s ago, {} tokens/s",
        "B right, A wrong",
        "a task of your own; a list as it stands",
    ],
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert not NAMED.search(text)


def test_what_texts_ask_for_is_in_the_registry() -> None:
    ids = {action.id for action in ACTIONS}
    targets = {action.target.value for action in ACTIONS}
    asked = {
        name
        for path in SOURCES
        for _, text in texts_of(path.read_text(encoding="utf-8"))
        for name in named_in(text)
        if name.split(".", 1)[0] in targets
    }
    assert len(asked) > 40
    assert asked <= ids
