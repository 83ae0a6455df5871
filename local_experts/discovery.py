"""Which experts are within reach: running servers, model files, installed libraries.

Nothing here starts a server or loads a model. Names are as a server or file gave them, since
they are needed so for requests: clean them before showing them.
"""

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from local_experts.errors import ExpertAddressInvalid, ExpertError, ExpertReplyInvalid
from local_experts.gguf import GgufFile, find_gguf
from local_experts.http import get_json
from local_experts.keys import openai_key
from local_experts.names import check_address

OLLAMA_PORT = 11434
TIMEOUT_S = 1.0

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaModel:
    """A model that an Ollama has on disk. ``parameters`` and ``quantisation`` as it words them."""

    name: str
    size_bytes: int | None
    parameters: str | None
    quantisation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ollama:
    """A running Ollama."""

    url: str
    version: str
    models: tuple[OllamaModel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiEndpoint:
    """A server that speaks the OpenAI protocol, and the names of its models.

    ``contexts`` are the lengths of those models' contexts, in tokens, that it tells.
    """

    url: str
    models: tuple[str, ...]
    contexts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """All that was found; ``problems`` says why something was not.

    ``openai`` is None without a problem where none is configured. ``llama_cpp`` is the
    version of the library, or None where it is not installed. Of the problems,
    ``ollama_problem`` and ``openai_problem`` are those of a server.
    """

    ollama: Ollama | None
    openai: OpenAiEndpoint | None
    gguf: tuple[GgufFile, ...]
    llama_cpp: str | None
    problems: tuple[ExpertError, ...]
    ollama_problem: ExpertError | None = None
    openai_problem: ExpertError | None = None


def discover(
    environment: Mapping[str, str] | None = None,
    folders: Iterable[Path] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Discovery:
    """Look everywhere. Takes at most a few times ``timeout_s``; never raises an ExpertError.

    ``environment`` is ``os.environ`` unless given, ``folders`` are :func:`gguf_folders`.
    """
    environment = os.environ if environment is None else environment
    ollama_problem: ExpertError | None = None
    openai_problem: ExpertError | None = None
    ollama: Ollama | None = None
    openai: OpenAiEndpoint | None = None
    try:
        ollama = find_ollama(ollama_url(environment), timeout_s)
    except ExpertError as error:
        ollama_problem = error
    if base_url := environment.get("OPENAI_BASE_URL", "").strip():
        try:
            key = openai_key(openai_address(base_url), "", environment)
            openai = find_openai(base_url, None if key is None else key.value, timeout_s)
        except ExpertError as error:
            openai_problem = error
    gguf, unreadable = find_gguf(gguf_folders() if folders is None else folders)
    return Discovery(
        ollama=ollama,
        openai=openai,
        gguf=tuple(gguf),
        llama_cpp=llama_cpp_version(),
        problems=(*filter(None, (ollama_problem, openai_problem)), *unreadable),
        ollama_problem=ollama_problem,
        openai_problem=openai_problem,
    )


def ollama_url(environment: Mapping[str, str]) -> str:
    """Where Ollama is, by its own rules for ``OLLAMA_HOST``.

    ``host``, ``host:port``, ``:port`` or a URL; an address to listen on everywhere means this
    machine. Raises ExpertAddressInvalid.
    """
    given = environment.get("OLLAMA_HOST", "").strip().strip("\"'")
    scheme, found, rest = given.partition("://")
    if not found:
        scheme, rest = "http", given
    default_port = {"http": 80, "https": 443}.get(scheme, OLLAMA_PORT) if found else OLLAMA_PORT
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "127.0.0.1", parts.port or default_port
    except ValueError as error:
        raise ExpertAddressInvalid(f"OLLAMA_HOST={given}: {error}.") from error
    if scheme not in ("http", "https"):
        raise ExpertAddressInvalid(f"OLLAMA_HOST={given}: only http and https are possible.")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", ""))


def find_ollama(url: str, timeout_s: float = TIMEOUT_S) -> Ollama:
    """The Ollama at ``url`` and its models. Raises an ExpertError where none answers well."""
    version = _typed(_get_object(f"{url}/api/version", timeout_s), "version", str)
    if version is None:
        raise ExpertReplyInvalid(f"{url}/api/version: no version in the reply.")
    listed = _list_of_objects(f"{url}/api/tags", "models", timeout_s)
    models = []
    for entry in listed:
        name = _typed(entry, "name", str)
        if not name:
            raise ExpertReplyInvalid(f"{url}/api/tags: a model without a name.")
        details = _typed(entry, "details", dict) or {}
        models.append(
            OllamaModel(
                name=name,
                size_bytes=_typed(entry, "size", int),
                parameters=_typed(details, "parameter_size", str),
                quantisation=_typed(details, "quantization_level", str),
            )
        )
    return Ollama(url=url, version=version, models=tuple(models))


def find_openai(base_url: str, key: str | None, timeout_s: float = TIMEOUT_S) -> OpenAiEndpoint:
    """The endpoint at ``base_url`` (with its ``/v1``) and its models; ``key`` goes nowhere else.

    Raises an ExpertError where none answers well.
    """
    address = openai_address(base_url)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if key and not (key.isascii() and key.isprintable()):
        raise ExpertAddressInvalid(f"{address}: OPENAI_API_KEY has characters that no key has.")
    listed = _list_of_objects(f"{address}/models", "data", timeout_s, headers)
    names = [_typed(entry, "id", str) for entry in listed]
    if not all(names):
        raise ExpertReplyInvalid(f"{address}/models: a model without an id.")
    contexts = {entry["id"]: length for entry in listed if (length := listed_context(entry))}
    return OpenAiEndpoint(
        url=address, models=tuple(name for name in names if name), contexts=contexts
    )


def listed_context(entry: Mapping[str, Any]) -> int | None:
    """The length of a model's context in tokens, where a server's list of models tells it."""
    # vLLM, OpenRouter and Groq, LM Studio; llama-server has it among others.
    meta = entry.get("meta")
    found = [entry.get(key) for key in ("max_model_len", "context_length", "context_window")]
    found.append(entry.get("max_context_length"))
    found.append(meta.get("n_ctx_train") if isinstance(meta, dict) else None)
    return next((value for value in found if isinstance(value, int) and value > 0), None)


def llama_cpp_version() -> str | None:
    """The version of llama-cpp-python, without importing it; None where it is not installed."""
    if importlib.util.find_spec("llama_cpp") is None:
        return None
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def gguf_folders(home: Path | None = None) -> list[Path]:
    """The folders where other programs keep GGUF files, of those that are there."""
    home = Path.home() if home is None else home
    usual = (
        "models",
        ".cache/huggingface/hub",
        ".cache/llama.cpp",
        ".cache/lm-studio/models",
        ".lmstudio/models",
    )
    return [home / folder for folder in usual if (home / folder).is_dir()]


def openai_address(base_url: str) -> str:
    """``OPENAI_BASE_URL`` as an address. Raises ExpertAddressInvalid, without what it holds."""
    try:
        return check_address(base_url)
    except ExpertAddressInvalid:
        # Whoever mixes up two variables has a key here.
        raise ExpertAddressInvalid(
            "OPENAI_BASE_URL is not an http or https address, or holds a login, a query or a "
            "fragment. Put the key in OPENAI_API_KEY."
        ) from None


def _get_object(
    url: str, timeout_s: float, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    reply = get_json(url, timeout_s=timeout_s, headers=headers)
    if not isinstance(reply, dict):
        raise ExpertReplyInvalid(f"{url}: the reply is not a JSON object.")
    return reply


def _list_of_objects(
    url: str, key: str, timeout_s: float, headers: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    listed = _get_object(url, timeout_s, headers).get(key)
    # A server without models may answer null.
    entries = [] if listed is None else listed
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ExpertReplyInvalid(f"{url}: {key} is not a list of objects.")
    return entries


def _typed(entry: Mapping[str, Any], key: str, kind: type[_Value]) -> _Value | None:
    value = entry.get(key)
    return value if isinstance(value, kind) else None
