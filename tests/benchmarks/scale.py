"""Whether memory stays flat, and the time for an image the same, from 20,000 to 200,000 images.

    python tests/benchmarks/scale.py --folder ../scale [--images 20000 200000]

For each size a competition of drawn pictures (32 pixels, ten kinds, three in four for training) is made and taken
through prepare, split, augment (one copy), one epoch of a tiny network on each of two folds (timm's test_efficientnet),
specialize, review, vote and ensemble, with the preset `many`, as child processes that are watched: seconds, and memory
of all their processes together without pages of files. Before it `python -m pipelines.plan` says what each will take.
The last line is one JSON object: by size and stage seconds and memory, beside what was forecast; what an image takes,
all stages together; and `time_ratio`, that at the largest size against the smallest. Run it on a machine that does
nothing else.
"""

import argparse
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml
from stages import ROOT, begin, plan_and_run

from competition.common.seeds import generator

SIDE, KINDS = 32, 10
NETWORK = {
    "kind": "finetuned",
    "network": "test_efficientnet",
    "weights": "none",
    "size": SIDE,
    "epochs": 1,
    "batch_size": 64,
}


def params() -> dict:
    """Return the preset `many` with tiny pictures and a tiny network, two folds, and one epoch."""
    values = yaml.safe_load((ROOT / "competition/settings/presets/many.yaml").read_text(encoding="utf-8"))
    values["augment"] |= {"size": SIDE}
    return values | {
        "split": {"folds": [0, 1]},
        "train": {"members": ["tiny"]},
        "members": {"tiny": NETWORK},
        "specialize": values["specialize"] | {"base": ["tiny"], "network": NETWORK},
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, required=True, help="a project is made in it for each size, and replaced"
    )
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


def main() -> None:
    given = parse()
    sizes = {}
    for images in given.images:
        folder = given.folder.resolve() / str(images)
        shutil.rmtree(folder, ignore_errors=True)
        begin(folder, params())
        make(folder / "data/raw", images)
        sizes[images] = plan_and_run(folder)
    each = {images: sum(stage["seconds"] for stage in stages.values()) / images for images, stages in sizes.items()}
    most = max(stage["memory_gb"] for stages in sizes.values() for stage in stages.values())
    print(
        json.dumps(
            {
                "time_ratio": round(each[max(each)] / each[min(each)], 3),
                "most_memory_gb": most,
                "us_per_image": {images: round(1e6 * seconds) for images, seconds in each.items()},
                "sizes": sizes,
            }
        )
    )


if __name__ == "__main__":
    main()
