"""Section report: the HTML report."""

from typing import Literal

from pydantic import Field

from competition.settings.section import SettingsSection


class ReportSettings(SettingsSection):
    """The page to look at, submissions/report/."""

    formats: tuple[Literal["html"], ...] = Field(("html",), max_length=1, description="[]: no report")
