"""The final submission, out of final.json: its scores above all sections, and a section that says what it is made
of.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from competition.common.errors import counted
from competition.report.sections import Section, render
from competition.report.tables import class_label, number, table

SHARES_SHOWN = 60  # classes; of more, those whose share differs most
MEANINGS = {
    "test-like": "out of fold, on damaged views: what every choice is made by",
    "expected of the test set": "test-like, weighted until the images are as hard as the test's",
    "clean": "out of fold, on the images as they are",
    "of the whole choice": "test-like, each fold answered by what the other folds choose",
    "holdout, test-like": "on images that took no part in anything",
    "holdout, clean": "on images that took no part in anything",
}


def headline(final: Mapping) -> Markup:
    """Return the scores of the final submission with their intervals, what it is, why, and what to beware of."""
    scores = [(name, MEANINGS[name], score) for name, score in scores_of(final).items()]
    return render(
        "headline",
        scores=scores,
        chosen=final["chosen"],
        why=final["why"],
        warnings=warnings_of(final),
        parts=final["members"],
        confidence=f"{100 * final['confidence']:g}%",
        rows=final["rows"],
    )


def scores_of(final: Mapping) -> dict[str, dict]:
    """Return name -> {"value", "low", "high"} of every score that is known of the final submission, the one to
    compare by first.
    """
    scores, holdout = final["score"], final["holdout"] or {}
    named = {
        "test-like": scores["test_like"],
        "expected of the test set": scores["expected"],
        "clean": scores["clean"],
        "of the whole choice": (scores["nested_choice"] or {}).get("test_like"),
        "holdout, test-like": holdout.get("test_like"),
        "holdout, clean": holdout.get("clean"),
    }
    return {name: score for name, score in named.items() if score}


def warnings_of(final: Mapping) -> list[str]:
    """Return what to beware of, in sentences."""
    lines = []
    if differing := [row["target"] for row in final["class_shares"] if row["differs"]]:
        whose = counted(len(differing), "classes have")
        lines.append(f"{whose} another share of the answers than of the training images: {', '.join(differing)}.")
    if votes := [vote["name"] for vote in final["external"] if vote["votes"]]:
        lines.append(f"Votes from elsewhere are in the final submission and in no score: {', '.join(votes)}.")
    return lines


def result_section(final: Mapping) -> Section:
    """Return the section of final.json: what votes, how sure it is, and the classes' shares of the answers."""
    agreement, fitted = final["agreement"], final["fitted"]
    return Section(
        "result",
        "Result",
        render(
            "result",
            chosen=final["chosen"],
            best=final["best"],
            choose=final["choose"],
            rows=final["rows"],
            members=final["members"],
            agreement=f"{agreement['share']:.1%}",
            best_member=agreement["best_member"],
            by_fold=final["chosen_by_the_other_folds"],
            votes=fitted.get("votes", ()),
            weights=_weights(fitted.get("weights")),
            external=_external(final["external"]),
            calibration=_calibration(final["calibration"]),
            shares=_shares(final["class_shares"]),
        ),
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


def _shares(rows: Sequence[Mapping]) -> Markup:
    caption = "Classes' shares of the answers and of the training images"
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
