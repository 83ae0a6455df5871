"""The record of calls on disk: what was replied is found, by whoever asks, and nothing else."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from db.errors import StoreError
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


def test_a_reply_is_read_back_as_it_was(database: Path) -> None:
    reply = Reply(
        text="hi",
        thinking="hm\x00\x1b[2J",
        finish=Finish.LENGTH,
        prompt_tokens=3,
        reply_tokens=None,
        seconds=0.5,
    )
    with book(database) as one:
        one.add(replace(call("k"), reply=reply, seconds=0.5))
        assert one.find(key("k")) == reply
    with book(database) as another:
        assert another.find(key("k")) == reply


def test_of_two_replies_to_the_same_the_first_stays(database: Path) -> None:
    with book(database) as one:
        one.add(call("k", "first"))
        one.add(call("k", "second"))
        found = one.find(key("k"))
    assert found is not None
    assert found.text == "first"


def test_accounts_sum_what_replies_took(database: Path) -> None:
    reply = Reply(text="hi", prompt_tokens=3, reply_tokens=None)
    with book(database) as one:
        one.add(replace(call("k"), reply=reply, seconds=0.5, cost=0.25))
        one.add(replace(call("f", None), seconds=9.0, cost=0.0))
    with Store.open(database, readonly=True) as store:
        (account,) = store.expert_accounts(1)
    assert (account.replies, account.failed, account.untold) == (1, 1, 1)
    assert (account.prompt_tokens, account.reply_tokens) == (3, 0)
    # A failure took no time to reply.
    assert (account.seconds, account.cost) == (0.5, 0.25)


def test_a_database_that_is_gone_is_told_to_who_asks(tmp_path: Path) -> None:
    with book(tmp_path / "nowhere" / "run.db") as lost:
        with pytest.raises(StoreError):
            lost.find(key("k"))
        with pytest.raises(StoreError):
            lost.add(call("k"))
