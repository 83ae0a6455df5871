"""A student is loaded as it is in its folder, or refused with what is wrong and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from architectures import save_tiny, tiny_model
from bitsandbytes.nn import Linear4bit
from student_folders import Change, edit, save_adapter, save_sharded, settings
from tiny_students import arithmetic_tokenizer
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertLMHeadModel,
    BitsAndBytesConfig,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from engine.errors import StudentError
from engine.student.loading import load_student
from engine.student.model import Student
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import prompt

TASK = MultistepArithmetic.name
IDS = torch.arange(3, 20)[None]


def load(path: Path, **values: object) -> Student:
    wanted = {"quantisation": "none"} | values
    return load_student(settings(path, **wanted), TASK)


def refusal(path: Path, **values: object) -> StudentError:
    with pytest.raises(StudentError) as caught:
        load(path, **values)
    return caught.value


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    found: torch.Tensor = model.eval()(input_ids=IDS, use_cache=False).logits
    return found


@pytest.fixture
def student(tmp_path: Path) -> Path:
    return save_tiny("llama", tmp_path / "student")


def test_a_model_in_several_files_is_loaded(tmp_path: Path) -> None:
    loaded = load(save_sharded(tmp_path / "student"))
    assert torch.equal(logits(loaded.model), logits(tiny_model("llama")))


def test_a_model_that_was_saved_in_4_bits_is_loaded_as_it_is(tmp_path: Path) -> None:
    whole = save_tiny("llama", tmp_path / "whole")
    saved = AutoModelForCausalLM.from_pretrained(
        str(whole),
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        ),
        device_map={"": "cpu"},
    )
    saved.save_pretrained(str(tmp_path / "student"))
    arithmetic_tokenizer().save_pretrained(str(tmp_path / "student"))
    for quantisation in ("auto", "none", "nf4"):
        loaded = load(tmp_path / "student", quantisation=quantisation, precision="fp32")
        layers = [m for m in loaded.model.modules() if isinstance(m, Linear4bit)]
        assert layers
        assert {layer.compute_dtype for layer in layers} == {torch.float32}
        assert all("lora_" in name for name in loaded.trained_weights())
    assert 'student.adapter is "full"' in refusal(tmp_path / "student", adapter="full").message


# --- the text part of a model that sees images --------------------------------------------------


def save_with_images(folder: Path) -> Gemma3ForConditionalGeneration:
    """A Gemma 3 as it is published, with eyes."""
    tokenizer = arithmetic_tokenizer()
    text = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 6, "head_dim": 16,
        "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": len(tokenizer),
        "max_position_embeddings": 256, "sliding_window": 16, "query_pre_attn_scalar": 16,
        "eos_token_id": 1, "pad_token_id": 0,
    }  # fmt: skip
    eyes = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
    }  # fmt: skip
    config = Gemma3Config(
        text_config=text, vision_config=eyes, mm_tokens_per_image=4, image_token_index=5
    )
    torch.manual_seed(0)
    model = Gemma3ForConditionalGeneration(config)
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return model


def newer_names(folder: Path) -> None:
    """Weights by the names that newer versions of transformers write."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    found = {
        name.replace("language_model.model.", "model.language_model."): weight
        for name, weight in load_file(path).items()
    }
    save_file(found, path, metadata={"format": "pt"})


@pytest.mark.parametrize("change", [lambda folder: None, newer_names])
def test_of_a_model_that_sees_images_the_text_part_is_loaded(
    tmp_path: Path, change: Change
) -> None:
    whole = save_with_images(tmp_path / "student")
    change(tmp_path / "student")
    loaded = load(tmp_path / "student", adapter="full")
    assert type(loaded.model).__name__ == "Gemma3ForCausalLM"
    assert loaded.context_tokens == 256
    assert torch.allclose(logits(loaded.model), logits(whole), atol=1e-5)


def test_its_text_part_is_trained_in_4_bits_and_taken_up_again(tmp_path: Path) -> None:
    save_with_images(tmp_path / "student")
    loaded = load(tmp_path / "student", quantisation="nf4")
    with torch.no_grad():
        for weight in loaded.trained_weights().values():
            weight.add_(0.01)
    loaded.save(tmp_path / "adapter")
    again = load(tmp_path / "adapter", quantisation="nf4")
    assert torch.equal(logits(again.model), logits(loaded.model))


# --- adapters -----------------------------------------------------------------------------------


def test_an_adapter_is_trained_further(student: Path, tmp_path: Path) -> None:
    first = load(student)
    with torch.no_grad():
        for weight in first.trained_weights().values():
            weight.add_(0.05)
    first.save(tmp_path / "adapter")
    again = load(tmp_path / "adapter")
    assert torch.equal(logits(again.model), logits(first.model))
    assert again.trained_weights().keys() == first.trained_weights().keys()


