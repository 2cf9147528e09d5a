"""Section prepare: how images are packed."""

from pydantic import Field

from competition.settings.section import SettingsSection


class PrepareSettings(SettingsSection):
    """How images are packed, and which are taken for one."""

    longest_side: int = Field(512, ge=16, description="pixels; larger images are shrunk to it, smaller ones kept")
    quality: int = Field(92, ge=1, le=100, description="JPEG quality of the packed images")
    near_duplicate_similarity: float = Field(
        0.95,
        ge=0.8,
        le=1,
        description="correlation of two aligned grey thumbnails from which on they show the same page: such pages are "
        "listed, and stay on one side of every split. Lower: pages of one layout too; 1: only what looks exactly the "
        "same",
    )
