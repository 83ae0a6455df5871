<<<<<<< HEAD
"""The record of calls: on disk when told, shared by threads, the same when read back."""

from collections.abc import Iterator
=======
"""The record of calls on disk: what was replied is found, by whoever asks, and nothing else."""

import hashlib
>>>>>>> reports
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

<<<<<<< HEAD
from db.errors import StoreError
from db.store import Store
from engine.experts.book import StoreBook
from local_experts.calling import Call, request_json
from local_experts.protocol import Finish, Message, Reply, Request, Role

REQUEST = Request(messages=(Message(Role.USER, "hello"),), schema={"type": "object"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store.create(tmp_path / "run.db") as store:
        store.create_run(seed=1, iterations=1, config={}, config_hash="", versions={}, student="")
    return tmp_path / "run.db"


@pytest.fixture
def book(path: Path) -> Iterator[StoreBook]:
    with StoreBook(path, 1, 2, 5.0) as opened:
        yield opened


def call(key: str, text: str | None = "hi", error: str | None = None) -> Call:
    reply = Reply(
        text=text,
        thinking="hm\x00\x1b[2J",
        finish=Finish.LENGTH,
        prompt_tokens=3,
        reply_tokens=None,
    ) if text is not None else None  # fmt: skip
    return Call(
        key=key,
        role="feedback",
        expert="ollama:m",
        request=request_json(REQUEST),
        reply=reply,
        error=error,
        seconds=0.5,
        cost=0.25,
    )


def test_a_reply_is_read_back_as_it_was(book: StoreBook) -> None:
    assert book.find("k") is None
    book.add(call("k"))
    found = book.find("k")
    assert found is not None
    assert (found.text, found.thinking, found.finish) == ("hi", "hm\x00\x1b[2J", Finish.LENGTH)
    assert (found.prompt_tokens, found.reply_tokens) == (3, None)


def test_what_is_added_is_on_disk_for_others(book: StoreBook, path: Path) -> None:
    book.add(call("k"))
    book.add(call("f", None, "gone"))
    with Store.open(path, readonly=True) as store:
        good, bad = store.expert_calls(1)
        assert (good.reply, good.iteration, good.role, good.cost) == ("hi", 2, "feedback", 0.25)
        assert good.request["messages"] == [{"role": "user", "content": "hello"}]
        assert (bad.reply, bad.error) == (None, "gone")
        (account,) = store.expert_accounts(1)
        assert (account.replies, account.failed, account.untold) == (1, 1, 1)
        assert (account.prompt_tokens, account.reply_tokens) == (3, 0)
        assert (account.seconds, account.cost) == (0.5, 0.5)  # a failure took no time to reply


def test_a_failure_is_never_replayed(book: StoreBook) -> None:
    book.add(call("k", None, "gone"))
    assert book.find("k") is None


def test_of_two_replies_to_the_same_the_first_stays(book: StoreBook) -> None:
    book.add(call("k", "first"))
    book.add(call("k", "second"))
    found = book.find("k")
    assert found is not None
    assert found.text == "first"


def test_many_threads_share_it(book: StoreBook) -> None:
    def work(number: int) -> str:
        book.add(call(str(number), f"reply {number}"))
        found = book.find(str(number))
        assert found is not None
        return found.text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == [f"reply {n}" for n in range(200)]


def test_a_database_that_is_gone_is_told_to_who_asks(tmp_path: Path) -> None:
    with StoreBook(tmp_path / "nowhere" / "run.db", 1, 1, 0.1) as lost:
        with pytest.raises(StoreError):
            lost.find("k")
        with pytest.raises(StoreError):
            lost.add(call("k"))
=======
from db.store import Store
from engine.experts.book import StoreBook
from local_experts.calling import Call
from local_experts.protocol import Finish, Reply


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tripost.db"
    with Store.create(path) as store:
        store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student="embedded"
        )
    return path


def book(path: Path, iteration: int = 1) -> StoreBook:
    return StoreBook(path, 1, iteration, 10.0)


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def call(name: str, text: str | None = "fine") -> Call:
    return Call(
        key=key(name),
        role="feedback",
        expert="ollama:q",
        request={"messages": []},
        reply=None if text is None else Reply(text=text, finish=Finish.LENGTH, reply_tokens=3),
        error="gone" if text is None else None,
        seconds=1.0,
        cost=0.5,
    )


def test_what_was_replied_is_found_at_once_and_in_a_later_iteration(database: Path) -> None:
    with book(database) as one:
        assert one.find(key("a")) is None
        one.add(call("a"))
        found = one.find(key("a"))
        assert found == Reply(text="fine", finish=Finish.LENGTH, reply_tokens=3, seconds=1.0)
        assert one.find(key("b")) is None
    with book(database, iteration=2) as later:
        assert later.find(key("b")) is None
        assert later.find(key("a")) == found


def test_keys_that_begin_alike_are_told_apart(database: Path) -> None:
    other = key("a")[:40] + "0" * 24
    with book(database) as one:
        one.add(call("a"))
        assert one.find(other) is None


def test_a_call_that_failed_is_recorded_and_never_found(database: Path) -> None:
    with book(database) as one:
        one.add(call("a", text=None))
        assert one.find(key("a")) is None
        one.add(call("a"))
        one.add(call("a", text="another"))
        found = one.find(key("a"))
    assert found is not None
    assert found.text == "fine"
    with Store.open(database, readonly=True) as store:
        assert [row.error for row in store.expert_calls(1)] == ["gone", None]


def test_many_threads_find_what_they_added(database: Path) -> None:
    with book(database) as one, ThreadPoolExecutor(16) as pool:

        def work(number: int) -> bool:
            name = f"call {number}"
            before = one.find(key(name))
            one.add(call(name, text=name))
            after = one.find(key(name))
            return before is None and after is not None and after.text == name

        assert all(pool.map(work, range(200)))
>>>>>>> reports
