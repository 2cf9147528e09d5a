"""How fast a packed store is read back: decoded, as uint8, in random order, by as many threads as there are cores.

    dvc repro augment && python tests/benchmarks/store.py

Run from a project's folder. The last line is one JSON object.
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

import cv2
import numpy as np

from competition.common.seeds import generator
from competition.data.image_store import ImageStore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=Path("data/augmented.arrow"))
    parser.add_argument("--images", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    store, threads = ImageStore(given.store), os.cpu_count() or 1

    def decoded(rows: np.ndarray) -> int:
        return sum(store.image(int(row)).nbytes for row in rows)

    rates = []
    with ThreadPoolExecutor(threads) as pool:
        for number in range(given.rounds):
            rows = generator(number, "benchmark").integers(0, len(store), given.images)
            began = perf_counter()
            size = sum(pool.map(decoded, np.array_split(rows, threads * 8)))
            rates.append(given.images / (perf_counter() - began))
    print(
        json.dumps(
            {
                "images": len(store),
                "gigabytes": round(given.store.stat().st_size / 1e9, 2),
                "threads": threads,
                "bytes_per_image_decoded": round(size / given.images),
                "images_per_s": round(median(rates)),
            }
        )
    )


if __name__ == "__main__":
    main()
