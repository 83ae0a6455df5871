"""From an expert's name in the settings to the expert itself."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from local_experts.errors import LibraryMissing
from local_experts.names import BackEnd, ExpertName, parse_name
from local_experts.options import ExpertOptions
from local_experts.protocol import Expert

OPENAI_URL = "https://api.openai.com/v1"


def open_expert(
    name: str,
    options: ExpertOptions | None = None,
    environment: Mapping[str, str] | None = None,
) -> Expert:
    """The expert called ``name``. Nothing is asked and nothing is loaded yet.

    Raises ExpertAddressInvalid, KeyMissing, LibraryMissing, and what a GGUF file raises.
    """
    taken_apart = parse_name(name)
    options = ExpertOptions() if options is None else options
    environment = os.environ if environment is None else environment
    match taken_apart.back_end:
        case BackEnd.OLLAMA:
            return _ollama(taken_apart, options, environment)
        case BackEnd.OPENAI:
            return _openai(taken_apart, options, environment)
        case BackEnd.GGUF:
            return _gguf(taken_apart, options)


def _ollama(name: ExpertName, options: ExpertOptions, environment: Mapping[str, str]) -> Expert:
    from local_experts.back_ends.ollama import OllamaExpert
    from local_experts.discovery import ollama_url
    from local_experts.keys import ollama_key

    url = name.url or ollama_url(environment)
    return OllamaExpert(name, url, options, ollama_key(url, environment))


def _openai(name: ExpertName, options: ExpertOptions, environment: Mapping[str, str]) -> Expert:
    from local_experts.back_ends.openai_compatible import OpenAiExpert
    from local_experts.keys import openai_key

    url = name.url or openai_url(environment)
    return OpenAiExpert(name, url, options, openai_key(url, name.key, environment))


def _gguf(name: ExpertName, options: ExpertOptions) -> Expert:
    if importlib.util.find_spec("llama_cpp") is None:
        raise LibraryMissing("llama-cpp-python: pip install 'tripost-tui[llama-cpp]'.")
    from local_experts.back_ends.llama_cpp import (  # type: ignore[import-not-found,unused-ignore]
        LlamaCppExpert,
    )

    expert: Expert = LlamaCppExpert(Path(name.model).expanduser(), options)
    return expert


def openai_url(environment: Mapping[str, str]) -> str:
    """Where an OpenAI-compatible expert without an address is. Raises ExpertAddressInvalid."""
    from local_experts.discovery import openai_address

    given = environment.get("OPENAI_BASE_URL", "").strip()
    return openai_address(given) if given else OPENAI_URL
