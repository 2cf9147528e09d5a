"""Make the damaged copies offline and pack them: `python -m pipelines.augment` (stage `augment`).

Makes data/augmented.arrow (per training image the clean one, the training copies, and if it is scored a test-like one
and a severe one) and data/test_squares.arrow (the test images), as squares, letterboxed or turned upright, so that no
later stage decodes or resizes an image again; folds/augmented.png, an image grid of sources and their copies to look
at; and folds/image_statistics.npz, what `predict` compares new images with.
"""

from pathlib import Path
from time import perf_counter

import pandas as pd

from competition.audit.image_statistics import stored_statistics, write_statistics
from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.contact_sheet import write_contact_sheet
from competition.augmentation.offline import Augmenter, copies_code, copies_of, pack
from competition.common import paths
from competition.common.files import digest
from competition.common.fonts import letters_note
from competition.common.locks import Use
from competition.compute.pool import release
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.label_sets import holds_several
from competition.folds.leakage import check_packed_images
from competition.folds.unscored import read_unscored
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
    unscored = read_unscored(paths.UNSCORED)
    bank = open_bank(settings.names(), settings, machine, paths.NOISE_BANK.resolve())
    release()
    straighten = open_straightener(everything.upright, out_of_fold=True)
    if straighten is not None:
        log("turning pages upright", networks=straighten.folder)
    augmenter = Augmenter(
        str(train.path.resolve()), settings, bank, several=several, straighten=straighten, unscored=unscored
    )
    log_copies(targets, augmenter)
    pack_and_check(paths.AUGMENTED_STORE, train, augmenter, machine)
    of_all = open_straightener(everything.upright)
    clean_only = Augmenter(str(test.path.resolve()), settings, clean_only=True, straighten=of_all)
    pack_and_check(paths.TEST_RESIZED_STORE, test, clean_only, machine)
    packed = ImageStore(paths.AUGMENTED_STORE)
    write_statistics(paths.IMAGE_STATISTICS, stored_statistics(packed, settings.fill))
    write_contact_sheet(paths.CONTACT_SHEET, packed, classes)
    if note := letters_note(classes.values()):
        log("warning: class names in pictures", problem=note)
    log("drawn", path=paths.CONTACT_SHEET)


def log_copies(targets: list[str], augmenter: Augmenter) -> None:
    of_class = dict(zip(targets, copies_of(targets, augmenter.settings, augmenter.several).tolist(), strict=True))
    packed = int(augmenter.counts().sum())
    least, most = min(of_class, key=of_class.get), max(of_class, key=of_class.get)
    log(
        "copies",
        images=len(targets),
        packed=packed,
        fewest=f"{of_class[least]} (class {least})",
        most=f"{of_class[most]} (class {most})",
        about_mb=round(packed * augmenter.settings.size**2 * BYTES_PER_PIXEL / 1e6),
    )


def pack_and_check(target: Path, source: ImageStore, augmenter: Augmenter, machine: MachineSettings) -> None:
    """Pack what `augmenter` makes of `source`, and check it for leaks."""
    began, images = perf_counter(), int(augmenter.counts().sum())
    log("augmenting", source=source.path, images=len(source), packed=images, size=augmenter.settings.size)
    kinds = augmenter.clean_only, augmenter.several, sorted(augmenter.unscored)
    settings = augmenter.settings
    key = digest(source.path, settings.model_dump(), settings.dumped_transforms(), copies_code(), *kinds)
    if augmenter.straighten is not None:
        key = digest(key, augmenter.straighten.key())
    pack(target, augmenter, paths.STATE / f"augment-{key}", machine, f"augment {target.stem}")
    check_packed(target, source)
    seconds = perf_counter() - began
    log("packed", path=target, images=images, seconds=round(seconds, 1), images_per_s=round(images / seconds))


def check_packed(path: Path, sources: ImageStore) -> None:
    """Raise LeakError unless each image in `path` is made of one of `sources`, under its ID."""
    images = ImageStore(path)
    packed = pd.DataFrame({name: images.column(name) for name in ("id", "source_id", "target", "view", "copy")})
    check_packed_images(packed, dict(zip(sources.column("id"), sources.column("target"), strict=True)), str(path))


if __name__ == "__main__":
    run(main, use=Use.PACK)
