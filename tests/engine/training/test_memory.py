"""Where memory runs out, less goes through the model at once, and the result is the same."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_students import load
from trainings import numbers, same, settings, weighted_rows, weights_of

from engine.errors import RunFailed
from engine.student.device import is_out_of_memory
from engine.student.model import Student
from engine.training.checkpoints import load_state, save_state
from engine.training.encoding import Encoded
from engine.training.optimizers import LossScale
from engine.training.trainer import Trainer

ADAPTER = {"adapter": "lora", "lora_rank": 4, "lora_dropout": 0.3, "quantisation": "nf4"}


@pytest.fixture(scope="module")
def rows() -> list[Encoded]:
    return weighted_rows()


def real_failure_of_the_cpu() -> Exception:
    """What the CPU's allocator raises when it is asked for more than any machine has."""
    try:
        torch.empty(2**60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError("this machine has an exbibyte")


ERRORS: dict[str, Callable[[], Exception]] = {
    "cuda": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "cpu": real_failure_of_the_cpu,
    "python": MemoryError,
}


@contextmanager
def room_for(student: Student, tokens: int, error: Callable[[], Exception]) -> Iterator[list[int]]:
    """Let the forward pass of more than ``tokens`` at once fail; yields the sizes that passed."""
    passed: list[int] = []

    def check(_module: Any, _args: Any, values: dict[str, Any]) -> None:
        size = values["input_ids"].numel()
        if size > tokens:
            raise error()
        passed.append(size)

    hook = student.body.register_forward_pre_hook(check, with_kwargs=True)
    try:
        yield passed
    finally:
        hook.remove()


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("packing", ["on", "off"])
def test_it_halves_and_does_the_step_again(
    random_student: Path, rows: list[Encoded], packing: str, error: Callable[[], Exception]
) -> None:
    wanted = settings(batch_tokens=800, micro_tokens=800, packing=packing)
    student = load(random_student, **ADAPTER)
    with room_for(student, 210, error) as passed:
        results = list(Trainer(student, rows, wanted, 3).steps())
    assert {result.micro_tokens for result in results} == {200}
    assert max(passed) <= 200
    # As if it had known from the beginning, dropout and all.
    known = load(random_student, **ADAPTER)
    from_200 = wanted.model_copy(update={"micro_tokens": 200})
    expected = list(Trainer(known, rows, from_200, 3).steps())
    assert numbers(results) == numbers(expected)
    assert same(weights_of(student), weights_of(known))


def test_gradients_of_a_step_that_broke_off_in_the_middle_count_for_nothing(
    random_student: Path, rows: list[Encoded]
) -> None:
    student, undisturbed = load(random_student), load(random_student)
    wanted = settings(batch_tokens=2000, micro_tokens=400, epochs=1)
    calls = 0

    def fail_once(gradient: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return gradient

    hook = next(iter(student.trained_weights().values())).register_hook(fail_once)
    found = list(Trainer(student, rows, wanted, 0).steps())
    hook.remove()
    assert calls > 2
    assert {result.micro_tokens for result in found} == {200}
    halved = wanted.model_copy(update={"micro_tokens": 200})
    assert numbers(found) == numbers(list(Trainer(undisturbed, rows, halved, 0).steps()))


def test_what_it_has_found_out_is_taken_up_again(
    random_student: Path, rows: list[Encoded], tmp_path: Path
) -> None:
    wanted = settings(batch_tokens=800, micro_tokens=800)
    student = load(random_student)
    trainer = Trainer(student, rows, wanted, 0)
    with room_for(student, 210, MemoryError):
        next(trainer.steps())
    save_state(trainer.state(), tmp_path / "state")
    other = load(random_student)
    resumed = Trainer(other, rows, wanted, 0)
    resumed.restore(load_state(tmp_path / "state"))
    assert resumed.micro_tokens == 200


def test_an_example_that_does_not_fit_alone_is_told(
    random_student: Path, rows: list[Encoded]
) -> None:
    longest = max(map(len, rows))
    student = load(random_student)
    before = weights_of(student)
    trainer = Trainer(student, rows, settings(batch_tokens=2000), 0)
    with room_for(student, longest - 1, ERRORS["cuda"]), pytest.raises(RunFailed) as caught:
        list(trainer.steps())
    assert f"one example of {longest} tokens" in caught.value.message
    assert "train.max_tokens" in caught.value.message
    assert trainer.next_step == 0
    assert same(weights_of(student), before)


def test_another_error_is_none_of_memory(random_student: Path, rows: list[Encoded]) -> None:
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    student = load(random_student)
    failing = room_for(student, 10, lambda: RuntimeError("shapes do not match"))
    with failing, pytest.raises(RuntimeError, match="shapes do not match"):
        list(Trainer(student, rows, settings(), 0).steps())


@pytest.mark.parametrize("packing", ["on", "off"])
def test_the_preflight_finds_out_before_the_first_step_and_leaves_no_trace(
    random_student: Path, rows: list[Encoded], packing: str
) -> None:
    wanted = settings(batch_tokens=800, micro_tokens=800, packing=packing)
    student, other = load(random_student, **ADAPTER), load(random_student, **ADAPTER)
    trainer = Trainer(student, rows, wanted, 3)
    before = weights_of(student)
    with room_for(student, 250, ERRORS["cuda"]) as passed:
        trainer.preflight()
    assert trainer.micro_tokens == 200
    assert max(passed) >= max(map(len, rows))
    assert same(weights_of(student), before)
    assert all(weight.grad is None for weight in student.trained_weights().values())
    # The same steps as without it.
    found = list(trainer.steps())
    known = wanted.model_copy(update={"micro_tokens": 200})
    assert numbers(found) == numbers(list(Trainer(other, rows, known, 3).steps()))


def test_a_preflight_without_examples_is_none(random_student: Path) -> None:
    Trainer(load(random_student), [], settings(), 0).preflight()


def test_each_step_tells_how_much_memory_was_in_use(
    random_student: Path, rows: list[Encoded]
) -> None:
    for result in Trainer(load(random_student), rows, settings(), 0).steps():
        assert result.memory_bytes > 50_000_000


# --- fp16 --------------------------------------------------------------------------------------


def test_an_overflow_in_fp16_halves_the_scale_and_the_step_is_done_again(
    random_student: Path, rows: list[Encoded]
) -> None:
    """Weights of the loss beyond what fp16 can hold, once scaled: the gradients are infinite."""
    heavy = [Encoded(row.ids, tuple(300 * weight for weight in row.weights)) for row in rows]
    half, plain = load(random_student, precision="fp16"), load(random_student)
    wanted = settings(normalise="tokens", clip=0.0, epochs=1)
    trainer = Trainer(half, heavy, wanted, 0)
    found = list(trainer.steps())
    expected = list(Trainer(plain, heavy, wanted, 0).steps())
    scale = trainer.state().loop["loss_scale"]["value"]
    assert 1 <= scale < 2**16
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.is_finite
        assert one.loss == pytest.approx(other.loss, rel=0.05)
    assert found[0].grad_norm == pytest.approx(expected[0].grad_norm, rel=0.1)


def test_small_gradients_survive_fp16(random_student: Path, rows: list[Encoded]) -> None:
    """Without a scale they would be nothing but zeros."""
    light = [Encoded(row.ids, tuple(1e-4 * weight for weight in row.weights)) for row in rows]
    half, plain = load(random_student, precision="fp16"), load(random_student)
    wanted = settings(normalise="tokens", clip=0.0, epochs=1)
    found, expected = (
        next(Trainer(student, light, wanted, 0).steps()) for student in (half, plain)
    )
    assert found.grad_norm == pytest.approx(expected.grad_norm, rel=0.05)


def test_the_scale_grows_again_and_one_that_is_not_needed_never_changes() -> None:
    scale, unneeded = LossScale(True), LossScale(False)
    first = scale.value
    assert scale.overflowed(math.inf)
    assert scale.overflowed(math.nan)
    assert scale.value == first / 4
    steps = 0
    while scale.value < first:
        assert not scale.overflowed(1.0)
        steps += 1
    assert steps == 400
    for norm in (1.0, math.nan, math.inf):
        assert not unneeded.overflowed(norm)
    assert unneeded.value == 1


def test_what_is_no_number_at_any_scale_is_given_up() -> None:
    scale = LossScale(True)
    tries = 1
    while scale.overflowed(math.nan):
        tries += 1
    assert scale.value == 1
    assert tries == 17
