"""How an expert is named in settings and on the command line.

``ollama:MODEL[@URL]``, ``gguf:PATH`` or ``openai:MODEL@URL[#KEY]``. Without a URL an Ollama is
where ``OLLAMA_HOST`` says, and an OpenAI-compatible server where ``OPENAI_BASE_URL`` says. KEY is
the name of a key, never the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from local_experts.errors import ExpertAddressInvalid


class BackEnd(StrEnum):
    """How an expert is reached."""

    OLLAMA = "ollama"
    GGUF = "gguf"
    OPENAI = "openai"


FORMS = "ollama:MODEL[@URL], gguf:PATH or openai:MODEL[@URL][#KEY]"
"""What may be written, for messages and help."""

_KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""Shorter than keys are."""


@dataclass(frozen=True, slots=True)
class ExpertName:
    """An expert's name, taken apart. ``model`` is a path for a GGUF file; ``url`` may be empty.

    ``key`` is the name under which a key is kept, empty for the one that belongs to the address.
    """

    back_end: BackEnd
    model: str
    url: str = ""
    key: str = ""

    def __str__(self) -> str:
        where = f"@{self.url}" if self.url else ""
        return f"{self.back_end}:{self.model}{where}{f'#{self.key}' if self.key else ''}"


def parse_name(text: str) -> ExpertName:
    """Take an expert's name apart. Raises ExpertAddressInvalid."""
    kind, colon, rest = text.strip().partition(":")
    if not colon or kind not in set(BackEnd) or not rest:
        raise ExpertAddressInvalid(f"{text}: an expert is named as {FORMS}.")
    back_end = BackEnd(kind)
    if back_end is BackEnd.GGUF:
        return ExpertName(back_end, rest)
    rest, _, key = rest.partition("#")
    if key and (back_end is not BackEnd.OPENAI or not is_key_name(key)):
        raise ExpertAddressInvalid(
            "After # stands the name of an environment variable or keyring entry, never a key, and "
            "for openai: alone."
        )
    # A model's own name may have an @, an address begins with its scheme.
    model, at, address = rest.partition("@http")
    if not model:
        raise ExpertAddressInvalid(f"{text}: no model. An expert is named as {FORMS}.")
    return ExpertName(back_end, model, check_address(f"http{address}") if at else "", key)


def is_key_name(text: str) -> bool:
    """Whether a key may be called so: like an environment variable."""
    return _KEY_NAME.fullmatch(text) is not None


def with_whole_path(text: str) -> str:
    """An expert's name with the path of a GGUF file as seen from the root of the file system.

    Raises ExpertAddressInvalid.
    """
    name = parse_name(text)
    if name.back_end is not BackEnd.GGUF:
        return text
    return f"{BackEnd.GGUF}:{Path(name.model).expanduser().absolute()}"


def check_address(url: str) -> str:
    """Return an http(s) address without a slash at its end. Raises ExpertAddressInvalid.

    Addresses are shown and stored, so that nothing secret may be in one.
    """
    try:
        parts = urlsplit(url.rstrip("/"))
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError as error:
        raise ExpertAddressInvalid(f"{url}: {error}.") from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ExpertAddressInvalid(
            "The address holds a login, a query or a fragment. Put a key into the environment or "
            "the keyring, and its name after #."
        )
    if not valid:
        raise ExpertAddressInvalid(f"{url}: only http and https addresses are possible.")
    return parts.geturl()
