"""Sections train and members: which members are trained, and what each is."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from competition.common.registry import Registry, registry_of
from competition.settings.member import MemberSettings
from competition.settings.section import Name, SettingsSection


def member_kinds() -> Registry:
    """Return the registry of member kinds."""
    return registry_of("competition.members.kinds")


def default_members() -> dict[str, MemberSettings]:
    """Return the members that stand in for a missing section, by name."""
    kinds = {"lite0": "finetuned", "features": "features", "grey": "grey"}
    return {name: member_kinds()[kind].Settings() for name, kind in kinds.items()}


def _of_its_kind(value: object) -> object:
    """Return the settings that `value`, a mapping with a `kind`, describes, as an object of that kind's class."""
    if not isinstance(value, dict):
        return value
    try:
        kind = member_kinds()[str(value.get("kind", ""))]
    except ValueError as error:
        mistake = PydanticCustomError("unknown_kind", "{words}", {"words": str(error)})
        details = InitErrorDetails(type=mistake, loc=("kind",), input=value)
        raise ValidationError.from_exception_data("member", [details]) from None
    return kind.Settings.model_validate(value)


AnyMember = Annotated[SerializeAsAny[MemberSettings], BeforeValidator(_of_its_kind)]


class TrainSettings(SettingsSection):
    """Which members are trained."""

    members: tuple[Name, ...] = Field(("lite0", "features", "grey"), min_length=1, description="names out of `members`")
