"""Ollama's Modelfile: what its parser and its templates make of it is how the student is asked."""

import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from engines import Finished
from exports import written
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from engine.config import check_settings
from engine.export.formats import GGUF_FILE, MODELFILE, ExportFormat, ollama_name
from engine.export.modelfile import Speech, modelfile, template
from engine.export.models import speech_of
from engine.export.usage import usages
from engine.project import Project
from engine.student.loading import load_form
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trained import find_trained
from engine.trajectory import prompt

ONE_LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=30)


def parsed(text: str) -> list[tuple[str, str]]:
    """Read a Modelfile as Ollama's parser does: instructions, and values in three quotes."""
    found = []
    while text.strip():
        if match := re.match(r"\s*#[^\n]*\n", text):
            text = text[match.end() :]
            continue
        match = re.match(r'\s*(PARAMETER \w+|[A-Z]+) (?:"""(.*?)"""|([^\n]*))\n', text, re.DOTALL)
        assert match, text
        found.append((match[1], match[3] if match[2] is None else match[2]))
        text = text[match.end() :]
    return found


def rendered(template: str, question: str) -> str:
    """What Go's template makes of it, up to the reply; literals are its only other expressions."""

    def value(match: re.Match[str]) -> str:
        said = match[1]
        if said == ".Prompt":
            return question
        assert said in ('"{"', '"\\""'), said
        return said[1:-1].removeprefix("\\")

    before, _, after = template.rpartition("{{ .Response }}")
    assert after == ""
    return re.sub(r"\{\{ (.*?) \}\}", value, before)


@given(ONE_LINE, ONE_LINE, st.sampled_from(["(1 + 2) =", 'say "x" {{ .System }}', ""]))
@example('{{ .System }}"""', '{"""', "q")
@example("{", '"', "q")
def test_any_text_around_a_question_comes_back(before: str, after: str, question: str) -> None:
    speech = Speech(f"{before}\n", f"\n{after}\n", ("</s>",), 100)
    found = dict(parsed(modelfile("s.gguf", speech)))
    assert found["TEMPLATE"] == template(speech)
    assert rendered(found["TEMPLATE"], question) == speech.prompt(question)


@pytest.mark.parametrize("stop", ['"""', 'a"', "\x1b[31m", "", "a\nb"])
def test_ends_that_cannot_be_written_are_left_out(stop: str) -> None:
    found = parsed(modelfile("s.gguf", Speech("", "", ("<|im_end|>", stop), 100)))
    assert [value for name, value in found if name == "PARAMETER stop"] == ["<|im_end|>"]


def test_comments_stay_comments() -> None:
    text = modelfile("s.gguf", Speech("", "", (), 100), ["a\nFROM /etc/passwd"])
    assert [name for name, _ in parsed(text)].count("FROM") == 1


def test_a_plain_student_is_asked_as_it_was_trained(finished: Finished, tmp_path: Path) -> None:
    found = written(finished.project, tmp_path / "out", ExportFormat.OLLAMA, name="mine")
    said = parsed((found.folder / MODELFILE).read_text(encoding="utf-8"))
    values = dict(said)
    question = "(1 + 2) ="
    assert values["FROM"] == f"./{GGUF_FILE}"
    assert (found.folder / GGUF_FILE).is_file()
    assert rendered(values["TEMPLATE"], question) == prompt(question, MultistepArithmetic.hint)
    # The tests ask greedily, and an update repeats the attempt.
    assert values["PARAMETER temperature"] == "0"
    assert values["PARAMETER repeat_penalty"] == "1"
    assert values["PARAMETER num_predict"] == "450"
    assert values["PARAMETER num_ctx"] == "2048"
    assert found.provenance.name == "mine"


def test_a_chat_student_is_asked_through_its_template(bytes_run: Project, tmp_path: Path) -> None:
    student = Path(copytree(Path(bytes_run.settings.student.path), tmp_path / "student"))
    tokenizer = AutoTokenizer.from_pretrained(student)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    tokenizer.eos_token = "</s>"
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
        "{% if m.role == 'assistant' %}{{ eos_token }}{% else %}{{ '\n' }}{% endif %}{% endfor %}"
    )
    copy = Project.open(copytree(bytes_run.path, tmp_path / "p"))
    trained = find_trained(copy, 1)
    tokenizer.save_pretrained(trained.folder)
    values = trained.settings.model_dump(mode="json")
    values["student"] |= {"prompting": "chat", "path": str(student)}
    settings = check_settings(values, "a test")
    place = trained.place()
    speech = speech_of(replace(place, model=str(student)), trained, " Hint.", settings)
    assert speech.is_chat
    # The tokenizer puts <s> before every text itself, and so does llama.cpp.
    assert speech.before == "<|im_start|>user\n"
    assert speech.after == "\n<|im_start|>assistant\nAnswer: Let's think step by step. Hint.\n"
    assert list(speech.stops) == ["</s>"]
    form = load_form(replace(place, tokenizer=str(trained.folder)), settings.student)
    asked = form.prompt_ids([prompt("(1 + 2) =", " Hint.")])
    assert form.tokenizer(speech.prompt("(1 + 2) ="))["input_ids"] == asked


def test_without_a_converter_the_file_is_left_to_be_made(
    bytes_run: Project, tmp_path: Path
) -> None:
    found = written(bytes_run, tmp_path / "out", ExportFormat.OLLAMA)
    assert found.provenance.to_convert
    assert (found.folder / "model.safetensors").is_file()
    assert "still to be made" in (found.folder / MODELFILE).read_text()
    texts = [usage.text for usage in usages(found.provenance, found.folder)]
    assert texts[0].startswith("python llama.cpp/convert_hf_to_gguf.py")
    assert texts[1].endswith("&& ollama create p-i1 -f Modelfile")


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("demo", "demo-i2"),
        ("My Project!", "my-project-i2"),
        ("[/x]\x1b[2J", "x-2j-i2"),
        ("日本", "tripost-i2"),
        ("../../etc", "etc-i2"),
    ],
)
def test_names_are_ones_that_ollama_takes(project: str, name: str) -> None:
    assert ollama_name(project, 2) == name
