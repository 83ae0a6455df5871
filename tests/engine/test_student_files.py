"""What is wrong with a student is told from its files, before an engine is started."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from architectures import save_tiny
from student_folders import (
    Change,
    edit,
    pickle_only,
    remove,
    save_adapter,
    save_sharded,
    settings,
    write,
)
from transformers import BertConfig, PreTrainedTokenizerFast, T5Config
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from engine.config import Settings, with_values
from engine.errors import StudentError
from engine.known_architectures import causal_models
from engine.project import Project
from engine.readiness import check_ready
from engine.student_place import find_student
from engine.tasks.multistep_arithmetic import MultistepArithmetic

TASK = MultistepArithmetic.name


def refusal(path: Path | str, **values: object) -> StudentError:
    with pytest.raises(StudentError) as caught:
        find_student(settings(path, **values), TASK)
    return caught.value


@pytest.fixture
def student(tmp_path: Path) -> Path:
    return save_tiny("llama", tmp_path / "student")


def test_a_whole_student_is_found(student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = find_student(settings(student), TASK)
    assert (place.model, place.tokenizer, place.adapter) == (str(student), str(student), None)
    monkeypatch.chdir(student.parent)
    assert find_student(settings("./student"), TASK) == place


def test_it_is_told_to_whoever_wants_to_start_an_engine(student: Path, tmp_path: Path) -> None:
    pickle_only(student)
    values = {"student.path": str(student)}
    project = Project.create(tmp_path / "p", with_values(Settings(), values))
    with pytest.raises(StudentError, match=r"pytorch_model\.bin"):
        check_ready(project)


def auto_map(kind: str) -> Change:
    return edit("config.json", model_type=kind, auto_map={"AutoModelForCausalLM": "m.Model"})


def quantised(**values: Any) -> Change:
    return edit("config.json", quantization_config=values)


def from_config(config: Any) -> Change:
    return lambda folder: config.save_pretrained(str(folder))


def cut(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 5000)


DEEP = b'{"a":' * 100_000 + b"}" * 100_000


def weights(header: bytes, data: bytes = b"") -> Change:
    """A file of weights with a header of its own."""
    return write("model.safetensors", len(header).to_bytes(8, "little") + header + data)


REFUSED: dict[str, tuple[Change, str]] = {
    "pickle": (pickle_only, r"pickle \(pytorch_model\.bin\).* can run any code"),
    "no weights": (remove("model.safetensors"), r"there is no model\.safetensors"),
    "no tokenizer": (remove("tokenizer.json", "tokenizer_config.json"), "no tokenizer: none of"),
    "no end of text": (
        edit("tokenizer_config.json", eos_token=None, tokenizer_class="PreTrainedTokenizerFast"),
        r"tokenizer_config\.json: there is no eos_token",
    ),
    "bert": (
        from_config(BertConfig(architectures=["BertForMaskedLM"])),
        "BertForMaskedLM is no causal",
    ),
    "t5": (
        from_config(T5Config(architectures=["T5ForConditionalGeneration"])),
        "T5ForConditionalGeneration is no causal language model",
    ),
    "t5, unsaid": (from_config(T5Config()), "t5 is no causal language model"),
    "a classifier": (
        edit("config.json", architectures=["LlamaForSequenceClassification"]),
        "LlamaForSequenceClassification is no causal",
    ),
    "own code": (auto_map("brand_new"), r"code of its own \(auto_map.*never run"),
    "unknown": (
        edit("config.json", model_type="llama9", architectures=["Llama9ForCausalLM"]),
        r"has no llama9.*pip install -U transformers",
    ),
    "images": (edit("config.json", model_type="qwen2_5_vl", vision_config={}), "also sees images"),
    "images, known": (
        edit(
            "config.json", model_type="gemma3n", architectures=["Gemma3nForConditionalGeneration"]
        ),
        "gemma3n also sees images.*or one of gemma3",
    ),
    "gptq": (quantised(quant_method="gptq", bits=4), r"quantised already \(gptq\)"),
    "awq": (quantised(quant_method="awq"), r"quantised already \(awq\)"),
    "8 bits": (
        quantised(quant_method="bitsandbytes", load_in_8bit=True),
        r"quantised already \(bitsandbytes, 8 bits\)",
    ),
    "quantised somehow": (edit("config.json", quantization_config="x"), "quantised already"),
    "no model_type": (edit("config.json", model_type=None), r"config\.json has no model_type"),
    "a strange model_type": (edit("config.json", model_type=["llama"]), "no model_type"),
    "strange architectures": (edit("config.json", architectures=7), "is no list"),
    "stranger architectures": (edit("config.json", architectures=[{}]), "is no list"),
    "no json": (write("config.json", b"hello"), r"config\.json: this cannot be read as JSON"),
    "no text": (write("config.json", b"\xff\xfe\x00"), r"config\.json: this cannot be read"),
    "a list": (write("config.json", b"[]"), r"config\.json: this is no JSON object"),
    "deep": (write("config.json", DEEP), r"config\.json: it is nested too deeply"),
    "a long number": (write("config.json", b'{"a":' + b"9" * 10_000 + b"}"), "cannot be read"),
    "huge": (lambda folder: os.truncate(folder / "config.json", 10**9), "more than 64 MB"),
    "a strange tokenizer": (write("tokenizer_config.json", b"7"), r"tokenizer_config\.json: this"),
    "cut": (cut, r"model\.safetensors: it has 5,000 bytes and should have"),
    "empty": (write("model.safetensors", b""), r"model\.safetensors: .*Fetch it again"),
    "long header": (write("model.safetensors", b"\xff" * 16), "a header of"),
    "no header": (weights(b"{{{{"), "Fetch it again"),
    "a list as header": (weights(b"[]"), "Fetch it again"),
    "a deep header": (weights(DEEP), "Fetch it again"),
    "a tensor beyond the end": (
        weights(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8000]}}', b"\0" * 8),
        "it has 73 bytes and should have 8,065",
    ),
    "a tensor of no place": (weights(b'{"a":{"dtype":"F32","shape":[2]}}'), "Fetch it again"),
    "a tensor of no shape": (
        weights(b'{"a":{"dtype":"F32","shape":"big","data_offsets":[0,0]}}'),
        "Fetch it again",
    ),
    "a tensor that is a number": (weights(b'{"a":7}'), "Fetch it again"),
}


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_by_name_with_what_to_do(student: Path, change: Change, told: str) -> None:
    change(student)
    error = refusal(student)
    assert re.search(told, error.message), error.message
    assert str(student) in error.message
    assert error.title


def test_a_configuration_of_a_megabyte_is_no_error(student: Path) -> None:
    edit("config.json", notes="x" * 1_000_000)(student)
    assert find_student(settings(student), TASK).model == str(student)


def test_code_of_its_own_is_no_matter_where_transformers_has_the_architecture(
    student: Path,
) -> None:
    auto_map("llama")(student)
    assert find_student(settings(student), TASK).model == str(student)


def test_gguf_files_are_told_as_what_they_are(student: Path, tmp_path: Path) -> None:
    (student / "model.safetensors").rename(student / "model-q4.gguf")
    assert "model-q4.gguf can be run, not trained" in refusal(student).message
    assert "is a file. A GGUF file" in refusal(student / "model-q4.gguf").message


@pytest.mark.parametrize("path", ["~nobody/x", "./nothing", "/nothing", "a\0b", "x" * 300, "a b"])
def test_what_is_no_place_is_told_with_the_setting(path: str) -> None:
    error = refusal(path)
    assert (error.title, error.exit_code) == ("The student is missing", 4)
    assert f"student.path is {path!r}" in error.message


# --- several files of weights -------------------------------------------------------------------


def test_a_model_in_several_files_is_found(tmp_path: Path) -> None:
    assert find_student(settings(save_sharded(tmp_path / "s")), TASK)


def test_a_missing_file_of_weights_is_named(tmp_path: Path) -> None:
    folder = save_sharded(tmp_path / "s")
    gone = sorted(folder.glob("*.safetensors"))[1]
    count = len(list(folder.glob("*.safetensors")))
    gone.unlink()
    assert f"1 of {count} files of weights are missing, {gone.name}" in refusal(folder).message


@pytest.mark.parametrize(
    "names", [None, [], {}, {"a": 7}, {"a": ""}, {"a": "../x.safetensors"}, {"a": "/etc/passwd"}]
)
def test_an_index_that_names_no_files_beside_it_is_refused(tmp_path: Path, names: object) -> None:
    folder = save_sharded(tmp_path / "s")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    assert f"{index}: weight_map does not name files beside it" in refusal(folder).message


# --- adapters -----------------------------------------------------------------------------------


@pytest.fixture
def adapter(student: Path, tmp_path: Path) -> Path:
    return save_adapter(student, tmp_path / "adapter")


def test_an_adapter_is_found_with_its_model(student: Path, adapter: Path) -> None:
    place = find_student(settings(adapter), TASK)
    assert (place.model, place.tokenizer, place.adapter) == (str(student), str(student), adapter)
    assert place.name == str(student)


def test_an_adapters_own_tokenizer_comes_first(
    adapter: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    tokenizer.save_pretrained(str(adapter))
    assert find_student(settings(adapter), TASK).tokenizer == str(adapter)


def test_where_the_adapter_has_one_the_model_needs_no_tokenizer(
    student: Path, adapter: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    remove("tokenizer.json", "tokenizer_config.json")(student)
    assert "there is no tokenizer" in refusal(adapter).message
    tokenizer.save_pretrained(str(adapter))
    assert find_student(settings(adapter), TASK).tokenizer == str(adapter)


def test_an_adapter_and_training_all_weights_do_not_go_together(adapter: Path) -> None:
    error = refusal(adapter, adapter="full")
    assert 'student.adapter is "full". Set it to "lora"' in error.message


ODD_ADAPTERS: dict[str, tuple[Change, str]] = {
    "another kind": (edit("adapter_config.json", peft_type="IA3"), "peft_type is 'IA3'"),
    "no kind": (edit("adapter_config.json", peft_type=["LORA"]), "peft_type is"),
    "no model": (
        edit("adapter_config.json", base_model_name_or_path=None),
        r"base_model_name_or_path is missing",
    ),
    "model gone": (
        edit("adapter_config.json", base_model_name_or_path="/gone/model"),
        r"base_model_name_or_path in .*adapter_config\.json is '/gone/model', but there is no",
    ),
    "no json": (write("adapter_config.json", b"{"), r"adapter_config\.json: this cannot be read"),
    "no weights": (remove("adapter_model.safetensors"), r"there is no adapter_model\.safetensors"),
    "a pickle": (
        lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"),
        r"pickle \(adapter_model\.bin\)",
    ),
    "cut": (lambda folder: os.truncate(folder / "adapter_model.safetensors", 9000), "should have"),
}


@pytest.mark.parametrize(("change", "told"), ODD_ADAPTERS.values(), ids=ODD_ADAPTERS)
def test_an_adapter_that_will_not_do_is_named(adapter: Path, change: Change, told: str) -> None:
    change(adapter)
    error = refusal(adapter)
    assert re.search(told, error.message), error.message
    assert str(adapter) in error.message


def test_an_adapter_of_an_adapter_is_refused(adapter: Path, tmp_path: Path) -> None:
    second = save_adapter(adapter, tmp_path / "second")
    assert f"{second / 'adapter_config.json'}: its model {adapter} is an adapter itself" in (
        refusal(second).message
    )
    edit("adapter_config.json", base_model_name_or_path=str(second))(second)
    assert "is an adapter itself" in refusal(second).message


@pytest.mark.parametrize("values", [{"modules_to_save": ["lm_head"]}, {"bias": "all"}])
def test_an_adapter_that_changes_more_than_layers_is_refused(
    student: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    name = "qwen2" if "bias" in values else "llama"
    base = save_tiny(name, tmp_path / "base")
    folder = save_adapter(base, tmp_path / "adapter", name, **values)
    assert "it changes more than LoRA layers" in refusal(folder).message


def test_an_adapter_in_the_head_is_refused(student: Path, tmp_path: Path) -> None:
    folder = save_adapter(student, tmp_path / "a", target_modules=["q_proj", "lm_head"])
    assert "below the head: base_model.model.lm_head" in refusal(folder).message


@pytest.mark.parametrize("kind", ["llama", "gemma2", "phi3", "gpt2"])
def test_an_adapter_fits_its_own_model(kind: str, tmp_path: Path) -> None:
    base = save_tiny(kind, tmp_path / "base")
    folder = save_adapter(base, tmp_path / "adapter", kind, use_dora=kind == "llama")
    assert find_student(settings(folder), TASK).adapter == folder


@pytest.mark.parametrize("name", ["smollm3", "phi3", "gpt2", "llama wide"])
def test_an_adapter_of_another_model_is_told_from_shapes_and_names(
    name: str, student: Path, tmp_path: Path
) -> None:
    """Another number of layers, another kind of layers, another architecture, another size."""
    folder = save_adapter(save_tiny(name, tmp_path / "its own"), tmp_path / "a", name)
    assert find_student(settings(folder), TASK)
    edit("adapter_config.json", base_model_name_or_path=str(student))(folder)
    error = refusal(folder)
    assert error.title == "The adapter is another model's"
    assert str(folder / "adapter_config.json") in error.message


# --- what transformers knows --------------------------------------------------------------------


def test_the_kinds_of_causal_models_are_those_of_transformers() -> None:
    assert causal_models() == dict(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
