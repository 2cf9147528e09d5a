"""Features of images that were turned upright: those of their likely orientations alone."""

import numpy as np
from makers.packed import SIZE, packed_competition
from makers.upright import UprightImages

from competition.data.image_store import ImageStore
from competition.inference.features import features, grey_features


def test_features_of_likely_orientations_are_those_of_the_turned_image_and_of_others_0(tmp_path):
    packed_competition(tmp_path, images=9)
    store = ImageStore(tmp_path / "augmented.arrow")
    weights = (np.random.default_rng(0).random((len(store), 8)) < 0.3).astype(float)
    weights[:, 0] = 1
    rows, extract, ticks = np.tile([0, 17, 3, 40], 20), grey_features(8), []
    everything = features(extract, store, rows, SIZE, np.arange(8))
    found = features(extract, UprightImages(store, weights), rows, SIZE, np.arange(8), ticks.append)
    likely = weights[rows].T > 0
    assert (found[likely] == everything[likely]).all() and not found[~likely].any()
    assert sum(ticks) == len(rows)
    first = features(extract, UprightImages(store, weights), rows, SIZE, np.zeros(1, int))
    assert (first == everything[:1]).all()  # one look is as the image is packed
