"""A plan proposes what fits, tells the limits exactly, and what helps where nothing fits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.planning.architecture import Architecture
from engine.planning.cards import CARDS, Card, find_card
from engine.planning.fit import fits_machine
from engine.planning.lookup import look_up
from engine.planning.machine import Machine, this_cpu
from engine.planning.memory import generation_memory, training_memory
from engine.planning.models import MODELS
from engine.planning.plan import MOST_TOKENS, TOKEN_STEP, plan, propose
from engine.planning.workload import Workload, workload_of
from engine.settings import Settings

GIB = 2**30
CATALOGUE = st.sampled_from([model.architecture for model in MODELS])
MACHINES = st.sampled_from(CARDS).map(Machine) | st.floats(1, 200).map(
    lambda gib: Machine(Card("CPU", gib, None, None), on_cpu=True)
)


def model(name: str) -> Architecture:
    return look_up(name).architecture


def card(name: str) -> Machine:
    return Machine(find_card(name))


@given(CATALOGUE, MACHINES)
def test_what_is_told_to_fit_fits_and_a_little_more_does_not(
    shape: Architecture, machine: Machine
) -> None:
    made = plan(shape, machine, propose(shape, machine))

    def needed(tokens: int) -> int:
        work = replace(made.work, max_tokens=tokens, micro_tokens=tokens)
        return training_memory(shape, work, on_cpu=machine.on_cpu).needed

    longest = made.longest_tokens or 0
    if longest:
        assert needed(longest) <= machine.usable_bytes
    if longest < MOST_TOKENS:
        assert needed(longest + TOKEN_STEP) > machine.usable_bytes
    if made.rows:
        memory = generation_memory(shape, made.work, made.rows, on_cpu=machine.on_cpu)
        assert memory.needed <= machine.usable_bytes


@given(CATALOGUE, MACHINES)
def test_what_is_proposed_fits_or_levers_are_told(shape: Architecture, machine: Machine) -> None:
    made = plan(shape, machine, propose(shape, machine))
    if made.fits:
        assert made.training.needed <= machine.usable_bytes
        assert made.generation.needed <= machine.usable_bytes
    for lever in made.levers:
        assert lever.saved_bytes > 0
        assert lever.needed_bytes == made.training.needed - lever.saved_bytes
        assert lever.fits == (lever.needed_bytes <= machine.usable_bytes)


def test_the_precision_is_one_that_the_card_knows() -> None:
    shape = model("qwen2.5 1.5b")
    assert propose(shape, card("3060")).precision == "bf16"
    assert propose(shape, card("t4")).precision == "fp16"


def test_a_small_card_has_its_optimizer_paged() -> None:
    shape = model("qwen2.5 1.5b")
    assert propose(shape, card("4060")).optimizer == "paged_adamw_8bit"
    assert propose(shape, card("3060")).optimizer == "adamw_8bit"


def test_a_cpu_is_planned_with_its_ram() -> None:
    machine = Machine(Card("CPU", 32, None, None), on_cpu=True)
    made = plan(model("qwen2.5 0.5b"), machine, propose(model("qwen2.5 0.5b"), machine))
    assert made.fits
    assert made.hours is None
    assert made.work.quantisation == "none"


def test_what_a_person_chose_stays() -> None:
    given_ = {"lora_rank": 64, "precision": "fp16", "optimizer": "adamw", "max_tokens": 512}
    work = propose(model("llama 3.1 8b"), card("2060"), **given_)
    assert {name: getattr(work, name) for name in given_} == given_


def test_the_levers_are_those_that_are_not_pulled_yet() -> None:
    work = Workload(
        quantisation="none",
        adapter="full",
        precision="fp32",
        optimizer="adamw",
        gradient_checkpointing=False,
    )
    made = plan(model("llama 3.2 3b"), card("3060"), work)
    told = " ".join(lever.change for lever in made.levers)
    for word in ("LoRA", "NF4", "checkpointing", "bf16", "8-bit", "student", "examples"):
        assert word in told
    assert not made.fits
    assert made.levers[0].saved_bytes == max(lever.saved_bytes for lever in made.levers)


def test_micro_batches_that_are_too_large_have_a_lever_of_their_own() -> None:
    shape, machine = model("llama 3.1 8b"), card("4060")
    made = plan(shape, machine, Workload(max_tokens=1024, micro_tokens=8192))
    lever = next(lever for lever in made.levers if lever.change.startswith("micro-batches"))
    assert lever.fits


def test_a_batch_that_is_too_large_for_sampling_does_not_fit() -> None:
    shape, machine = model("qwen3 0.6b"), card("3060")
    work = propose(shape, machine)
    made = plan(shape, machine, replace(work, batch_size=plan(shape, machine, work).rows + 1))
    assert not made.fits
    assert made.levers == ()


def test_quantised_weights_are_never_trained() -> None:
    with pytest.raises(ValueError, match="cannot be trained"):
        Workload(adapter="full")


def test_hours_are_tokens_by_speed() -> None:
    machine, shape = card("3090"), model("llama 3.2 3b")
    made = plan(shape, machine, propose(shape, machine))
    assert made.hours is not None
    work = made.work
    tokens = work.iterations * work.questions * work.epochs * work.example_tokens
    assert made.hours.training * 3600 == pytest.approx(tokens / made.training_tokens_per_s)
    longer = plan(shape, machine, replace(work, epochs=2 * work.epochs))
    assert longer.hours.training == pytest.approx(2 * made.hours.training)
    assert longer.hours.sampling == made.hours.sampling
    assert made.hours.total == pytest.approx(
        made.hours.sampling + made.hours.training + made.hours.evaluation
    )


def test_before_a_run_the_shortfall_is_told() -> None:
    shape, work = model("llama 3.1 8b"), Workload(batch_size=1)
    enough = fits_machine(shape, work, 12 * GIB)
    assert enough.fits
    assert enough.missing_bytes == 0
    short = fits_machine(shape, work, 6 * GIB)
    assert not short.fits
    assert short.missing_bytes == short.needed_bytes - 6 * GIB
    assert "too little" in short.text
    assert "RAM" in fits_machine(shape, work, 6 * GIB, on_cpu=True).text


def test_before_a_run_sampling_counts_too() -> None:
    shape = model("smollm2 1.7b")
    few, many = (fits_machine(shape, Workload(batch_size=size), GIB) for size in (1, 400))
    assert few.text.startswith("Training")
    assert many.text.startswith("Sampling")


def test_a_workload_follows_the_settings() -> None:
    settings = Settings.model_validate(
        {"student": {"adapter": "lora", "lora_rank": 4}, "train": {"max_tokens": 300}}
    )
    work = workload_of(settings, card("3060"))
    assert (work.adapter, work.lora_rank, work.max_tokens) == ("lora", 4, 300)
    assert work.questions == settings.collect.questions


def test_what_the_settings_leave_open_follows_from_the_machine() -> None:
    settings = Settings.model_validate({"student": {"path": "./mine"}})
    large, small, old = (
        workload_of(settings, card(name)) for name in ("rtx 3060 12gb", "rtx 4060", "t4")
    )
    cpu = workload_of(settings, this_cpu())
    assert (large.adapter, large.quantisation, large.precision) == ("lora", "nf4", "bf16")
    assert (large.optimizer, small.optimizer) == ("adamw_8bit", "paged_adamw_8bit")
    assert old.precision == "fp16"
    assert large.gradient_checkpointing
    assert large.packed
    assert (cpu.quantisation, cpu.precision, cpu.optimizer) == ("nf4", "fp32", "adamw")
    assert not cpu.gradient_checkpointing
    assert not cpu.packed
    assert cpu.micro_tokens < large.micro_tokens
    embedded = workload_of(Settings(), card("3060"))
    assert (embedded.adapter, embedded.precision) == ("full", "fp32")
