"""What a config.json says is planned exactly, with a note, or refused with a reason."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoConfig
from zoo import TINY, tiny

from engine.errors import StudentError
from engine.planning.families import FAMILIES
from engine.planning.model_config import architecture_of
from engine.planning.models import MODELS

_LLAMA = tiny("llama")
_OTHER_KEYS = ("text_config", "quantization_config", "layer_types", "num_experts")
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(StudentError) as caught:
        architecture_of(config, "it")
    assert caught.value.exit_code == 4
    return caught.value.message


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_are_those_of_the_configuration_class(family: str) -> None:
    plain = AutoConfig.for_model(family).to_dict()
    for key, value in FAMILIES[family].defaults.items():
        assert plain[key] == value


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_is_known_needs_no_note(family: str) -> None:
    assert architecture_of(tiny(family), "it").notes == ()


def test_a_family_that_is_not_known_is_planned_like_llama_and_says_so() -> None:
    model = architecture_of({**_LLAMA, "model_type": "lhama"}, "it")
    assert model.parameters == architecture_of(_LLAMA, "it").parameters
    assert "lhama" in model.notes[0]


def test_weights_that_are_stored_quantised_are_told() -> None:
    config = {**_LLAMA, "quantization_config": {"quant_method": "gptq"}}
    assert "gptq" in architecture_of(config, "it").notes[0]


@pytest.mark.parametrize("key", ["vocab_size", "hidden_size", "num_hidden_layers", "model_type"])
def test_a_missing_key_is_named(key: str) -> None:
    assert key in refusal({name: value for name, value in _LLAMA.items() if name != key})


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"num_local_experts": 8}, "mixture of experts (num_local_experts)"),
        ({"model_type": "mamba", "state_size": 16}, "state-space"),
        ({"is_encoder_decoder": True}, "encoder-decoder"),
        ({"kv_lora_rank": 512}, "MLA"),
        ({"layer_types": ["full_attention", "linear_attention", "x"]}, "linear_attention"),
        ({"layer_types": ["full_attention"]}, "1 entries for 3 layers"),
        ({"num_key_value_heads": 3}, "do not share"),
        ({"num_key_value_heads": [2, 2, 2]}, "num_key_value_heads is [2, 2, 2]"),
        ({"hidden_size": -1}, "hidden_size is -1"),
        ({"hidden_size": float("nan")}, "hidden_size is nan"),
        ({"hidden_size": True}, "hidden_size is True"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers is 1000000000"),
        ({"vocab_size": 10**5000}, "a number of absurd size"),
        ({"hidden_size": "x" * 100_000}, "hidden_size is 'xxx"),
        ({"head_dim": None, "hidden_size": 65}, "not a multiple of 4 heads"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_reason(more: dict[str, Any], why: str) -> None:
    said = refusal({**_LLAMA, **more})
    assert why in said
    assert len(said) < 300


@given(st.dictionaries(st.sampled_from([*_LLAMA, *_OTHER_KEYS]), _JSON, max_size=3))
def test_whatever_a_file_says_there_is_a_plan_or_a_reason(values: dict[str, Any]) -> None:
    with contextlib.suppress(StudentError):
        assert architecture_of({**_LLAMA, **values}, "it").parameters > 0


@given(st.sampled_from(sorted(TINY)), st.integers(1, 6), st.integers(1, 8), st.integers(1, 4))
def test_what_is_planned_does_not_depend_on_how_the_file_was_written(
    family: str, layers: int, heads: int, share: int
) -> None:
    config = {
        **TINY[family],
        "model_type": family,
        "num_hidden_layers": layers,
        "num_attention_heads": heads * share,
        "num_key_value_heads": heads,
        "head_dim": 16,
    }
    again = json.loads(json.dumps(config, indent=2))
    assert architecture_of(again, "it") == architecture_of(config, "it")


def test_each_student_of_the_catalogue_can_be_planned_without_a_note() -> None:
    assert all(model.architecture.notes == () for model in MODELS)
