"""Image cards: an image's ID, what it looks like, facts, and the likeliest classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from competition.data.letterbox import resize
from competition.report.inline_images import data_uri, with_heat
from competition.report.rendering import render
from competition.report.tables import class_label

LIKELIEST = 3  # classes of an image whose probabilities are shown


@dataclass(frozen=True)
class CardImage:
    """Image of a card. uri: a data URI; alt: what it shows, for screen readers; caption: a word or two."""

    uri: str
    alt: str
    caption: str


@dataclass(frozen=True)
class ClassProbability:
    """Probability of a class, in [0, 1]. note: true, predicted, ..., or nothing."""

    name: str
    probability: float
    note: str = ""


@dataclass(frozen=True)
class ImageCard:
    """Card of an image. title: its ID; facts: names and values, as text."""

    title: str
    facts: tuple[tuple[str, str], ...]
    images: tuple[CardImage, ...]
    classes: tuple[ClassProbability, ...] = ()


def image_cards(lead: Sequence[str], cards: Sequence[ImageCard] = ()) -> Markup:
    """Cards below paragraphs, one for each text of `lead`."""
    return render("image_cards", lead=[text for text in lead if text], cards=cards)


def likeliest_classes(
    probabilities: np.ndarray, targets: Sequence[str], class_names: Mapping[str, str], notes: Mapping[str, str]
) -> tuple[ClassProbability, ...]:
    """The LIKELIEST of `targets` (C,) by `probabilities` (C,), likeliest first, and those that have one of `notes`."""
    order = np.argsort(-probabilities, kind="stable")
    shown = [k for place, k in enumerate(order) if place < LIKELIEST or targets[k] in notes]
    return tuple(
        ClassProbability(class_label(targets[k], class_names), float(probabilities[k]), notes.get(targets[k], ""))
        for k in shown
    )


def with_heat_map(image: np.ndarray, id: str, caption: str, heat: np.ndarray | None) -> tuple[CardImage, ...]:
    """Card images of `image`, uint8 (P, P, 3): at the size of its `heat` (S, S), and under it; alone without heat."""
    if heat is None:
        return (CardImage(data_uri(image), f"{id}, {caption} image", caption),)
    image = resize(image, *heat.shape)
    covered = data_uri(with_heat(image, heat))
    return (
        CardImage(data_uri(image), f"{id}, {caption} image", caption),
        CardImage(covered, f"{id}, {caption} image, heat map of the predicted class", "heat map"),
    )
