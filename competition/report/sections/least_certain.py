"""Least certain test images: the two likeliest classes are nearly equally likely."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.report.context import ReportContext
from competition.report.explain.heatmaps import explain_member
from competition.report.image_cards import ImageCard, image_cards, likeliest_classes, with_heat_map
from competition.report.inline_images import rows_of
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label

MOST = 24  # images that are shown


@SECTIONS.register
class LeastCertain(Section):
    """Test images that the best member's vote is least certain of, with the first fold's heat maps."""

    order, title = 80, "Least certain test images"
    reads = (
        paths.TEST_RESIZED_STORE,
        paths.CLASSES,
        paths.FOLDS,
        paths.PREDICTIONS,
        paths.WEIGHTS,
        paths.FINAL,
        paths.LEADERBOARD,
    )

    def body(self, context: ReportContext) -> Markup:
        member, fold, store = context.ranked_members[0], context.settings.split.folds[0], context.test_images
        test = soft_vote([parts["test"] for parts in context.predictions(member)])
        shown = least_certain(test)
        if not len(shown):
            return image_cards([f"{member} answers no test image."])
        rows, folds = rows_of(store, test.ids[shown].tolist()), np.full(len(shown), fold)
        heats, note = explain_member(
            member, context.settings, len(test.targets), store, rows, folds, test.indices[shown]
        )
        colour = note if heats is None else f"Pink lies on what speaks for the predicted class (Grad-CAM, fold {fold})."
        cards = uncertain_cards(test, store, context.class_names, context.final_targets, heats)
        return image_cards([_lead(member, len(shown), len(test)), colour], cards)


def margins(test: Predictions) -> np.ndarray:
    """Margins (N,), float64: by how much an image's likeliest class is likelier than the next; 1 with one class."""
    if len(test.targets) < 2:
        return np.ones(len(test))
    second, first = np.partition(test.probabilities.astype(np.float64), -2, axis=1)[:, -2:].T
    return first - second


def least_certain(test: Predictions) -> np.ndarray:
    """Return positions (at most MOST,) of the images with the smallest `margins`, smallest first, of equals by ID."""
    return np.lexsort([test.ids, margins(test)])[:MOST]


def uncertain_cards(
    test: Predictions,
    store: ImageStore,
    class_names: Mapping[str, str],
    final_targets: Mapping[str, str],
    heats: np.ndarray | None,
) -> list[ImageCard]:
    """Cards of the images that `test`, a member's soft vote, is `least_certain` of.

    store: data/test_squares.arrow; final_targets: test ID -> target of the final submission; heats: float32 (at most
    MOST, S, S) in 0..1, of each image shown, in order, or None.
    """
    shown, cards = least_certain(test), []
    ids, gaps = test.ids[shown].tolist(), margins(test)[shown]
    for place, (id, row, stored) in enumerate(zip(ids, shown.tolist(), rows_of(store, ids).tolist(), strict=True)):
        predicted = str(test.answers[row])
        facts = (
            ("final.csv", class_label(final_targets[id], class_names)),
            ("Predicted", class_label(predicted, class_names)),
            ("Margin", f"{gaps[place]:.3f}"),
        )
        images = with_heat_map(store.image(stored), id, "test", None if heats is None else heats[place])
        notes = {predicted: "predicted"}
        classes = likeliest_classes(test.probabilities[row], test.targets, class_names, notes)
        cards.append(ImageCard(id, facts, images, classes))
    return cards


def _lead(member: str, shown: int, images: int) -> str:
    return (
        f"The {shown} of {images} test images between whose two likeliest classes {member}'s vote, the mean over folds "
        "and orientations, decides most narrowly, and what final.csv answers. They are the first to look at where an "
        "answer has to be right."
    )
