"""Base class of the report's sections."""

from pathlib import Path
from typing import ClassVar

from markupsafe import Markup

from competition.report.context import ReportContext


class Section:
    """Section of the report: a title in the navigation, and what stands below it.

    Each is a class in a module of `competition.report.sections`, or in a plugin. The module's file name is the
    section's name, and its anchor in the page.
    """

    order: ClassVar[int]
    """Place in the page: sections stand in rising order, those of equal order by name."""
    title: ClassVar[str]
    """Heading, as plain text."""
    reads: ClassVar[tuple[Path | str, ...]] = ()
    """Files and folders that `body` needs, from the project's folder: dependencies of stage `report`."""

    def absent(self, context: ReportContext) -> str:
        """Reason, in a sentence, why there is nothing to show; "" where there is something."""
        return ""

    def body(self, context: ReportContext) -> Markup:
        """HTML below the heading, every value in it escaped."""
        raise NotImplementedError(f"{type(self).__name__}.body")
