"""What is counted from a config.json is what the real classes have."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache, PreTrainedModel
from zoo import TINY, architecture, tiny, without_weights

from engine.planning.architecture import Architecture
from engine.planning.model_config import architecture_of
from engine.planning.models import MODELS, CatalogueModel


def count(model: PreTrainedModel) -> dict[str, int]:
    head = model.get_output_embeddings()
    linears = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    ]
    tied = head.weight is model.get_input_embeddings().weight
    return {
        "linear": sum(linear.weight.numel() for linear in linears),
        "largest": max(linear.weight.numel() for linear in linears),
        "bias": sum(linear.bias.numel() for linear in linears if linear.bias is not None),
        "embedding": model.get_input_embeddings().weight.numel(),
        "head": 0 if tied else head.weight.numel(),
        "all": sum(weight.numel() for weight in model.parameters()),
    }


def planned(model: Architecture) -> dict[str, int]:
    return {
        "linear": model.linear_parameters,
        "largest": model.largest_linear,
        "bias": model.bias_parameters,
        "embedding": model.embedding_parameters,
        "head": model.head_parameters,
        "all": model.parameters,
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_each_student_of_the_catalogue_is_counted_as_its_class_is_built(
    model: CatalogueModel,
) -> None:
    assert planned(model.architecture) == count(without_weights(model.config))


@pytest.mark.parametrize("family", TINY)
def test_each_family_is_counted_with_its_biases_and_norms(family: str) -> None:
    assert planned(architecture(family)) == count(without_weights(tiny(family)))


@pytest.mark.parametrize("family", TINY)
def test_tensors_add_up_to_the_parameters(family: str) -> None:
    model = architecture(family)
    sizes = sorted(weight.numel() for weight in without_weights(tiny(family)).parameters())
    assert sorted(model.tensors()) == sizes


@pytest.mark.parametrize("family", TINY)
def test_an_adapter_is_counted_as_peft_builds_it(family: str) -> None:
    adapted = get_peft_model(
        without_weights(tiny(family)),
        LoraConfig(r=5, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    sizes = [weight.numel() for weight in adapted.parameters() if weight.requires_grad]
    assert sorted(architecture(family).lora_tensors(5)) == sorted(sizes)
    assert architecture(family).lora_parameters(5) == sum(sizes)


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma2", "gemma3_text", "phi3", "olmo2"])
def test_a_kv_cache_is_as_large_as_the_one_that_generation_fills(family: str) -> None:
    config = AutoConfig.for_model(family, **TINY[family])
    model = AutoModelForCausalLM.from_config(config).eval()
    cache = DynamicCache(config=config)
    with torch.inference_mode():
        model(input_ids=torch.ones(1, 40, dtype=torch.long), past_key_values=cache)
    seen = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    exact = architecture(family).kv_cache_bytes(40, bytes_per_number=4)
    # A sliding layer leaves out the token that it sees next.
    assert 0.9 * exact <= 4 * seen <= exact


def test_windows_bound_the_cache_of_some_layers() -> None:
    model = architecture("gemma3_text", num_hidden_layers=6)
    assert model.windows == (16, 16, 16, 16, 16, None)
    assert model.cached_tokens(100) == 5 * 16 + 100
    assert model.cached_tokens(10) == 60


def test_a_model_of_several_media_is_counted_by_its_language_model() -> None:
    text = {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34}
    nested = {"model_type": "gemma3", "text_config": text, "vision_config": {"hidden_size": 1152}}
    model = architecture_of(nested, "gemma")
    listed = next(model for model in MODELS if model.name == "Gemma 3 4B")
    assert planned(model) == planned(listed.architecture)
    assert "language model" in model.notes[0]
