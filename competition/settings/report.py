"""Section report: the page to look at."""

from typing import Literal

from pydantic import Field

from competition.settings.section import Section


class ReportSettings(Section):
    """The page to look at, submissions/report/."""

    formats: tuple[Literal["html"], ...] = Field(("html",), max_length=1, description="[]: no report")
