"""The script that made the embedded student makes one, the same for the same seed."""

import argparse
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from engine.embedded import build
from engine.embedded.arithmetic import CURRICULUM
from engine.embedded.build import arguments, student_config, train
from engine.embedded.curriculum import Draw, Progress
from engine.embedded.tokenizer import build_tokenizer
from engine.embedded.word_vectors import begin_with_letters


def settings(out: Path, seed: int = 0) -> argparse.Namespace:
    sizes = ["--hidden", "32", "--layers", "1", "--key-heads", "1", "--feed-forward", "32"]
    budget = ["--million-tokens", "0.1", "--batch-tokens", "1024", "--seed", str(seed)]
    return arguments(["multistep_arithmetic", str(out), *sizes, *budget])


def built(out: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    *_, facts = train(settings(out, seed))
    assert facts["tokens"] >= 100_000
    model = AutoModelForCausalLM.from_pretrained(out)
    assert AutoTokenizer.from_pretrained(out).eos_token_id == model.config.eos_token_id
    return dict(model.state_dict())


@pytest.fixture
def few_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(build, "_SECTIONS", 5)


@pytest.mark.usefixtures("few_sections")
def test_a_seed_makes_the_same_student_again(tmp_path: Path) -> None:
    once, again, other = built(tmp_path / "a"), built(tmp_path / "b"), built(tmp_path / "c", 1)
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert not all(torch.equal(once[name], other[name]) for name in once)


@pytest.mark.usefixtures("few_sections")
def test_a_build_that_was_broken_off_ends_with_the_same_student(tmp_path: Path) -> None:
    whole = built(tmp_path / "whole")
    for facts in train(settings(tmp_path / "cut")):
        if facts["sections"] == 2:
            break
    cut = built(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert [facts["sections"] for facts in train(settings(tmp_path / "cut"))] == [5]


def test_each_lesson_has_its_share_of_rationales() -> None:
    progress = Progress()
    stream = CURRICULUM.documents(Draw(1), progress)
    reached = 0.0
    for lesson in CURRICULUM.lessons:
        # The first after a change of lesson may still be of the one before.
        progress.done = (reached + lesson.until) / 2
        reached = lesson.until
        next(stream)
        texts = [start + continuation for start, continuation in (next(stream) for _ in range(600))]
        rationales = sum(len(text) for text in texts if text.startswith("Q: "))
        assert abs(rationales / sum(map(len, texts)) - lesson.rationales) < 0.05


def test_pieces_begin_as_the_sum_of_their_letters() -> None:
    pieces = ["stamp", "stamps", "stand", "clone", "apt"]
    tokenizer = build_tokenizer(["Q: "], pieces)
    model = LlamaForCausalLM(student_config(len(tokenizer), 32, 1, 1, 32))
    alike: dict[str, list[float]] = {piece: [] for piece in pieces}
    for seed in range(20):
        torch.manual_seed(seed)
        begin_with_letters(model, tokenizer)
        embedded = model.get_input_embeddings().weight.detach()
        first = embedded[tokenizer.convert_tokens_to_ids("stamp")]
        for piece in pieces:
            other = embedded[tokenizer.convert_tokens_to_ids(piece)]
            alike[piece].append(float(torch.cosine_similarity(first, other, dim=0)))
    mean = [sum(alike[piece]) / 20 for piece in pieces]
    # The more letters two have in common at their beginning, the nearer they are.
    assert mean == sorted(mean, reverse=True)
    assert mean[0] == pytest.approx(1)
    assert mean[2] > 0.3
    assert abs(mean[3]) < 0.2
