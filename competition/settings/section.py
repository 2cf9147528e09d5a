"""Base of every section of params.yaml, and the types that several of them use."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from competition.common.registry import registry_of

Share = Annotated[float, Field(ge=0, le=1)]


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]


ExternalName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class SettingsSection(BaseModel):
    """Base of every section: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def registered(package: str) -> AfterValidator:
    """Return a check that a setting is a name of `package`'s registry, which stands below the settings."""
    return AfterValidator(lambda name: registry_of(package).check(name))


def a_list(value: object, info: ValidationInfo) -> object:
    """Refuse what is no list: DVC makes a stage for each entry of one, and can't take anything else."""
    key = info.field_name
    if value is None:
        raise ValueError(f"null, expected a list: write {key}: [] for none")
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r}, expected a list: write {key}: [{value}], or {key}: [] for none")
    return value


def _with_text_keys(factors: object) -> object:
    # YAML's 7 is a number
    return {str(target): factor for target, factor in factors.items()} if isinstance(factors, dict) else factors


def _with_text_items(targets: object) -> object:
    return tuple(map(str, targets)) if isinstance(targets, list | tuple) else targets


ClassFactors = Annotated[dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)]


ClassWeights = Annotated[
    Literal["none", "balanced"] | dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)
]
