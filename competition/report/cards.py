"""Galleries: a card for each image, with its ID, its pictures and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from competition.report.sections import render
from competition.report.tables import class_label

ANSWERS = 3  # classes of an image whose probabilities are shown


@dataclass(frozen=True)
class Picture:
    """uri: a data URI; alt: what it shows, for those who can't see it; caption: in a word or two."""

    uri: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Answer:
    """A class, its probability in [0, 1] and what is to be said of it: true, predicted, or nothing."""

    name: str
    probability: float
    note: str = ""


@dataclass(frozen=True)
class Card:
    """title: the image's ID; facts: names and values, as text."""

    title: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    answers: tuple[Answer, ...] = ()


def gallery(lead: Sequence[str], cards: Sequence[Card]) -> Markup:
    """Return paragraphs, one for each text of `lead`, over the cards."""
    return render("gallery", lead=[text for text in lead if text], cards=cards)


def top_answers(
    probabilities: np.ndarray, targets: Sequence[str], class_names: Mapping[str, str], notes: Mapping[str, str]
) -> tuple[Answer, ...]:
    """Return the ANSWERS likeliest of `targets` (C,) by `probabilities` (C,), and all that `notes` has something to say
    of.
    """
    order = np.argsort(-probabilities, kind="stable")
    shown = [k for place, k in enumerate(order) if place < ANSWERS or targets[k] in notes]
    return tuple(
        Answer(class_label(targets[k], class_names), float(probabilities[k]), notes.get(targets[k], "")) for k in shown
    )
