"""Whether memory stays flat, and the time for an image the same, from 20,000 to 200,000 images.

    python tests/benchmarks/scale.py --folder ../scale [--images 20000 200000]

For each size a competition of drawn pictures (32 pixels, ten kinds, three in four for training) is made and taken through prepare, split,
augment (one copy), one epoch of a tiny network on each of two folds (timm's test_efficientnet), vote and ensemble, with the preset
`many`, as child processes that are watched: seconds, and memory of all their processes together without pages of files. The last line
is one JSON object: by size and stage seconds, microseconds for an image, and memory, and `time_ratio`, what an image takes at
the largest size against the smallest, all stages together. Run it on a machine that does nothing else.
"""

import argparse
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml
from stages import ROOT, begin

from competition.planning.watch import Taken, run_watched
from competition.seeds import generator

SIDE, KINDS = 32, 10
NETWORK = {"kind": "finetuned", "network": "test_efficientnet", "weights": "none", "size": SIDE, "epochs": 1, "batch_size": 64}


def params() -> dict:
    """Return the preset `many` with tiny pictures and a tiny network, two folds, and one epoch."""
    values = yaml.safe_load((ROOT / "competition/presets/many.yaml").read_text(encoding="utf-8"))
    values["augment"] |= {"size": SIDE}
    return values | {"split": {"folds": [0, 1]}, "train": {"members": ["tiny"]}, "members": {"tiny": NETWORK},
                     "specialize": values["specialize"] | {"base": "tiny", "network": NETWORK}}



def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each size, and replaced")
    parser.add_argument("--images", type=int, nargs="+", default=[20_000, 200_000])
    return parser.parse_args()


def draw(kind: int, draws: np.random.Generator) -> np.ndarray:
    """Return a picture (SIDE, SIDE, 3) of bars and noise; `kind` is how many bars, where they stand is by chance."""
    picture = draws.integers(120, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    for row in draws.integers(0, SIDE, kind + 1):
        picture[row : row + 2] = draws.integers(0, 100, 3)
    return picture


def make(root: Path, images: int) -> None:
    """Write a competition of `images` pictures to `root`."""
    rows = {"train": [], "test": []}
    for part in rows:
        (root / part).mkdir(parents=True)
    for number in range(images):
        kind, part = number % KINDS, "test" if number % 40 >= 30 else "train"
        name = f"{number:07d}.jpg"
        cv2.imwrite(str(root / part / name), draw(kind, generator(0, "picture", number)))
        rows[part].append((name, kind if part == "train" else 0))
    for part, file in (("train", "train.csv"), ("test", "sample_submission.csv")):
        pd.DataFrame(rows[part], columns=["ID", "target"]).to_csv(root / file, index=False)


def run_stages(folder: Path, images: int) -> dict[str, Taken]:
    taken = {}
    for stage in ("prepare", "split", "augment", "train tiny 0", "train tiny 1", "specialize 0", "specialize 1", "vote", "ensemble"):
        name, *rest = stage.split()
        taken[stage] = run_watched(f"pipelines.{name}", rest, folder)
        print(f"{images:>7} {stage:14s} {taken[stage].seconds:8.1f} s {taken[stage].memory / 1e9:6.2f} GB", flush=True)
    return taken


def main() -> None:
    given = parse()
    sizes = {}
    for images in given.images:
        folder = given.folder.resolve() / str(images)
        shutil.rmtree(folder, ignore_errors=True)
        begin(folder, params())
        make(folder / "data/raw", images)
        sizes[images] = run_stages(folder, images)
    total = {images: sum(taken.seconds for taken in of.values()) / images for images, of in sizes.items()}
    facts = {images: {stage: {"seconds": round(taken.seconds, 1), "us_per_image": round(1e6 * taken.seconds / images),
                              "memory_gb": round(taken.memory / 1e9, 2)} for stage, taken in of.items()} for images, of in sizes.items()}
    most = max(taken.memory for of in sizes.values() for taken in of.values())
    ratio = total[max(total)] / total[min(total)]
    print(json.dumps({"time_ratio": round(ratio, 3), "most_memory_gb": round(most / 1e9, 2), "sizes": facts}))


if __name__ == "__main__":
    main()
