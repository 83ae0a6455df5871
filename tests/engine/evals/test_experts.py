"""Experts over an API: by chain of thought, improving themselves by messages."""

import threading
from pathlib import Path
from typing import Any

import pytest
from evaluated_by import evaluated, run_eval, stored

from tests.local_experts.openai_server import OpenAiServer
from tests.local_experts.serving import Answer, Status

QUESTIONS = {"((1 + 2) * (3 - 1)) =": "6", "((2 + 2) * (1 + 1)) =": "8"}
PRAISE = "Steps (1) to (1) are correct. The final response is also correct."
BLAME = 'In step (1) the part "5" is incorrect. This is because it is 6.'
HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold]\u202e=cmd()"


def solution(answer: str, more: str = "") -> str:
    return f"(1) It is {answer}.{more}\n(Final response) So the answer is {answer}."


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.jsonl"
    rows = [f'{{"input": "{q}", "target": {a}, "id": "q{a}"}}' for q, a in QUESTIONS.items()]
    path.write_text("\n".join(rows))
    return path


def asked_last(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def corrects_itself(body: dict[str, Any]) -> str:
    """Wrong at the first question, which it then puts right; right at the second."""
    texts = [message["content"] for message in body["messages"]]
    first = any(next(iter(QUESTIONS)) in text for text in texts)
    if asked_last(body).startswith("Check"):
        return PRAISE if not first or BLAME in texts else BLAME
    if asked_last(body).startswith("Write the updated"):
        return f"Updated Answer: {solution('6')}"
    return solution("5", HOSTILE) if first else solution("8")


def given(server: OpenAiServer, items: Path, *more: object) -> tuple[object, ...]:
    name = f"openai:small@{server.url}"
    return name, "--items", items, "--task", "multistep_arithmetic", "--shots", 1, *more


def test_it_improves_itself_by_messages(items: Path, tmp_path: Path) -> None:
    with OpenAiServer(corrects_itself) as server:
        (said,) = evaluated(*given(server, items, "--prompt-only", "--out", tmp_path))
    figures = said["all"]
    assert (figures["first"], figures["final"], figures["wrong_to_right"]) == (1, 2, 1)
    assert said["ends"] == {"positive feedback": 2}
    _, answers = stored(tmp_path)
    assert answers[0].parts == (solution("5", HOSTILE), BLAME, solution("6"), PRAISE)
    assert answers[0].prompt_tokens > answers[0].tokens > 0
    assert said["notes"] == ["what this model was trained on is not known"]


def test_without_self_improvement_it_is_asked_once(items: Path, tmp_path: Path) -> None:
    with OpenAiServer(corrects_itself) as server:
        (said,) = evaluated(*given(server, items, "--out", tmp_path))
        bodies = [asked.body for asked in server.calls("/v1/chat/completions")]
    assert (said["all"]["final"], said["all"]["attempted"]) == (1, 0)
    assert len(bodies) == 2
    # The example, whole: question and rationale.
    assert [message["role"] for message in bodies[0]["messages"]] == [
        *("system", "user", "assistant", "user")
    ]
    assert "So the answer is" in bodies[0]["messages"][2]["content"]
    assert bodies[0]["messages"][0]["content"].endswith("(Final response) So the answer is X.")


def test_broken_off_it_goes_on_without_paying_twice(items: Path, tmp_path: Path) -> None:
    broken = threading.Event()

    def answer(body: dict[str, Any]) -> Answer | Status:
        if not broken.is_set() and "(2 + 2)" in asked_last(body):
            return Status(401, {"error": {"message": "no"}})
        return Answer(corrects_itself(body))

    with OpenAiServer(answer) as server:
        failed = run_eval(*given(server, items, "--out", tmp_path))
        assert failed.exit_code == 8, failed.output
        assert len(stored(tmp_path)[1]) <= 1
        broken.set()
        (said,) = evaluated(*given(server, items, "--out", tmp_path))
        asked = [asked_last(call.body) for call in server.calls("/v1/chat/completions")]
    assert said["whole"]
    assert sum("(1 + 2)" in text for text in asked) == 1


def test_a_question_that_the_server_refuses_is_wrong_and_told(items: Path, tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer | Status:
        if "(2 + 2)" in asked_last(body):
            return Status(400, {"error": {"message": "filtered"}})
        return Answer(corrects_itself(body))

    with OpenAiServer(answer) as server:
        (said,) = evaluated(*given(server, items, "--out", tmp_path))
    assert said["whole"]
    assert said["all"]["final"] == 0
    assert said["ends"]["not answered: The expert refused the request"] == 1


def test_hostile_text_reaches_no_terminal(items: Path, tmp_path: Path) -> None:
    with OpenAiServer(corrects_itself) as server:
        more = ("--prompt-only", "--out", tmp_path, "--votes", 2)
        text = run_eval(*given(server, items, *more))
        table = run_eval(*given(server, items, *more), "--csv")
    assert text.exit_code == table.exit_code == 0, text.output
    assert "It is 5." in table.stdout
    for printed in (text.output, table.output):
        assert not {"\x1b", "\x07", "\u202e"} & set(printed)
