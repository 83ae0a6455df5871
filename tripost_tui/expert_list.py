"""Which experts are within reach, each by the name that goes into settings.

Names and sizes come from servers and files: they are data, and cleaned before they are shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_experts.discovery import Discovery, gguf_folders
from local_experts.errors import ExpertError, ModelFileInvalid
from local_experts.names import BackEnd, ExpertName, parse_name
from local_experts.opening import open_expert
from local_experts.options import ExpertOptions
from tripost_tui.text import clean_text, one_line

_WIDTH = 80
_WIDEST = 37
"""Names that are longer leave no room for facts beside them."""
_OLLAMA = "http://127.0.0.1:11434"
_MOST_LOOKED_AT = 100
"""Models of an Ollama whose context is asked for, each with a call of its own."""
_LOOK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundExpert:
    """A model that can be an expert. ``name`` goes into settings; None is not known.

    ``writable`` is False where the model's own name cannot be written in settings.
    """

    name: str
    back_end: BackEnd
    size_bytes: int | None = None
    parameters: str | None = None
    quantisation: str | None = None
    context_tokens: int | None = None
    writable: bool = True

    def facts(self) -> dict[str, Any]:
        """The model as JSON values."""
        return {"kind": "model", **asdict(self), "back_end": str(self.back_end)}


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that was looked at: what is there, or why nothing is and what to do."""

    back_end: BackEnd
    title: str
    found: tuple[FoundExpert, ...] = ()
    problem: str = ""
    fix: str = ""

    def facts(self) -> dict[str, Any]:
        """The place as JSON values, without its models."""
        return {
            "kind": "place",
            "back_end": str(self.back_end),
            "title": self.title,
            "models": len(self.found),
            "problem": self.problem or None,
            "fix": self.fix or None,
        }


def places(found: Discovery, folders: Sequence[Path]) -> list[Place]:
    """All that was looked at, in the order in which it is told. Asks Ollama for contexts."""
    return [_ollama(found), *_gguf(found, folders), _openai(found)]


def usual_and(folders: Iterable[Path]) -> list[Path]:
    """The folders to look for files in: where other programs keep them, and those given."""
    return [*gguf_folders(), *(folder.expanduser() for folder in folders)]


def list_text(listed: Sequence[Place]) -> str:
    """All places and models, in 80 columns but for names that are longer; safe to print."""
    models = [model for place in listed for model in place.found]
    lengths = [len(one_line(model.name, 1000)) for model in models]
    widest = max((length for length in lengths if length <= _WIDEST), default=_WIDEST)
    return "\n\n".join(clean_text("\n".join(_block(place, widest))) for place in listed)


def _ollama(found: Discovery) -> Place:
    if found.ollama is None:
        return Place(
            BackEnd.OLLAMA,
            "Ollama: not found",
            problem=str(found.ollama_problem or ""),
            fix="Install it (https://ollama.com/download) or start it (ollama serve). Where it is "
            "on another machine, OLLAMA_HOST says so.",
        )
    url = "" if found.ollama.url == _OLLAMA else found.ollama.url
    models = []
    for number, model in enumerate(sorted(found.ollama.models, key=lambda one: one.name)):
        name = ExpertName(BackEnd.OLLAMA, model.name, url)
        models.append(
            _found(
                name,
                size_bytes=model.size_bytes,
                parameters=model.parameters,
                quantisation=model.quantisation,
                context_tokens=_context(str(name)) if number < _MOST_LOOKED_AT else None,
            )
        )
    return Place(
        BackEnd.OLLAMA,
        f"Ollama {found.ollama.version} at {found.ollama.url}",
        tuple(models),
        problem="" if models else "It has no models.",
        fix="" if models else "ollama pull qwen3:8b, for example.",
    )


