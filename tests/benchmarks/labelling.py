"""How fast `predict` labels a folder: by the whole final vote, and with --fast; and how long it takes to start.

    python tests/benchmarks/labelling.py data/raw/test --images 1000 --rounds 3

Run from the folder of a project whose stages have run. The commands are run by turns, on the same images; the last line
is one JSON object, of medians. `times_as_fast` compares images per second, `times_as_little_cpu` processor seconds per
image, both of a round's two runs.
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

MEASURED = ("images", "seconds", "cpu_seconds", "images_per_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with images")
    parser.add_argument(
        "--images", type=int, default=1000, help="labelled, the first ones of the folder; fewer if it has fewer"
    )
    parser.add_argument("--member", help="as predict's; left out, the final vote")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    options = ["--member", given.member] if given.member else []
    with tempfile.TemporaryDirectory() as place:
        for path in sorted(path for path in given.folder.iterdir() if path.is_file())[: given.images]:
            Path(place, path.name).symlink_to(path.resolve())
        runs = [(label(place, *options), label(place, *options, "--fast")) for _ in range(given.rounds)]
    whole, fast = zip(*runs, strict=True)
    print(
        json.dumps(
            {
                "vote": whole[0]["vote"],
                "fast_vote": fast[0]["vote"],
                "images": int(whole[0]["images"]),
                "images_per_s": median(run["images_per_s"] for run in whole),
                "fast_images_per_s": median(run["images_per_s"] for run in fast),
                "times_as_fast": round(median(w["seconds"] / f["seconds"] for w, f in runs), 1),
                "times_as_little_cpu": round(median(w["cpu_seconds"] / f["cpu_seconds"] for w, f in runs), 1),
                "seconds_to_start": round(median(run["start"] for run in whole), 1),
                "fast_seconds_to_start": round(median(run["start"] for run in fast), 1),
            }
        )
    )


def label(folder: str, *options: str) -> dict:
    """Return what `predict` says of its work, the `vote` it cast, and `start`, the seconds that it did anything
    else.
    """
    with tempfile.TemporaryDirectory() as place:
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.predict", folder, "--out", f"{place}/labels.csv", *options],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = perf_counter() - began
    asking, last = (
        next(line for line in done.stdout.splitlines() if line.startswith(word)) for word in ("asking ", "labelled ")
    )
    print(asking, last, sep="\n", flush=True)
    facts = {name: float(re.search(rf" {name}=([\d.]+)", last)[1]) for name in MEASURED}
    return facts | {"vote": re.search(r"vote=(\S+)", asking)[1], "start": seconds - facts["seconds"]}


if __name__ == "__main__":
    main()
