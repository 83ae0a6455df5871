"""The student that comes with the package: whole, small, loadable, and a fair student."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from db.records import Split, Subtask
from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.embedded.arithmetic import PHRASES
from engine.embedded.tokenizer import build_tokenizer
from engine.errors import StudentError
from engine.generation import Request, Sampler
from engine.settings import StudentSettings
from engine.student import load_student
from engine.student_place import check_student
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import parse_attempt, prompt

STUDENT = student_folder(MultistepArithmetic.name)


def test_it_is_whole_and_small() -> None:
    files = {path.name: path.stat().st_size for path in STUDENT.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "CARD.md"} <= files.keys()
    assert sum(files.values()) < 10_000_000


def test_transformers_loads_it_as_it_is() -> None:
    model = AutoModelForCausalLM.from_pretrained(STUDENT)
    tokenizer = AutoTokenizer.from_pretrained(STUDENT)
    assert type(model).__name__ == "LlamaForCausalLM"
    text = "Q: ((1 - 8) + 12) =\nAnswer: Let's think step by step."
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer(text)["input_ids"] == build_tokenizer(PHRASES)(text)["input_ids"]


def test_the_card_says_how_it_was_made() -> None:
    card = (STUDENT / "CARD.md").read_text()
    for fact in ("parameters", "tokens", "minutes", "accuracy", "right"):
        assert fact in card


def test_a_task_without_a_student_is_told_which_have_one(tmp_path: Path) -> None:
    for task in ("logical_deduction", str(tmp_path / "mine")):
        with pytest.raises(StudentError) as caught:
            check_student(StudentSettings(), task)
        assert f"no student for {Path(task).name}, only for " in caught.value.message
        assert all(name in caught.value.message for name in SCHOOLED_TASKS)
        check_student(StudentSettings(path="some/model"), task)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_it_can_be_trained_as_it_is_and_with_an_adapter(adapter: str, tmp_path: Path) -> None:
    settings = StudentSettings.model_validate({"adapter": adapter, "device": "cpu", "threads": 1})
    student = load_student(settings, MultistepArithmetic.name, 1)
    assert student.trained_weights()
    student.save(tmp_path)
    assert list(tmp_path.glob("*.safetensors"))


def test_it_answers_some_questions_and_errs_on_others() -> None:
    task = MultistepArithmetic()
    student = load_student(StudentSettings(device="cpu"), task.name, 1)
    sampler = Sampler(student.language_model, student.tokenizer, temperature=0.0)
    items = task.generate(Split.TEST, [Subtask.SEEN], 48, seed=1)
    requests = [Request(prompt(item.question, task.hint), 0, 640) for item in items]
    attempts = [parse_attempt(made.text) for made in sampler.generate(requests)]
    right = sum(
        task.is_right(task.answer(attempt), item.answer)
        for item, attempt in zip(items, attempts, strict=True)
    )
    assert 0.3 < right / len(items) < 0.8
    judged = [task.feedback(i.question, a) for i, a in zip(items, attempts, strict=True)]
    assert all(verdict.is_correct or verdict.reason for verdict in judged)
