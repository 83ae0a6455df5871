"""The student that comes with the package: whole, small, loadable, and a fair student."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from db.records import Split, Subtask
from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.embedded.curricula import CURRICULA
from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student.generation import Request, Sampler
from engine.student.loading import load_student
from engine.student_place import find_student
from engine.tasks import TASKS
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import parse_attempt, prompt

STUDENT = student_folder(MultistepArithmetic.name)
schooled = pytest.mark.parametrize("task", SCHOOLED_TASKS)


@schooled
def test_it_is_whole_and_small(task: str) -> None:
    files = {path.name: path.stat().st_size for path in student_folder(task).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "CARD.md"} <= files.keys()
    assert sum(files.values()) < 10_000_000


@schooled
def test_transformers_loads_it_as_it_is(task: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(student_folder(task))
    tokenizer = AutoTokenizer.from_pretrained(student_folder(task))
    assert type(model).__name__ == "LlamaForCausalLM"
    made = CURRICULA[task].tokenizer()
    for item in TASKS[task]().generate(Split.TEST, list(Subtask), 20, seed=2):
        text = f"{prompt(item.question, '')}{item.rationale}"
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
        assert tokenizer(text)["input_ids"] == made(text)["input_ids"]


@schooled
def test_the_card_says_how_it_was_made(task: str) -> None:
    card = (student_folder(task) / "CARD.md").read_text()
    for fact in ("parameters", "tokens", "minutes", "accuracy", "right"):
        assert fact in card


def test_a_task_without_a_student_is_told_which_have_one(tmp_path: Path) -> None:
    for task in ("logical_deduction", str(tmp_path / "mine")):
        with pytest.raises(StudentError) as caught:
            find_student(StudentSettings(), task)
        assert f"no student for {Path(task).name}, only for " in caught.value.message
        assert all(name in caught.value.message for name in SCHOOLED_TASKS)
        find_student(StudentSettings(path=str(student_folder(SCHOOLED_TASKS[0]))), task)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_it_can_be_trained_as_it_is_and_with_an_adapter(adapter: str, tmp_path: Path) -> None:
    settings = StudentSettings.model_validate({"adapter": adapter, "device": "cpu", "threads": 1})
    student = load_student(settings, MultistepArithmetic.name, 1)
    assert student.trained_weights()
    student.save(tmp_path)
    assert list(tmp_path.glob("*.safetensors"))


@schooled
def test_it_answers_some_questions_and_errs_on_others(task: str) -> None:
    asked = TASKS[task]()
    student = load_student(StudentSettings(device="cpu"), task, 1)
    sampler = Sampler(student.language_model, student.form, temperature=0.0)
    items = asked.generate(Split.TEST, [Subtask.SEEN], 48, seed=1)
    requests = [Request((prompt(item.question, asked.hint),), 0, 640) for item in items]
    attempts = [parse_attempt(made.text) for made in sampler.generate(requests)]
    right = sum(
        asked.is_right(asked.answer(attempt), item.answer)
        for item, attempt in zip(items, attempts, strict=True)
    )
    assert 0.3 < right / len(items) < 0.95
    judged = [asked.feedback(i.question, a) for i, a in zip(items, attempts, strict=True)]
    assert all(verdict.is_correct or verdict.reason for verdict in judged)
