"""Statistics of what the networks were trained and scored on: of a sample of the packed images, clean and test-like.

`augment` writes them, and `predict` compares new images with them (see `drift`).
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from competition.audit.domain_shift import STATISTICS, statistics
from competition.common.files import replace_file
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.predictions import CONDITIONS

SAMPLED = 500  # images of each condition


def stored_statistics(store: ImageStore, fill: int) -> dict[str, np.ndarray]:
    """Return condition -> statistics (n, F), float32, of SAMPLED of the store's images in it, or of all.

    fill: grey level of the padding.
    """
    views, found = np.array(store.column("view")), {}
    for condition in CONDITIONS:
        rows = generator(0, "image statistics", condition).permutation(np.flatnonzero(views == condition))[:SAMPLED]
        measured = [statistics(store.image(row), fill) for row in np.sort(rows).tolist()]
        found[condition] = np.array(measured, np.float32).reshape(-1, len(STATISTICS))
    return found


def write_statistics(path: Path | str, found: Mapping[str, np.ndarray]) -> None:
    """Write what `stored_statistics` found as npz, without pickle; equal content gives equal bytes."""
    with replace_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: found[name] for name in sorted(found)})


def read_statistics(path: Path | str) -> dict[str, np.ndarray]:
    """Return what `write_statistics` wrote. Raises FileNotFoundError, or ValueError for a file of another kind."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage augment)")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in CONDITIONS}
    except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ValueError(
            f"{path}: not a file of image statistics, or a damaged one; run `dvc repro augment`"
        ) from error
    if any(values.ndim != 2 or values.shape[1] != len(STATISTICS) for values in found.values()):
        raise ValueError(f"{path}: of other statistics than {len(STATISTICS)}; run `dvc repro augment`")
    return found
