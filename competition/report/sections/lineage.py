"""Lineage of the final submission: the settings, and digests of data, code and weights."""

from collections.abc import Mapping

from markupsafe import Markup

from competition.common import paths
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import table


@SECTIONS.register
class Lineage(Section):
    """Lineage of the final submission, and params.yaml."""

    order, title, reads = 140, "Settings and lineage", (paths.FINAL_FACTS, paths.PARAMS)

    def body(self, context: ReportContext) -> Markup:
        return lineage_table(context.final["lineage"], context.params)


def lineage_table(lineage: Mapping, params: str) -> Markup:
    """Table of digests from final.json's lineage, above the text of params.yaml."""
    rows = [
        ["code: git commit", _commit(lineage["git"])],
        ["settings", lineage["params"]],
        [f"data: {', '.join(lineage['data_files'])}", lineage["data"]],
        ["decisions about labels", lineage["label_fixes"] or "none"],
    ]
    rows += [[f"weights: {part['member']}", ", ".join(part["digests"])] for part in lineage["weights"]]
    rows += [[f"from elsewhere: {part['name']}", part["digest"]] for part in lineage["external"]]
    digests = table("Digests of what the final submission was made from", ("what", "digest"), rows)
    return render("lineage", table=digests, params=params)


def _commit(git: Mapping) -> str:
    if git["commit"] is None:
        return "not in a git repository"
    return f"{git['commit']}{', with changes that are not in it' if git['dirty'] else ''}"