def _gguf(found: Discovery, folders: Sequence[Path]) -> Iterable[Place]:
    models = tuple(
        _found(
            ExpertName(BackEnd.GGUF, str(file.path.absolute())),
            size_bytes=file.size_bytes,
            parameters=file.parameters,
            quantisation=file.quantisation,
            context_tokens=file.context,
        )
        for file in sorted(found.gguf, key=lambda file: str(file.path))
    )
    looked = ", ".join(map(str, folders)) or "no usual folder is there"
    version = found.llama_cpp
    title = f"GGUF files, with llama-cpp-python {version}" if version else "GGUF files"
    yield Place(
        BackEnd.GGUF,
        title if models else f"{title}: none found",
        models,
        problem="" if models else f"Looked in: {looked}.",
        fix="" if models else "Name another folder: tripost experts list --folder DIR",
    )
    if not version:
        yield Place(
            BackEnd.GGUF,
            "llama-cpp-python: not installed",
            problem="GGUF files cannot be used as experts without it.",
            fix="pip install 'tripost-tui[llama-cpp]', for a GPU with CMAKE_ARGS set: see "
            "docs/experts.md",
        )
    for problem in found.problems:
        if isinstance(problem, ModelFileInvalid):
            yield Place(BackEnd.GGUF, "A file that cannot be used", problem=str(problem))


def _openai(found: Discovery) -> Place:
    if found.openai is None:
        problem = found.openai_problem
        return Place(
            BackEnd.OPENAI,
            "OpenAI-compatible server: "
            + ("none configured" if problem is None else "cannot be used"),
            problem="" if problem is None else str(problem),
            fix="Set OPENAI_BASE_URL to the address of one, with its /v1, such as "
            "http://127.0.0.1:8000/v1, and OPENAI_API_KEY where it wants a key.",
        )
    url = found.openai.url
    models = tuple(
        _found(
            ExpertName(BackEnd.OPENAI, model, url),
            context_tokens=found.openai.contexts.get(model),
        )
        for model in sorted(found.openai.models)
    )
    return Place(
        BackEnd.OPENAI,
        f"OpenAI-compatible server at {url}",
        models,
        problem="" if models else "It lists no models. Name one all the same if you know it.",
    )


def _found(name: ExpertName, **facts: Any) -> FoundExpert:
    text = str(name)
    try:
        writable = parse_name(text) == name and clean_text(text) == text
    except ExpertError:
        writable = False
    return FoundExpert(name=text, back_end=name.back_end, writable=writable, **facts)


def _context(name: str) -> int | None:
    """The context of an Ollama's model; None where it does not tell."""
    # Any context will do here: the smallest asks for nothing.
    options = ExpertOptions(context_tokens=1, timeout_s=_LOOK_S)
    with suppress(ExpertError), closing(open_expert(name, options)) as expert:
        return expert.facts().context_tokens
    return None


def _block(place: Place, widest: int) -> list[str]:
    lines = [one_line(place.title, _WIDTH)]
    for text in filter(None, (place.problem, place.fix)):
        lines += filled(one_line(text, 1000), "  ")
    return lines + [line for model in place.found for line in _row(model, widest)]


def _row(model: FoundExpert, widest: int) -> list[str]:
    """One line, or two where the name is long: it has to be whole to be copied."""
    size = "" if model.size_bytes is None else size_text(model.size_bytes)
    context = "" if model.context_tokens is None else f"{model.context_tokens:,} tokens"
    parameters, quantisation = (
        one_line(part or "", 8) for part in (model.parameters, model.quantisation)
    )
    facts = f"{size:>8} {parameters:>7} {quantisation:<7} {context:>14}".rstrip()
    name = one_line(model.name, 1000)
    lines = [f"  {name:<{widest}} {facts}".rstrip()]
    if len(name) > widest and facts.strip():
        known = [part for part in (size, parameters, quantisation, context) if part]
        lines = [f"  {name}", f"      {', '.join(known)}"]
    if not model.writable:
        lines.append("    (this name cannot be written in settings)")
    return lines


def size_text(size_bytes: int) -> str:
    """The size of a file: ``5.2 GB``, ``3 MB``."""
    if size_bytes < 1e8:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{size_bytes / 1e9:.1f} GB"


def filled(text: str, indent: str, first: str | None = None) -> list[str]:
    """A paragraph in lines of 80 columns; a word that is longer stays whole."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
