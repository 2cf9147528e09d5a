"""Makes the damaged copies offline and packs them: `python -m pipelines.augment` (stage `augment`).

Makes data/augmented.arrow (per training image a clean square, a test-like view and the training copies),
data/test_squares.arrow (per test image its square), so that no later stage decodes or resizes a page again, and
folds/augmented.png, a sheet of sources and their copies to look at.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.augmentation.bank import Bank, open_bank
from competition.augmentation.contact_sheet import write_contact_sheet
from competition.augmentation.offline import Augmenter, copies_of
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.compute.pool import release
from competition.data.image_store import ImageStore
from competition.data.packing import build
from competition.folds.leakage import check_views
from competition.settings.augment import AugmentSettings
from competition.settings.load import load_settings
from competition.settings.machine import MachineSettings
from pipelines._main import log, run

CODE = "competition.augmentation.offline"  # whose source names the state

VIEWS_PER_PART = 256  # a few seconds' work: what a killed run loses, and often enough for the progress to move
BYTES_PER_PIXEL = 0.24  # of a copy's JPEG at quality 90 under the document policy


def main() -> None:
    everything = load_settings()
    settings, machine = everything.augment, everything.machine
    copies = count_copies("data/train.arrow", settings)
    names = sorted({name for purpose in ("train", "test_like") for name in settings.transforms_for(purpose)})
    bank = open_bank(names, settings, machine, Path("data/cache/bank").resolve())
    release()
    pack("data/train.arrow", "data/augmented.arrow", settings, machine, bank, copies + 2)
    pack("data/test.arrow", "data/test_squares.arrow", settings, machine)
    classes = pd.read_csv("folds/classes.csv", dtype=str, keep_default_na=False)
    class_names = dict(zip(classes.target, classes.class_name, strict=True))
    write_contact_sheet("folds/augmented.png", ImageStore("data/augmented.arrow"), class_names)
    log("drawn", path="folds/augmented.png")


def count_copies(source: str, settings: AugmentSettings) -> np.ndarray:
    targets = ImageStore(source).column("target")
    copies = copies_of(targets, settings)
    views = int((copies + 2).sum())
    of_class = dict(zip(targets, copies.tolist(), strict=True))
    least, most = min(of_class, key=of_class.get), max(of_class, key=of_class.get)
    log(
        "copies",
        images=len(targets),
        views=views,
        fewest=f"{of_class[least]} (class {least})",
        most=f"{of_class[most]} (class {most})",
        about_mb=round(views * settings.size**2 * BYTES_PER_PIXEL / 1e6),
    )
    return copies


def pack(
    source: str,
    target: str,
    settings: AugmentSettings,
    machine: MachineSettings,
    bank: Bank | None = None,
    views: np.ndarray | None = None,
) -> None:
    """Pack the `views` (N,) of each image of `source`; without, its clean square alone."""
    began = perf_counter()
    sources = ImageStore(source)
    images = len(sources)
    views, clean_only = (np.ones(images, np.int64), True) if views is None else (views, False)
    log("augmenting", source=source, images=images, views=int(views.sum()), size=settings.size)
    state = Path("data/state") / f"augment-{digest(Path(source), settings.model_dump(), code_digest(CODE), clean_only)}"
    augmenter = Augmenter(str(Path(source).resolve()), settings, bank, clean_only)
    part_size = max(1, images * VIEWS_PER_PART // max(1, int(views.sum())))
    build(
        target,
        range(images),
        augmenter,
        state,
        part_size=part_size,
        machine=machine,
        title=f"augment {Path(target).stem}",
        per_job=views,
        unit="view",
    )
    check_packed(target, sources)
    seconds = perf_counter() - began
    log(
        "packed",
        path=target,
        images=int(views.sum()),
        seconds=round(seconds, 1),
        images_per_s=round(views.sum() / seconds),
    )


def check_packed(path: str, sources: ImageStore) -> None:
    """Raise LeakError unless each view in `path` is of one of `sources`, under its ID."""
    packed = ImageStore(path)
    views = pd.DataFrame({name: packed.column(name) for name in ("id", "source_id", "target", "view", "copy")})
    check_views(views, dict(zip(sources.column("id"), sources.column("target"), strict=True)), path)


if __name__ == "__main__":
    run(main)
