"""What the sections of the settings are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
    Field(strict=False, max_length=100),
]


class Section(BaseModel):
    """A section of the file; its docstring is the comment above it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, allow_inf_nan=False
    )


def setting(default: Any, help_: str) -> Any:
    """Return a field with its default and its line of help."""
    return Field(default, description=help_)


def senseless(allowed: str) -> PydanticCustomError:
    """Return the error of a setting that makes no sense beside others; it completes "must be"."""
    return PydanticCustomError("senseless", "{allowed}", {"allowed": allowed})
