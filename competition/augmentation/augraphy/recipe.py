"""Recipe of an Augraphy effect: its class, its parameters, and how a page takes a banked layer of it.

Left out of the effects: what changes the page's shape, pastes in other images, needs fonts or the internet, takes tens
of seconds, or hides the text. Parameters are Augraphy's default, or set so that at opacity 1 the effect is seen, and a
page 300 pixels high still shows where and what its text and figures are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Take = Literal["page", "own", "linear", "multiply", "darken", "shift", "tint", "bent", "press", "displace"]


@dataclass(frozen=True)
class Recipe:
    """An Augraphy class, its parameters, and how the bank puts it on a page (see layers.py)."""

    path: str  # module.Class
    take: Take = "page"  # "page": it depends on the page, and can't be banked; "own": by `fast`, without a layer
    parameters: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple] = field(default_factory=dict)  # parameters of which one value is drawn
    fits_page: bool = False  # it is smooth and its size follows the page's: a layer is scaled with it, else only cut
    per_page: tuple[str, ...] = ()  # parameters that count things per page, whatever its size
    loses_edge: bool = False  # it loses the page's first row and column
    fast: Callable | None = None  # (image, generator, opacity) -> image: our own version

    @property
    def layered(self) -> bool:
        """Whether layers of it are banked."""
        return self.take not in ("page", "own")
