"""What several tests need: a tiny packed competition (bright, dark and striped squares, easily told apart), a Dask
cluster.
"""

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from scipy.ndimage import gaussian_filter

from competition.data.image_store import write_rows
from competition.data.images import encode_jpeg
from competition.training.fold_data import load_fold

TARGETS = ("7", "10", "x")
SIZE, COPIES = 32, 3
SCORED = [("clean", 0), ("test_like", 0), ("severe", 0)]
VIEWS = [*SCORED, *(("train", number) for number in range(COPIES))]


def square(label: int, generator: np.random.Generator) -> np.ndarray:
    """Return a square of class `label`, uint8 (32, 32, 3), with noise."""
    image = generator.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    if label == 1:
        image += 180
    if label == 2:
        image[::4] += 150
    return image


def packed_competition(folder, images=24, tests=6, copies=(COPIES,) * len(TARGETS)):
    """Write augmented.arrow and test.arrow into `folder`; return folds (ID, target, fold, group) of `images` images.

    `copies`: damaged copies of an image of each class.
    """
    generator = np.random.default_rng(0)
    rows, folds = [], []
    for n in range(images):
        label = n % len(TARGETS)
        folds.append((f"{n:03d}", TARGETS[label], n // 3 % 3, f"g{n}"))
        for view, copy in [*SCORED, *(("train", number) for number in range(copies[label]))]:
            rows.append(row(f"{n:03d}", TARGETS[label], view, copy, square(label, generator)))
    write_rows(folder / "augmented.arrow", rows)
    write_rows(folder / "test.arrow", [row(f"t{n}", None, "clean", 0, square(n % 3, generator)) for n in range(tests)])
    return pd.DataFrame(folds, columns=["ID", "target", "fold", "group"])


def load(folder, folds, fold=0):
    """Return the data of a fold of what `packed_competition` wrote into `folder`."""
    return load_fold(fold, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


LABELS = ("bright", "striped")


def packed_labels(folder, images=32, tests=6):
    """As `packed_competition`, of squares with any of LABELS: 8 with both, 8 without one."""
    generator = np.random.default_rng(0)

    def both(n):
        image = square(0, generator) + np.uint8(120 * (n % 2))
        image[::4] += 75 * (n // 2 % 2)
        return image

    rows, folds = [], []
    for n in range(images):
        target = "|".join(label for label, there in zip(LABELS, (n % 2, n // 2 % 2), strict=True) if there)
        folds.append((f"{n:03d}", target, n // 4 % 3, f"g{n}"))
        rows += [row(f"{n:03d}", target, view, copy, both(n)) for view, copy in VIEWS]
    write_rows(folder / "augmented.arrow", rows)
    write_rows(folder / "test.arrow", [row(f"t{n}", None, "clean", 0, both(n)) for n in range(tests)])
    return pd.DataFrame(folds, columns=["ID", "target", "fold", "group"])


def row(id, target, view, copy, image):
    """Return a row of the store."""
    return {
        "id": f"{id}/{view}/{copy}",
        "source_id": id,
        "target": target,
        "view": view,
        "copy": copy,
        "height": SIZE,
        "width": SIZE,
        "image": encode_jpeg(image, 95),
    }


def local_cluster(n_workers=2, threads_per_worker=1):
    """Return a Dask cluster of processes of this machine; skips the test where `distributed` is not installed."""
    distributed = pytest.importorskip("distributed", reason="distributed, an optional extra, is not installed")
    return distributed.LocalCluster(
        processes=True, n_workers=n_workers, threads_per_worker=threads_per_worker, dashboard_address=":0"
    )


def marked_page(height=90, width=64):
    """Return a soft random page, each corner marked with a colour of its own."""
    noise = gaussian_filter(np.random.default_rng(height + width).normal(size=(height, width, 3)), (3, 3, 0))
    image = np.clip(128 + noise * 400, 0, 255).astype(np.uint8)
    for number, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]):
        rows, columns = (slice(-9, None) if side else slice(9) for side in divmod(number, 2))
        image[rows, columns] = colour
    return image
