"""Section review: training labels that are probably wrong."""

from typing import Literal

from pydantic import Field

from competition.settings.section import SettingsSection


class ReviewSettings(SettingsSection):
    """Which training labels are probably wrong. Nothing is trained, and nothing depends on it."""

    conditions: tuple[Literal["clean", "test_like"], ...] = Field(
        ("clean",), max_length=1, description="which out-of-fold predictions the labels are held against; []: no review"
    )
