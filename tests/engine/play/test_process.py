"""The process of a Playground: it is told of, can be interrupted, and never outlives who asks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from asked import answers, ask, heard_until, playing, ready, streamed
from engines import Finished

from engine.config import demo_settings, with_values
from engine.play.child import DIED, PlayProcess
from engine.play.messages import (
    START,
    Ask,
    Begun,
    Cancel,
    Doing,
    Done,
    Ended,
    Event,
    Failed,
    Judged,
    PartBegun,
    PartDone,
    Piece,
    Verdict,
)
from engine.project import Project

QUESTION = "((7 * -2 - 4) * (3 + -9 * 1)) ="
GONE_WITHIN_S = 15.0


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the embedded student, and no run yet."""
    settings = with_values(demo_settings(), {"student.threads": 1})
    return Project.create(tmp_path_factory.mktemp("embedded") / "p", settings)


@pytest.fixture(scope="module")
def loaded(embedded: Project) -> Iterator[PlayProcess]:
    with playing(embedded.path) as process:
        assert ready(process).parameters > 100_000
        yield process


def is_piece(event: Event) -> bool:
    return isinstance(event, Piece)


def test_pieces_add_up_to_what_is_written(loaded: PlayProcess) -> None:
    heard = ask(loaded, Ask(id=1, question=QUESTION, weights=(START,), answer="108"))
    (answer,) = answers(heard)
    (part,) = [event for event in heard if isinstance(event, PartDone)]
    assert sum(map(is_piece, heard)) > 50
    # What may begin a stop string is held back to the end.
    assert part.text.startswith(streamed(heard, START))
    assert len(part.text) - len(streamed(heard, START)) < len("\nFeedback:") + 20
    assert answer.text == part.text
    assert 0 < part.first_s < part.seconds
    kinds = [type(event) for event in heard if not is_piece(event)]
    assert kinds[:2] == [Begun, PartBegun]
    assert kinds[-1] is Done


def test_an_answer_that_nobody_gave_is_worked_out_by_the_tasks_script(loaded: PlayProcess) -> None:
    (answer,) = answers(ask(loaded, Ask(id=2, question=QUESTION, weights=(START,))))
    assert answer.right == "108"
    assert answer.final_correct is (answer.final_answer == "108")
    assert answer.as_tested is None


@pytest.mark.parametrize("question", ["Who are you?", "[/x] \x1b[2J \ud800 \u202e", "\n\n("])
def test_what_is_no_question_of_the_task_is_answered_without_a_verdict(
    loaded: PlayProcess, question: str
) -> None:
    heard = ask(loaded, Ask(id=3, question=question, weights=(START,)))
    (answer,) = answers(heard)
    assert (answer.right, answer.first_correct, answer.final_correct) == (None, None, None)
    judged = [event for event in heard if isinstance(event, Judged)]
    assert judged
    assert all(one.verdict is Verdict.NONE and one.problem for one in judged)


def test_a_megabyte_is_refused_in_words(loaded: PlayProcess) -> None:
    (failed,) = [
        event
        for event in ask(loaded, Ask(id=4, question="7 + " * 250_000, weights=(START,)))
        if isinstance(event, Failed)
    ]
    assert failed.title == "The question is too long"
    assert "1,000,000 characters" in failed.message
    assert not failed.fatal


def test_a_question_longer_than_the_context_is_refused_in_words(loaded: PlayProcess) -> None:
    heard = ask(loaded, Ask(id=5, question="(7 + 1) * " * 4000, weights=(START,)))
    (failed,) = [event for event in heard if isinstance(event, Failed)]
    assert "tokens with its prompt" in failed.message


def test_a_temperature_samples_by_the_seed(loaded: PlayProcess) -> None:
    def text(number: int, seed: int) -> str:
        request = Ask(id=number, question=QUESTION, weights=(START,), temperature=2.0, seed=seed)
        return answers(ask(loaded, request))[0].text

    assert text(10, 1) == text(11, 1)
    assert len({text(12 + seed, seed) for seed in range(4)}) > 1


def test_it_is_cancelled_between_two_tokens(loaded: PlayProcess) -> None:
    loaded.send(Ask(id=20, question=QUESTION, weights=(START,)))
    heard_until(loaded, is_piece)
    loaded.send(Cancel(id=20))
    heard = heard_until(loaded, lambda event: isinstance(event, Done))
    assert heard[-1] == Done(id=20, cancelled=True)
    assert not answers(heard)
    # What comes after is not concerned.
    assert answers(ask(loaded, Ask(id=21, question=QUESTION, weights=(START,))))


