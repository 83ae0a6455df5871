"""A tokenizer of fixed phrases and single characters, read from its file without loading it.

That is what the students have that come with the package, but for the one that sorts words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from engine.errors import StudentError
from engine.weight_files import read_json

_TITLE = "The student's tokenizer cannot be written"
_ANY_CHARACTER = r"[\s\S]"
_ALTERNATIVE = re.compile(r"(?:\\.|[^\\|])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANS_MORE = re.compile(r"[][.^$*+?{}()]")
"""Signs that make a pattern more than a fixed text."""


@dataclass(frozen=True, slots=True)
class PhraseTokens:
    """Tokens by their ids. A text falls at each place into the longest that stands there.

    Those of ``special``, of which ``end``, ``unknown`` and ``pad`` are some, stand in no text.
    """

    texts: Sequence[str]
    special: frozenset[int]
    end: int
    unknown: int
    pad: int | None


class _Other(Exception):
    """The tokenizer is of another kind; says why, without a full stop."""


def phrase_tokens(folder: Path, config: Mapping[str, Any]) -> PhraseTokens:
    """Read the tokenizer of a student. ``config`` is the student's config.json.

    Raises:
        StudentError: it cannot be read, or is of another kind; the message says why.
    """
    path = folder / "tokenizer.json"
    said = read_json(path)
    try:
        return _read(said, config)
    except _Other as error:
        raise StudentError(f"{path}: {error}.", _TITLE) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudentError(
            f"{path}: this tokenizer does not split a text into fixed phrases and single "
            f"characters ({type(error).__name__}: {error}).",
            _TITLE,
        ) from error


def _read(said: Mapping[str, Any], config: Mapping[str, Any]) -> PhraseTokens:
    split, model = said["pre_tokenizer"], said["model"]
    if (split["type"], split["behavior"], split["invert"]) != ("Split", "Isolated", False):
        raise _Other("it does not split a text by one pattern")
    if said["normalizer"] or said["truncation"] or said["padding"]:
        raise _Other("it changes a text before it splits it")
    if any("Sequence" not in part for part in (said["post_processor"] or {}).get("single", [])):
        raise _Other("it adds tokens to a text")
    phrases = _phrases(split["pattern"]["Regex"])
    if model["type"] != "WordLevel" and not (model["type"] == "BPE" and model["ignore_merges"]):
        raise _Other(f"it is of the kind {model['type']}")
    if model.get("merges"):
        raise _Other("it merges pieces")
    special = {str(token["content"]): int(token["id"]) for token in said["added_tokens"]}
    if not all(token["special"] for token in said["added_tokens"]):
        raise _Other("it has added tokens that are not special")
    ids = {str(text): int(index) for text, index in model["vocab"].items()} | special
    _check(phrases, set(ids) - set(special))
    if sorted(ids.values()) != list(range(len(ids))):
        raise _Other("the ids of its tokens have gaps, or come twice")
    end, pad = config.get("eos_token_id"), config.get("pad_token_id")
    if not isinstance(end, int) or end not in special.values():
        raise _Other(f"the student's eos_token_id is {end}, none of its special tokens")
    return PhraseTokens(
        texts=sorted(ids, key=ids.__getitem__),
        special=frozenset(special.values()),
        end=end,
        unknown=special[model["unk_token"]],
        pad=pad if isinstance(pad, int) else None,
    )


def _phrases(pattern: str) -> list[str]:
    r"""Return the fixed texts of a pattern ``one|two|[\s\S]``, in their order."""
    *alternatives, last = _ALTERNATIVE.findall(pattern)
    for alternative in alternatives:
        # An escaped sign is itself, an escaped letter or digit a class of characters or a place.
        escaped = "".join(_ESCAPED.findall(alternative))
        if _MEANS_MORE.search(_ESCAPED.sub("", alternative)) or re.search(r"\w", escaped):
            raise _Other(
                f"it splits a text by {alternative}, for which llama.cpp has no means (the student "
                "that sorts words is such a one: where a word ends decides whether it is known as "
                "a whole or falls into pieces)"
            )
    if last != _ANY_CHARACTER:
        raise _Other("it does not split what is no phrase into single characters")
    return [_ESCAPED.sub(r"\1", alternative) for alternative in alternatives]


def _check(phrases: Sequence[str], tokens: set[str]) -> None:
    if differing := {token for token in tokens if len(token) > 1} ^ set(phrases):
        raise _Other(f"its phrases and its tokens are not the same, such as {min(differing)!r}")
    # The pattern takes the first that fits, llama.cpp the longest.
    for first, later in combinations(phrases, 2):
        if later.startswith(first):
            raise _Other(f"it finds {first!r} where {later!r} stands")
    # llama.cpp does not come to an end where a phrase begins with what is no token itself.
    if missing := {phrase[0] for phrase in phrases} - tokens:
        raise _Other(f"a phrase begins with {min(missing)!r}, which is no token itself")
