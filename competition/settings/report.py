"""Section report: the HTML report."""

from typing import Literal

from pydantic import Field

from competition.settings.section import SettingsSection


class ReportSettings(SettingsSection):
    """HTML report, submissions/report/."""

    formats: tuple[Literal["html"], ...] = Field(("html",), max_length=1, description="[]: no report")
    map_images: int = Field(2500, ge=8, description="on the map of the images, at the most, drawn at random")
