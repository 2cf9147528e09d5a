"""Charts of the report: Plotly figures as JSON, which page.js draws in the theme's colours when they are in sight.

A trace's `meta` is the number of its colour, which page.css has for each theme; heat maps get the theme's scale. Plotly
reads a small HTML in whatever text it is given, so what people named goes through `plain`. Each chart has a label for
screen readers, and its section has the numbers as a table.
"""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go
from markupsafe import Markup

from competition.report.rendering import render

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
COLOURS = 8  # in page.css
LONGEST = 26  # characters of a label beside an axis
LAYOUT = {
    "template": "none",
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "hovermode": "closest",
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"},
}


def chart(traces: Sequence[dict], layout: dict, label: str, height: int, least_width: int = 0) -> Markup:
    """Chart of Plotly's `traces` in `layout`, `height` pixels high, scrolling where it has less than `least_width`.

    label: what it shows, for screen readers.
    """
    figure = go.Figure(data=list(traces), layout=LAYOUT | layout)
    return render("chart", figure=as_script(figure.to_json()), label=label, height=height, least_width=least_width)


def as_script(json: str) -> Markup:
    """JSON that no HTML parser takes for a tag or a comment, to stand in a <script>."""
    for mark in "<>&":
        json = json.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(json)


def plain(text: str) -> str:
    """`text` escaped for Plotly, which reads tags and entities as in HTML."""
    return escape(text, quote=False)


def short(text: str) -> str:
    """`text` escaped for Plotly, and cut where it is too long to stand beside an axis."""
    return plain(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def line_style(place: int) -> dict:
    """Style of line number `place`: colour, dash and mark."""
    return {
        "meta": place % COLOURS,
        "line": {"width": 2, "dash": DASHES[place // COLOURS % len(DASHES)]},
        "marker": {"size": 8, "symbol": SYMBOLS[place % len(SYMBOLS)]},
    }


def names_axis(labels: Sequence[str]) -> dict:
    """Axis on which the places 0, 1, ... have these names: no name is taken for a number or a day."""
    return {"tickvals": list(range(len(labels))), "ticktext": [short(label) for label in labels], "zeroline": False}


def downwards(count: int) -> dict:
    """Range of an axis that has `count` places, the first on top."""
    return {"range": [count - 0.5, -0.5]}
