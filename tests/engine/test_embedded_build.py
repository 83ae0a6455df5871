"""The script that made the embedded student makes one, the same for the same seed."""

from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.embedded import build
from engine.embedded.build import arguments, train
from engine.embedded.lessons import TERMS, Progress, Term, documents
from engine.embedded.skills import Draw

SHARE = 0.0005


def built(out: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    sizes = ["--hidden", "32", "--layers", "1", "--feed-forward", "32"]
    budget = ["--share", str(SHARE), "--batch-tokens", "1024", "--seed", str(seed)]
    facts = train(arguments([str(out), *sizes, *budget]))
    for term, of in zip(TERMS, facts, strict=True):
        assert of["tokens"] >= term.million_tokens * 1e6 * SHARE
    model = AutoModelForCausalLM.from_pretrained(out)
    assert AutoTokenizer.from_pretrained(out).eos_token_id == model.config.eos_token_id
    return dict(model.state_dict())


def test_a_seed_makes_the_same_student_again(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    once, again, other = built(tmp_path / "a"), built(tmp_path / "b"), built(tmp_path / "c", 1)
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert not all(torch.equal(once[name], other[name]) for name in once)


def test_a_build_that_was_broken_off_goes_on_with_the_next_term(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = built(tmp_path / "whole")
    sizes = ["--hidden", "32", "--layers", "1", "--feed-forward", "32"]
    args = arguments(
        [str(tmp_path / "cut"), *sizes, "--share", str(SHARE), "--batch-tokens", "1024"]
    )
    with patch.object(build, "TERMS", TERMS[:1]):
        train(args)
    cut = built(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


@pytest.mark.parametrize("term", TERMS)
def test_each_lesson_has_its_share_of_rationales(term: Term) -> None:
    progress = Progress()
    stream = documents(term.lessons, Draw(1), progress)
    reached = 0.0
    for lesson in term.lessons:
        # The first after a change of lesson may still be of the one before.
        progress.done = (reached + lesson.until) / 2
        reached = lesson.until
        next(stream)
        texts = [start + continuation for start, continuation in (next(stream) for _ in range(600))]
        rationales = sum(len(text) for text in texts if text.startswith("Q: "))
        assert abs(rationales / sum(map(len, texts)) - lesson.rationales) < 0.05
