"""A real server that is pressed at times: fewer calls are made then, and as many as before after.

It refuses with 429 and Retry-After whatever it has no room for. How much room there is changes
with the number of questions that it has answered.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pytest
from stand_in_expert import Notebook

from local_experts.back_ends.openai_compatible import OpenAiExpert
from local_experts.calling import Caller, Patience
from local_experts.names import parse_name
from local_experts.opening import ExpertOptions
from local_experts.protocol import Message, Request, Role

from .openai_server import OpenAiServer
from .serving import Asked, Body, Handler

MOST = 16
ROOM = 4
RETRY_AFTER_S = 0.1
LATENCY_S = 0.02
PRESSED, FREE = 150, 300
"""Questions that are answered while there is little room, and then while there is enough."""
QUESTIONS = 2 * (PRESSED + FREE)
SETTLED = 50
"""Answers after which the room has been found."""


@dataclass(frozen=True)
class Arrival:
    """A chat as it came in, at ``at`` seconds; ``answered`` counts those answered before it."""

    question: str
    at: float
    refused: bool
    answered: int
    limit: int


class PressedServer(OpenAiServer):
    """Has room for few chats at once at times, and notes what it does with each."""

    def __init__(self) -> None:
        super().__init__(lambda body: answer_to(question_of(body)), LATENCY_S)
        self.arrivals: list[Arrival] = []
        self.caller: Caller | None = None
        self._here = self._answered = 0
        self._seats = threading.Lock()

    def handle(self, request: Handler, asked: Asked) -> None:
        assert self.caller is not None
        with self._seats:
            refused = self._here >= self._room()
            self._here += not refused
            arrival = Arrival(
                question_of(asked.body),
                time.monotonic(),
                refused,
                self._answered,
                self.caller.gate.limit,
            )
            self.arrivals.append(arrival)
        if refused:
            error = {"error": {"message": "Rate limit reached", "type": "requests"}}
            request.send_json(error, 429, {"Retry-After": str(RETRY_AFTER_S)})
            return
        try:
            super().handle(request, asked)
        finally:
            with self._seats:
                self._here -= 1
                self._answered += 1

    def _room(self) -> int:
        return ROOM if is_pressed(self._answered) else MOST * 2


def is_pressed(answered: int, after: int = 0) -> bool:
    """Whether there is little room, and was for the last ``after`` answers too."""
    return after <= answered % (PRESSED + FREE) < PRESSED


def question_of(body: Body) -> str:
    question: str = body["messages"][0]["content"]
    return question


def answer_to(question: str) -> str:
    return f"{question} is {int(question) ** 2} squared"


def request(question: str) -> Request:
    return Request(messages=(Message(Role.USER, question),))


@dataclass(frozen=True)
class Soaked:
    """What came of asking all questions."""

    replies: list[str]
    arrivals: list[Arrival]
    book: Notebook
    caller: Caller


@pytest.fixture(scope="module")
def soaked() -> Soaked:
    questions = [str(number) for number in range(QUESTIONS)]
    book = Notebook()
    with (
        PressedServer() as server,
        closing(
            OpenAiExpert(parse_name("openai:small"), server.url, ExpertOptions(concurrency=MOST))
        ) as expert,
        # More threads than calls at once, as where several attempts wait for one expert.
        ThreadPoolExecutor(2 * MOST) as pool,
    ):
        server.caller = Caller(expert, book, patience=Patience(tries=1))
        asking = [pool.submit(server.caller.ask, request(one), "feedback") for one in questions]
        replies = [future.result(60).text for future in asking]
        return Soaked(replies, server.arrivals, book, server.caller)


def test_all_replies_are_right(soaked: Soaked) -> None:
    assert soaked.replies == [answer_to(str(number)) for number in range(QUESTIONS)]


def test_nothing_is_asked_more_often_than_it_was_refused(soaked: Soaked) -> None:
    asked = Counter(arrival.question for arrival in soaked.arrivals)
    refused = Counter(arrival.question for arrival in soaked.arrivals if arrival.refused)
    assert asked == Counter({str(n): 1 + refused[str(n)] for n in range(QUESTIONS)})
    # What is recorded is what was asked, and no reply twice.
    assert len(soaked.book.calls) == len(soaked.arrivals)
    assert sum(call.reply is not None for call in soaked.book.calls) == QUESTIONS
    traffic = soaked.caller.traffic
    assert (traffic.replies, traffic.failed) == (QUESTIONS, refused.total())
    assert (traffic.replayed, traffic.under_way) == (0, 0)


def test_the_server_is_pressed_and_seldom_refuses(soaked: Soaked) -> None:
    refused = [arrival for arrival in soaked.arrivals if arrival.refused]
    pressed = [arrival for arrival in soaked.arrivals if is_pressed(arrival.answered)]
    assert len(refused) >= 2
    assert all(is_pressed(arrival.answered) for arrival in refused)
    assert len(refused) < len(pressed) / 4


def test_fewer_calls_are_made_at_once_while_the_server_is_pressed(soaked: Soaked) -> None:
    settled = [a.limit for a in soaked.arrivals if is_pressed(a.answered, SETTLED)]
    assert max(settled) <= ROOM + 2
    assert min(settled) <= ROOM


def test_as_many_calls_as_before_are_made_when_there_is_room_again(soaked: Soaked) -> None:
    for end in (PRESSED + FREE, QUESTIONS):
        last = [a.limit for a in soaked.arrivals if end - 2 * MOST <= a.answered < end]
        assert max(last) == MOST
    assert soaked.caller.gate.limit == MOST


def test_nobody_new_asks_while_the_server_wants_to_be_left_alone(soaked: Soaked) -> None:
    refusals = [arrival for arrival in soaked.arrivals if arrival.refused]
    for refusal in refusals:
        meanwhile = [a for a in soaked.arrivals if 0 < a.at - refusal.at < RETRY_AFTER_S]
        # Those that were on their way by then, each on a turn of its own.
        assert len(meanwhile) < MOST
        late = [a for a in meanwhile if a.at - refusal.at > RETRY_AFTER_S * 0.9]
        assert not late
