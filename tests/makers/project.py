"""A tiny competition of image files, and its stages run in this process: what commands need that come after
training.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.packed import TARGETS, square
from makers.shared import made_once
from PIL import Image

TRAIN, TEST, FOLDS = 18, 8, (0, 1)
UNREADABLE = "t7.png"  # the last test image
PARAMS = """
competition: {root: data/raw}
prepare: {longest_side: 48, near_duplicate_similarity: 1}
split: {folds: [0, 1]}
augment: {size: 40, copies: 1, policy: none, test_like: {policy: none}}
train: {members: [lite0, features, grey]}
members:
  lite0: &lite0 {kind: finetuned, network: test_efficientnet, weights: none, size: 32, epochs: 2, batch_size: 4,
                 learning_rate: 0.003, precision: float32}
  features: {kind: features, network: test_efficientnet, weights: none, size: 32, copies: 1, classifier: mlp,
             precision: float32}
  grey: {kind: grey, size: 8, copies: 1}
specialize: {base: [lite0], hard_classes: ["7", "10", x], mode: replace, network: *lite0}
upright: {use: off}
adapt: {members: []}
refit: {members: [], seeds: [0]}
distil: {student: []}
tta: {passes: 5}
ensemble: {resamples: 100}
machine: {workers: 1}
"""


# of other tasks: what stands in the place of the specialist
TASKS = {
    "label": "",
    "probabilities": "task: {answer: probabilities, metric: log_loss}\nspecialize: {base: []}\n",
    "label_list": "task: {labels: multi, answer: label_list, metric: f1_samples}\nspecialize: {base: []}\n",
}
SETS = ("7", "10|x", "7|x")  # labels of a page of each kind, where there may be several


def write_competition(folder: Path, answer: str = "label") -> None:
    """Write the competition's files: pages higher than wide, some larger than `longest_side`; one test image is
    broken. answer: one of TASKS.
    """
    generator = np.random.default_rng(0)
    for name in ("train", "test"):
        (folder / name).mkdir(parents=True)
    for n in range(TRAIN):
        cv2.imwrite(str(folder / f"train/{n:02d}.jpg"), page(n, generator))
    for n in range(TEST):
        cv2.imwrite(str(folder / f"test/t{n}.png"), page(n, generator))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    Image.open(folder / "test/t0.png").save(folder / "test/t0.jpg", exif=exif)
    (folder / "test/t0.png").unlink()
    (folder / "test" / UNREADABLE).write_bytes((folder / "test" / UNREADABLE).read_bytes()[:60])
    labels = SETS if answer == "label_list" else TARGETS
    (folder / "train.csv").write_text("ID,target\n" + "".join(f"{n:02d},{labels[n % 3]}\n" for n in range(TRAIN)))
    (folder / "meta.csv").write_text("target,class_name\n7,bright\n10,dark\nx,striped\n")
    header, cells = ("ID,striped,bright,dark", "0,1,0") if answer == "probabilities" else ("ID,target", "7")
    rows = "".join(f"t{n},{cells}\n" for n in range(TEST))
    (folder / "sample_submission.csv").write_text(f"{header}\n{rows}")


def page(n: int, generator: np.random.Generator) -> np.ndarray:
    """Return a page of class n % 3, uint8 (H, W, 3)."""
    return cv2.resize(square(n % 3, generator), (30 + 2 * n, 44 + 3 * n), interpolation=cv2.INTER_NEAREST)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return the folder of a project whose stages have run, but for `review` and `report`; a copy for each file of
    tests.
    """
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(make_once(tmp_path_factory), folder, dirs_exist_ok=True)
    return folder


def make_once(tmp_path_factory: pytest.TempPathFactory, answer: str = "label") -> Path:
    """Return the folder of the project, made by the stages, once for all workers; answer: one of TASKS."""
    return made_once(tmp_path_factory, f"made_{answer}", lambda folder: make_project(folder, answer))


def make_project(folder: Path, answer: str) -> None:
    """Make a project in the empty `folder`, by the stages."""
    from pipelines import augment, ensemble, prepare, specialize, split, train, vote

    write_competition(folder / "data/raw", answer)
    without = "".join(line for line in PARAMS.splitlines(keepends=True) if not line.startswith("specialize:"))
    (folder / "params.yaml").write_text(without + TASKS[answer] if TASKS[answer] else PARAMS)
    with contextlib.chdir(folder):
        for stage in (prepare, split, augment):
            stage.main()
        for fold in FOLDS:
            for member in ("lite0", "features", "grey"):
                train.main(member, fold)
        for fold in FOLDS if answer == "label" else ():
            specialize.main(fold)
        vote.main()
        ensemble.main()


def made_further(tmp_path_factory: pytest.TempPathFactory, params: str, run: Callable[[], None]) -> Path:
    """Return a copy of the made project with other params.yaml, after `run` in it: the stages that they change."""
    folder = tmp_path_factory.mktemp("further")
    shutil.copytree(make_once(tmp_path_factory), folder, dirs_exist_ok=True)
    (folder / "params.yaml").write_text(params)
    with contextlib.chdir(folder):
        run()
    return folder
