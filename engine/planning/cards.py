"""Graphics cards: memory, bandwidth, and how fast their tensor cores multiply.

TFLOPS are of dense bf16 or fp16 products summed in fp32, which is what training does. Brochures
often print larger numbers: with sparsity (twice), or summed in fp16 (GeForce: twice again).
Sources: NVIDIA's architecture whitepapers and data sheets; for GeForce cards, that is cores x boost
clock x 8 (Turing) or x 4 (since). Laptop cards vary with the power they are given: theirs are at
the clock of the usual configuration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.planning.names import UnknownName, contains, matching, words

_GIB = 2**30
_ANY_CARD = frozenset(
    ("nvidia", "geforce", "rtx", "tesla", "quadro", "gpu", "graphics", "card", "generation")
)


@dataclass(frozen=True, slots=True)
class Card:
    """A card. ``vram_gib`` is what nvidia-smi shows; speeds that are not known are None."""

    name: str
    vram_gib: float
    bandwidth_gb_s: float | None
    tflops: float | None
    has_bf16: bool = True

    @property
    def vram_bytes(self) -> int:
        return math.floor(self.vram_gib * _GIB)


def _turing(name: str, vram_gib: float, bandwidth_gb_s: float, tflops: float) -> Card:
    return Card(name, vram_gib, bandwidth_gb_s, tflops, has_bf16=False)


CARDS: tuple[Card, ...] = (
    _turing("RTX 2060", 6, 336, 25.8),
    _turing("RTX 2060 12 GB", 12, 336, 28.7),
    _turing("RTX 2060 Super", 8, 448, 28.7),
    _turing("RTX 2070", 8, 448, 29.9),
    _turing("RTX 2070 Super", 8, 448, 36.2),
    _turing("RTX 2080", 8, 448, 40.3),
    _turing("RTX 2080 Super", 8, 496, 44.6),
    _turing("RTX 2080 Ti", 11, 616, 53.8),
    Card("RTX 3050", 8, 224, 18.2),
    Card("RTX 3060", 12, 360, 25.5),
    Card("RTX 3060 Ti", 8, 448, 32.4),
    Card("RTX 3070", 8, 448, 40.6),
    Card("RTX 3070 Ti", 8, 608, 43.5),
    Card("RTX 3080", 10, 760, 59.5),
    Card("RTX 3080 12 GB", 12, 912, 61.3),
    Card("RTX 3080 Ti", 12, 912, 68.2),
    Card("RTX 3090", 24, 936, 71.2),
    Card("RTX 3090 Ti", 24, 1008, 80.0),
    Card("RTX 4060", 8, 272, 30.2),
    Card("RTX 4060 Ti 8 GB", 8, 288, 44.1),
    Card("RTX 4060 Ti 16 GB", 16, 288, 44.1),
    Card("RTX 4070", 12, 504, 58.3),
    Card("RTX 4070 Super", 12, 504, 71.0),
    Card("RTX 4070 Ti", 12, 504, 80.2),
    Card("RTX 4070 Ti Super", 16, 672, 88.2),
    Card("RTX 4080", 16, 717, 97.5),
    Card("RTX 4080 Super", 16, 736, 104.4),
    Card("RTX 4090", 24, 1008, 165.2),
    Card("RTX 5050", 8, 320, 26.3),
    Card("RTX 5060", 8, 448, 38.4),
    Card("RTX 5060 Ti 8 GB", 8, 448, 47.4),
    Card("RTX 5060 Ti 16 GB", 16, 448, 47.4),
    Card("RTX 5070", 12, 672, 61.7),
    Card("RTX 5070 Ti", 16, 896, 87.9),
    Card("RTX 5080", 16, 960, 112.6),
    Card("RTX 5090", 32, 1792, 209.5),
    Card("RTX 3060 Laptop", 6, 336, 21.9),
    Card("RTX 3070 Laptop", 8, 448, 31.9),
    Card("RTX 4050 Laptop", 6, 192, 18.0),
    Card("RTX 4060 Laptop", 8, 256, 23.2),
    Card("RTX 4070 Laptop", 8, 256, 31.2),
    Card("RTX 4080 Laptop", 12, 432, 49.4),
    Card("RTX 4090 Laptop", 16, 576, 66.0),
    Card("RTX A2000 6 GB", 6, 288, 31.9),
    Card("RTX A2000 12 GB", 12, 288, 31.9),
    Card("RTX A4000", 16, 448, 76.7),
    Card("RTX A5000", 24, 768, 111.1),
    Card("RTX A6000", 48, 768, 154.8),
    Card("RTX 6000 Ada", 48, 960, 364.2),
    _turing("T4", 15, 320, 65.1),
    _turing("V100 16 GB", 16, 900, 125),
    _turing("V100 32 GB", 32, 900, 125),
    Card("A10", 22.5, 600, 125),
    Card("A100 40 GB", 40, 1555, 312),
    Card("A100 80 GB", 80, 2039, 312),
    Card("L4", 22.5, 300, 121),
    Card("L40S", 45, 864, 362),
    Card("H100 PCIe", 79.6, 2000, 756),
    Card("H100 HBM3", 79.6, 3350, 989),
    Card("H200", 140.4, 4800, 989),
)


def find_card(said: str) -> Card:
    """Return the card that a person means: ``3060``, ``rtx 4090`` or nvidia-smi's whole name.

    Raises:
        UnknownName: there is none, or there are several; the message lists them.
    """
    names = matching(said, [card.name for card in CARDS], _ANY_CARD)
    if not names:
        near = [card.name for card in _within(said, CARDS)]
        there = words(said, _ANY_CARD)
        names = [name for name in near if contains(there, words(name, _ANY_CARD))] or near
    if len(names) == 1:
        return next(card for card in CARDS if card.name == names[0])
    if names:
        raise UnknownName(
            f"{said!r} could be {', '.join(names)}. Name one of them.",
            "Several cards by that name",
            names,
        )
    raise UnknownName(
        f"There is no card {said!r} in the list. See tripost plan --list-cards, or give its "
        "memory: --vram 12.",
        "No such card",
    )


def card_of(smi_name: str, vram_bytes: int) -> Card:
    """Return the card that nvidia-smi tells of, with its own memory; speeds if it is listed."""
    vram_gib = vram_bytes / _GIB
    near = [card for card in CARDS if abs(card.vram_gib - vram_gib) < 0.1 * vram_gib]
    found = _within(smi_name, near)
    if not found:
        return Card(smi_name, vram_gib, None, None)
    return replace(found[0], vram_gib=vram_gib)


def _within(name: str, cards: Sequence[Card]) -> list[Card]:
    """The cards whose words are all in a longer name, those with the most words.

    Their memory, which only some names have, is no such word.
    """
    there = words(name, _ANY_CARD)
    found = []
    for card in cards:
        listed = [word for word in words(card.name, _ANY_CARD) if not word.endswith("gb")]
        if contains(there, listed) and ("laptop" in listed) == ("laptop" in there):
            found.append((len(listed), card))
    most = max((count for count, _ in found), default=0)
    return [card for count, card in found if count == most]
