"""The worst errors: training images whose own class a network that never saw them finds least likely, in their damaged
view.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from competition.data.image_store import ImageStore
from competition.data.images import resize
from competition.data.predictions import Predictions
from competition.report.cards import Card, Picture, gallery, top_answers
from competition.report.pictures import data_uri, rows_of, with_heat
from competition.report.sections import Section
from competition.report.tables import class_label

MOST = 24  # images that are shown


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What `member` says of N training images that it didn't see; all in one order.

    test_like, clean: of their damaged and their clean views; true (N,) str: their labels; folds (N,) int: whose network
    was asked.
    """

    member: str
    test_like: Predictions
    clean: Predictions
    true: np.ndarray
    folds: np.ndarray


def worst_errors(test_like: Predictions, true: np.ndarray) -> np.ndarray:
    """Return the positions (E,) of the wrong answers, the lowest probability of the true class first, of equals by ID.

    true: (N,) str. A label that is none of the targets has probability 0.
    """
    column = {target: number for number, target in enumerate(test_like.targets)}
    own = np.array(
        [
            row[column[label]] if label in column else 0.0
            for row, label in zip(test_like.probabilities, true.tolist(), strict=True)
        ],
        np.float64,
    )
    wrong = np.flatnonzero(test_like.answers != true)
    return wrong[np.lexsort([test_like.ids[wrong], own[wrong]])]


def errors_section(
    said: OutOfFold, store: ImageStore, class_names: Mapping[str, str], heats: np.ndarray | None, note: str = ""
) -> Section:
    """Return the section of the first MOST `worst_errors` of `said`.

    store: data/augmented.arrow, with the views of each image; class_names: target -> readable name; heats: float32 (E,
    S, S) in 0..1, for the test-like view of each image shown, in order, or None, and `note` says why.
    """
    errors = worst_errors(said.test_like, said.true)
    if not len(errors):
        return _section(
            [f"{said.member} answers no training image wrongly out of fold, test-like (0 of {len(said.true)})."], []
        )
    shown = errors[:MOST]
    lead = (
        f"{said.member} answers {len(errors)} of {len(said.true)} training images wrongly out of fold, test-like. "
        "Here are the "
        f"{len(shown)} whose true class it finds least likely: a wrong label, a page that could be either, or what "
        "training lacks."
    )
    colour = "Pink lies on what speaks for the predicted class (Grad-CAM)." if heats is not None else note
    pictures = _pictures(said.test_like.ids[shown].tolist(), store, heats)
    return _section(
        [lead, colour], [_card(said, row, parts, class_names) for row, parts in zip(shown, pictures, strict=True)]
    )


def _section(lead: list[str], cards: list[Card]) -> Section:
    return Section("errors", "Worst errors", gallery(lead, cards))


def _pictures(ids: list[str], store: ImageStore, heats: np.ndarray | None) -> list[tuple[Picture, ...]]:
    damaged, clean = rows_of(store, ids, "test_like"), rows_of(store, ids)
    return [
        (
            *looked_at(store.image(row), id, "test-like", None if heats is None else heats[place]),
            Picture(data_uri(store.image(other)), f"{id}, clean view", "clean"),
        )
        for place, (id, row, other) in enumerate(zip(ids, damaged.tolist(), clean.tolist(), strict=True))
    ]


def looked_at(image: np.ndarray, id: str, view: str, heat: np.ndarray | None) -> tuple[Picture, ...]:
    """Return an image, uint8 (P, P, 3), at the size of its `heat` (S, S), and once more under it; without heat the
    image alone.
    """
    if heat is None:
        return (Picture(data_uri(image), f"{id}, {view} view", view),)
    image = resize(image, *heat.shape)
    return (
        Picture(data_uri(image), f"{id}, {view} view", view),
        Picture(data_uri(with_heat(image, heat)), f"{id}, {view} view, heat map of the predicted class", "heat map"),
    )


def _card(said: OutOfFold, row: int, pictures: tuple[Picture, ...], class_names: Mapping[str, str]) -> Card:
    true, damaged, clean = str(said.true[row]), str(said.test_like.answers[row]), str(said.clean.answers[row])
    facts = (
        ("True", class_label(true, class_names)),
        ("Predicted", class_label(damaged, class_names)),
        ("Clean view", class_label(clean, class_names)),
        ("Fold", str(said.folds[row])),
    )
    answers = top_answers(said.test_like.probabilities[row], said.test_like.targets, class_names, {true: "true"})
    return Card(str(said.test_like.ids[row]), facts, pictures, answers)
