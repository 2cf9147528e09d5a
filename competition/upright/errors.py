"""Errors of the networks on pages that they never saw, made again where a page's corners are known.

A copy that members learn from comes with its page's corners, and should look as if the networks had found them. To ask
them costs more than the copy does. So its page is taken where it is, and missed as a test-like copy of some page was:
the corners by as much, in the page's own frame, and with the same orientations in doubt.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from competition.common.files import replace_file
from competition.data.orientations import COMPOSED, INVERSE, ORIENTATIONS
from competition.upright.geometry import UNIT_SQUARE, homography, moved, plausible, whole
from competition.upright.page import FoundPage

CORNERS = UNIT_SQUARE.size


@dataclass(frozen=True, eq=False)
class Errors:
    """Of N pages: where each corner was found on the page, (N, 4, 2), whose own are those of UNIT_SQUARE; and how
    likely each orientation was said to be, (N, 8), 0 being the right one.
    """

    places: np.ndarray
    orientations: np.ndarray

    @classmethod
    def of(cls, places: np.ndarray, lies: np.ndarray, said: np.ndarray) -> "Errors":
        """Return those of pages that were found at `places`, see `Found`, that lie in the orientations `lies` (N,), of
        which each was `said` to be so likely, (N, 8).
        """
        orientations = np.empty_like(said)
        # seen in one orientation, a page that lies in another is turned from upright by the first, then back by that
        np.put_along_axis(orientations, COMPOSED[:, INVERSE[lies]].T, said, axis=1)
        return cls(places, orientations)

    @classmethod
    def load(cls, path: Path) -> "Errors":
        """Return what `save` wrote."""
        values = np.load(path)
        return cls(values[:, :CORNERS].reshape(-1, *UNIT_SQUARE.shape), values[:, CORNERS:])

    def save(self, path: Path) -> None:
        """Write them to `path`, (N, 16) float32."""
        values = np.concatenate([self.places.reshape(-1, CORNERS), self.orientations.reshape(-1, ORIENTATIONS)], axis=1)
        with replace_file(path) as temporary, open(temporary, "wb") as file:
            np.save(file, values.astype(np.float32))

    def page(self, corners: np.ndarray, picture: np.ndarray, draws: np.random.Generator) -> FoundPage:
        """Return the page whose own `corners` (4, 2) lie there in `picture`, in pixels, missed by an error drawn."""
        one = int(draws.integers(len(self.places)))
        quad = moved(self.places[one], homography(UNIT_SQUARE, corners))
        return FoundPage(quad if plausible(quad, picture) else whole(picture), self.orientations[one])
