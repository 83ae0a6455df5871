"""The head of a student: from hidden states to logits, as the loss has to know it.

Training computes the loss from hidden states (`engine.training.weighted_loss`) and never calls
the model's own head. What a model does to its logits beside a linear map is therefore read from
its configuration, and compared once with the model itself: one that does something unknown is
refused rather than trained on a wrong loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from engine.errors import StudentError
from engine.student.evaluating import evaluating
from engine.training.weighted_loss import head_logits

_PROBE_TOKENS = 8
_TOLERANCE = 0.02
"""Of the largest logit; a model in half precision rounds by some thousandths of it."""


@dataclass(frozen=True, slots=True)
class LogitHead:
    """logits = cap(scale * (hidden @ weight.T + bias)), cap(x) = softcap * tanh(x / softcap).

    ``weight`` is (vocabulary, size), ``bias`` (vocabulary,) or None, ``softcap`` None for no cap.
    """

    weight: Tensor
    bias: Tensor | None = None
    scale: float = 1.0
    softcap: float | None = None

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits of (rows, size), in fp32, as the loss calculates them."""
        return head_logits(hidden, self.weight, self.bias, self.scale, self.softcap)


def find_head(model: PreTrainedModel) -> LogitHead:
    """Return the head of a model, compared with what the model itself does.

    Raises:
        StudentError: it does more than is known here.
    """
    name = type(model).__name__
    linear = model.get_output_embeddings()
    if not isinstance(linear, nn.Linear) or linear.weight.ndim != 2:
        raise _unknown(name, f"its head is a {type(linear).__name__}, not a linear layer")
    if linear.weight.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        raise _unknown(name, f"its head is in {linear.weight.dtype}")
    head = LogitHead(linear.weight, linear.bias, *_shape_of_logits(model))
    _compare(model, head, name)
    return head


def _shape_of_logits(model: PreTrainedModel) -> tuple[float, float | None]:
    """Read scale and cap: Cohere multiplies, Granite divides, Gemma 2 caps."""
    config = model.config.get_text_config()
    scale = float(getattr(config, "logit_scale", None) or 1.0)
    scale /= float(getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)
    return scale, None if cap is None else float(cap)


@torch.no_grad()
def _compare(model: PreTrainedModel, head: LogitHead, name: str) -> None:
    with evaluating(model):
        ids = torch.arange(1, 1 + _PROBE_TOKENS, device=model.device)
        ids = ids[None] % head.weight.shape[0]
        theirs = model(input_ids=ids, use_cache=False).logits.float()
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        ours = head.logits(hidden.to(head.weight.dtype))
    if theirs.shape != ours.shape:
        raise _unknown(name, f"{theirs.shape[-1]} logits, {ours.shape[-1]} rows in its head")
    # A model whose logits are no numbers is none to be compared; training tells.
    apart = float((theirs - ours).nan_to_num().abs().max())
    if apart > _TOLERANCE * float(theirs.nan_to_num().abs().max()):
        raise _unknown(name, f"its logits differ by {apart:.3g} from those of its head")


def _unknown(name: str, why: str) -> StudentError:
    return StudentError(
        f"{name} makes its logits in a way that the weighted loss does not know: {why}. "
        "Choose a student of another architecture.",
        "This architecture cannot be trained",
    )
