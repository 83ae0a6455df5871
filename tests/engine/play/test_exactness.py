"""The Playground's student is the evaluation's: same weights, same loop, same words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import answers, ask, playing, ready
from engines import Engines, Finished, small_project

from db.store import Store
from engine.play.child import PlayProcess
from engine.play.messages import START, Ask
from engine.project import Project

LORA = {"run.iterations": 1, "student.adapter": "lora", "student.lora_rank": 4}


@pytest.fixture(scope="module")
def lora_run(
    engines: Engines, able_student: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    # A high rate, so that the adapter makes a difference to what is written.
    values = {**LORA, "train.learning_rate": 0.05}
    project = small_project(tmp_path_factory.mktemp("lora") / "p", able_student, values)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    return project


@pytest.fixture(scope="module")
def whole(finished: Finished) -> Iterator[PlayProcess]:
    with playing(finished.project.path) as process:
        ready(process)
        yield process


@pytest.fixture(scope="module")
def adapted(lora_run: Project) -> Iterator[PlayProcess]:
    with playing(lora_run.path) as process:
        ready(process)
        yield process


def assert_as_tested(process: PlayProcess, project: Project, weights: tuple[int, ...]) -> set[str]:
    """Ask all test items; return the texts of all weights."""
    with Store.read(project.db_path) as store:
        run = store.latest_run()
        assert run is not None
        rows = {w: store.evaluations(run.id, w) for w in weights}
    texts = set()
    for index, row in enumerate(rows[weights[0]]):
        heard = ask(
            process,
            Ask(
                id=1000 * weights[-1] + index,
                question=row.question,
                weights=weights,
                answer=row.answer,
                item_id=row.item_id,
            ),
        )
        said = answers(heard)
        assert [one.weights for one in said] == list(weights)
        for one in said:
            stored = rows[one.weights][index]
            assert one.text == stored.text
            assert one.as_tested is True
            assert one.first_correct == stored.first_correct
            assert one.final_correct == stored.final_correct
            assert (one.updates, one.tokens) == (stored.updates, stored.tokens)
            texts.add(one.text)
    return texts


def test_it_writes_what_the_evaluation_wrote(whole: PlayProcess, finished: Finished) -> None:
    texts = assert_as_tested(whole, finished.project, (START, 1, 2))
    assert len(texts) > len(finished.rows.evaluations) // 3


def test_weights_may_come_in_any_order_and_again(whole: PlayProcess, finished: Finished) -> None:
    assert_as_tested(whole, finished.project, (2, START))
    assert_as_tested(whole, finished.project, (1, 2))


def test_an_adapter_is_put_on_and_taken_off(adapted: PlayProcess, lora_run: Project) -> None:
    texts = assert_as_tested(adapted, lora_run, (START, 1))
    with Store.read(lora_run.db_path) as store:
        before, after = ([e.text for e in store.evaluations(1, i)] for i in (0, 1))
    assert before != after
    assert texts == {*before, *after}
    assert_as_tested(adapted, lora_run, (1, START))
