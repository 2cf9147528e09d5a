"""Map of the images: a Plotly scatter plot, each image shown when its point is hovered over, tapped or stepped to.

Plotly reads HTML in whatever text it is given, so it is given none: names and IDs stand in the page's own elements.
Points are SVG, which a few thousand of need no graphics processor. A class is known by its colour and, from the
eleventh on, by its shape too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from competition.report.inline_images import COLUMNS, LINES, TILE, sprite_sheets
from competition.report.rendering import render
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
    """N images on a map. ids: (N,) str; places: (N, 2); tests: (N,) bool, whether it is a test image.

    targets: (N,) str, a training image's label, a test image's predicted class.
    """

    ids: np.ndarray
    places: np.ndarray
    targets: np.ndarray
    tests: np.ndarray


def embedding_map(
    lead: Sequence[str], embedding: Embedding, images: Iterable[np.ndarray], class_names: Mapping[str, str]
) -> Markup:
    """Map of the images, which embedding.js draws.

    lead: paragraphs above it; images: square, uint8 (S, S, 3), one for each of the N, in order;
    class_names: target -> readable name, in the order of the colours.
    """
    number = {target: place for place, target in enumerate(class_names)}
    classes = [number[target] for target in embedding.targets.tolist()]
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
        "sheets": sprite_sheets(images),
        "tile": TILE,
        "columns": COLUMNS,
        "lines": LINES,
    }
    shown = [entry for entry in legend if entry["train"] or entry["test"]]
    tests = int(embedding.tests.sum())
    return render("embedding", lead=lead, data=data, legend=shown, images=len(classes), tests=tests)


def style(place: int) -> tuple[str, str]:
    """Return (colour, Plotly's symbol) of class number `place`; with more classes than pairs, they come again."""
    return COLOURS[place % len(COLOURS)], list(SYMBOLS)[place // len(COLOURS) % len(SYMBOLS)]


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
