"""Cards have the figures of NVIDIA's papers, and are found by what people call them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.planning.cards import CARDS, Card, card_of, find_card
from engine.planning.names import UnknownName

GIB = 2**30
# Dense fp16 products summed in fp32: the whitepapers of Turing, Ampere (GA102, A100), Ada (AD102,
# professional), Hopper and Blackwell.
WHITEPAPERS = {
    "RTX 2080 Ti": 53.8,
    "RTX 3080": 59.5,
    "RTX 3090": 71,
    "RTX 4090": 165.2,
    "RTX 4080": 97.5,
    "RTX 5090": 209.5,
    "RTX 6000 Ada": 364.2,
    "RTX A6000": 154.8,
    "T4": 65,
    "V100 32 GB": 125,
    "A100 80 GB": 312,
    "L4": 121,
    "H100 HBM3": 989.4,
}


@pytest.mark.parametrize(("name", "tflops"), WHITEPAPERS.items())
def test_tflops_are_dense_and_summed_in_fp32(name: str, tflops: float) -> None:
    assert find_card(name).tflops == pytest.approx(tflops, rel=0.01)


def test_cards_before_ampere_have_no_bf16() -> None:
    older = {card.name for card in CARDS if not card.has_bf16}
    assert all(name.startswith(("RTX 20", "T4", "V100")) for name in older)
    assert find_card("3050").has_bf16


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_card_is_found_by_its_name(card: Card) -> None:
    assert find_card(card.name) is card
    assert find_card(f"NVIDIA GeForce {card.name.lower()}") is card


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("3060", "RTX 3060"),
        ("rtx-4090", "RTX 4090"),
        ("4060ti 16gb", "RTX 4060 Ti 16 GB"),
        ("Tesla T4", "T4"),
        ("NVIDIA A100-SXM4-80GB", "A100 80 GB"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "RTX 4060 Laptop"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA H100 80GB HBM3", "H100 HBM3"),
    ],
)
def test_cards_may_be_called_by_many_names(said: str, name: str) -> None:
    assert find_card(said).name == name


def test_several_cards_by_a_name_are_listed() -> None:
    with pytest.raises(UnknownName) as caught:
        find_card("4060 ti")
    assert caught.value.candidates == ("RTX 4060 Ti 8 GB", "RTX 4060 Ti 16 GB")


@pytest.mark.parametrize("said", ["", "voodoo", "rtx", "12"])
def test_what_no_card_is_called_is_refused(said: str) -> None:
    with pytest.raises(UnknownName):
        find_card(said)


@given(st.text(max_size=60))
def test_any_name_is_a_card_or_unknown(said: str) -> None:
    with contextlib.suppress(UnknownName):
        assert find_card(said) in CARDS


@pytest.mark.parametrize(
    ("smi_name", "mib", "name"),
    [
        ("NVIDIA GeForce RTX 4060 Ti", 16380, "RTX 4060 Ti 16 GB"),
        ("NVIDIA GeForce RTX 4060 Ti", 8188, "RTX 4060 Ti 8 GB"),
        ("NVIDIA GeForce RTX 3080", 12288, "RTX 3080 12 GB"),
        ("Tesla V100-SXM2-32GB", 32510, "V100 32 GB"),
        ("NVIDIA A100-SXM4-40GB", 40960, "A100 40 GB"),
    ],
)
def test_what_nvidia_smi_shows_tells_variants_apart_by_memory(
    smi_name: str, mib: int, name: str
) -> None:
    card = card_of(smi_name, mib * 2**20)
    assert card.name == name
    assert card.vram_bytes == pytest.approx(mib * 2**20, abs=1)


def test_a_card_that_is_not_listed_keeps_its_name_and_has_no_speed() -> None:
    card = card_of("NVIDIA GeForce RTX 3080 Ti Laptop GPU", 16 * GIB)
    assert (card.vram_bytes, card.tflops, card.bandwidth_gb_s) == (16 * GIB, None, None)
