"""Scripts of the person's: what they answer, and every way in which they fail."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.tasks.own.script_process import (
    ScriptError,
    ScriptFailure,
    ScriptLimits,
    ScriptProcess,
)

LOOP = "import json, sys, os, time\nfor line in sys.stdin:\n    request = json.loads(line)\n"
ECHO = LOOP + "    print(json.dumps({'said': request['question']}), flush=True)\n"
QUICK = ScriptLimits(timeout_s=0.5)
PATIENT = ScriptLimits(timeout_s=600.0, memory_bytes=256 << 20)

Script = Callable[..., ScriptProcess]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Makes scripts of texts, and ends them."""
    made: list[ScriptProcess] = []

    def make(text: str, limits: ScriptLimits = PATIENT) -> ScriptProcess:
        (tmp_path / "checker.py").write_text(text)
        made.append(ScriptProcess(tmp_path, "checker.py", limits))
        return made[-1]

    yield make
    for process in made:
        process.close()
    assert not [
        child for child in psutil.Process().children() if "checker.py" in str(child.cmdline())
    ]


def failure(process: ScriptProcess, question: str = "What?") -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        process.ask({"kind": "check", "question": question})
    assert caught.value.message.startswith("checker.py ")
    assert f"the question was {question!r}" in caught.value.message
    return caught.value


def test_one_process_answers_request_after_request(script: Script) -> None:
    process = script(LOOP + "    print(json.dumps({'pid': os.getpid()}), flush=True)\n")
    pids = {process.ask({})["pid"] for _ in range(20)}
    assert len(pids) == 1
    process.close()
    assert process.ask({})["pid"] not in pids


@pytest.mark.parametrize(
    "text", ["", "a\nb", "\ud800", "\x00\x1b[2J", "ü" * 100_000, "\u2028", '"}\n{'], ids=range(7)
)
def test_any_text_gets_there_and_back(script: Script, text: str) -> None:
    process = script(ECHO)
    assert process.ask({"question": text}) == {"said": text}
    assert process.ask({"question": "next"}) == {"said": "next"}


def test_a_request_larger_than_a_pipe_meets_a_script_that_writes_first(script: Script) -> None:
    text = "import sys\nprint('x' * 500_000, file=sys.stderr, flush=True)\n" + ECHO
    assert script(text).ask({"question": "x" * 900_000}) == {"said": "x" * 900_000}


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("import time\ntime.sleep(60)", ScriptFailure.TIMED_OUT, "gave no answer within 0.5 s"),
        (LOOP + "    while True: pass", ScriptFailure.TIMED_OUT, "gave no answer within 0.5 s"),
        (LOOP + "    print('{', flush=True)", ScriptFailure.NOT_JSON, ": '{'"),
        (LOOP + "    print('[1]', flush=True)", ScriptFailure.NOT_JSON, ": '[1]'"),
        (LOOP + "    print('checking', flush=True)", ScriptFailure.NOT_JSON, ": 'checking'"),
        (LOOP + "    print('[' * 99999, flush=True)", ScriptFailure.NOT_JSON, "[[["),
        (
            LOOP + "    sys.stdout.buffer.write(b'\\xff\\x00\\n'); sys.stdout.flush()",
            ScriptFailure.NOT_JSON,
            "not a JSON object",
        ),
        (LOOP + "    print()\n    sys.stdout.flush()", ScriptFailure.NOT_JSON, ": ''"),
        (
            LOOP + "    print('x' * 1_000_001, flush=True)",
            ScriptFailure.TOO_LONG,
            "more than 1000000 bytes",
        ),
        (
            LOOP + "    print('x' * 9_000_000, end='', flush=True)",
            ScriptFailure.TOO_LONG,
            "more than 1000000 bytes",
        ),
        (LOOP + "    raise KeyError('oh')", ScriptFailure.ENDED, "KeyError: 'oh'"),
        (LOOP + "    sys.exit(3)", ScriptFailure.ENDED, "exit status 3"),
        (LOOP + "    sys.exit(0)", ScriptFailure.ENDED, "it should wait for the next line"),
        (LOOP + "    os.kill(os.getpid(), 9)", ScriptFailure.ENDED, "ended by signal 9"),
        (LOOP + "    os.close(1); time.sleep(60)", ScriptFailure.ENDED, "it closed its output"),
        ("def f(:", ScriptFailure.ENDED, "SyntaxError"),
        ("", ScriptFailure.ENDED, "exit status 0"),
        ("x = [0] * (1 << 30)", ScriptFailure.ENDED, "MemoryError"),
        (
            LOOP + "    print(json.dumps({'id': 0}), flush=True)",
            ScriptFailure.EXTRA_OUTPUT,
            "another request's id",
        ),
    ],
)  # fmt: skip
def test_a_failure_is_named_and_the_next_request_starts_anew(
    script: Script, tmp_path: Path, text: str, kind: ScriptFailure, message: str
) -> None:
    process = script(text, QUICK if kind is ScriptFailure.TIMED_OUT else PATIENT)
    error = failure(process)
    assert error.failure is kind
    assert message in error.message
    (tmp_path / "checker.py").write_text(ECHO)
    process.limits = PATIENT
    assert process.ask({"question": "again"}) == {"said": "again"}


