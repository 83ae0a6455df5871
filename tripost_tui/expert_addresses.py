"""Where an expert is and which key is its own; and texts without such keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from local_experts.discovery import ollama_url
from local_experts.errors import ExpertError
from local_experts.keys import Key, ollama_key, openai_key
from local_experts.names import BackEnd, ExpertName, parse_name
from local_experts.opening import openai_url


def without_keys(
    names: Iterable[str], environment: Mapping[str, str] | None = None
) -> Callable[[str], str]:
    """What takes the keys of experts out of a text, should a server have repeated one."""
    environment = os.environ if environment is None else environment
    keys: list[Key] = []
    for name in map(parse_name, names):
        with suppress(ExpertError):
            if key := key_of(name, url_of(name, environment), environment):
                keys.append(key)

    def hidden(text: str) -> str:
        for key in keys:
            text = key.hidden_in(text)
        return text

    return hidden


def url_of(name: ExpertName, environment: Mapping[str, str]) -> str:
    """The address of a server, empty for a file. Raises ExpertAddressInvalid."""
    if name.url or name.back_end is BackEnd.GGUF:
        return name.url
    return (ollama_url if name.back_end is BackEnd.OLLAMA else openai_url)(environment)


def key_of(name: ExpertName, url: str, environment: Mapping[str, str]) -> Key | None:
    """The key that is sent to ``url``, if any. Raises KeyMissing and ExpertAddressInvalid."""
    match name.back_end:
        case BackEnd.GGUF:
            return None
        case BackEnd.OLLAMA:
            return ollama_key(url, environment)
        case BackEnd.OPENAI:
            return openai_key(url, name.key, environment)
