"""Records of replies outlive their process, and are shared."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_experts.books import FileBook, MemoryBook
from local_experts.calling import Call
from local_experts.errors import RecordUnusable
from local_experts.protocol import Finish, Reply

REPLY = Reply(text="one\x00\n✓", thinking="hm", finish=Finish.LENGTH, prompt_tokens=7, seconds=0.25)


def call(key: str, reply: Reply | None = REPLY) -> Call:
    return Call(
        key=key,
        role="feedback",
        expert="ollama:x",
        request={"messages": ["what nobody else is to read"]},
        reply=reply,
        error=None if reply else "broken",
        seconds=0.5,
        cost=1.0,
    )


def test_a_reply_is_found_as_it_was_also_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "new" / "replies.db"
    code = (
        "import os, sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "from local_experts.books import FileBook\n"
        "from tests.local_experts.test_books import call\n"
        "FileBook(Path(sys.argv[1])).add(call('a'))\n"
        "os._exit(9)\n"
    )
    root = str(Path(__file__).parents[2])
    assert (
        subprocess.run([sys.executable, "-c", code, str(path), root], check=False).returncode == 9
    )
    with FileBook(path) as book:
        assert book.find("a") == REPLY
        assert book.find("b") is None


def test_what_was_asked_and_errors_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with FileBook(path) as book:
        book.add(call("a"))
        book.add(call("b", None))
        assert book.find("b") is None
    assert b"nobody else" not in path.read_bytes()


def test_the_first_reply_to_a_question_stays(tmp_path: Path) -> None:
    books = [MemoryBook(), FileBook(tmp_path / "replies.db")]
    for book in books:
        book.add(call("a"))
        book.add(call("a", Reply(text="two")))
        assert book.find("a") == REPLY
    books[1].__exit__(None, None, None)


def test_threads_and_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with FileBook(path) as one, FileBook(path) as other, ThreadPoolExecutor(8) as pool:
        work = [
            pool.submit((one, other)[number % 2].add, call(str(number))) for number in range(100)
        ]
        for done in work:
            done.result()
        assert all(other.find(str(number)) == REPLY for number in range(100))


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(RecordUnusable, match=r"replies\.db"):
        FileBook(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordUnusable, match="file"):
        FileBook(tmp_path / "file" / "replies.db")


def test_a_record_that_breaks_while_it_is_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with FileBook(path) as book:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE replies")
        other.close()
        with pytest.raises(RecordUnusable):
            book.find("a")
        with pytest.raises(RecordUnusable):
            book.add(call("a"))
