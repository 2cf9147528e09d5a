"""What a change of params.yaml is worth to a member on one fold: out of fold, and what is expected of the test set.

    python tests/benchmarks/one_fold.py PROJECT --folder DIR [--member lite0] [--fold 0] [--set augment.copies=8 ...]

PROJECT: a folder whose stages have run up to `upright`; nothing in it is changed. DIR becomes a project of its own with
the keys of --set changed. There the copies are made and the member is trained on the one fold, as the stages do it,
each once: what stands in DIR is not computed again. Differences below 0.03 are noise, where a fold has some 500 images.
The last line is one JSON object.
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from time import perf_counter

import yaml
from stages import once
from upright import change

from competition.common import paths
from competition.data.classes import read_classes
from competition.data.label_sets import encode
from competition.data.predictions import load_predictions
from competition.ensembling.shift_weights import shift_weights
from competition.folds.split import read_folds
from competition.metrics.make import make_metric
from competition.settings.load import load_settings

LINKED = (paths.RAW, paths.TRAIN_STORE, paths.TEST_STORE, paths.METADATA, paths.NOISE_BANK)
COPIED = (paths.FOLDS, paths.UNSCORED, paths.CLASSES, paths.DUPLICATES, paths.UPRIGHT)


def parser(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--member", default="lite0")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="keys of params.yaml, changed")
    return parser


def make(project: Path, folder: Path, changes: list[str]) -> None:
    """Make `folder` a project like `project`, with `changes` of its params.yaml, unless it is one."""
    if (folder / paths.PARAMS).is_file():
        return
    for path in LINKED:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to((project / path).resolve())
    for path in COPIED:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (project / path).is_dir() else shutil.copy
        copy(project / path, folder / path)
    params = yaml.safe_load((project / paths.PARAMS).read_text(encoding="utf-8"))
    for assignment in changes:
        change(params, assignment)
    (folder / paths.PARAMS).write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def scores(member: str, fold: int) -> dict[str, float]:
    settings, classes = load_settings(), tuple(read_classes(paths.CLASSES))
    metric, several = make_metric(settings.task), settings.task.several
    folds = read_folds(paths.FOLDS).set_index("ID")
    found = load_predictions(paths.PREDICTIONS / member / f"{fold}.npz")
    y_true = encode(folds.loc[list(found["test_like"].ids), "target"], classes, several)
    score = {
        name: metric(y_true, metric.plain(found[name].probabilities.astype(float), several), len(classes))
        for name in ("clean", "test_like")
    }
    weights = shift_weights(found["test_like"].probabilities, found["test"].probabilities, several)
    answers = metric.plain(found["test_like"].probabilities.astype(float), several)
    return score | {"expected": metric(y_true, answers, len(classes), weights)}


def main() -> None:
    given = parser(__doc__).parse_args()
    make(given.project, given.folder, given.set)
    began = perf_counter()
    once(given.folder, "augment")
    augmented = perf_counter()
    once(given.folder, "train", given.member, str(given.fold))
    trained = perf_counter()
    os.chdir(given.folder)
    found = {name: round(float(value), 4) for name, value in scores(given.member, given.fold).items()}
    seconds = {"augment_seconds": round(augmented - began, 1), "train_seconds": round(trained - augmented, 1)}
    print(json.dumps({"set": given.set, "member": given.member, "fold": given.fold} | found | seconds))


if __name__ == "__main__":
    main()
