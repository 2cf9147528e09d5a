"""What a member loses to the cameras: pages turned upright as they are found, as they really lie, and as photographed.

    python tests/benchmarks/true_camera.py PROJECT --folder DIR [--member lite0] [--fold 0] [--set augment.copies=8 ...]

PROJECT: a folder whose stages have run up to `upright` (`use: on`); nothing in it is changed. DIR becomes three
projects, which differ in nothing else. Of each the member is trained on the one fold: what stands in DIR is not
computed again. How the test images really lie is known to nobody, so scores are out of fold. The last line is one JSON
object: by way, the score of test-like and of clean images.
"""

import json
import os
import shutil
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


def augment_by_true_camera(folder: Path, test_squares: Path) -> None:
    """Do what the stage `augment` does, in this process, which stands in `folder` afterwards.

    test_squares: the test images as they were found, whose cameras nobody knows.
    """
    os.chdir(folder)
    shutil.copy(test_squares, paths.TEST_RESIZED_STORE)
    settings = load_settings()
    augment, machine = settings.augment, settings.machine
    bank = open_bank(augment.names(), augment, machine, paths.NOISE_BANK.resolve())
    release()
    pages = TrueCamera(
        str(paths.TRAIN_STORE.resolve()), augment, bank, straighten=open_straightener(settings.upright, True)
    )
    pack(paths.AUGMENTED_STORE, pages, paths.STATE / "true-camera", machine, "true camera")
    release()


def main() -> None:
    given = parser(__doc__).parse_args()
    given.folder, given.project = given.folder.resolve(), given.project.resolve()
    found = {}
    for way, changes in WAYS.items():
        folder = given.folder / way
        make(given.project, folder, [*given.set, *changes])
        if way != "true_camera":
            once(folder, "augment")
        elif not (folder / paths.AUGMENTED_STORE).is_file():
            augment_by_true_camera(folder, given.folder / "found" / paths.TEST_RESIZED_STORE)
        once(folder, "train", given.member, str(given.fold))
        os.chdir(folder)
        score = scores(given.member, given.fold)
        found[way] = {name: round(float(score[name]), 4) for name in ("test_like", "clean")}
        print(way, found[way], flush=True)
    images = len(ImageStore(paths.AUGMENTED_STORE))
    print(json.dumps({"set": given.set, "member": given.member, "fold": given.fold, "images": images} | found))


if __name__ == "__main__":
    main()
