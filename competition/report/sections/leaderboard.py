"""Leaderboard of the submissions, candidates for the final one, and public scores."""

from collections.abc import Mapping

from markupsafe import Markup

from competition.common import paths
from competition.leaderboard.public_comparison import PublicComparison
from competition.leaderboard.public_table import public_lines
from competition.leaderboard.tables import ALIKE
from competition.report.context import ReportContext
from competition.report.leaderboard_table import leaderboard_table
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import number, table


@SECTIONS.register
class Leaderboard(Section):
    """Submissions, candidates for the final one, and public scores."""

    order, title = 20, "Leaderboard"
    reads = (
        paths.LEADERBOARD,
        paths.CANDIDATES,
        paths.MEMBERS,
        paths.ENSEMBLES,
        paths.FINAL,
        paths.FINAL_FACTS,
        paths.PUBLIC_SCORES,
    )

    def body(self, context: ReportContext) -> Markup:
        leaderboard, public = context.leaderboard, context.public_comparison
        named = context.final["chosen"], context.metric
        return render(
            "leaderboard",
            alike=ALIKE,
            submissions=leaderboard_table(leaderboard, "Submissions", *named, public.newest),
            candidates=leaderboard_table(context.candidates, "Candidates for the final submission", *named),
            public=_public(public) if public.rows else None,
            public_lines=public_lines(public),
            notes=[(row["submission"], row["note"]) for row in leaderboard.to_dict("records") if row["note"]],
        )


def _public(comparison: PublicComparison) -> Markup:
    rows = [
        [
            row["recorded"],
            row["submission"],
            *(number(row[key], ".4f") for key in ("public", "private", "test_like")),
            number(row["difference"], "+.4f"),
            number(row["low"], ".4f"),
            number(row["high"], ".4f"),
            _verdict(row),
        ]
        for row in comparison.rows
    ]
    columns = ("day", "submission", "public", "private", "out of fold", "difference", "expected from", "to", "it lies")
    return table("What the competition's site said", columns, rows, sortable=True)


def _verdict(row: Mapping) -> str:
    inside = {None: "", True: "inside", False: "outside"}[row["inside"]]
    return ", ".join(filter(None, (inside, "an earlier file" if row["same_file"] is False else "")))
