"""Images that set the ranges of eight bits: an even share of all, however many there are."""

from types import SimpleNamespace

import numpy as np
import pytest

from competition.serving.onnx_models import CALIBRATED, calibration_rows

COPIES = 3  # rows of an image


@pytest.mark.parametrize("images", [1, 2, CALIBRATED - 1, CALIBRATED, CALIBRATED + 1, 2 * CALIBRATED - 1, 1567])
def test_they_are_spread_over_all_images(images):
    data = SimpleNamespace(train_rows=tuple(np.arange(COPIES) + COPIES * image for image in range(images)))
    rows = calibration_rows(data)
    sources = rows // COPIES
    assert len(rows) == min(images, CALIBRATED) == len(set(sources)) and sources[0] == 0 and sources[-1] == images - 1
    gaps = np.diff(sources)
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
    assert len(rows) < COPIES or set(rows % COPIES) == set(range(COPIES))  # clean ones and copies
