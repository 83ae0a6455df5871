"""What live views read: only what is new, and no texts."""

from store_rows import add_items, attempt, drop, train_step, trajectory

from db.expert_records import ExpertCall
from db.live import KeptFacts
from db.records import Level, Origin, Run, Turn, TurnKind
from db.store import Store


def test_steps_come_in_pages_and_never_twice(store: Store, run: Run) -> None:
    store.add_train_steps(train_step(run.id, n, micro_tokens=512) for n in range(1, 6))
    first = store.step_facts(run.id, limit=3)
    rest = store.step_facts(run.id, first[-1].id)
    assert [facts.step for facts in (*first, *rest)] == [1, 2, 3, 4, 5]
    stored = store.train_steps(run.id)[0]
    assert all(getattr(stored, name) == value for name, value in first[0]._asdict().items())
    assert store.step_facts(run.id, rest[-1].id) == []
    assert store.step_facts(run.id + 1) == []


def test_calls_come_without_their_texts(store: Store, run: Run) -> None:
    calls = [
        ExpertCall(
            run_id=run.id,
            iteration=1,
            key="k" * 64,
            role="feedback",
            expert="ollama:a",
            request={},
            error="The expert took too long: 9 s",
            seconds=9.0,
            at=5.0,
        ),
        ExpertCall(
            run_id=run.id,
            iteration=1,
            key="k" * 64,
            role="feedback",
            expert="ollama:a",
            request={},
            reply="yes",
            prompt_tokens=7,
            reply_tokens=2,
            cost=0.5,
            at=6.0,
        ),
    ]
    store.add_expert_calls(calls)
    failed, replied = store.call_facts(run.id)
    assert (failed.replied, failed.error, failed.seconds) == (False, calls[0].error, 9.0)
    assert (replied.replied, replied.prompt_tokens, replied.cost, replied.at) == (True, 7, 0.5, 6.0)
    assert failed.key == replied.key == "k" * 16
    assert store.call_facts(run.id, failed.id) == [replied]
    assert store.call_facts(run.id + 1) == []


def test_kept_trajectories_are_counted_by_who_updated_them(store: Store, run: Run) -> None:
    items = add_items(store, 3)
    attempts = store.add_attempts(attempt(run.id, item) for item in items)
    own = tuple(Turn(kind=TurnKind.ATTEMPT, author="student", text=text) for text in ("a", "b"))
    rows = [
        trajectory(run.id, attempts[0], items[0]),
        trajectory(run.id, attempts[1], items[1], turns=own, origin=Origin.CORRECT),
        trajectory(run.id, attempts[2], items[2], iteration=2),
    ]
    ids = store.add_edits(rows)
    assert store.kept_facts(run.id, 1) == [
        KeptFacts(ids[0], Origin.EDITED, 1, 1),
        KeptFacts(ids[1], Origin.CORRECT, 1, 0),
    ]
    assert [one.id for one in store.kept_facts(run.id, 1, after_id=ids[0])] == [ids[1]]


def test_attempts_and_the_drops_of_editing_are_counted_by_iteration(store: Store, run: Run) -> None:
    items = add_items(store, 2)
    store.add_attempts([attempt(run.id, items[0]), attempt(run.id, items[1], text="newest")])
    store.add_drops([drop(run.id, "FBK gave up"), drop(run.id, "FBK gave up", iteration=2)])
    assert store.attempt_count(run.id, 1) == 2
    assert store.attempt_count(run.id, 2) == 0
    assert store.edit_drops(run.id, 1) == {"FBK gave up": 1}
    newest = store.latest_attempt(run.id, 1)
    assert newest is not None
    assert newest.text == "newest"
    assert store.latest_attempt(run.id, 2) is None


def test_telling_events_are_alerts_and_those_of_some_kinds(store: Store, run: Run) -> None:
    store.add_event(run.id, "stage.started", "one")
    alert = store.add_event(run.id, "alert", "two", Level.WARNING)
    store.add_event(run.id, "train.dev", "three")
    told = store.telling_events(run.id, 0, ["train.dev"])
    assert [event.message for event in told] == ["two", "three"]
    assert [event.message for event in store.telling_events(run.id, alert)] == []
    assert [event.message for event in store.telling_events(run.id, 0)] == ["two"]
