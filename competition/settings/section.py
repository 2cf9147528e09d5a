"""Base of every section of params.yaml, and the types that several of them use."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]


ExternalName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Section(BaseModel):
    """Base of every section: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _with_text_keys(factors: object) -> object:
    # YAML's 7 is a number
    return {str(target): factor for target, factor in factors.items()} if isinstance(factors, dict) else factors


def _with_text_items(targets: object) -> object:
    return tuple(map(str, targets)) if isinstance(targets, list | tuple) else targets


ClassFactors = Annotated[dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)]


ClassWeights = Annotated[
    Literal["none", "balanced"] | dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)
]
