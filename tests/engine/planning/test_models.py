"""The catalogue's students have as many parameters as is published, and are found by name."""

import pytest

from engine.planning.lookup import look_up
from engine.planning.models import MODELS, find_model
from engine.planning.names import UnknownName

# Parameters of the weights on the hub; a tied head counts once.
PUBLISHED = {
    "SmolLM2 135M": 134_515_008,
    "SmolLM2 360M": 361_821_120,
    "SmolLM2 1.7B": 1_711_376_384,
    "SmolLM3 3B": 3_075_098_624,
    "Qwen2.5 0.5B": 494_032_768,
    "Qwen2.5 1.5B": 1_543_714_304,
    "Qwen2.5 3B": 3_085_938_688,
    "Qwen2.5 7B": 7_615_616_512,
    "Qwen3 4B": 4_022_468_096,
    "Qwen3 8B": 8_190_735_360,
    "Llama 3.2 1B": 1_235_814_400,
    "Llama 3.2 3B": 3_212_749_824,
    "Llama 3.1 8B": 8_030_261_248,
    "Gemma 2 2B": 2_614_341_888,
    "Gemma 2 9B": 9_241_705_984,
    "Gemma 3 1B": 999_885_952,
    "Phi-3.5 mini": 3_821_079_552,
    "Phi-4 mini": 3_836_021_760,
}
# In billions, beside embeddings: Qwen3's model cards, Gemma's technical reports.
PUBLISHED_BESIDE_EMBEDDINGS = {
    "Qwen3 0.6B": 0.44,
    "Qwen3 1.7B": 1.4,
    "Qwen3 4B": 3.6,
    "Qwen3 8B": 6.95,
    "Gemma 2 2B": 2.024_517_888,
    "Gemma 2 9B": 8.324_201_984,
    "Gemma 3 1B": 0.698,
    "Gemma 3 4B": 3.209,
}


def test_every_student_has_a_published_figure() -> None:
    assert {model.name for model in MODELS} == PUBLISHED.keys() | PUBLISHED_BESIDE_EMBEDDINGS


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_parameters_are_as_published(name: str, parameters: int) -> None:
    assert look_up(name).architecture.parameters == parameters


@pytest.mark.parametrize(("name", "billions"), PUBLISHED_BESIDE_EMBEDDINGS.items())
def test_parameters_beside_embeddings_are_as_published(name: str, billions: float) -> None:
    model = look_up(name).architecture
    beside = model.parameters - model.embedding_parameters - model.head_parameters
    assert beside / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_student_is_found_by_its_name_and_by_its_hub_id(model: object) -> None:
    assert find_model(model.name) is model
    assert find_model(model.hub_id.lower()) is model


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("llama3.2-3b", "Llama 3.2 3B"),
        ("llama 8b", "Llama 3.1 8B"),
        ("QWEN2.5_1.5B", "Qwen2.5 1.5B"),
        ("phi4 mini", "Phi-4 mini"),
        ("smollm 135m", "SmolLM2 135M"),
    ],
)
def test_names_may_be_written_in_many_ways(said: str, name: str) -> None:
    found = look_up(said)
    assert found.name == name


def test_several_students_by_a_name_are_listed() -> None:
    with pytest.raises(UnknownName) as caught:
        find_model("qwen3")
    assert "Qwen3 0.6B" in caught.value.candidates
    assert caught.value.exit_code == 2


def test_a_name_that_is_nearly_right_is_corrected() -> None:
    with pytest.raises(UnknownName, match=r"Did you mean Llama 3.2 3B"):
        look_up("lama 3.2 3B")
