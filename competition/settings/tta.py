"""Section tta: test-time augmentation."""

from pydantic import Field

from competition.settings.section import SettingsSection


class TtaSettings(SettingsSection):
    """Test-time augmentation: each pass is one random flip and quarter turn."""

    passes: int = Field(20, ge=1)
    seed: int = Field(0, ge=0)
