"""What "auto" comes to, and that all it comes to makes sense."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.settings import StudentSettings
from engine.student_choices import without_autos


def decided(on_accelerator: bool = True, has_bf16: bool = True, **values: Any) -> tuple[str, ...]:
    settings = StudentSettings.model_validate({"path": "x", **values})
    found = without_autos(settings, on_accelerator=on_accelerator, has_bf16=has_bf16)
    return found.adapter, found.quantisation, found.precision


def test_an_embedded_student_is_trained_whole_in_fp32() -> None:
    assert decided(path="embedded") == ("full", "none", "fp32")


def test_any_other_gets_an_adapter_on_4_bits_in_what_the_device_calculates() -> None:
    assert decided() == ("lora", "nf4", "bf16")
    assert decided(has_bf16=False) == ("lora", "nf4", "fp16")
    assert decided(on_accelerator=False) == ("lora", "nf4", "fp32")


def test_what_is_said_stays() -> None:
    assert decided(adapter="full") == ("full", "none", "bf16")
    assert decided(quantisation="none") == ("lora", "none", "bf16")
    assert decided(precision="fp32") == ("lora", "nf4", "fp32")
    assert decided(path="embedded", quantisation="nf4") == ("lora", "nf4", "fp32")


@pytest.mark.parametrize("path", ["embedded", "x"])
@given(st.data())
def test_nothing_is_left_open_and_4_bits_are_never_trained(path: str, data: st.DataObject) -> None:
    draw = {
        name: data.draw(st.sampled_from(["auto", *values]))
        for name, values in (
            ("adapter", ("full", "lora")),
            ("quantisation", ("none", "nf4")),
            ("precision", ("fp32", "bf16", "fp16")),
        )
    }
    try:
        adapter, quantisation, precision = decided(
            data.draw(st.booleans()), data.draw(st.booleans()), path=path, **draw
        )
    except ValidationError:
        assert (draw["adapter"], draw["quantisation"]) == ("full", "nf4")
        return
    assert "auto" not in (adapter, quantisation, precision)
    assert (adapter, quantisation) != ("full", "nf4")
