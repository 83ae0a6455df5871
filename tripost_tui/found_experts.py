"""The experts that can be chosen on this machine, from what was discovered."""

from __future__ import annotations

from dataclasses import dataclass

from engine.expert_settings import SCRIPT
from local_experts.discovery import Discovery
from local_experts.names import BackEnd, ExpertName
from tripost_tui.text import one_line

_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class FoundExpert:
    """An expert by the name that the settings have for it, and a word on it."""

    name: str
    about: str


SCRIPTS = FoundExpert(SCRIPT, "the task's own scripts: no language model, no server")


@dataclass(frozen=True, slots=True)
class FoundExperts:
    """What can be chosen; ``note`` says what was not found, and why."""

    experts: tuple[FoundExpert, ...]
    note: str = ""


def found_experts(found: Discovery) -> FoundExperts:
    """Scripts first, then models as they were found. Texts are clean.

    A model whose name cannot be shown as it is, is left out: it could pass for another one.
    """
    experts = []
    if found.ollama is not None:
        for model in found.ollama.models:
            name = ExpertName(BackEnd.OLLAMA, model.name)
            parts = (model.parameters, model.quantisation, _gigabytes(model.size_bytes))
            experts.append(_expert(str(name), " ".join(filter(None, ("Ollama", *parts)))))
    for file in found.gguf:
        name = ExpertName(BackEnd.GGUF, str(file.path))
        told = (file.name or "GGUF file", file.architecture, _gigabytes(file.size_bytes))
        experts.append(_expert(str(name), " ".join(filter(None, told))))
    if found.openai is not None:
        for model_name in found.openai.models:
            name = ExpertName(BackEnd.OPENAI, model_name, found.openai.url)
            experts.append(_expert(str(name), "OpenAI-compatible"))
    shown = [expert for expert in experts if one_line(expert.name, _LONGEST_NAME) == expert.name]
    notes = [one_line(problem.message, 160) for problem in found.problems]
    if left := len(experts) - len(shown):
        notes.append(f"{left} with names that cannot be shown are left out.")
    return FoundExperts((SCRIPTS, *shown), " ".join(notes))


def _expert(name: str, about: str) -> FoundExpert:
    return FoundExpert(name, one_line(about, 80))


def _gigabytes(size: int | None) -> str:
    return f"{size / 1e9:.1f} GB" if size else ""
