"""Keys by name: as Textual calls them, as they are shown, and as a person may write them."""

import unicodedata
from collections.abc import Iterable

_SHOWN = {
    "question_mark": "?",
    "escape": "esc",
    "slash": "/",
    "backslash": "\\",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "apostrophe": "'",
    "quotation_mark": '"',
    "grave_accent": "`",
    "full_stop": ".",
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "exclamation_mark": "!",
    "number_sign": "#",
    "dollar_sign": "$",
    "percent_sign": "%",
    "ampersand": "&",
    "asterisk": "*",
    "at": "@",
    "circumflex_accent": "^",
    "underscore": "_",
    "vertical_line": "|",
    "tilde": "~",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "backspace": "bksp",
    "delete": "del",
    "insert": "ins",
}
_SIGNS = {sign: key for key, sign in _SHOWN.items() if len(sign) == 1}
_SHORT = {sign.lower(): key for key, sign in _SHOWN.items() if len(sign) > 1}
_NAMED = frozenset(
    {
        *("escape", "enter", "tab", "space", "backspace", "delete", "insert"),
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
        *(f"f{number}" for number in range(1, 25)),
    }
)
_MODIFIERS = ("alt", "ctrl", "shift", "super", "hyper", "meta")
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace"}


def shown_key(key: str) -> str:
    """A key as it stands on a keyboard, and short: ``esc``, ``^q``, ``?``, ``F1``."""
    if key in _SHOWN:
        return _SHOWN[key]
    modifiers, plus, bare = key.rpartition("+")
    if modifiers == "ctrl":
        return f"^{_SHOWN.get(bare, bare)}"
    if modifiers == "shift":
        modifiers, plus = "S", "-"
    bare = bare.upper() if _is_function(bare) else _SHOWN.get(bare, bare)
    return f"{modifiers}{plus}{bare}"


def shown_keys(keys: Iterable[str]) -> str:
    return " ".join(shown_key(key) for key in keys)


def spelled_key(key: str) -> str:
    """A key as it stands in a sentence: ``esc``, ``ctrl+q``, ``?``."""
    return key if key.startswith("ctrl+") else shown_key(key)


def types(key: str) -> bool:
    """Whether a key writes a character into a field, so that it is no command there."""
    return _character(key) is not None


def parse_key(text: str) -> str:
    """Textual's name for a key as a person may write it: ``^s``, ``ctrl+s``, ``esc``, ``?``, ``[``.

    Raises ValueError for what is no key, and for keys that terminals cannot tell from others.
    """
    written = text.strip()
    if len(written) == 1:
        return _single(written)
    lowered = written.lower()
    if lowered.startswith("^"):
        lowered = f"ctrl+{lowered[1:]}"
    if lowered.startswith("s-"):
        lowered = f"shift+{lowered[2:]}"
    if lowered.endswith("++"):
        lowered = f"{lowered[:-1]}plus"
    *modifiers, bare = lowered.split("+")
    bare = _SHORT.get(bare, _SIGNS.get(bare, bare))
    known = bare in _NAMED or _character(bare) is not None
    if not known or any(one not in _MODIFIERS for one in modifiers):
        raise ValueError(f"{written!r} is no key")
    if not modifiers:
        return bare
    if modifiers == ["shift"] and bare != "space" and types(bare):
        raise ValueError(f"{written!r}: write the character itself, such as A or ?")
    key = "+".join([*sorted(set(modifiers)), bare])
    if key in _SAME:
        raise ValueError(f"terminals send {_SAME[key]} for {written!r}")
    return key


def _single(character: str) -> str:
    """The name of a key that types a character, as Textual makes it."""
    if character in _SIGNS:
        return _SIGNS[character]
    if character.isalnum():
        return character
    key = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    if _character(key) != character:
        raise ValueError(f"{character!r} is no key")
    return key


def _character(key: str) -> str | None:
    """What a key types; None where it types nothing."""
    if len(key) == 1:
        return key
    sign = _SHOWN.get(key, "")
    if key == "space" or len(sign) == 1:
        return sign or " "
    try:
        found = unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return None
    return None if key in _NAMED else found


def _is_function(key: str) -> bool:
    return key[:1] == "f" and key[1:].isdigit()
