"""The training images whose labels are in doubt, as folds/review/label_review.csv lists them, to be looked at."""

import pandas as pd

from competition.data.image_store import ImageStore
from competition.data.images import letterbox
from competition.report.cards import Answer, Card, Picture, gallery
from competition.report.pictures import data_uri
from competition.report.sections import Section
from competition.report.tables import class_label

MOST, TILE = 24, 224  # images that are shown; pixels


def label_review_section(review: pd.DataFrame, store: ImageStore) -> Section:
    """Return the section of the first MOST rows of `review` (see `label_review.review_labels`), images from
    data/train.arrow.
    """
    if review.empty:
        return Section(
            "label-review",
            "Labels in doubt",
            gallery(["No label is in doubt, or all that were have been decided on."], []),
        )
    shown = review.head(MOST)
    images = "1 image is" if len(review) == 1 else f"{len(review)} images are"
    more = (
        f" Here are the {len(shown)} most doubtful ones; folds/review/label_review.csv has all."
        if len(review) > len(shown)
        else ""
    )
    lead = (
        f"{images} labelled as one class while the members, out of fold, see another.{more} To decide on one: "
        "python -m pipelines.fix_label ID TARGET"
    )
    row = {id: number for number, id in enumerate(store.column("id"))}
    cards = [_card(entry, data_uri(letterbox(store.image(row[entry.ID]), TILE))) for entry in shown.itertuples()]
    return Section("label-review", "Labels in doubt", gallery([lead], cards))


def _card(entry, uri: str) -> Card:
    names = {entry.target: entry.class_name, entry.suggestion: entry.suggested_name}
    label, suggestion = (class_label(target, names) for target in names)
    facts = (("Label", label), ("Suggestion", suggestion), ("Agreeing", f"{entry.agreeing:.0%}"))
    answers = (Answer(suggestion, entry.confidence, "suggested"), Answer(label, entry.label_probability, "label"))
    return Card(entry.ID, facts, (Picture(uri, f"{entry.ID}, labelled {label}", "as packed"),), answers)
