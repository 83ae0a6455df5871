"""A student's tokens without torch and transformers: how long an example is, what a token weighs.

Its tokenizer.json is read by the tokenizers library alone. Pieces of text are tokenised as in
training (`engine.data_text`, `engine.token_weights`), so that for most students it is exact. What
is not known here is what a chat template writes around the question.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from db.records import Segment
from engine.data_text import DataTokenizer
from engine.errors import StudentError
from engine.settings import Settings
from engine.student_files import is_all_in_tokenizer_json
from engine.student_place import find_student
from engine.token_weights import token_weights

LONGEST = 100_000
"""Characters of an example up to which its tokens are shown one by one."""


class Basis(StrEnum):
    """What weights are shown of."""

    TOKENS = "the student's tokens"
    NEARLY = "nearly the student's tokens"
    """By tokenizer.json, which the class that loads this student may not follow to the letter."""
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text with one weight in the loss, and how many tokens it is; 0 where nobody can tell.

    The end of a text is a piece without text.
    """

    text: str
    weight: float
    tokens: int = 0


class Tokens:
    """Takes examples apart; ``why`` says for people what keeps it from being exact."""

    def __init__(
        self,
        data: DataTokenizer | None = None,
        basis: Basis = Basis.CHARACTERS,
        why: str = "",
        start: int = 0,
        longest: int = 1,
    ) -> None:
        """``start`` tokens go before every text; none is of more than ``longest`` characters."""
        self.basis = basis
        self._start = start
        self._longest = longest
        self.why = why
        self._data = data

    @property
    def are_known(self) -> bool:
        return self._data is not None

    def pieces(self, segments: Sequence[Segment]) -> list[Piece]:
        """Return an example's parts in order: question, tokens or characters, end of text."""
        found: list[Piece] = []
        for place, (text, weight) in enumerate(segments):
            runs = weight if isinstance(weight, tuple) else ((len(text), weight),)
            if self._data is None:
                found += _by_characters(text, runs)
            elif not place:
                # It has one weight, whatever its tokens are.
                count = self._start + len(self._data.beginning(text))
                found.append(Piece(text, runs[0][1], count))
            else:
                _, spans = self._data.piece(text, places=True)
                found += _whole(text, spans, token_weights(text, runs, spans))
        last = segments[-1][1]
        weight = last[-1][1] if isinstance(last, tuple) else last
        return [*found, Piece("", weight, 1 if self.are_known else 0)]

    def look(self, segments: Sequence[Segment]) -> tuple[list[Piece], Basis, str]:
        """Return the pieces of an example, what they are, and what keeps that from being exact."""
        if self.are_known and sum(len(text) for text, _ in segments) > LONGEST:
            why = f"texts of more than {LONGEST:,} characters are not tokenised here"
            return Tokens().pieces(segments), Basis.CHARACTERS, why
        return self.pieces(segments), self.basis, self.why

    def is_long(self, segments: Sequence[Segment], limit: int) -> bool:
        """Tell whether an example has more than ``limit`` tokens; no, where nobody can tell."""
        if self._data is None:
            return False
        if sum(len(text) for text, _ in segments) > limit * self._longest:
            return True
        return self.count(segments) > limit

    def count(self, segments: Sequence[Segment]) -> int:
        """Return how many tokens an example has, its end among them; 0 where nobody can tell."""
        if self._data is None:
            return 0
        (question, _), *others = segments
        counted = self._start + len(self._data.beginning(question))
        return counted + sum(len(self._data.piece(text)[0]) for text, _ in others) + 1


