"""Worst errors: training images whose own label a network that never saw them finds least likely, test-like."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.label_sets import decode, encode, split_labels
from competition.data.predictions import Predictions
from competition.folds.predictions import out_of_fold
from competition.report.context import ReportContext
from competition.report.explain.heatmaps import explain_member
from competition.report.image_cards import CardImage, ImageCard, image_cards, likeliest_classes, with_heat_map
from competition.report.inline_images import data_uri, rows_of
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import labels_name

MOST = 24  # images that are shown
# by whether an image has one label
TRUTH = {True: "class", False: "labels"}
HEAT = {True: "the predicted class", False: "the label that is furthest off"}


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of N training images out of fold, by the networks of `member`; all in one order.

    test_like, clean: of the images in either condition; y_true: (N,) str, labels as text; folds: (N,) int.
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
        classes, folds = explained_classes(oof.test_like, oof.y_true)[shown], oof.folds[shown]
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

    y_true: (N,) str, labels as text. Of several labels an image the one decides that is furthest off.
    """
    labels, own = _encoded(test_like, y_true), test_like.probabilities
    if test_like.exclusive:
        wrong, of_true = test_like.labels != labels, own[np.arange(len(labels)), labels]
    else:
        wrong, of_true = (test_like.labels != labels).any(axis=1), np.where(labels, own, 1 - own).min(axis=1)
    rows = np.flatnonzero(wrong)
    return rows[np.lexsort([test_like.ids[rows], of_true[rows].astype(np.float64)])]


def explained_classes(test_like: Predictions, y_true: np.ndarray) -> np.ndarray:
    """Return (N,) int64: whose heat map is shown: the predicted class, or of several labels the one furthest off."""
    if test_like.exclusive:
        return test_like.indices
    return np.abs(test_like.probabilities - _encoded(test_like, y_true)).argmax(axis=1)


def _encoded(test_like: Predictions, y_true: np.ndarray) -> np.ndarray:
    return encode(y_true.tolist(), test_like.targets, not test_like.exclusive)


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
        f"{len(shown)} whose true {TRUTH[oof.test_like.exclusive]} it finds least likely: a wrong label, a page that "
        "could be either, or what training lacks."
    )
    colour = f"Pink lies on what speaks for {HEAT[oof.test_like.exclusive]} (Grad-CAM)." if heats is not None else note
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
    y_true, targets, several = str(oof.y_true[row]), oof.test_like.targets, not oof.test_like.exclusive
    test_like, clean = (decode(found.labels[[row]], targets)[0] for found in (oof.test_like, oof.clean))
    facts = (
        ("True", labels_name(y_true, class_names, several)),
        ("Predicted", labels_name(test_like, class_names, several)),
        ("Clean image", labels_name(clean, class_names, several)),
        ("Fold", str(oof.folds[row])),
    )
    notes = dict.fromkeys(split_labels(y_true) if several else (y_true,), "true")
    classes = likeliest_classes(oof.test_like.probabilities[row], targets, class_names, notes)
    return ImageCard(str(oof.test_like.ids[row]), facts, images, classes)
