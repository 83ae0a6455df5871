"""Keys of servers: found by name, sent to their own address, never shown.

A key is in the environment or, under the same name, in the keyring (service ``tripost``). The
keyring is optional: where it is missing, locked or broken, there is no key in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

from local_experts.errors import ExpertAddressInvalid, KeyMissing, LibraryMissing
from local_experts.http import is_loopback

SERVICE = "tripost"
"""Under which keys are kept in the keyring."""

HIDDEN = "[key]"
OPENAI_KEY = "OPENAI_API_KEY"
OLLAMA_KEY = "OLLAMA_API_KEY"

KEY_OF_HOST: Mapping[str, str] = {
    "api.openai.com": OPENAI_KEY,
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.together.ai": "TOGETHER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}
"""The name of the key that a well known host takes."""

KNOWN_KEYS = tuple(dict.fromkeys((OPENAI_KEY, *KEY_OF_HOST.values(), OLLAMA_KEY)))
"""The names of keys that are looked for without being told to."""

# A shorter one protects nothing, and would be found in the middle of words.
_SHORTEST_SECRET = 4


class KeyPlace(StrEnum):
    """Where a key is kept. The environment goes first."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class Key:
    """A key and its name. Neither ``repr`` nor ``str`` show the key."""

    name: str
    value: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name}={HIDDEN}"

    def hidden_in(self, text: str) -> str:
        """``text`` without the key, also where it stands quoted for JSON or a URL."""
        if len(self.value) < _SHORTEST_SECRET:
            return text
        quoted = json.dumps(self.value)[1:-1]
        for form in {self.value, quoted, quoted.replace("/", "\\/"), quote(self.value, safe="")}:
            text = text.replace(form, HIDDEN)
        return text


def find_key(name: str, environment: Mapping[str, str]) -> Key | None:
    """The key called ``name``, from the environment, else from the keyring; None without one.

    Raises ExpertAddressInvalid where it has characters that cannot be sent.
    """
    value = environment.get(name, "").strip() or _from_keyring(name)
    return checked_key(name, value) if value else None


def checked_key(name: str, value: str) -> Key:
    """A key that can be sent. Raises ExpertAddressInvalid, which does not tell the value."""
    if not (value and value.isascii() and value.isprintable() and " " not in value):
        raise ExpertAddressInvalid(f"{name} has characters that no key has.")
    return Key(name, value)


def key_place(name: str, environment: Mapping[str, str]) -> KeyPlace | None:
    """Where the key called ``name`` is; None without one."""
    if environment.get(name, "").strip():
        return KeyPlace.ENVIRONMENT
    return KeyPlace.KEYRING if _from_keyring(name) else None


def keyring_problem() -> LibraryMissing | None:
    """Why no key can be kept in the keyring; None where one can."""
    try:
        keyring = _keyring()
    except LibraryMissing as error:
        return error
    try:
        keyring.get_password(SERVICE, OPENAI_KEY)
    except Exception as error:  # noqa: BLE001 - a backend may raise anything
        return _no_keyring(type(error).__name__)
    return None


def key_names(url: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of keys that belong to an OpenAI-compatible address, the first that is there.

    A key belongs to a well known host, by https, and to the address in ``OPENAI_BASE_URL``.
    """
    parts = urlsplit(url)
    known = KEY_OF_HOST.get(parts.hostname or "") if parts.scheme == "https" else None
    configured = environment.get("OPENAI_BASE_URL", "").strip()
    own = OPENAI_KEY if configured and _place(configured) == _place(url) else None
    return tuple(name for name in (known, own) if name)


def openai_key(url: str, name: str, environment: Mapping[str, str]) -> Key | None:
    """The key for an OpenAI-compatible address: the one called ``name``, else its own.

    Raises KeyMissing where ``name`` is given and there is no such key, ExpertAddressInvalid
    where a key cannot be sent.
    """
    if name:
        key = find_key(name, environment)
        if key is None:
            raise KeyMissing(f"{name} is neither in the environment nor in the keyring.")
        return key
    found = (find_key(own, environment) for own in key_names(url, environment))
    return next((key for key in found if key is not None), None)


def ollama_key(url: str, environment: Mapping[str, str]) -> Key | None:
    """The key for an Ollama: none on this machine. Raises ExpertAddressInvalid."""
    return None if is_loopback(urlsplit(url).hostname or "") else find_key(OLLAMA_KEY, environment)


def set_in_keyring(key: Key) -> None:
    """Keep ``key`` in the keyring. Raises LibraryMissing where there is none that works."""
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, key.name, key.value)
    except Exception as error:  # noqa: BLE001 - a backend may raise anything
        raise _no_keyring(type(error).__name__) from None


def delete_from_keyring(name: str) -> bool:
    """Take a key out of the keyring; False where it held none of this name.

    Raises LibraryMissing where there is no keyring that works.
    """
    keyring = _keyring()
    try:
        if keyring.get_password(SERVICE, name) is None:
            return False
        keyring.delete_password(SERVICE, name)
    except Exception as error:  # noqa: BLE001 - a backend may raise anything
        raise _no_keyring(type(error).__name__) from None
    return True


def _from_keyring(name: str) -> str:
    try:
        import keyring

        return (keyring.get_password(SERVICE, name) or "").strip()
    except Exception:  # noqa: BLE001 - not installed, no backend, locked: all mean no key
        return ""


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise LibraryMissing(
            "keyring: pip install 'tripost-tui[keyring]'. Or put the key into the environment."
        ) from None
    return keyring


def _no_keyring(why: str) -> LibraryMissing:
    return LibraryMissing(
        f"The keyring of this machine does not work ({why}). Put the key into the environment."
    )


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    """What two spellings of an address have in common. A key is for the whole of it."""
    try:
        parts = urlsplit(url.strip().rstrip("/"))
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", None, None, url)
    return (parts.scheme, parts.hostname, port, parts.path)
