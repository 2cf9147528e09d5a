"""How much faster the distinct views are than 20 plain passes of test-time augmentation, the same vote either way.

python tests/benchmarks/tta.py            lite0 at 160 pixels; the last line is one JSON object

Both ways predict the same images with the same network, at the same precision, in turns; the ratio is of the medians.
Both include decoding. Plain: every pass decodes its images, flips and turns each one as it drew, and predicts it.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from competition.images import encode_jpeg
from competition.inference import predict_proba
from competition.models.fusion import for_inference
from competition.models.networks import create_network
from competition.models.processor import device, keep_memory, use_bfloat16
from competition.seeds import generator
from competition.settings import FinetunedSettings
from competition.shards import ImageStore, write_rows
from competition.voting import VIEWS, view_weights


def make_store(path: Path, images: int, size: int) -> ImageStore:
    draws = generator(0, "benchmark")
    blocks = draws.integers(0, 256, (images, size // 8, size // 8, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    write_rows(path, [{"id": str(n), "source_id": str(n), "view": "clean", "copy": 0, "height": size, "width": size,
                       "image": encode_jpeg(image, 90)} for n, image in enumerate(blocks)])  # fmt: skip
    return ImageStore(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    given = parser.parse_args()
    keep_memory()
    settings = FinetunedSettings(size=160, precision=given.precision)
    network, normalise = create_network(settings, 17)
    network = for_inference(network.to(device()), settings.size, use_bfloat16(settings.precision))
    weights = view_weights(given.passes, seed=0)
    passes = np.repeat(np.arange(VIEWS), np.rint(weights * given.passes).astype(int))  # the drawn views, one per pass
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "images.arrow", given.images, settings.size)
        rows = np.arange(len(store))

        def predict(share: np.ndarray) -> np.ndarray:
            return predict_proba(network, normalise, store, rows, settings.size, settings.precision, share)

        def plain() -> np.ndarray:
            return np.mean([predict(np.eye(VIEWS)[element]) for element in passes], axis=0)

        ways = {"plain": plain, "distinct": lambda: predict(weights)}
        answers = {name: way() for name, way in ways.items()}  # warms both up
        assert np.allclose(answers["plain"], answers["distinct"], atol=1e-5), "the two ways differ in their vote"
        seconds = {name: [] for name in ways}
        for _ in range(given.repeats):
            for name, way in ways.items():
                began = perf_counter()
                way()
                seconds[name].append(perf_counter() - began)
    rate = {name: given.images / median(times) for name, times in seconds.items()}
    precision = "bfloat16" if use_bfloat16(settings.precision) else "float32"
    print(f"lite0 at {settings.size} pixels, {precision}, {torch.get_num_threads()} threads: {given.images} images, "
          f"{given.passes} passes, {np.count_nonzero(weights)} distinct views, median of {given.repeats}")  # fmt: skip
    print(f"plain: {rate['plain']:.1f} images/s   distinct: {rate['distinct']:.1f} images/s")
    print(json.dumps({"tta_ratio": round(rate["distinct"] / rate["plain"], 3), "plain_images_per_s": round(rate["plain"], 1),
                      "distinct_images_per_s": round(rate["distinct"], 1)}))  # fmt: skip


if __name__ == "__main__":
    main()
