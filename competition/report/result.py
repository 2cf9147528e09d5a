"""The final submission, out of final.json: its scores above all sections, and a section that says what it is made of."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from competition.report.sections import Section, render
from competition.report.tables import Number, class_label, number, table
from competition.tables import counted

SHARES_SHOWN = 60  # classes; of more, those whose share differs most


def headline(final: Mapping) -> Markup:
    """Return the scores of the final submission with their intervals, what it is, why, and what to beware of."""
    return render("headline", scores=scores_of(final), chosen=final["chosen"], why=final["why"], warnings=warnings_of(final),
                  parts=final["members"], confidence=f"{final['confidence']:.0%}", rows=final["rows"])  # fmt: skip


def scores_of(final: Mapping) -> list[tuple[str, str, dict]]:
    """Return (name, meaning, {"value", "low", "high"}) of every macro F1 that is known of the final submission, the one to believe first."""
    scores, holdout = final["macro_f1"], final.get("holdout")
    nested = scores.get("nested_choice") or {}
    rows = [
        ("test-like", "out of fold, on damaged views: what every choice is made by", scores["test_like"]),
        ("expected of the test set", "test-like, weighted until the images are as hard as the test's", scores.get("expected")),
        ("clean", "out of fold, on the images as they are", scores["clean"]),
        ("of the whole choice", "test-like, each fold answered by what the other folds choose", nested.get("test_like")),
    ]
    if holdout:
        rows += [(f"holdout, {view}", f"{holdout['images']} images that took no part in anything", holdout[view.replace("-", "_")])
                 for view in ("test-like", "clean")]  # fmt: skip
    return [row for row in rows if row[2]]


def warnings_of(final: Mapping) -> list[str]:
    """Return what to beware of, in sentences."""
    differing = [row["target"] for row in final["class_shares"] if row["differs"]]
    lines = []
    if differing:
        lines.append(f"{counted(len(differing), 'classes have')} another share of the answers than of the training images: {', '.join(differing)}.")
    if votes := [vote["name"] for vote in final["external"] if vote["votes"]]:
        lines.append(f"Votes from elsewhere are in the final submission and in no score: {', '.join(votes)}.")
    return lines


def result_section(final: Mapping) -> Section:
    """Return the section of final.json: what votes, how sure it is, and the classes' shares of the answers."""
    agreement = final["agreement"]
    return Section("result", "Result", render(
        "result", chosen=final["chosen"], best=final["best"], choose=final["choose"], rows=final["rows"], agreement=f"{agreement['share']:.1%}",
        best_member=agreement["best_member"], members=final["members"], votes=final["fitted"].get("votes", ()), weights=_weights(final["fitted"]),
        by_fold=final["chosen_by_the_other_folds"], calibration=_calibration(final["calibration"]),
        shares=_shares(final["class_shares"]), external=_external(final["external"])))  # fmt: skip


def _weights(fitted: Mapping) -> Markup | None:
    weights = fitted.get("weights")
    return table("Weights of its members", ("member", "weight"), [[name, number(value, ".3f")] for name, value in weights.items()]) if weights else None


def _calibration(calibration: Mapping) -> Markup:
    named = [(row["member"], row) for row in calibration["members"]]
    if calibration["chosen"]:
        named.append(("the final submission", calibration["chosen"]))
    rows = [[name, *(number(row[key]) for key in ("temperature", "before", "after"))] for name, row in named]
    caption = f"Expected calibration error, test-like out of fold, {calibration['bins']} bins: 0 where probabilities are the share that is right"
    return table(caption, ("of", "temperature", "error before", "error after"), rows)


def _shares(rows: Sequence[Mapping]) -> Markup:
    caption = "Classes' shares of the answers and of the training images"
    if len(rows) > SHARES_SHOWN:
        rows = sorted(rows, key=lambda row: -abs(row["share"] - row["training_share"]))[:SHARES_SHOWN]
        caption += f"; the {SHARES_SHOWN} that differ most"
    cells = [[class_label(row["target"], {row["target"]: row["class_name"]}), Number(row["rows"], str(row["rows"])), number(row["share"], ".1%"),
              number(row["training_share"], ".1%"), "differs" if row["differs"] else ""] for row in rows]  # fmt: skip
    return table(caption, ("class", "answers", "share", "in training", "beyond chance"), cells, sortable=True)


def _external(votes: Sequence[Mapping]) -> Markup | None:
    if not votes:
        return None
    rows = [[vote["name"], "yes" if vote["votes"] else "no", number(vote["agreement"], ".1%")] for vote in votes]
    return table("Submissions from elsewhere, in no score", ("name", "votes", "agrees with the final one"), rows)
