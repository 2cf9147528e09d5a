"""The map of how a network sees the images: a Plotly scatter, each image shown when its point is hovered over, tapped
or stepped to.

Plotly reads HTML in whatever text it is given, so it is given none: names and IDs stand in the page's own elements.
Points are SVG, which a few thousand of need no graphics processor. A class is known by its colour and, from the
eleventh on, by its shape too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.report.pictures import COLUMNS, LINES, TILE, sheets
from competition.report.sections import Section, render
from competition.report.tables import class_label

# Of contrast 3 or more to white and to near black, so that both themes have the same ones; neighbours differ in hue and
# lightness.
COLOURS = ("#1f77b4", "#d95f02", "#2a9243", "#d62728", "#9467bd", "#a0724f", "#d14fa8", "#7f7f7f", "#8f8f00", "#128f9e")
SYMBOLS = {
    "circle": "M8 2a6 6 0 1 0 .01 0z",
    "square": "M3 3h10v10H3z",
    "diamond": "M8 1l7 7-7 7-7-7z",
    "triangle-up": "M8 2l7 12H1z",
    "cross": "M6 1h4v5h5v4h-5v5H6v-5H1V6h5z",
    "star": "M8 1l2 5h5l-4 3.5 1.5 5.5-4.5-3.5-4.5 3.5L5 9.5 1 6h5z",
}
DECIMALS = 3


@dataclass(frozen=True, eq=False)
class Embedding:
    """N images on a map: ids (N,) str; places (N, 2); answers (N,) str, the label of a training image, the answer to a
    test image; tests (N,) bool, whether it is one.
    """

    ids: np.ndarray
    places: np.ndarray
    answers: np.ndarray
    tests: np.ndarray


def embedding_section(
    lead: Sequence[str], embedding: Embedding, images: Iterable[np.ndarray], class_names: Mapping[str, str]
) -> Section:
    """Return the section of the map, which embedding.js draws.

    lead: paragraphs that say whose eyes these are; images: square, uint8 (S, S, 3), one for each of the N, in order;
    class_names: target -> readable name, in the order of the colours.
    """
    number = {target: place for place, target in enumerate(class_names)}
    classes = [number[answer] for answer in embedding.answers.tolist()]
    count = Counter(zip(classes, embedding.tests.tolist(), strict=True))
    styles = [style(place) for place in range(len(number))]
    legend = [
        {
            "number": place,
            "name": class_label(target, class_names),
            "colour": colour,
            "path": SYMBOLS[symbol],
            "train": count[place, False],
            "test": count[place, True],
        }
        for (target, place), (colour, symbol) in zip(number.items(), styles, strict=True)
    ]
    data = {
        "ids": embedding.ids.tolist(),
        "classes": classes,
        "tests": embedding.tests.astype(int).tolist(),
        "x": _rounded(embedding.places[:, 0]),
        "y": _rounded(embedding.places[:, 1]),
        "names": [entry["name"] for entry in legend],
        "styles": styles,
        "sheets": sheets(images),
        "tile": TILE,
        "columns": COLUMNS,
        "lines": LINES,
    }
    shown = [entry for entry in legend if entry["train"] or entry["test"]]
    body = render(
        "embedding", lead=lead, data=data, legend=shown, images=len(classes), tests=int(embedding.tests.sum())
    )
    return Section("embedding", "Map of the images", body)


def style(place: int) -> tuple[str, str]:
    """Return (colour, Plotly's symbol) of class number `place`; after as many classes as there are pairs, they come
    again.
    """
    return COLOURS[place % len(COLOURS)], list(SYMBOLS)[place // len(COLOURS) % len(SYMBOLS)]


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
