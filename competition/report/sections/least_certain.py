"""Least certain test images: two answers are nearly equally likely."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.label_sets import decode, split_labels
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.report.context import ReportContext
from competition.report.explain.heatmaps import explain_member
from competition.report.image_cards import ImageCard, image_cards, likeliest_classes, with_heat_map
from competition.report.inline_images import rows_of
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import labels_name

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
        classes = explained_classes(test)[shown]
        heats, note = explain_member(member, context.settings, len(test.targets), store, rows, folds, classes)
        what = "the predicted class" if test.exclusive else "the least certain label"
        colour = note if heats is None else f"Pink lies on what speaks for {what} (Grad-CAM, fold {fold})."
        cards = uncertain_cards(test, store, context.class_names, context.final_targets, heats)
        return image_cards([_lead(member, len(shown), test), colour], cards)


def margins(test: Predictions) -> np.ndarray:
    """Margins (N,), float64: by how much an image's likeliest class is likelier than the next; 1 with one class.

    Of several labels an image: of the least certain one, by how much it is likelier to be there than not, or not.
    """
    if not test.exclusive:
        return np.abs(2 * test.probabilities.astype(np.float64) - 1).min(axis=1)
    if len(test.targets) < 2:
        return np.ones(len(test))
    second, first = np.partition(test.probabilities.astype(np.float64), -2, axis=1)[:, -2:].T
    return first - second


def explained_classes(test: Predictions) -> np.ndarray:
    """Return (N,) int64: whose heat map is shown: the predicted class, or of several labels the least certain one."""
    return test.indices if test.exclusive else np.abs(test.probabilities - 0.5).argmin(axis=1)


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

    store: data/test_squares.arrow; final_targets: test ID -> labels of the final submission, as text; heats: float32
    (at most MOST, S, S) in 0..1, of each image shown, in order, or None.
    """
    shown, cards, several = least_certain(test), [], not test.exclusive
    labels = decode(test.labels, test.targets)
    ids, gaps = test.ids[shown].tolist(), margins(test)[shown]
    for place, (id, row, stored) in enumerate(zip(ids, shown.tolist(), rows_of(store, ids).tolist(), strict=True)):
        predicted = labels[row]
        facts = (
            ("final.csv", labels_name(final_targets[id], class_names, several)),
            ("Predicted", labels_name(predicted, class_names, several)),
            ("Margin", f"{gaps[place]:.3f}"),
        )
        images = with_heat_map(store.image(stored), id, "test", None if heats is None else heats[place])
        notes = dict.fromkeys(split_labels(predicted) if several else (predicted,), "predicted")
        classes = likeliest_classes(test.probabilities[row], test.targets, class_names, notes)
        cards.append(ImageCard(id, facts, images, classes))
    return cards


def _lead(member: str, shown: int, test: Predictions) -> str:
    between = "between whose two likeliest classes" if test.exclusive else "with a label about which"
    return (
        f"The {shown} of {len(test)} test images {between} {member}'s vote, the mean over folds and orientations, "
        "decides most narrowly, and what final.csv answers. They are the first to look at where an "
        "answer has to be right."
    )
