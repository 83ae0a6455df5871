"""The block-wise loss is the plain one, in value and in every gradient."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import engine.training.weighted_loss
from engine.training.weighted_loss import (
    IGNORED,
    naive_weighted_cross_entropy,
    weighted_linear_cross_entropy,
)

SIZE, VOCABULARY = 8, 11


@dataclass
class Case:
    hidden: Tensor
    head: Tensor
    bias: Tensor | None
    labels: Tensor
    weights: Tensor

    @classmethod
    def random(cls, rows: int, *, bias: bool, dtype: torch.dtype, seed: int = 0) -> "Case":
        """Random rows, a third of them without weight and, of these, half without a label."""
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator).to(dtype)

        labels = torch.randint(VOCABULARY, (rows,), generator=generator)
        weights = torch.rand(rows, generator=generator) * 3
        weights[::3] = 0
        labels[::6] = IGNORED
        return cls(
            normal(rows, SIZE),
            normal(VOCABULARY, SIZE),
            normal(VOCABULARY) if bias else None,
            labels,
            weights,
        )

    def leaves(self, dtype: torch.dtype | None = None) -> list[Tensor]:
        """Copies of hidden, head and, if there is one, bias, whose gradients are wanted."""
        given = (self.hidden, self.head, self.bias)
        return [t.to(dtype or t.dtype, copy=True).requires_grad_() for t in given if t is not None]

    def gradients(self, dtype: torch.dtype | None = None, naive: bool = False) -> list[Tensor]:
        """The loss, scaled by 0.7 as a divisor would, then its gradients."""
        leaves = self.leaves(dtype)
        bias = leaves[2] if len(leaves) > 2 else None
        loss_of = naive_weighted_cross_entropy if naive else weighted_linear_cross_entropy
        loss = loss_of(leaves[0], leaves[1], self.labels, self.weights, bias) * 0.7
        loss.backward()
        return [loss.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


def assert_close(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        scale = float(other.abs().max()) or 1.0
        torch.testing.assert_close(one.float(), other.float(), rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("rows_at_once", [1, 3, 5, 1000])
def test_it_equals_the_plain_expression_whatever_the_block(
    monkeypatch: pytest.MonkeyPatch, rows_at_once: int, bias: bool
) -> None:
    monkeypatch.setattr(engine.training.weighted_loss, "_BLOCK_ELEMENTS", rows_at_once * VOCABULARY)
    case = Case.random(20, bias=bias, dtype=torch.float32)
    assert_close(case.gradients(), case.gradients(naive=True), 1e-6)


@pytest.mark.parametrize("bias", [False, True])
def test_half_precision_is_as_exact_as_its_numbers(
    monkeypatch: pytest.MonkeyPatch, bias: bool
) -> None:
    monkeypatch.setattr(engine.training.weighted_loss, "_BLOCK_ELEMENTS", 4 * VOCABULARY)
    case = Case.random(20, bias=bias, dtype=torch.bfloat16)
    found = case.gradients()
    assert found[0].dtype == torch.float32
    assert all(gradient.dtype == torch.bfloat16 for gradient in found[1:])
    assert_close(found, case.gradients(torch.float32, naive=True), 1.5e-2)


@given(st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_it_equals_the_plain_expression_for_any_rows(rows: int, seed: int, bias: bool) -> None:
    case = Case.random(rows, bias=bias, dtype=torch.float32, seed=seed)
    assert_close(case.gradients(), case.gradients(naive=True), 1e-5)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    case = Case.random(10, bias=True, dtype=torch.float64)
    gradients = case.gradients(torch.float32)[1:]
    step = 1e-5
    for which, gradient in enumerate(gradients):
        direction = torch.randn_like(gradient, generator=torch.Generator().manual_seed(1)).double()
        ends = []
        for sign in (1, -1):
            parts = [case.hidden, case.head, case.bias]
            parts[which] = parts[which] + sign * step * direction
            hidden, head, bias = parts
            logits = hidden @ head.T + bias
            chosen = logits.log_softmax(-1).gather(1, case.labels.clamp(min=0)[:, None])
            ends.append(-(chosen.squeeze(1) * case.weights).sum() * 0.7)
        slope = float((ends[0] - ends[1]) / (2 * step))
        assert float((gradient.double() * direction).sum()) == pytest.approx(slope, rel=1e-4)


def test_rows_without_weight_count_for_nothing_even_if_they_are_not_numbers() -> None:
    case = Case.random(12, bias=False, dtype=torch.float32)
    expected = case.gradients()
    case.hidden[case.weights == 0] = torch.nan
    found = case.gradients()
    assert_close(found[:1], expected[:1], 0)
    assert_close(found[2:], expected[2:], 0)
    assert not found[1][case.weights == 0].any()


def test_no_row_with_weight_gives_a_loss_of_zero_and_no_gradient() -> None:
    case = Case.random(5, bias=True, dtype=torch.float32)
    case.weights.zero_()
    assert [float(part.abs().sum()) for part in case.gradients()] == [0, 0, 0, 0]


def test_a_frozen_head_gets_no_gradient_and_the_hidden_states_the_same() -> None:
    case = Case.random(12, bias=False, dtype=torch.float32)
    hidden = case.hidden.clone().requires_grad_()
    (weighted_linear_cross_entropy(hidden, case.head, case.labels, case.weights) * 0.7).backward()
    assert case.head.grad is None
    assert hidden.grad is not None
    assert torch.equal(hidden.grad, case.gradients()[1])


def test_a_state_that_is_no_number_is_told_and_not_hidden() -> None:
    case = Case.random(6, bias=False, dtype=torch.float32)
    case.hidden[1] = torch.nan
    loss = weighted_linear_cross_entropy(case.hidden, case.head, case.labels, case.weights)
    assert torch.isnan(loss)


def test_the_logits_of_all_rows_are_never_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.training.weighted_loss, "_BLOCK_ELEMENTS", 4 * VOCABULARY)
    largest = 0
    linear = torch.nn.functional.linear

    def watched(states: Tensor, head: Tensor, bias: Tensor | None) -> Tensor:
        nonlocal largest
        largest = max(largest, len(states))
        return linear(states, head, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", watched)
    Case.random(50, bias=False, dtype=torch.float32).gradients()
    assert largest == 4
