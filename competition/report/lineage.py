"""Where the final submission comes from: the settings, and digests of data, code and weights."""

from collections.abc import Mapping

from competition.report.sections import Section, render
from competition.report.tables import table


def lineage_section(final: Mapping, params: str) -> Section:
    """Return the section of final.json's lineage. params: the text of params.yaml."""
    lineage = final["lineage"]
    git = lineage["git"]
    state = {None: "", True: " with changes that aren't in it", False: ""}[git["dirty"]]
    rows = [["code: git commit", f"{git['commit']}{state}" if git["commit"] else "not in a git repository"], ["settings", lineage["params"]],
            [f"data: {', '.join(lineage['data_files'])}", lineage["data"]], ["decisions about labels", lineage["label_fixes"] or "none"]]
    rows += [[f"weights: {part['member']}", ", ".join(part["digests"])] for part in lineage["weights"]]
    rows += [[f"from elsewhere: {part['name']}", part["digest"]] for part in lineage["external"]]
    body = render("lineage", table=table("Digests of what the final submission was made from", ("what", "digest"), rows), params=params)
    return Section("lineage", "Settings and lineage", body)
