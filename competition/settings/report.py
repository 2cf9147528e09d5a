"""Section report: the HTML report."""

from typing import Literal

from pydantic import Field

from competition.settings.section import SettingsSection


class ReportSettings(SettingsSection):
    """HTML report, submissions/report/."""

    formats: tuple[Literal["html"], ...] = Field(("html",), max_length=1, description="[]: no report")
