"""What near-duplicate search finds, what it takes for one page that isn't, and how long it takes.

    python tests/benchmarks/near_duplicates.py --pages data/raw
    python tests/benchmarks/near_duplicates.py --groups photos/leaf_groups.csv
    python tests/benchmarks/near_duplicates.py --images 100000

--pages: training images of a competition are saved again, some of each class in a random one of the eight orientations;
the recall by kind of change, and how many pairs are found among the images themselves, whose files differ. --groups: of
the pairs of photos that a CSV (file, label and the group in the last column; photos beside it) puts in one group, the
share that joining near-duplicates puts there too. --images: seconds for so many generated thumbnails: pages that differ
(random waves), and pages of 17 layouts, crowded. The last line is one JSON object.
"""

import argparse
import json
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from competition.audit.near_duplicates import NearDuplicates, find_near_duplicates
from competition.common.files import digest
from competition.common.seeds import generator
from competition.data.competition import read_competition
from competition.data.images import THUMBNAIL, UnreadableImage, decode_jpeg, encode_jpeg, read_image, thumbnail
from competition.data.letterbox import resize
from competition.data.orientations import oriented
from competition.folds.split import joined_groups
from competition.settings.competition import CompetitionSettings
from competition.settings.prepare import PrepareSettings

SETTINGS = PrepareSettings()
THREADS = os.cpu_count() or 1
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def saved(image: np.ndarray, quality: int) -> np.ndarray:
    return decode_jpeg(np.frombuffer(encode_jpeg(np.ascontiguousarray(image), quality), np.uint8))


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    return resize(image, round(image.shape[0] * factor), round(image.shape[1] * factor))


def cut(image: np.ndarray, shares: np.ndarray) -> np.ndarray:
    top, bottom, left, right = np.round(shares * np.repeat(image.shape[:2], 2)).astype(int)
    return image[top : image.shape[0] - bottom, left : image.shape[1] - right]


CHANGES: dict[str, Change] = {
    **{f"jpeg {quality}": lambda image, _, quality=quality: saved(image, quality) for quality in (90, 70, 50, 40, 30)},
    **{
        f"scale {factor}, jpeg 85": lambda image, _, factor=factor: saved(scaled(image, factor), 85)
        for factor in (0.9, 0.75, 0.6, 0.5)
    },
    "scale 0.5, jpeg 30": lambda image, _: saved(scaled(image, 0.5), 30),
    "a tenth darker, jpeg 85": lambda image, _: saved((image * 0.9).astype(np.uint8), 85),
    "cut by 1 % on every side, jpeg 85": lambda image, _: saved(cut(image, np.full(4, 0.01)), 85),
    "cut by 2 % on every side, jpeg 85": lambda image, _: saved(cut(image, np.full(4, 0.02)), 85),
    "cut by 0 to 2 % of a side, jpeg 85": lambda image, draws: saved(cut(image, draws.uniform(0, 0.02, 4)), 85),
    "cut by 0 to 1 %, scale 0.7, jpeg 50": lambda image, draws: saved(
        scaled(cut(image, draws.uniform(0, 0.01, 4)), 0.7), 50
    ),
}


def search(thumbnails: np.ndarray) -> NearDuplicates:
    return find_near_duplicates(thumbnails, np.arange(len(thumbnails)), SETTINGS.near_duplicate_similarity, THREADS)


def read(path: Path) -> np.ndarray | None:
    try:
        return read_image(path, SETTINGS.longest_side)
    except UnreadableImage:
        return None


def changed_thumbnails(path: Path, changed: bool) -> tuple[np.ndarray, list[np.ndarray]] | None:
    """Return the thumbnail of the page at `path`, and those of the page changed in each way, if `changed`."""
    image = read(path)
    if image is None:
        return None
    again, draws = [], generator(0, "near duplicates", path.name)
    for change in CHANGES.values() if changed else ():
        orientation = int(draws.integers(8))
        again.append(
            thumbnail(
                np.ascontiguousarray(oriented(change(image, draws).transpose(2, 0, 1), orientation).transpose(1, 2, 0))
            )
        )
    return thumbnail(image), again


