"""Images of a store, turned upright in name only: each brings weights of its own for its orientations."""

import numpy as np


class UprightImages:
    """`store`'s images with `weights` (N, 8)."""

    def __init__(self, store, weights: np.ndarray):
        self.store, self.weights, self.image = store, weights, store.image

    def __len__(self) -> int:
        return len(self.store)

    def orientations(self, rows: np.ndarray) -> np.ndarray:
        return self.weights[rows]