def test_a_saved_adapter_names_its_model_wherever_one_stands(
    student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(student.parent)
    load(Path("student")).save(tmp_path / "adapter")
    said = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert said["base_model_name_or_path"] == str(student)


def test_an_adapters_own_tokenizer_is_its_students(student: Path, tmp_path: Path) -> None:
    folder = save_adapter(student, tmp_path / "adapter")
    own = arithmetic_tokenizer()
    own.eos_token = "<pad>"
    own.save_pretrained(str(folder))
    assert load(folder).form.end_id == own.pad_token_id


@pytest.mark.parametrize("layers", [1, 3])
def test_an_adapter_for_other_layers_is_told_whatever_peft_makes_of_it(
    student: Path, tmp_path: Path, layers: int
) -> None:
    """With fewer layers peft makes the others up; files alone do not tell that this is wrong."""
    folder = save_adapter(student, tmp_path / "adapter", target_modules=["q_proj"])
    edit("adapter_config.json", target_modules=["q_proj", "k_proj"][:layers])(folder)
    if layers == 1:
        assert load(folder)
    else:
        assert "does not fit" in refusal(folder).message


@pytest.mark.parametrize("targets", [["no_such_layer"], ["q_proj", "embed_out"]])
def test_layers_that_are_not_there_are_told_with_the_setting(
    student: Path, targets: list[str]
) -> None:
    if targets[0] == "q_proj":
        assert load(student, lora_targets=targets)
    else:
        assert "student.lora_targets" in refusal(student, lora_targets=targets).message


@pytest.mark.parametrize(
    ("said", "ends"), [(5, {1, 5}), ([1, 7], {1, 7}), ("x", {1}), ([[]], {1}), ({}, {1})]
)
def test_what_ends_a_text_by_the_models_own_account_ends_it(
    student: Path, said: object, ends: set[int]
) -> None:
    edit("generation_config.json", eos_token_id=said)(student)
    assert load(student).form.end_ids == ends


# --- refused ------------------------------------------------------------------------------------


def test_a_model_that_sees_what_is_to_come_is_refused(tmp_path: Path) -> None:
    """Its configuration does not say so."""
    tokenizer = arithmetic_tokenizer()
    config = BertConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        vocab_size=len(tokenizer), initializer_range=0.5, is_decoder=True,
    )  # fmt: skip
    folder = tmp_path / "student"
    BertLMHeadModel(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    edit("config.json", is_decoder=False)(folder)
    assert "is no causal language model" in refusal(folder, adapter="full").message


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(student: Path) -> None:
    more = arithmetic_tokenizer()
    more.add_tokens(["<think>"])
    more.save_pretrained(str(student))
    error = refusal(student)
    assert error.title == "Tokenizer and model do not belong together"
    assert f"tokens up to {len(more) - 1:,}" in error.message


def test_a_token_that_no_text_is_made_of_may_be_beyond_the_model(student: Path) -> None:
    """Gemma 3's tokenizer has one for images, which its smallest model does not know."""
    more = arithmetic_tokenizer()
    more.add_special_tokens({"additional_special_tokens": ["<image>"]})
    more.save_pretrained(str(student))
    loaded = load(student)
    ids = loaded.form.prompt_ids([prompt("<image>", "<image>"), "<image>"])
    assert max(ids) < len(more) - 1


def test_an_end_of_text_beyond_the_model_is_refused(student: Path) -> None:
    more = arithmetic_tokenizer()
    more.add_special_tokens({"eos_token": "<end>"})
    more.save_pretrained(str(student))
    assert "do not belong together" in refusal(student).title


def test_a_tokenizer_without_an_end_of_text_is_refused(
    student: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    """As a class of its own it may have one that the files do not name."""
    edit("tokenizer_config.json", eos_token=None, tokenizer_class="LlamaTokenizer")(student)
    assert refusal(student).exit_code == 4


HOSTILE: dict[str, dict[str, Any]] = {
    "words for numbers": {"hidden_size": "big"},
    "lists for numbers": {"num_hidden_layers": [2]},
    "nothing": {"num_attention_heads": 0},
    "less than nothing": {"hidden_size": -64},
    "fractions": {"vocab_size": 1.5},
    "other sizes": {"intermediate_size": 99},
    "more layers": {"num_hidden_layers": 3},
    "an activation": {"hidden_act": "no such"},
    "positions": {"rope_parameters": {"rope_type": "no such"}},
    "an object": {"max_position_embeddings": {"a": {"b": []}}},
}


@pytest.mark.parametrize("values", HOSTILE.values(), ids=HOSTILE)
def test_a_configuration_that_does_not_make_sense_is_refused(
    student: Path, values: dict[str, Any]
) -> None:
    edit("config.json", **values)(student)
    error = refusal(student)
    assert error.title == "The student cannot be loaded"
    assert str(student) in error.message


@pytest.mark.parametrize("content", ["[]", "{", '{"model": 7}', '{"model": {"type": "None"}}'])
def test_a_damaged_tokenizer_is_refused(student: Path, content: str) -> None:
    (student / "tokenizer.json").write_text(content)
    error = refusal(student)
    assert error.title == "The student's tokenizer cannot be loaded"
    assert str(student) in error.message