def test_what_waits_is_cancelled_too(loaded: PlayProcess) -> None:
    for number in (30, 31):
        loaded.send(Ask(id=number, question=QUESTION, weights=(START,)))
    loaded.send(Cancel(id=31))
    heard = heard_until(loaded, lambda e: isinstance(e, Done) and e.id == 31)
    assert heard[-1] == Done(id=31, cancelled=True)


def test_weights_that_are_not_there_concern_nobody_else(loaded: PlayProcess) -> None:
    heard = ask(loaded, Ask(id=40, question=QUESTION, weights=(7, START)))
    (failed,) = [event for event in heard if isinstance(event, Failed)]
    assert (failed.weights, failed.title) == (7, "The weights are gone")
    assert [one.weights for one in answers(heard)] == [START]


def test_damaged_weights_are_told(finished: Finished, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.project.path, copy)
    weights = copy / "checkpoints" / "run1-iteration1" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"\0" * 8)
    shutil.rmtree(copy / "checkpoints" / "run1-iteration2")
    with playing(copy) as process:
        heard = ask(process, Ask(id=1, question="(1 + 2) =", weights=(1, 2, START)))
    failed = [event for event in heard if isinstance(event, Failed)]
    assert [(one.weights, one.title) for one in failed] == [
        (1, "A checkpoint is damaged"),
        (2, "The weights are gone"),
    ]
    assert len(answers(heard)) == 1


def test_its_violent_end_is_told(embedded: Project) -> None:
    process = PlayProcess(embedded.path)
    heard_until(process, lambda event: isinstance(event, Doing))
    os.kill(process.pid, signal.SIGKILL)
    last = heard_until(process, lambda event: isinstance(event, Ended))[-1]
    assert isinstance(last, Ended)
    assert last.title == DIED
    assert "memory runs out" in last.message
    assert last.exit_code == 4
    process.send(Ask(id=1, question="into the void", weights=(START,)))
    process.close()


def test_its_last_words_are_told(embedded: Project) -> None:
    code = "import sys; print('noise'); sys.exit('no such kernel image')"
    process = PlayProcess(embedded.path, command=[sys.executable, "-c", code])
    (last,) = heard_until(process, lambda event: isinstance(event, Ended))
    assert isinstance(last, Ended)
    assert "exit code 1" in last.message
    assert "no such kernel image" in last.message


def test_a_student_that_cannot_be_loaded_is_told(embedded: Project, tmp_path: Path) -> None:
    settings = with_values(embedded.settings, {"student.path": str(tmp_path / "nowhere")})
    project = Project.create(tmp_path / "p", settings)
    process = PlayProcess(project.path)
    heard = heard_until(process, lambda event: isinstance(event, Ended))
    assert heard[-1] == Ended(
        title="The student is missing", message=heard[-2].message, exit_code=4
    )
    assert "nowhere" in heard[-1].message


def test_an_end_that_was_asked_for_is_no_trouble(embedded: Project) -> None:
    process = PlayProcess(embedded.path)
    process.close()
    process.close()
    assert heard_until(process, lambda event: isinstance(event, Ended))[-1] == Ended()
    assert process.has_ended


PARENT = """
import sys, time
from pathlib import Path
from engine.play.child import PlayProcess
from engine.play.messages import Ask, Piece, Doing
process = PlayProcess(Path(sys.argv[1]))
wanted = {"loading": Doing, "answering": Piece}[sys.argv[2]]
question = "((7 * -2 - 4) * (3 + -9 * 1)) ="
for number in range(1, 2000):
    process.send(Ask(id=number, question=question, weights=(0,)))
while not isinstance(process.next(), wanted):
    pass
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("when", ["loading", "answering"])
def test_it_does_not_outlive_who_asks(embedded: Project, when: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(embedded.path), when],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
        killed = time.monotonic()
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() - killed < GONE_WITHIN_S
            time.sleep(0.02)


def test_what_libraries_print_does_not_come_between(embedded: Project, tmp_path: Path) -> None:
    noisy = "import runpy, sys, os; os.write(1, b'x' * 10); print('{}'); sys.argv[:] = sys.argv[1:]"
    code = f"{noisy}; runpy.run_module('engine.play', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-P", "-c", code, "engine.play", str(embedded.path)]
    process = PlayProcess(embedded.path, command=command)
    try:
        ready(process)
    finally:
        process.close()


def test_requests_that_make_no_sense_are_passed_over(embedded: Project) -> None:
    lines = [b"{}", b"nonsense \xff", b"[" * 100_000, json.dumps({"kind": "ask"}).encode()]
    process = PlayProcess(embedded.path)
    try:
        for line in lines:
            process._requests.put(line + b"\n")
        assert answers(ask(process, Ask(id=1, question=QUESTION, weights=(START,))))
    finally:
        process.close()
