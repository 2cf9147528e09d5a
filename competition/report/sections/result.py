"""The final submission, from final.json: what votes in it, how sure it is, and the classes' shares of its answers."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from competition.common import paths
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label, number, table

SHARES_SHOWN = 60  # classes; of more, those whose share differs most


@SECTIONS.register
class Result(Section):
    """Members, calibration and class shares of the final submission."""

    order, title, reads = 10, "Result", (paths.FINAL_FACTS,)

    def body(self, context: ReportContext) -> Markup:
        return result(context.final, context.metric.takes, context.several)


def result(final: Mapping, takes: str = "labels", several: bool = False) -> Markup:
    """Description of the final submission.

    final: content of final.json; takes: what the metric does; several: whether an image may have several labels.
    """
    agreement, fitted = final["agreement"], final["fitted"]
    return render(
        "result",
        chosen=final["chosen"],
        best=final["best"],
        choose=final["choose"],
        rows=final["rows"],
        members=final["members"],
        agreement=f"{agreement['share']:.1%}",
        best_member=agreement["best_member"],
        alike=f"{'' if takes == 'labels' else 'likeliest '}{'labels' if several else 'class'}",
        by_fold=final["chosen_by_the_other_folds"],
        votes=fitted.get("votes", ()),
        weights=_weights(fitted.get("weights")),
        external=_external(final["external"]),
        calibration=_calibration(final["calibration"]),
        shares=_shares(final["class_shares"], several),
    )


def _weights(weights: Mapping[str, float] | None) -> Markup | None:
    rows = [[name, number(value)] for name, value in (weights or {}).items()]
    return table("Weights of its members", ("member", "weight"), rows) if rows else None


def _calibration(calibration: Mapping) -> Markup:
    named = [(row["member"], row) for row in calibration["members"]]
    if calibration["chosen"]:
        named.append(("the final submission", calibration["chosen"]))
    rows = [[name, *(number(row[key]) for key in ("temperature", "before", "after"))] for name, row in named]
    caption = (
        f"Expected calibration error, test-like, {calibration['bins']} bins: 0 where a probability is the "
        "share that is right"
    )
    return table(caption, ("of", "temperature", "error before", "error after"), rows)


def _shares(rows: Sequence[Mapping], several: bool) -> Markup:
    caption = "Classes' shares of the answers and of the training images"
    caption += ", of which each may have several" if several else ""
    if len(rows) > SHARES_SHOWN:
        rows = sorted(rows, key=lambda row: -abs(row["share"] - row["training_share"]))[:SHARES_SHOWN]
        caption += f"; the {SHARES_SHOWN} that differ most"
    cells = [
        [
            class_label(row["target"], {row["target"]: row["class_name"]}),
            number(row["rows"], "d"),
            number(row["share"], ".1%"),
            number(row["training_share"], ".1%"),
            "differs" if row["differs"] else "",
        ]
        for row in rows
    ]
    return table(caption, ("class", "answers", "share", "in training", "beyond chance"), cells, sortable=True)


def _external(votes: Sequence[Mapping]) -> Markup | None:
    if not votes:
        return None
    rows = [[vote["name"], "yes" if vote["votes"] else "no", number(vote["agreement"], ".1%")] for vote in votes]
    return table("Submissions from elsewhere, in no score", ("name", "votes", "agrees with the final one"), rows)
