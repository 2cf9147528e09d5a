"""Make the damaged copies offline and pack them: `python -m pipelines.augment` (stage `augment`).

Makes data/augmented.arrow (per training image the clean one, a test-like one and the training copies) and
data/test_squares.arrow (the test images), as squares, letterboxed or turned upright, so that no later stage decodes or
resizes an image again; folds/augmented.png, an image grid of sources and their copies to look at; and
folds/image_statistics.npz, what `predict` compares new images with.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.audit.image_statistics import stored_statistics, write_statistics
from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.contact_sheet import write_contact_sheet
from competition.augmentation.offline import Augmenter, copies_code, copies_of, pack, packed_of
from competition.common import paths
from competition.common.files import digest
from competition.common.fonts import letters_note
from competition.common.locks import Use
from competition.compute.pool import release
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.label_sets import holds_several
from competition.folds.leakage import check_packed_images
from competition.settings.augment import AugmentSettings
from competition.settings.load import load_settings
from competition.settings.machine import MachineSettings
from competition.upright.straighten import open_straightener
from pipelines._main import log, run

BYTES_PER_PIXEL = 0.24  # of a copy's JPEG at quality 90 under the document policy


def main() -> None:
    everything = load_settings()
    settings, machine = everything.augment, everything.machine
    train, test = ImageStore(paths.TRAIN_STORE), ImageStore(paths.TEST_STORE)
    targets, classes = train.column("target"), read_classes(paths.CLASSES)
    several = holds_several(targets, tuple(classes))
    log_copies(targets, settings, several)
    bank = open_bank(settings.names(), settings, machine, paths.NOISE_BANK.resolve())
    release()
    straighten = open_straightener(everything.upright, out_of_fold=True)
    if straighten is not None:
        log("turning pages upright", networks=straighten.folder)
    augmenter = Augmenter(str(train.path.resolve()), settings, bank, several=several, straighten=straighten)
    pack_and_check(paths.AUGMENTED_STORE, train, augmenter, machine, packed_of(targets, settings, several))
    of_all = open_straightener(everything.upright)
    clean_only = Augmenter(str(test.path.resolve()), settings, clean_only=True, straighten=of_all)
    pack_and_check(paths.TEST_RESIZED_STORE, test, clean_only, machine, np.ones(len(test), np.int64))
    packed = ImageStore(paths.AUGMENTED_STORE)
    write_statistics(paths.IMAGE_STATISTICS, stored_statistics(packed, settings.fill))
    write_contact_sheet(paths.CONTACT_SHEET, packed, classes)
    if note := letters_note(classes.values()):
        log("warning: class names in pictures", problem=note)
    log("drawn", path=paths.CONTACT_SHEET)


def log_copies(targets: list[str], settings: AugmentSettings, several: bool) -> None:
    of_class = dict(zip(targets, copies_of(targets, settings, several).tolist(), strict=True))
    packed = int(packed_of(targets, settings, several).sum())
    least, most = min(of_class, key=of_class.get), max(of_class, key=of_class.get)
    log(
        "copies",
        images=len(targets),
        packed=packed,
        fewest=f"{of_class[least]} (class {least})",
        most=f"{of_class[most]} (class {most})",
        about_mb=round(packed * settings.size**2 * BYTES_PER_PIXEL / 1e6),
    )


def pack_and_check(
    target: Path, source: ImageStore, augmenter: Augmenter, machine: MachineSettings, counts: np.ndarray
) -> None:
    """Pack what `augmenter` makes of `source`, `counts` (N,) of each image, and check it for leaks."""
    began = perf_counter()
    log("augmenting", source=source.path, images=len(counts), packed=int(counts.sum()), size=augmenter.settings.size)
    key = digest(source.path, augmenter.settings.model_dump(), copies_code(), augmenter.clean_only, augmenter.several)
    if augmenter.straighten is not None:
        key = digest(key, augmenter.straighten.key())
    pack(target, augmenter, paths.STATE / f"augment-{key}", machine, counts, f"augment {target.stem}")
    check_packed(target, source)
    seconds = perf_counter() - began
    images_per_s = round(counts.sum() / seconds)
    log("packed", path=target, images=int(counts.sum()), seconds=round(seconds, 1), images_per_s=images_per_s)


def check_packed(path: Path, sources: ImageStore) -> None:
    """Raise LeakError unless each image in `path` is made of one of `sources`, under its ID."""
    images = ImageStore(path)
    packed = pd.DataFrame({name: images.column(name) for name in ("id", "source_id", "target", "view", "copy")})
    check_packed_images(packed, dict(zip(sources.column("id"), sources.column("target"), strict=True)), str(path))


if __name__ == "__main__":
    run(main, use=Use.PACK)
