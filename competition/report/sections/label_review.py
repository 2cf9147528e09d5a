"""Labels in doubt: the training images that the label review lists, to be looked at."""

import pandas as pd
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox
from competition.report.context import ReportContext
from competition.report.image_cards import CardImage, ClassProbability, ImageCard, image_cards
from competition.report.inline_images import data_uri
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label

MOST, TILE = 24, 224  # images that are shown; pixels


@SECTIONS.register
class LabelReview(Section):
    """Labels in doubt, the most doubtful first."""

    order, title, reads = 100, "Labels in doubt", (paths.TRAIN_STORE, paths.REVIEW)

    def absent(self, context: ReportContext) -> str:
        if context.label_review is None:
            return "The label review is off: review.conditions in params.yaml is empty."
        return "No label is in doubt, or all that were have been decided on." if context.label_review.empty else ""

    def body(self, context: ReportContext) -> Markup:
        return label_cards(context.label_review, context.train_images, context.several)


def label_cards(review: pd.DataFrame, store: ImageStore, several: bool = False) -> Markup:
    """Cards of the first MOST rows of `review` (see `review_labels`), at least one; images from data/train.arrow."""
    shown = review.head(MOST)
    more = (
        f" Here are the {len(shown)} most doubtful ones; folds/review/label_review.csv has all."
        if len(review) > len(shown)
        else ""
    )
    lead = (_lead_of_several if several else _lead)(review, more)
    row = {id: number for number, id in enumerate(store.column("id"))}
    cards = [_card(entry, data_uri(letterbox(store.image(row[entry.ID]), TILE))) for entry in shown.itertuples()]
    return image_cards([lead], cards)


def _lead(review: pd.DataFrame, more: str) -> str:
    images = "1 image is" if len(review) == 1 else f"{len(review)} images are"
    return (
        f"{images} labelled as one class while the members, out of fold, see another.{more} To decide on one: "
        "python -m pipelines.fix_label ID TARGET"
    )


def _lead_of_several(review: pd.DataFrame, more: str) -> str:
    labels = "1 label is" if len(review) == 1 else f"{len(review)} labels are"
    return (
        f"{labels} missing or too many, as the members see it out of fold, each on its own.{more} To decide on an "
        'image, give all its labels: python -m pipelines.fix_label ID "A|B", or "|" for none'
    )


def _card(entry, uri: str) -> ImageCard:
    names = ((entry.target, entry.class_name), (entry.suggestion, entry.suggested_name))
    label, suggestion = (class_label(target, {target: name}) for target, name in names)
    facts = (("Label", label), ("Suggestion", suggestion), ("Agreeing", f"{entry.agreeing:.0%}"))
    classes = (
        ClassProbability(suggestion, entry.confidence, "suggested"),
        ClassProbability(label, entry.label_probability, "label"),
    )
    return ImageCard(entry.ID, facts, (CardImage(uri, f"{entry.ID}, labelled {label}", "as packed"),), classes)
