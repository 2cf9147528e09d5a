"""Where the final submission comes from: the settings, and digests of data, code and weights."""

from collections.abc import Mapping

from competition.report.sections import Section, render
from competition.report.tables import table


def lineage_section(final: Mapping, params: str) -> Section:
    """Return the section of final.json's lineage. params: the text of params.yaml."""
    lineage = final["lineage"]
    rows = [
        ["code: git commit", _commit(lineage["git"])],
        ["settings", lineage["params"]],
        [f"data: {', '.join(lineage['data_files'])}", lineage["data"]],
        ["decisions about labels", lineage["label_fixes"] or "none"],
    ]
    rows += [[f"weights: {part['member']}", ", ".join(part["digests"])] for part in lineage["weights"]]
    rows += [[f"from elsewhere: {part['name']}", part["digest"]] for part in lineage["external"]]
    digests = table("Digests of what the final submission was made from", ("what", "digest"), rows)
    return Section("lineage", "Settings and lineage", render("lineage", table=digests, params=params))


def _commit(git: Mapping) -> str:
    if git["commit"] is None:
        return "not in a git repository"
    return f"{git['commit']}{', with changes that are not in it' if git['dirty'] else ''}"
