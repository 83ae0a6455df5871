"""Calls of experts added up."""

from typing import Any

from db.live import CallFacts
from tripost_tui.state.expert_traffic import ExpertTraffic, noted


def call(at: float, **more: Any) -> CallFacts:
    values: dict[str, Any] = {
        "id": 1,
        "iteration": 1,
        "role": "feedback",
        "expert": "ollama:a",
        "key": f"{at}",
        "replied": True,
        "seconds": 1.0,
        "prompt_tokens": 10,
        "reply_tokens": 2,
        "cost": 0.25,
        "error": None,
        "at": at,
    }
    return CallFacts(**(values | more))


def failed(at: float, error: str, **more: Any) -> CallFacts:
    return call(at, replied=False, error=error, reply_tokens=None, cost=0.0, **more)


def traffic_of(*calls: CallFacts) -> ExpertTraffic:
    traffic = ExpertTraffic()
    for one in calls:
        traffic.add(one)
    return traffic


def test_replies_failures_and_retries_are_told_apart() -> None:
    traffic = traffic_of(
        failed(100, "The expert took too long: 120 s", key="a"),
        failed(101, "The expert took too long: 121 s", key="a"),
        call(102, key="a"),
        failed(103, "The expert refused the request: HTTP 500", key="b"),
        call(104, key="c"),
    )
    (row,) = traffic.rows(1, 105)
    assert (row.calls, row.replies, row.failed, row.retries) == (5, 2, 3, 2)
    assert row.errors == (("The expert took too long", 2), ("The expert refused the request", 1))
    assert (row.read_tokens, row.written_tokens, row.cost) == (50, 4, 0.5)


def test_latencies_are_of_replies_alone() -> None:
    seconds = [3.0, 1.0, 2.0, 4.0, 100.0]
    traffic = traffic_of(*(call(n, seconds=s) for n, s in enumerate(seconds)))
    traffic.add(failed(9, "The expert took too long: x", seconds=999.0))
    (row,) = traffic.rows(1, 10)
    assert (row.median_s, row.p95_s) == (3.0, 100.0)


def test_speed_is_of_the_last_minute_or_on_the_whole_where_nothing_came_in_it() -> None:
    traffic = traffic_of(*(call(1000.0 + n) for n in range(120)))
    (now,) = traffic.rows(1, 1120)
    assert now.replies_per_s is not None
    assert 0.9 < now.replies_per_s < 1.1
    (later,) = traffic.rows(1, 9000)
    assert later.replies_per_s is not None
    assert 1.0 <= later.replies_per_s < 1.02


def test_iterations_are_apart_and_the_run_spends_in_all() -> None:
    traffic = traffic_of(call(1), call(2, iteration=2, expert="ollama:b"))
    assert [row.name for row in traffic.rows(2, 3)] == ["ollama:b"]
    assert (traffic.tokens, traffic.cost) == (24, 0.5)


def test_experts_that_were_not_asked_yet_are_there_too() -> None:
    rows = traffic_of(call(1)).rows(1, 2, expected=["ollama:z", "ollama:a"], replayed={"old": 3})
    assert [(row.name, row.calls, row.replayed) for row in rows] == [
        ("ollama:z", 0, 0),
        ("ollama:a", 1, 0),
        ("old", 0, 3),
    ]


def test_the_engines_note_tells_what_is_not_stored() -> None:
    note = (
        "edit 3/9 · ollama:a: 5 replies, 1.0 s each, 12 replayed, 3 under way, it asked to wait "
        "20 s · ollama:ab: 1 replies, 7 under way"
    )
    assert noted(note, "ollama:a") == {"replayed": 12, "under_way": 3, "wait_s": 20}
    assert noted(note, "ollama:ab") == {"replayed": 0, "under_way": 7, "wait_s": 0}
    assert noted("", "ollama:a") == {"replayed": 0, "under_way": 0, "wait_s": 0}
