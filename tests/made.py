"""A tiny packed competition for the tests: bright, dark and striped squares, which a small network can tell apart."""

import numpy as np
import pandas as pd

from competition.images import encode_jpeg
from competition.shards import write_rows

TARGETS = ("7", "10", "x")
SIZE, COPIES = 32, 3


def square(label: int, generator: np.random.Generator) -> np.ndarray:
    """Return a square of class `label`, uint8 (32, 32, 3), with noise."""
    image = generator.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    if label == 1:
        image += 180
    if label == 2:
        image[::4] += 150
    return image


def packed_competition(folder, images=24, tests=6):
    """Write augmented.arrow and test.arrow into `folder`; return folds (ID, target, fold, group) of `images` images."""
    generator = np.random.default_rng(0)
    rows, folds = [], []
    for n in range(images):
        label = n % len(TARGETS)
        folds.append((f"{n:03d}", TARGETS[label], n // 3 % 3, f"g{n}"))
        for view, copy in [("clean", 0), ("test_like", 0), *(("train", number) for number in range(COPIES))]:
            rows.append(row(f"{n:03d}", TARGETS[label], view, copy, square(label, generator)))
    write_rows(folder / "augmented.arrow", rows)
    write_rows(folder / "test.arrow", [row(f"t{n}", None, "clean", 0, square(n % 3, generator)) for n in range(tests)])
    return pd.DataFrame(folds, columns=["ID", "target", "fold", "group"])


def row(id, target, view, copy, image):
    """Return a row of the store."""
    return {"id": f"{id}/{view}/{copy}", "source_id": id, "target": target, "view": view, "copy": copy, "height": SIZE,
            "width": SIZE, "image": encode_jpeg(image, 95)}  # fmt: skip
