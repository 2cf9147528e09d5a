"""Section tta: test-time augmentation."""

from typing import Annotated, Literal

from pydantic import Field

from competition.settings.section import SettingsSection


class TtaSettings(SettingsSection):
    """Test-time augmentation: each pass is one random flip and quarter turn."""

    passes: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        20, description="all: each of the eight flips and turns once, which costs as much as 20 passes and varies less"
    )
    seed: int = Field(0, ge=0)
