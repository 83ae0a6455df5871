"""README.md of an export: where it comes from, how good it is, how it is used.

It is written in Markdown, in which texts of others (names of projects and models) are code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.export.formats import MODELFILE, PROMPT_FILE, ExportFormat
from engine.export.provenance import Provenance
from engine.export.usage import Usage
from engine.student_hub import is_hub_id

_TITLES = {
    ExportFormat.ADAPTER: "A LoRA adapter trained with TriPosT",
    ExportFormat.MERGED: "A model trained with TriPosT",
    ExportFormat.GGUF: "A model trained with TriPosT, as GGUF",
    ExportFormat.OLLAMA: "A model trained with TriPosT, for Ollama",
    ExportFormat.DATASET: "A data set made with TriPosT",
}

_FILES = {
    "examples.jsonl": "what was trained on: `text`, and its `segments` in order, each with the "
    "`weight` of its tokens in the loss (or `runs`: pairs of a number of characters and their "
    "weight), its `part` and its `author`; `kind` is improving, non_improving or ground_truth",
    "prompt_completion.jsonl": "the same without weights, as `prompt` and `completion`",
    "messages.jsonl": "the same as a chat: the question is the user's message",
    "trajectories.jsonl": "every trajectory with all turns as a person left them in review, "
    "rejected ones, too, with their `review` status; `text_as_collected` where it was edited",
    MODELFILE: "Ollama's: the file, the form of a question, when a reply ends",
    PROMPT_FILE: "a test question as the student is asked it",
}


def card(provenance: Provenance, found: Sequence[Usage], files: Sequence[str], folder: Path) -> str:
    """Write the README of an export that will be in ``folder``."""
    parts = [_front_matter(provenance), f"# {_TITLES[provenance.format]}", _about(provenance)]
    known = [name for name in files if name in _FILES]
    if known:
        parts.append("## Files")
        parts.append("\n".join(f"- `{name}`: {_FILES[name]}." for name in known))
    parts.append("## Use")
    if provenance.to_convert:
        parts.append(
            "llama.cpp's converter was not there when this was written. It comes with "
            "llama.cpp's source (https://github.com/ggml-org/llama.cpp)."
        )
    parts += [f"{each.about}:\n\n```\n{each.text}\n```" for each in found]
    parts.append(f"The commands name the folder where it was written first: {code(str(folder))}.")
    parts += ["## Settings", _settings(provenance)]
    parts += ["## Licence", _licence(provenance)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(provenance: Provenance) -> str:
    """What model hubs read. Only a hub's id is one to them."""
    if provenance.format is ExportFormat.DATASET or not is_hub_id(provenance.base):
        return ""
    relation = "adapter" if provenance.format is ExportFormat.ADAPTER else "finetune"
    library = "peft" if provenance.format is ExportFormat.ADAPTER else "transformers"
    return (
        f"---\nbase_model: {provenance.base}\nbase_model_relation: {relation}\n"
        f"library_name: {library}\ntags:\n- tripost\n---"
    )


def _about(provenance: Provenance) -> str:
    which = ", ".join(map(str, provenance.iterations))
    word = "Iteration" if len(provenance.iterations) == 1 else "Iterations"
    lines = [
        f"- What: {provenance.what}.",
        f"- From: {word.lower()} {which} of run {provenance.run} of the project "
        f"{code(provenance.project)}.",
        f"- Base model: {code(provenance.base)}.",
        f"- Task: {code(provenance.task)}.",
        f"- {_accuracy(provenance)}",
    ]
    if provenance.format is ExportFormat.DATASET:
        lines.pop()
    elif provenance.prompt:
        how = "through its chat template" if provenance.is_chat else "in plain text, without roles"
        lines.append(
            f"- It is asked {how}, and answers with an attempt, feedback on it and, where that "
            "finds an error, an updated attempt. To have that judged again, ask it anew with the "
            "question and the update."
        )
    return "\n".join(lines)


def _accuracy(provenance: Provenance) -> str:
    if provenance.right is None or not provenance.tested:
        return "Accuracy: this iteration has not been evaluated as a whole."
    share = 100 * provenance.right / provenance.tested
    text = f"Accuracy: {share:.1f}% of {provenance.tested} test items right by the final answer"
    if provenance.start_right is not None:
        text += f"; before training {100 * provenance.start_right / provenance.tested:.1f}%"
    return f"{text}."


def _settings(provenance: Provenance) -> str:
    lines = [f"{key} = {value}" for key, value in provenance.settings.items()]
    lines += [f"{name} {version}" for name, version in provenance.versions.items()]
    return "```\n" + "\n".join(" ".join(line.split()) for line in lines) + "\n```"


def _licence(provenance: Provenance) -> str:
    if provenance.format is ExportFormat.DATASET:
        return (
            "Texts were written by the student, by experts and by scripts; see the licence of "
            f"the base model {code(provenance.base)}, and the terms of the experts' models."
        )
    return f"See the base model {code(provenance.base)}: its licence holds for what is made of it."


def code(text: str) -> str:
    """Write a text of others as code on one line: nothing in it is Markdown."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in text).split()) or " "
    fence = "`"
    while fence in kept:
        fence += "`"
    pad = " " if "`" in kept else ""
    return f"{fence}{pad}{kept}{pad}{fence}"
