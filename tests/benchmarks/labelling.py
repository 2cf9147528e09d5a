"""How fast `predict` labels a folder: by the whole vote, and with --fast; and how long it takes to start.

    python tests/benchmarks/labelling.py data/raw/test --rounds 3

Run from the folder of a project whose stages have run. The commands are run by turns; the last line is one JSON object, of medians.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with images")
    parser.add_argument("--member", help="as predict's; left out, the leaderboard's best")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    options = ["--member", given.member] if given.member else []
    runs = [(label(given.folder, *options), label(given.folder, *options, "--fast")) for _ in range(given.rounds)]
    whole, fast = zip(*runs, strict=True)
    print(json.dumps({
        "images": int(whole[0]["images"]),
        "images_per_s": median(run["images_per_s"] for run in whole),
        "fast_images_per_s": median(run["images_per_s"] for run in fast),
        "times_as_fast": round(median(f["images_per_s"] / w["images_per_s"] for w, f in runs), 1),
        "seconds_to_start": round(median(run["start"] for run in whole), 1),
        "fast_seconds_to_start": round(median(run["start"] for run in fast), 1),
    }))  # fmt: skip


def label(folder: Path, *options: str) -> dict[str, float]:
    """Return what `predict` says of its work, and `start`, the seconds that it did anything else."""
    with tempfile.TemporaryDirectory() as place:
        began = perf_counter()
        done = subprocess.run([sys.executable, "-m", "pipelines.predict", folder, "--out", f"{place}/labels.csv", *options],
                              stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        seconds = perf_counter() - began
    last = next(line for line in done.stdout.splitlines() if line.startswith("labelled "))
    print(last, flush=True)
    facts = {key: float(value) for key, value in re.findall(r"(images|seconds|images_per_s)=([\d.]+)", last)}
    return facts | {"start": seconds - facts["seconds"]}


if __name__ == "__main__":
    main()
