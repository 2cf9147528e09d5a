"""The test images that are hardest to answer: where the two likeliest classes are nearly equally likely."""

from collections.abc import Mapping

import numpy as np

from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.report.cards import Card, gallery, top_answers
from competition.report.mistakes import looked_at
from competition.report.pictures import rows_of
from competition.report.sections import Section
from competition.report.tables import class_label

MOST = 24  # images that are shown


def margins(test: Predictions) -> np.ndarray:
    """Return (N,) float64: by how much the likeliest class of each image is likelier than the next; 1 where there is
    one class only.
    """
    if len(test.targets) < 2:
        return np.ones(len(test))
    second, first = np.partition(test.probabilities.astype(np.float64), -2, axis=1)[:, -2:].T
    return first - second


def least_certain(test: Predictions) -> np.ndarray:
    """Return the positions (at most MOST,) of the images with the smallest `margins`, smallest first, of equals by
    ID.
    """
    return np.lexsort([test.ids, margins(test)])[:MOST]


def unsure_section(
    member: str,
    test: Predictions,
    store: ImageStore,
    class_names: Mapping[str, str],
    answers: Mapping[str, str],
    heats: np.ndarray | None,
    fold: int,
    note: str = "",
) -> Section:
    """Return the section of the test images that the soft vote of `member`, `test`, is `least_certain` of.

    store: data/test_squares.arrow; answers: test ID -> target of the final submission; heats: float32 (at most MOST, S,
    S) in 0..1, by the network of `fold`, for each image shown, in order, or None, and `note` says why.
    """
    shown = least_certain(test)
    if not len(shown):
        return Section("unsure", "Least certain test images", gallery([f"{member} answers no test image."], []))
    lead = (
        f"The {len(shown)} of {len(test)} test images between whose two likeliest classes {member}'s vote, the mean "
        "over folds and "
        "views, decides most narrowly, and what final.csv answers. They are the first to look at where an answer has "
        "to be right."
    )
    colour = f"Pink lies on what speaks for the predicted class (Grad-CAM, fold {fold})." if heats is not None else note
    ids, gaps = test.ids[shown].tolist(), margins(test)[shown]
    cards = []
    for place, (id, row, stored) in enumerate(zip(ids, shown.tolist(), rows_of(store, ids).tolist(), strict=True)):
        predicted = str(test.answers[row])
        facts = (
            ("final.csv", class_label(answers[id], class_names)),
            ("Predicted", class_label(predicted, class_names)),
            ("Margin", f"{gaps[place]:.3f}"),
        )
        pictures = looked_at(store.image(stored), id, "test", None if heats is None else heats[place])
        cards.append(
            Card(
                id,
                facts,
                pictures,
                top_answers(test.probabilities[row], test.targets, class_names, {predicted: "predicted"}),
            )
        )
    return Section("unsure", "Least certain test images", gallery([lead, colour], cards))
