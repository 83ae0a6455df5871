"""Calls are replayed, retried, counted and recorded, and none is made that may not be."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from stand_in_expert import Notebook, StandInExpert

from local_experts.accounts import Budget, Price, parse_price
from local_experts.calling import Caller, Patience, request_key
from local_experts.errors import (
    BudgetReached,
    CallFailed,
    ExpertAddressInvalid,
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
    KeyRefused,
    NotRecorded,
    PromptTooLong,
)
from local_experts.gate import Cancelled, Gate
from local_experts.protocol import Message, Reply, Request, Role

AT_ONCE = Patience(backoff_s=0.0, tries=4)


def request(text: str = "hello", **changes: object) -> Request:
    return replace(Request(messages=(Message(Role.USER, text),)), **changes)  # type: ignore[arg-type]


def says(text: str, **more: int) -> Reply:
    return Reply(text=text, **more)  # type: ignore[arg-type]


def failing(*errors: ExpertError, then: str = "fine") -> Callable[[Request], Reply]:
    """Raise each of the errors, one a call, then reply."""
    left = list(errors)
    lock = threading.Lock()

    def answer(_: Request) -> Reply:
        with lock:
            error = left.pop(0) if left else None
        if error is not None:
            raise error
        return says(then)

    return answer


def caller(expert: StandInExpert, book: Notebook | None = None, **more: object) -> Caller:
    options = {"patience": AT_ONCE, **more}
    return Caller(expert, book or Notebook(), **options)  # type: ignore[arg-type]


def test_what_was_replied_once_is_never_asked_again() -> None:
    book = Notebook()
    first = StandInExpert(lambda _: says("one"))
    assert caller(first, book).ask(request(), "feedback").text == "one"
    second = StandInExpert(lambda _: says("two"))
    again = caller(second, book)
    assert again.ask(request(), "feedback").text == "one"
    assert (second.asked, again.traffic.replayed) == ([], 1)


OTHER = (
    request("other"),
    request(temperature=0.5),
    request(seed=7),
    request(max_tokens=5),
    request(schema={"type": "object"}),
    Request(messages=(Message(Role.SYSTEM, "hello"),)),
    Request(messages=(Message(Role.USER, "hel"), Message(Role.USER, "lo"))),
)


def test_all_that_a_reply_depends_on_is_in_its_key() -> None:
    identity = {"model": "m"}
    keys = {request_key(identity, one) for one in (request(), *OTHER)}
    keys.add(request_key({"model": "n"}, request()))
    assert len(keys) == len(OTHER) + 2
    assert request_key(identity, request()) == request_key(identity, request())


PASSING = (
    ExpertUnreachable("gone"),
    ExpertTooSlow("slow"),
    ExpertReplyInvalid("cut"),
    ExpertRefused("broken", 500),
    ExpertRefused("busy", 503),
    ExpertRefused("too many", 429, retry_after_s=0.01),
)


@pytest.mark.parametrize("error", PASSING, ids=lambda e: type(e).__name__ + e.message)
def test_a_passing_failure_is_tried_again_and_recorded(error: ExpertError) -> None:
    book = Notebook()
    expert = StandInExpert(failing(error))
    assert caller(expert, book).ask(request(), "feedback").text == "fine"
    assert [call.error for call in book.calls] == [str(error), None]
    assert len(expert.asked) == 2


LASTING = (KeyRefused("no", 401), PromptTooLong("long"), ExpertRefused("bad", 400))


@pytest.mark.parametrize("error", LASTING, ids=lambda e: type(e).__name__)
def test_a_lasting_failure_is_told_at_once(error: ExpertError) -> None:
    expert = StandInExpert(failing(error))
    with pytest.raises(type(error)):
        caller(expert).ask(request(), "feedback")
    assert len(expert.asked) == 1


def test_failures_end_after_so_many_tries() -> None:
    expert = StandInExpert(failing(*[ExpertUnreachable("gone")] * 9))
    with pytest.raises(ExpertUnreachable):
        caller(expert).ask(request(), "feedback")
    # The last is a short question, which is not answered either.
    assert len(expert.asked) == AT_ONCE.tries + 1


def test_a_request_that_fails_alone_is_told_from_an_expert_that_fails() -> None:
    def answer(asked: Request) -> Reply:
        if asked == request("poison"):
            raise ExpertTooSlow("slow")
        return says("fine")

    book = Notebook()
    asking = caller(StandInExpert(answer), book)
    with pytest.raises(CallFailed, match=r"4 tries: .*slow"):
        asking.ask(request("poison"), "feedback")
    assert all(call.reply is None for call in book.calls)
    assert asking.ask(request(), "feedback").text == "fine"


def test_a_server_that_is_pressed_is_asked_longer_than_one_that_fails() -> None:
    busy = [ExpertRefused("busy", 429, retry_after_s=0.001)] * (3 * AT_ONCE.tries)
    expert = StandInExpert(failing(*busy))
    assert caller(expert).ask(request(), "feedback").text == "fine"
    with pytest.raises(ExpertRefused):
        impatient = replace(AT_ONCE, pressed_s=0.0)
        caller(StandInExpert(failing(*busy)), patience=impatient).ask(request(), "feedback")


def test_who_asks_the_same_at_the_same_time_pays_once() -> None:
    together = threading.Barrier(3)
    replies = threading.Event()

    def answer(_: Request) -> Reply:
        assert replies.wait(10)
        return says("one")

    expert = StandInExpert(answer)
    asking = caller(expert)

    def ask() -> str:
        together.wait(10)
        return asking.ask(request(), "feedback").text

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(ask) for _ in range(2)]
        together.wait(10)
        replies.set()
        assert [future.result() for future in futures] == ["one", "one"]
    assert len(expert.asked) == 1


def test_offline_nothing_is_asked() -> None:
    book = Notebook()
    caller(StandInExpert(lambda _: says("one")), book).ask(request(), "feedback")
    expert = StandInExpert(lambda _: says("two"))
    offline = caller(expert, book, offline=True)
    assert offline.ask(request(), "feedback").text == "one"
    with pytest.raises(NotRecorded, match="feedback"):
        offline.ask(request("other"), "feedback")
    assert expert.asked == []


def test_a_ceiling_ends_the_asking() -> None:
    expert = StandInExpert(lambda _: says("x", prompt_tokens=60, reply_tokens=40))
    asking = caller(expert, budget=Budget(tokens=250))
    for number in range(3):
        asking.ask(request(str(number)), "feedback")
    with pytest.raises(BudgetReached, match="300 tokens"):
        asking.ask(request("last"), "feedback")
    assert len(expert.asked) == 3
    assert asking.ask(request("0"), "feedback").text == "x"  # replayed, which costs nothing


def test_cost_is_counted_by_price_and_ends_the_asking() -> None:
    book = Notebook()
    expert = StandInExpert(lambda _: says("x", prompt_tokens=1_000_000, reply_tokens=500_000))
    asking = caller(expert, book, budget=Budget(cost=1.0), price=Price(0.25, 2.0))
    asking.ask(request(), "feedback")
    assert [call.cost for call in book.calls] == [1.25]
    with pytest.raises(BudgetReached, match=r"1\.25"):
        asking.ask(request("other"), "feedback")


def test_tokens_that_a_server_does_not_count_are_estimated() -> None:
    asking = caller(StandInExpert(lambda _: says("y" * 400)), budget=Budget(tokens=150))
    asking.ask(request("x" * 400), "feedback")
    with pytest.raises(BudgetReached, match="200 tokens"):
        asking.ask(request("other"), "feedback")


def test_what_was_spent_before_counts() -> None:
    with pytest.raises(BudgetReached):
        Budget(tokens=10, spent_tokens=10).check()
    Budget(tokens=10, spent_tokens=9).check()


@pytest.mark.parametrize("text", ["", "x", "x=1", "x=1/", "x=a/b", "=1/2", "x=-1/2", "x=1/nan"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ExpertAddressInvalid):
        parse_price(text)


def test_a_price_belongs_to_an_expert() -> None:
    assert parse_price("openai:a=b@http://h/v1=0.25/2") == (
        "openai:a=b@http://h/v1",
        Price(0.25, 2.0),
    )


def test_what_is_called_off_raises_cancelled_and_makes_no_call() -> None:
    cancelled = threading.Event()
    expert = StandInExpert(lambda _: says("one"))
    asking = caller(expert, cancelled=cancelled)
    cancelled.set()
    with pytest.raises(Cancelled):
        asking.ask(request(), "feedback")
    assert expert.asked == []


def test_a_pause_between_tries_can_be_called_off() -> None:
    cancelled = threading.Event()

    def answer(_: Request) -> Reply:
        cancelled.set()
        raise ExpertUnreachable("gone")

    asking = caller(StandInExpert(answer), cancelled=cancelled, patience=Patience(backoff_s=3600.0))
    with pytest.raises(Cancelled):
        asking.ask(request(), "feedback")


def test_text_that_no_database_can_hold_is_the_same_live_and_replayed() -> None:
    asking = caller(StandInExpert(lambda _: says("a\ud800b")))
    assert asking.ask(request(), "feedback").text == r"a\ud800b"


def limits(gate: Gate, *steps: str) -> list[int]:
    """The limits after calls that went well or were pressed, one after the other."""
    seen = []
    for step in steps:
        with gate.turn() as turn:
            turn.went_well() if step == "+" else turn.was_pressed()
        seen.append(gate.limit)
    return seen


def test_calls_grow_while_all_goes_well_and_are_halved_under_pressure() -> None:
    gate = Gate(16, threading.Event())
    assert limits(gate, *"++++++++") == [5, 6, 7, 8, 9, 10, 11, 12]
    assert limits(gate, "-") == [6]
    after = limits(gate, *"+" * 7)
    assert (after[0], after[-1]) == (6, 7)  # one more for a round of replies
    assert limits(gate, *"------") == [3, 1, 1, 1, 1, 1]


def test_calls_under_way_at_the_first_sign_of_pressure_count_once() -> None:
    gate = Gate(16, threading.Event())
    limits(gate, *"+" * 12)
    with gate.turn() as one, gate.turn() as two, gate.turn() as three:
        for turn in (one, two, three):
            turn.was_pressed()
    assert gate.limit == 8


def test_no_more_calls_are_made_at_once_than_make_sense() -> None:
    enough = threading.Semaphore(0)

    def answer(_: Request) -> Reply:
        enough.acquire(timeout=10)
        return says("x")

    expert = StandInExpert(answer, most_at_once=3)
    asking = caller(expert)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(asking.ask, request(str(n)), "feedback") for n in range(20)]
        enough.release(20)
        assert [future.result().text for future in futures] == ["x"] * 20
    assert expert.most_seen <= 3
    assert len(expert.asked) == 20
