"""Worst errors: training images whose own class a network that never saw them finds least likely, test-like."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.folds.predictions import out_of_fold
from competition.report.context import ReportContext
from competition.report.explain.heatmaps import explain_member
from competition.report.image_cards import CardImage, ImageCard, image_cards, likeliest_classes, with_heat_map
from competition.report.inline_images import data_uri, rows_of
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label

MOST = 24  # images that are shown


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of N training images out of fold, by the networks of `member`; all in one order.

    test_like, clean: of the images in either condition; y_true: (N,) str labels; folds: (N,) int.
    """

    member: str
    test_like: Predictions
    clean: Predictions
    y_true: np.ndarray
    folds: np.ndarray


@SECTIONS.register
class WorstErrors(Section):
    """Wrong answers of the best member, with heat maps by the networks that didn't see the images."""

    order, title = 70, "Worst errors"
    reads = (paths.AUGMENTED_STORE, paths.CLASSES, paths.FOLDS, paths.PREDICTIONS, paths.WEIGHTS, paths.LEADERBOARD)

    def body(self, context: ReportContext) -> Markup:
        oof = oof_of(context.ranked_members[0], context)
        shown, store = worst_errors(oof.test_like, oof.y_true)[:MOST], context.augmented_images
        rows = rows_of(store, oof.test_like.ids[shown].tolist(), "test_like")
        classes, folds = oof.test_like.indices[shown], oof.folds[shown]
        heats, note = explain_member(
            oof.member, context.settings, len(context.class_names), store, rows, folds, classes
        )
        return error_cards(oof, store, context.class_names, heats, note)


def oof_of(member: str, context: ReportContext) -> OutOfFold:
    """Predictions of `member` out of fold, with the labels."""
    images, per_fold = context.oof_images, context.predictions(member)
    ids, y_true = images["ID"].tolist(), images["target"].to_numpy(str)
    test_like, clean = (out_of_fold(per_fold, condition, ids) for condition in ("test_like", "clean"))
    return OutOfFold(member, test_like, clean, y_true, images["fold"].to_numpy())


def worst_errors(test_like: Predictions, y_true: np.ndarray) -> np.ndarray:
    """Return positions (E,) of the wrong answers, the lowest probability of the true class first, of equals by ID.

    y_true: (N,) str. A label that is none of the targets has probability 0.
    """
    column = {target: number for number, target in enumerate(test_like.targets)}
    own = np.array(
        [
            row[column[label]] if label in column else 0.0
            for row, label in zip(test_like.probabilities, y_true.tolist(), strict=True)
        ],
        np.float64,
    )
    wrong = np.flatnonzero(test_like.answers != y_true)
    return wrong[np.lexsort([test_like.ids[wrong], own[wrong]])]


def error_cards(
    oof: OutOfFold, store: ImageStore, class_names: Mapping[str, str], heats: np.ndarray | None, note: str = ""
) -> Markup:
    """Cards of the first MOST `worst_errors`.

    store: data/augmented.arrow; class_names: target -> readable name; heats: float32 (E, S, S) in 0..1, for the
    test-like image of each error shown, in order, or None, and `note` says why.
    """
    errors, images = worst_errors(oof.test_like, oof.y_true), len(oof.y_true)
    if not len(errors):
        return image_cards([f"{oof.member} answers no training image wrongly out of fold, test-like (0 of {images})."])
    shown = errors[:MOST]
    lead = (
        f"{oof.member} answers {len(errors)} of {images} training images wrongly out of fold, test-like. Here are the "
        f"{len(shown)} whose true class it finds least likely: a wrong label, a page that could be either, or what "
        "training lacks."
    )
    colour = "Pink lies on what speaks for the predicted class (Grad-CAM)." if heats is not None else note
    both = _images(oof.test_like.ids[shown].tolist(), store, heats)
    cards = [_card(oof, row, images, class_names) for row, images in zip(shown, both, strict=True)]
    return image_cards([lead, colour], cards)


def _images(ids: list[str], store: ImageStore, heats: np.ndarray | None) -> list[tuple[CardImage, ...]]:
    test_like, clean = rows_of(store, ids, "test_like"), rows_of(store, ids)
    return [
        (
            *with_heat_map(store.image(row), id, "test-like", None if heats is None else heats[place]),
            CardImage(data_uri(store.image(other)), f"{id}, clean image", "clean"),
        )
        for place, (id, row, other) in enumerate(zip(ids, test_like.tolist(), clean.tolist(), strict=True))
    ]


def _card(oof: OutOfFold, row: int, images: tuple[CardImage, ...], class_names: Mapping[str, str]) -> ImageCard:
    y_true, test_like, clean = str(oof.y_true[row]), str(oof.test_like.answers[row]), str(oof.clean.answers[row])
    facts = (
        ("True", class_label(y_true, class_names)),
        ("Predicted", class_label(test_like, class_names)),
        ("Clean image", class_label(clean, class_names)),
        ("Fold", str(oof.folds[row])),
    )
    classes = likeliest_classes(oof.test_like.probabilities[row], oof.test_like.targets, class_names, {y_true: "true"})
    return ImageCard(str(oof.test_like.ids[row]), facts, images, classes)
