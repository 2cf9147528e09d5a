"""Photographs of generated pages, and the smallest networks that learn from them: what the tests of upright share."""

from pathlib import Path

import numpy as np
import pytest

from competition.data.image_store import write_rows
from competition.data.images import encode_jpeg
from competition.data.packing import build
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings
from competition.settings.upright import UprightSettings
from competition.upright.fit import FoldPhotographs
from competition.upright.photographs import PhotographMaker

SETTINGS = UprightSettings(
    network="test_efficientnet", weights="none", corners_size=64, orientation_size=64, batch_size=4
)
AUGMENT = AugmentSettings(
    size=64,
    policy="none",
    transforms={"rotate": {"probability": 1.0}, "mirror": {"probability": 0.5}, "perspective": {"probability": 0.5}},
    test_like={"policy": "none", "transforms": {"rotate": {"probability": 1.0}}},
)
PAGES, COPIES = 6, 2
FOLD_OF = {str(n): n % 3 for n in range(PAGES - 1)}  # the last one is in no fold


def page(number: int) -> np.ndarray:
    """A page of coloured blocks, uint8 (180, 140, 3)."""
    blocks = np.random.default_rng(number).integers(0, 255, (9, 7, 3)).astype(np.uint8)
    return blocks.repeat(20, axis=0).repeat(20, axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    rows = [{"id": str(n), "source_id": str(n), "image": encode_jpeg(page(n), 92)} for n in range(PAGES)]
    write_rows(folder / "train.arrow", rows)
    maker = PhotographMaker(str(folder / "train.arrow"), AUGMENT, COPIES)
    build(
        folder / "photographs.arrow",
        range(PAGES),
        maker,
        folder / "state",
        part_size=4,
        machine=MachineSettings(workers=1),
        title="photographs",
    )
    return folder


@pytest.fixture(scope="module")
def photographs(folder) -> FoldPhotographs:
    return FoldPhotographs.read(folder / "photographs.arrow", FOLD_OF, 255)
