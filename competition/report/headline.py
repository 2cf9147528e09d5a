"""Headline of the report: the final submission's scores and warnings, from final.json."""

from collections.abc import Mapping

from markupsafe import Markup

from competition.common.errors import counted
from competition.metrics.metric import Metric
from competition.report.rendering import render

MEANINGS = {
    "test-like": "out of fold, on damaged images: what every choice is made by",
    "expected of the test set": "by how sure all networks are of the test images, and how they agree",
    "clean": "out of fold, on the images as they are",
    "of the whole choice": "test-like, each fold answered by what the other folds choose",
    "holdout, test-like": "on images that took no part in anything",
    "holdout, clean": "on images that took no part in anything",
}


def headline(final: Mapping, metric: Metric) -> Markup:
    """Return scores of the final submission with their intervals, what it is made of, why, and warnings."""
    scores = [(name, MEANINGS[name], score) for name, score in scores_of(final).items()]
    return render(
        "headline",
        metric=metric.title,
        order_note=metric.order_note,
        scores=scores,
        chosen=final["chosen"],
        why=final["why"],
        warnings=warnings_of(final),
        parts=final["members"],
        confidence=f"{100 * final['confidence']:g}%",
        rows=final["rows"],
    )


def scores_of(final: Mapping) -> dict[str, dict]:
    """Name -> {"value", "low", "high"} of each known score of the final submission, the one to compare by first."""
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
    """Warnings, in sentences."""
    lines = []
    if differing := [row["target"] for row in final["class_shares"] if row["differs"]]:
        whose = counted(len(differing), "classes have")
        lines.append(f"{whose} another share of the answers than of the training images: {', '.join(differing)}.")
    if (expected := final["score"]["expected"]) and expected.get("alarm"):
        estimates = expected["accuracy_estimates"]
        known = [value for value in estimates.values() if value is not None]
        lines.append(
            "What is expected of the test set can't be relied on: estimates of one network's accuracy there run from "
            f"{min(known):.3f} to {max(known):.3f}, and {estimates['expected']:.3f} is expected."
        )
    if votes := [vote["name"] for vote in final["external"] if vote["votes"]]:
        lines.append(f"Votes from elsewhere are in the final submission and in no score: {', '.join(votes)}.")
    return lines