def recall(root: Path, per_class: int) -> dict:
    competition = read_competition(CompetitionSettings(root=str(root)))
    table = competition.train
    is_changed = table.groupby("target").cumcount() < per_class
    paths = [competition.train_paths[id] for id in table["ID"]]
    found = Parallel(n_jobs=THREADS)(delayed(changed_thumbnails)(*task) for task in zip(paths, is_changed, strict=True))
    kept = [row for row, thumbnails in enumerate(found) if thumbnails]
    pages = np.stack([found[row][0] for row in kept])
    changed = [(place, found[row][1]) for place, row in enumerate(kept) if found[row][1]]
    shares = {}
    for number, name in enumerate(CHANGES):
        near = search(np.concatenate([pages, np.stack([again[number] for _, again in changed])]))
        pairs = set(zip(near.one.tolist(), near.other.tolist(), strict=True))
        shares[name] = round(
            float(np.mean([(place, len(pages) + n) in pairs for n, (place, _) in enumerate(changed)])), 4
        )
        print(f"{name}: {shares[name]:.4f}", flush=True)
    near, files = search(pages), [digest(paths[row]) for row in kept]
    others = [
        (table["ID"][kept[a]], table["ID"][kept[b]], float(s))
        for a, b, s in zip(near.one, near.other, near.similarity, strict=True)
        if files[a] != files[b]
    ]
    return {
        "pages": len(pages),
        "changed": len(changed),
        "recall": shares,
        "pairs_among_the_pages": sorted(others, key=lambda pair: -pair[2]),
    }


def groups_found(path: Path) -> dict:
    table = pd.read_csv(path, dtype=str)
    images = Parallel(n_jobs=THREADS)(delayed(read)(path.parent / file) for file in table.iloc[:, 0])
    near = search(np.stack([thumbnail(image) for image in images]))
    files, y_true = table.iloc[:, 0].tolist(), table.iloc[:, -1]
    made = joined_groups(
        files, [(files[a], files[b]) for a, b in zip(near.one, near.other, strict=True)], [None] * len(files)
    )
    members = pd.Series(made).groupby(y_true)
    together = [one == other for _, names in members for one, other in combinations(names, 2)]
    across = pd.Series(y_true.to_numpy()).groupby(made).nunique()
    return {
        "photos": len(files),
        "groups": len(members),
        "pairs_in_groups": len(together),
        "share_of_pairs_found": round(float(np.mean(together)), 4),
        "groups_wholly_joined": int((members.nunique() == 1).sum()),
        "groups_with_a_pair_found": int((members.nunique() < members.size()).sum()),
        "pairs": len(near.one),
        "joined_across_groups": int((across > 1).sum()),
    }


def generated(count: int, layouts: int) -> np.ndarray:
    """Return `count` thumbnails of random waves: each its own, or with `layouts` one of so many, with three tenths of
    its own.
    """
    draws, own = generator(0, "generated", count, layouts), 0.3 if layouts else 1.0
    strength = 1 / (1 + np.add.outer(np.arange(24), np.arange(24))).astype(np.float32)
    waves = np.cos(np.pi * (2 * np.arange(THUMBNAIL) + 1) * np.arange(24)[:, None] / (2 * THUMBNAIL)).astype(np.float32)
    shared = draws.normal(size=(max(layouts, 1), 24, 24)).astype(np.float32)
    result = np.empty((count, THUMBNAIL, THUMBNAIL), np.uint8)
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        values = (
            own * draws.normal(size=(size, 24, 24)).astype(np.float32)
            + (1 - own) * shared[draws.integers(len(shared), size=size)]
        )
        images = waves.T @ (values * strength) @ waves
        result[start : start + size] = np.clip(128 + 40 * images / images.std(axis=(1, 2), keepdims=True), 0, 255)
    return result


def timed(count: int) -> dict:
    seconds = {}
    for name, layouts in (("different pages", 0), ("17 layouts", 17)):
        thumbnails = generated(count, layouts)
        began, busy = perf_counter(), process_time()
        near = search(thumbnails)
        seconds[name] = {
            "seconds": round(perf_counter() - began, 1),
            "processor_seconds": round(process_time() - busy, 1),
            "pairs": len(near.one),
            "crowded": near.crowded,
        }
        print(name, seconds[name], flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, help="folder of a competition: train.csv, train/, ...")
    parser.add_argument("--per-class", type=int, default=15, help="images of each class that are changed")
    parser.add_argument("--groups", type=Path, help="CSV with the columns file, label and a group, beside the photos")
    parser.add_argument("--images", type=int, help="number of generated thumbnails")
    given = parser.parse_args()
    result: dict = {"similarity": SETTINGS.near_duplicate_similarity, "threads": THREADS}
    if given.pages:
        result["pages"] = recall(given.pages, given.per_class)
    if given.groups:
        result["groups"] = groups_found(given.groups)
    if given.images:
        result["generated"] = {"images": given.images} | timed(given.images)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
