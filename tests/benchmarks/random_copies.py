"""What a random split of augmented copies promises, and clean validation, beside our test-like score.

    python tests/benchmarks/random_copies.py --folder ../random_copies [--seeds 0 1 2]

For each seed a generated competition with a solution goes through all stages: prepare, split, `fit_augmentation --apply
test_like` (which looks at the unlabelled test images), augment, train and specialize (every fold), vote, ensemble. Its
final submission's macro F1 on the test set is then held against

    expected       macro F1 of the same vote out of fold, on the test-like images, weighted until they are
                   answered as the test images are: what `final.json` expects of the test set
    test_like      the same, all images counted alike
    clean          the same on the clean images
    random_copies  what published runs did: all damaged copies are split at random, so that copies of one page stand on
                   both sides; the same network, settings and epochs as the member's, its score on the held-out copies,
                   held against its own on the test set

and two more say what the gap of `expected` is made of: `right_labels`, the same held against the right labels where the
sample planted wrong ones, and `folds_alone_test`, the mean macro F1 of single folds' networks on the test set.

Nothing reads the solution before the last step, and nothing is chosen by it. A stopped run goes on where it was; what
stands in the folder is not computed again. The last line is one JSON object: by seed the scores, and the mean absolute
gaps.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from stages import begin, command, once, sample_params, train_members, truth

from competition.common.files import write_json
from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.predictions import Predictions, load_predictions
from competition.ensembling.shift_weights import shift_weights
from competition.folds.split import read_folds
from competition.members.output_files import print_epoch
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.settings.load import load_settings
from competition.training.fold_data import FoldData, load_fold

F1 = METRICS["f1_macro"]()

MEMBER = "lite0"
HELD_OUT = 1000  # copies that the random split validates on, at most one of a page
# and what each is held against
PROMISES = {"expected": "test", "test_like": "test", "clean": "test", "random_copies": "random_copies_test"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each seed, and kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--train", type=int, default=1570, help="training pages generated")
    parser.add_argument("--test", type=int, default=3140, help="test pages generated")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--trials", type=int, default=30, help="of fit_augmentation")
    return parser.parse_args()


def run_stages(folder: Path, given: argparse.Namespace, seed: int) -> None:
    """Take a competition through all stages in `folder`, and then stand there."""
    begin(folder, params(given))
    once(folder, "sample", "--train", str(given.train), "--test", str(given.test), "--seed", str(seed))
    once(folder, "prepare")
    once(folder, "split")
    once(folder, "fit_augmentation", "--trials", str(given.trials), "--apply", "test_like")
    once(folder, "augment")
    train_members(folder)
    for fold in load_settings().split.folds:
        once(folder, "specialize", str(fold))
    command(folder, "vote")
    command(folder, "ensemble")


def params(given: argparse.Namespace) -> dict:
    """Return the preset `sample`, at this benchmark's size."""
    values = sample_params()
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    values["train"]["members"] = [MEMBER]
    values["members"] = {
        MEMBER: values["members"][MEMBER] | {"size": given.size, "epochs": given.epochs, "batch_size": 32}
    }
    values["specialize"]["network"] |= {"size": given.size, "batch_size": 32}
    return values


def split_at_random(data: FoldData, seed: int) -> FoldData:
    """Return all pages, of some of which one copy, drawn at random, is validated on; all others are trained on."""
    random = generator(seed, "random views")
    pages = np.sort(random.choice(len(data.train_rows), min(HELD_OUT, len(data.train_rows)), replace=False))
    held_out = np.array([random.choice(data.train_rows[page][1:]) for page in pages])
    return replace(
        data,
        train_rows=tuple(rows[~np.isin(rows, held_out)] for rows in data.train_rows),
        valid_rows={condition: held_out for condition in ("clean", "test_like")},
        valid_ids=[f"view {row}" for row in held_out],
        valid_labels=data.train_labels[pages],
    )