def tokens_of(settings: Settings) -> Tokens:
    """Return the tokens of a project's student, as well as they can be told here."""
    try:
        place = find_student(settings.student, settings.task.name)
        folder = Path(place.tokenizer)
        if not os.path.isabs(place.tokenizer) or not (folder / "tokenizer.json").is_file():
            return Tokens(why="the student's tokenizer.json is not on this machine")
        exact = is_all_in_tokenizer_json(folder)
        tokenizer = _LightTokenizer(folder)
        data = DataTokenizer(tokenizer)
        if not data.keeps_text:
            return Tokens(why="the student's tokenizer loses text")
    except (StudentError, OSError) as error:
        return Tokens(why=str(error))
    except Exception as error:  # noqa: BLE001  # tokenizers raises bare Exception for a bad file
        return Tokens(why=f"the student's tokenizer.json cannot be read: {error}")
    start = tokenizer("")["input_ids"][:1]
    count = int(start == [tokenizer.bos_token_id])
    why = ""
    if not exact:
        why = "the class that transformers loads this tokenizer with may split a text otherwise"
    if settings.student.prompting == "chat" or (
        settings.student.prompting == "auto" and tokenizer.has_template
    ):
        why = why or "without what the chat template writes around the question"
        exact = False
    basis = Basis.TOKENS if exact else Basis.NEARLY
    return Tokens(data, basis, why, count, tokenizer.longest)


def length_limit(settings: Settings) -> int:
    """Return the most tokens that an example may have: the setting's, or the model's context."""
    limit = settings.train.max_tokens
    try:
        folder = Path(find_student(settings.student, settings.task.name).model)
        config = json.loads((folder / "config.json").read_bytes())
    except (StudentError, OSError, ValueError):
        return limit
    for part in (config.get("text_config"), config):
        most = part.get("max_position_embeddings") if isinstance(part, dict) else None
        if isinstance(most, int) and most > 0:
            return min(limit, most)
    return limit


def _by_characters(text: str, runs: Iterable[tuple[int, float]]) -> list[Piece]:
    found, at = [], 0
    for length, weight in runs:
        if length:
            found.append(Piece(text[at : at + length], weight))
        at += length
    return found


def _whole(text: str, spans: Sequence[tuple[int, int]], weights: Sequence[float]) -> list[Piece]:
    """Return all of a text in pieces: what lies between tokens goes to the one after it.

    A character that is several tokens is one piece, with the weight of the heaviest.
    """
    found: list[Piece] = []
    at = 0
    for (_, end), weight in zip(spans, weights, strict=True):
        if end > at:
            found.append(Piece(text[at:end], weight, 1))
            at = end
        elif found:
            last = found[-1]
            found[-1] = Piece(last.text, max(last.weight, weight), last.tokens + 1)
    if at < len(text):
        found.append(Piece(text[at:], weights[-1] if weights else 0.0))
    return found


class _LightTokenizer:
    """What `engine.data_text.Tokenizer` asks, by the tokenizers library."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.longest = max(map(len, self._tokenizer.get_vocab()), default=1)
        self.has_template = _has_template(folder)
        named = _special_names(folder)
        ids = {name: self._tokenizer.token_to_id(text) for name, text in named.items()}
        self.eos_token_id: Any = ids.get("eos_token")
        self.bos_token_id: Any = ids.get("bos_token")
        self.unk_token_id: Any = ids.get("unk_token")
        self.all_special_ids: list[int] = [each for each in ids.values() if each is not None]

    @property
    def added_tokens_decoder(self) -> Mapping[int, Any]:
        found: Mapping[int, Any] = self._tokenizer.get_added_tokens_decoder()
        return found

    def __call__(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        split_special_tokens: bool = False,
        return_offsets_mapping: bool = False,
    ) -> dict[str, Any]:
        self._tokenizer.encode_special_tokens = split_special_tokens
        found = self._tokenizer.encode(text, add_special_tokens=add_special_tokens)
        offsets = {"offset_mapping": found.offsets} if return_offsets_mapping else {}
        return {"input_ids": found.ids, **offsets}

    def decode(self, ids: list[int], /, *, clean_up_tokenization_spaces: bool) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=False))

    def convert_ids_to_tokens(self, ids: int) -> str | None:
        found: str | None = self._tokenizer.id_to_token(ids)
        return found


def _special_names(folder: Path) -> dict[str, str]:
    """Return the texts of special tokens by what they are for, as the files beside it say."""
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        try:
            said = json.loads((folder / name).read_bytes())
        except (OSError, ValueError):
            continue
        for key, value in said.items() if isinstance(said, dict) else ():
            text = value.get("content") if isinstance(value, dict) else value
            if key.endswith("_token") and isinstance(text, str):
                found[key] = text
    return found


def _has_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        return "chat_template" in json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return False
