"""A report section as a plugin."""

from markupsafe import Markup

from competition.report.context import ReportContext
from competition.report.section import Section
from competition.report.sections import SECTIONS


@SECTIONS.register
class Dummy(Section):
    """Number of classes, right after the section Result."""

    order, title, reads = 15, "A dummy <section>", ("folds/classes.csv",)

    def body(self, context: ReportContext) -> Markup:
        return Markup("<p>{} classes</p>").format(len(context.class_names))