def test_a_second_line_is_no_answer_to_the_next_request(script: Script) -> None:
    process = script(LOOP + "    print('{}\\n{}', flush=True)\n")
    assert process.ask({"question": "first"}) == {}
    assert failure(process, "second").failure is ScriptFailure.EXTRA_OUTPUT


def test_a_script_that_does_not_read_does_not_block_a_long_request(script: Script) -> None:
    process = script("import time\ntime.sleep(60)", QUICK)
    with pytest.raises(ScriptError) as caught:
        process.ask({"question": "x" * 10_000_000})
    assert caught.value.failure is ScriptFailure.TIMED_OUT


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    error = failure(ScriptProcess(tmp_path, "checker.py", PATIENT))
    assert error.failure is ScriptFailure.MISSING
    assert str(tmp_path / "checker.py") in error.message


def test_the_end_of_stderr_is_told_and_no_more(script: Script) -> None:
    text = "import sys\nprint('x' * 100_000 + 'the reason', file=sys.stderr)\nsys.exit(1)"
    error = failure(script(text))
    assert error.message.endswith("xthe reason")
    assert len(error.message) < 3_000


def test_children_end_with_their_script(script: Script, tmp_path: Path) -> None:
    """Also those that hold the pipes open, and go on writing to them."""
    text = (
        "import os, sys, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    while True:\n"
        "        sys.stderr.write('still here ')\n"
        "        sys.stderr.flush()\n"
        "        time.sleep(0.01)\n"
        "with open('child', 'w') as file:\n"
        "    file.write(str(child))\n"
        "sys.exit(1)\n"
    )
    assert failure(script(text)).failure is ScriptFailure.ENDED
    child = int((tmp_path / "child").read_text())
    assert is_gone(child)


def is_gone(pid: int) -> bool:
    """Tell whether a process is no more, or dead and waits for its new parent, which is not us."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_a_script_sees_no_keys_and_another_home(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    process = script(
        LOOP + "    print(json.dumps({'env': dict(os.environ), 'cwd': os.getcwd(),"
        " 'argv': sys.argv, 'isolated': sys.flags.isolated}), flush=True)\n"
    )
    seen = process.ask({})
    assert set(seen["env"]) - {"LC_CTYPE"} == {"PATH", "LANG", "HOME", "TMPDIR"}
    assert seen["env"]["HOME"] != os.environ.get("HOME")
    assert Path(seen["cwd"]) == tmp_path.resolve()
    assert seen["argv"] == [str((tmp_path / "checker.py").resolve())]
    assert seen["isolated"] == 1
    home = Path(seen["env"]["HOME"])
    assert home.is_dir()
    process.close()
    assert not home.exists()


def test_threads_take_turns(script: Script) -> None:
    process = script(ECHO)
    wrong: list[str] = []

    def ask(name: str) -> None:
        said = [process.ask({"question": f"{name}{n}"})["said"] for n in range(50)]
        if said != [f"{name}{n}" for n in range(50)]:
            wrong.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_interrupted_request_leaves_no_answer_behind(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = script(ECHO)
    process.ask({"question": "first"})

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.tasks.own.script_worker.json.loads", interrupt)
        with pytest.raises(KeyboardInterrupt):
            process.ask({"question": "second"})
    assert process.ask({"question": "third"}) == {"said": "third"}


def test_what_nobody_closes_ends_with_the_process(tmp_path: Path) -> None:
    """Also one that never reads again, whether its owner ends in peace or is killed."""
    text = LOOP + "    print(json.dumps({'pid': os.getpid()}), flush=True)\n    time.sleep(600)\n"
    (tmp_path / "checker.py").write_text(text)
    for last in ("", "import os; os.kill(os.getpid(), 9)"):
        code = (
            "from pathlib import Path\n"
            "from engine.tasks.own.script_process import ScriptLimits, ScriptProcess\n"
            f"script = ScriptProcess(Path({str(tmp_path)!r}), 'checker.py', ScriptLimits(600.0))\n"
            f"print(script.ask({{}})['pid'], flush=True)\n{last}"
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        assert is_gone(int(done.stdout))
