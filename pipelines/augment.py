"""Makes the damaged copies offline and packs them: `python -m pipelines.augment` (stage `augment`).

Makes data/augmented.arrow (per training image a clean square, a test-like view and the training copies) and
data/test_squares.arrow (per test image its square), so that no later stage decodes or resizes a page again.
"""

import os
from pathlib import Path
from time import perf_counter

from competition.augmentation.offline import Augmenter
from competition.files import code_digest, digest
from competition.settings import AugmentSettings, load_settings
from competition.shards import ImageStore, build
from pipelines._main import log, run


def main() -> None:
    settings = load_settings().augment
    pack("data/train.arrow", "data/augmented.arrow", settings, clean_only=False)
    pack("data/test.arrow", "data/test_squares.arrow", settings, clean_only=True)


def pack(source: str, target: str, settings: AugmentSettings, clean_only: bool) -> None:
    began = perf_counter()
    images = len(ImageStore(source))
    views = images * (1 if clean_only else 2 + settings.copies)
    log("augmenting", source=source, images=images, views=views, size=settings.size)
    state = Path("data/state") / f"augment-{digest(Path(source), settings.model_dump(), code_digest(), clean_only)}"
    build(target, range(images), Augmenter(source, settings, clean_only), state,
          part_size=128 if clean_only else 16, workers=os.cpu_count() or 1, title=f"augment {Path(target).stem}")
    seconds = perf_counter() - began
    log("packed", path=target, images=views, seconds=round(seconds, 1), images_per_s=round(views / seconds))


if __name__ == "__main__":
    run(main)
