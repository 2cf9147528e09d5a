"""What a member loses to the cameras: pages turned upright as they are found, as they really lie, and as photographed.

    python tests/benchmarks/true_camera.py PROJECT --folder DIR [--member lite0] [--fold 0] [--set augment.copies=8 ...]

PROJECT: a folder whose stages have run up to `upright` (`use: on`); nothing in it is changed. DIR becomes three
projects, which differ in nothing else. Of each the member is trained on the one fold: what stands in DIR is not
computed again. How the test images really lie is known to nobody, so scores are out of fold. The last line is one JSON
object: by way, the score of test-like and of clean images.
"""

import json
import os
from pathlib import Path

import numpy as np
from one_fold import make, parser, scores
from stages import once

from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.offline import Augmenter, pack
from competition.common import paths
from competition.compute.pool import release
from competition.data.image_store import ImageStore
from competition.data.orientations import ORIENTATIONS
from competition.settings.load import load_settings
from competition.upright.errors import Errors
from competition.upright.geometry import UNIT_SQUARE, whole
from competition.upright.page import upright_square
from competition.upright.straighten import open_straightener

WAYS = {"found": [], "true_camera": [], "photographed": ["upright.use=off"]}
NO_ERROR = Errors(UNIT_SQUARE[None], np.eye(1, ORIENTATIONS))


class TrueCamera(Augmenter):
    """Augmenter of the same pictures that knows how the page lies in those that were damaged once."""

    def _straightened(self, straighten, pictures):
        size, fill, made = self.settings.size, self.settings.fill, []
        for one in pictures:
            corners = whole(one.image) if one.corners is None else one.corners
            page = NO_ERROR.page(corners, one.image, np.random.default_rng(0))
            square, likely = upright_square(one.image, page, size, fill)
            made.append((square, {"orientations": likely.astype(np.float32).tolist()}))
        return made


def augment_by_true_camera(folder: Path) -> None:
    """Do what the stage `augment` does, in this process, which stands in `folder` afterwards."""
    os.chdir(folder)
    if paths.AUGMENTED_STORE.is_file() and paths.TEST_RESIZED_STORE.is_file():
        return
    settings = load_settings()
    augment, machine = settings.augment, settings.machine
    bank = open_bank(augment.names(), augment, machine, paths.NOISE_BANK.resolve())
    release()
    train, test = (str(path.resolve()) for path in (paths.TRAIN_STORE, paths.TEST_STORE))
    of_all = open_straightener(settings.upright)
    pages = TrueCamera(train, augment, bank, straighten=of_all)
    pack(paths.AUGMENTED_STORE, pages, paths.STATE / "true-camera-train", machine, "true camera")
    test_images = Augmenter(test, augment, clean_only=True, straighten=of_all)
    pack(paths.TEST_RESIZED_STORE, test_images, paths.STATE / "true-camera-test", machine, "test images")
    release()


def main() -> None:
    given = parser(__doc__).parse_args()
    given.folder, given.project = given.folder.resolve(), given.project.resolve()
    found = {}
    for way, changes in WAYS.items():
        folder = given.folder / way
        make(given.project, folder, [*given.set, *changes])
        if way == "true_camera":
            augment_by_true_camera(folder)
        else:
            once(folder, "augment")
        once(folder, "train", given.member, str(given.fold))
        os.chdir(folder)
        score = scores(given.member, given.fold)
        found[way] = {name: round(float(score[name]), 4) for name in ("test_like", "clean")}
        print(way, found[way], flush=True)
    images = len(ImageStore(paths.AUGMENTED_STORE))
    print(json.dumps({"set": given.set, "member": given.member, "fold": given.fold, "images": images} | found))


if __name__ == "__main__":
    main()