def random_copies(folder: Path, seed: int) -> dict[str, float]:
    """Return the score of a random split of the copies, and of its network on the test set."""
    file = folder / "random_copies.json"
    if not file.is_file():
        settings = load_settings(folder / "params.yaml").members[MEMBER]
        folds = read_folds(folder / "folds/folds.csv")
        targets = tuple(read_classes(folder / "folds/classes.csv"))
        stores = folder / "data/augmented.arrow", folder / "data/test_squares.arrow"
        data = split_at_random(together(*(load_fold(fold, folds, targets, *stores, F1) for fold in (0, 1))), seed)
        trained = train_member(settings, data, targets, np.eye(8)[0], folder / "data/state/random.pt", print_epoch)
        write_json(
            file,
            {
                "random_copies": trained.scores["test_like"],
                "random_copies_test": on_test(trained.predictions["test"], folder),
            },
        )
    return json.loads(file.read_text())


def together(data: FoldData, other: FoldData) -> FoldData:
    """Return `data` with the training pages of both, each once: with three folds or more, that is all pages."""
    seen = {int(rows[0]) for rows in data.train_rows}
    extra = [
        (rows, label)
        for rows, label in zip(other.train_rows, other.train_labels, strict=True)
        if int(rows[0]) not in seen
    ]
    return replace(
        data,
        train_rows=data.train_rows + tuple(rows for rows, _ in extra),
        train_labels=np.concatenate([data.train_labels, [label for _, label in extra]]).astype(np.int64),
    )


def on_test(predictions: Predictions, folder: Path) -> float:
    return F1(truth(folder, predictions.ids.tolist()), predictions.answers, predictions.targets)


def with_right_labels(folder: Path) -> float:
    """Return `expected` of the member's vote, held against the right labels where wrong ones were planted in
    train.csv.
    """
    folds = read_folds(folder / "folds/folds.csv").set_index("ID").target
    wrong = json.loads((folder / "data/faults.json").read_text(encoding="utf-8"))["wrong_labels"]
    y_true, answers, weights = [], [], []
    for fold in load_settings(folder / "params.yaml").split.folds:
        parts = load_predictions(folder / f"folds/predictions/{MEMBER}/{fold}.npz")
        seen = parts["test_like"]
        y_true += [str(wrong.get(id, folds[id])) for id in seen.ids.tolist()]
        answers += seen.answers.tolist()
        weights += shift_weights(seen.probabilities, parts["test"].probabilities).tolist()
    return F1(np.array(y_true), np.array(answers), seen.targets, np.array(weights))


def result(folder: Path, seed: int) -> dict[str, float]:
    """Return what was promised, and what the test set gave: of the final submission, and of each fold's network
    alone.
    """
    final = json.loads((folder / "submissions/final.json").read_text())
    score = json.loads(command(folder, "score", "submissions/final.csv", "data/solution.csv", "--json"))
    folds = load_settings(folder / "params.yaml").split.folds
    alone = [
        on_test(load_predictions(folder / f"folds/predictions/{MEMBER}/{fold}.npz")["test"], folder) for fold in folds
    ]
    found = {
        condition: final["score"][condition]["value"] for condition in ("expected", "test_like", "clean")
    } | random_copies(folder, seed)
    return {
        "test": score["all"],
        "private": score["private"],
        **found,
        "right_labels": with_right_labels(folder),
        "folds_alone_test": float(np.mean(alone)),
        "chosen": final["chosen"],
    }


def main() -> None:
    given = parse()
    set_up_process()
    seeds = {}
    for seed in given.seeds:
        folder = given.folder.resolve() / f"seed-{seed}"
        run_stages(folder, given, seed)
        seeds[seed] = {
            name: value if isinstance(value, str) else round(value, 4) for name, value in result(folder, seed).items()
        }
        seeds[seed] |= {
            f"gap_{name}": round(seeds[seed][name] - seeds[seed][against], 4) for name, against in PROMISES.items()
        }
        print(seed, seeds[seed], flush=True)
    gaps = {
        f"gap_{name}": round(float(np.mean([abs(one[f"gap_{name}"]) for one in seeds.values()])), 4)
        for name in PROMISES
    }
    print(json.dumps(gaps | {"seeds": seeds}))


if __name__ == "__main__":
    main()
