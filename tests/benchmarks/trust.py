"""How far `expected` is from the test score on sets that nobody tuned on, and whether its interval and alarm hold.

    python tests/benchmarks/trust.py --folder ../trust [--seeds 0 1 2] [--photos ../shared/datasets/potato-leaves]

For each seed the default members are trained on a generated competition (`plain`), and its final vote is held against
the solution. Then the same networks meet other test sets: the same pages shifted in ways that no policy has (`blur`,
`grounds`, `foreign`, `twice`: see `shifts.py`), and with other class shares (`shares`). Trained anew are
`overconfident` (the network for three times as many epochs, without label smoothing), `hard` (the hard sample), and
`photos` and `photos_twice` (a folder of photos, `leaf_groups.csv` in it, damaged as pages are in the second).
Specialists are left out. Of each run:

    gap             expected - test, of the final submission
    gap_one         one_network - what the vote's networks of one fold score alone, on average
    gap_vote        what the vote was expected to add - what it added
    gap_clean       the same of clean validation
    gap_by_chance   what the gap of an accuracy would be, on average, that is estimated without any other error than
                    which images are there out of fold and in the test set
    inside, alarm   whether the test score lies in the interval, and whether the alarm was raised

Nothing reads a solution before the last step. A stopped run goes on where it was; what stands in the folder is not
computed again. The last line is one JSON object: mean and worst gaps, coverage, and how often the alarm was right.
"""

import argparse
import json
import math
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import shifts
import yaml
from stages import ROOT, begin, command, once, sample_params, train_members, truth

from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.predictions import Predictions, concatenate, load_predictions, save_predictions
from competition.ensembling.final_vote import read_final_vote
from competition.inference.tta import orientation_weights
from competition.metrics.make import make_metric
from competition.serving.new_images import read_images
from competition.serving.predict import load_member
from competition.settings.load import load_settings

FAR = 0.04  # of `expected` from the test score: the alarm ought to be raised
LONGER = 3  # times as many epochs where networks are to be too sure
SHIFTED = {"blur": shifts.blur, "grounds": shifts.ground, "foreign": shifts.foreign, "twice": shifts.twice}
SHARES = "shares"  # the same images of the test set, but of each class another share


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each run, and kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--train", type=int, default=510, help="training pages generated")
    parser.add_argument("--test", type=int, default=1530, help="test pages generated")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--photos", type=Path, help="folder with one sub-folder per class and leaf_groups.csv")
    parser.add_argument("--runs", nargs="+", help="these alone (default: all)")
    return parser.parse_args()


def params(given: argparse.Namespace, longer: int = 1) -> dict:
    """Return the preset `sample` without a specialist, at this benchmark's size."""
    values = sample_params()
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    values["members"]["lite0"] |= {"size": given.size, "epochs": longer * given.epochs}
    values["members"]["features"]["size"] = given.size
    if longer > 1:
        values["members"]["lite0"] |= {"label_smoothing": 0.0, "patience": longer * given.epochs}
    values["specialize"] = {"base": []}
    values["review"]["conditions"] = []
    return values


def run_stages(folder: Path, values: dict, *source: str) -> None:
    """Take the competition that the command `source` makes through the stages, in `folder`."""
    begin(folder, values)
    once(folder, *source)
    for stage in ("prepare", "split", "augment"):
        once(folder, stage)
    train_members(folder)
    decide(folder)


def decide(folder: Path) -> None:
    once(folder, "vote")
    once(folder, "ensemble")


def run_overconfident(folder: Path, plain: Path, values: dict) -> None:
    """Train the members of the project `plain` anew by other settings, on the same copies."""
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(plain, partial, ignore=shutil.ignore_patterns("params.yaml", "submissions", "state", "lite0"))
        for done in ("vote", "ensemble"):
            (partial / "done" / done).unlink()
        partial.rename(folder)
    begin(folder, values)
    train_members(folder)
    decide(folder)


def run_shifted(folder: Path, plain: Path, kind: str, seed: int) -> None:
    """Have the networks of the project `plain` answer another test set, in `folder`."""
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(
            plain,
            partial,
            ignore=shutil.ignore_patterns("augmented.arrow", "state", "cache", "train", "done", "submissions"),
        )
        rng = generator(seed, kind)
        if kind == SHARES:
            drop_images(partial, rng)
        else:
            for path in sorted((partial / "data/raw/test").iterdir()):
                write_image(path, SHIFTED[kind](read_image(path), rng))
            answer(partial)
        partial.rename(folder)
    decide(folder)


def read_image(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)


def write_image(path: Path, image: np.ndarray) -> None:
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


def answer(folder: Path) -> None:
    """Write what the members say of the test images of the project `folder` into their predictions, and stand there."""
    os.chdir(folder)
    settings, targets = load_settings(), tuple(read_classes("folds/classes.csv"))
    weights = orientation_weights(settings.tta.passes, settings.tta.seed)
    members = {name: load_member(name, settings, settings.split.folds, targets) for name in settings.train.members}
    files = {path.stem: path.name for path in Path("data/raw/test").iterdir()}
    names = sorted(files.values())
    found: dict[str, list[list[Predictions]]] = {name: [] for name in members}
    for chunk in read_images("data/raw/test", names, settings.prepare, settings.augment):
        for name, member in members.items():
            rows = np.arange(len(chunk.names))
            found[name].append(member.predict(np.array(chunk.names), chunk.images, rows, weights))
    for name, chunks in found.items():
        for fold, parts in zip(settings.split.folds, zip(*chunks, strict=True), strict=True):
            path, told = Path(f"folds/predictions/{name}/{fold}.npz"), concatenate(parts)
            every = load_predictions(path)
            ids = every["test"].ids.tolist()
            told = told.select([files[Path(id).stem] for id in ids])
            save_predictions(path, every | {"test": Predictions(ids, told.probabilities, told.targets)})


def drop_images(folder: Path, rng: np.random.Generator) -> None:
    """Keep of each class another share of the test images, from a tenth of them to all."""
    solution = pd.read_csv(folder / "data/solution.csv", dtype=str)
    share = {target: rng.uniform(0.1, 1) for target in sorted(solution["target"].unique())}
    kept = solution["ID"][rng.random(len(solution)) < solution["target"].map(share)]
    for table in ("data/solution.csv", "data/raw/sample_submission.csv"):
        frame = pd.read_csv(folder / table, dtype=str)
        frame[frame["ID"].isin(kept)].to_csv(folder / table, index=False)
    for path in (folder / "folds/predictions").rglob("*.npz"):
        every = load_predictions(path)
        save_predictions(
            path, every | {"test": every["test"].select([id for id in every["test"].ids if id in set(kept)])}
        )


def adopt_photos(given: argparse.Namespace, seed: int) -> tuple[str, ...]:
    photos = given.photos.resolve()
    groups = ("--groups", str(photos / "leaf_groups.csv"), "--group-column", "leaf")
    return "adopt", str(photos), "--ratio", "1:0:2", *groups, "--seed", str(seed)


def photo_params(given: argparse.Namespace) -> dict:
    """Return the preset `potato` with the members of `params`."""
    values = yaml.safe_load((ROOT / "competition/settings/presets/potato.yaml").read_text(encoding="utf-8"))
    values["train"]["members"] = ["lite0", "features", "grey"]
    values["members"] |= {"features": {"kind": "features", "size": 128}, "grey": {"kind": "grey", "size": 20}}
    values["specialize"] = {"base": []}
    values["review"]["conditions"] = []
    return values


def runs_of(given: argparse.Namespace, seed: int) -> dict[str, Path]:
    """Make all runs of `seed`; return name -> its project."""
    made, parent = {}, given.folder.resolve() / f"seed-{seed}"
    wanted = given.runs or ["plain", *SHIFTED, SHARES, "overconfident", "hard", "photos", "photos_twice"]
    sample = "sample", "--train", str(given.train), "--test", str(given.test), "--seed", str(seed)
    plain, photos = parent / "plain", parent / "photos"
    for name in wanted:
        folder = parent / name
        if name.startswith("photos"):
            if given.photos is None:
                continue
            run_stages(photos, photo_params(given), *adopt_photos(given, seed))
            if name == "photos_twice":
                run_shifted(folder, photos, "twice", seed)
        elif name == "hard":
            run_stages(folder, params(given), *sample, "--hard")
        else:
            run_stages(plain, params(given), *sample)
            if name == "overconfident":
                run_overconfident(folder, plain, params(given, LONGER))
            elif name != "plain":
                run_shifted(folder, plain, name, seed)
        made[name] = folder
        print(seed, name, result(folder), flush=True)
    return made


def result(folder: Path) -> dict[str, object]:
    """Return what the project `folder` promised, and what its test set gave."""
    final = json.loads((folder / "submissions/final.json").read_text(encoding="utf-8"))
    test = json.loads(command(folder, "score", "submissions/final.csv", "data/solution.csv", "--json", quiet=True))
    expected, clean = final["score"]["expected"], final["score"]["clean"]["value"]
    promised = {"expected": expected["value"], "clean": clean}
    gaps = {f"gap_{name}": value - test["all"] for name, value in promised.items()}
    one, one_test = expected["one_network"], score_alone(folder)
    gaps |= {"gap_one": one - one_test, "gap_vote": gaps["gap_expected"] - (one - one_test)}
    images = [len(pd.read_csv(folder / table, dtype=str)) for table in ("folds/folds.csv", "submissions/final.csv")]
    gaps["gap_by_chance"] = gap_by_chance(test["accuracy"], *images)
    numbers = {"test": test["all"], "low": expected["low"], "high": expected["high"], "one": one, **promised, **gaps}
    return {name: round(value, 4) for name, value in numbers.items()} | {
        "inside": expected["low"] <= test["all"] <= expected["high"],
        "alarm": expected["alarm"],
        "chosen": final["chosen"],
    }


def score_alone(folder: Path) -> float:
    """Return what the final vote's networks of one fold score alone on the test set, on average."""
    settings, final = load_settings(folder / "params.yaml"), read_final_vote(folder / "submissions")
    metric, vote, scores = make_metric(settings.task), final.vote(), []
    for fold in settings.split.folds:
        files = {part: folder / f"folds/predictions/{part}/{fold}.npz" for part in vote.parts}
        told = {part: [load_predictions(path)["test"]] for part, path in files.items()}
        labels = truth(folder, told[vote.parts[0]][0].ids.tolist())
        y_true = np.array([final.targets.index(label) for label in labels])
        scores.append(metric.score(y_true, vote.predict(told).answers, len(final.targets), None))
    return float(np.mean(scores))


def gap_by_chance(accuracy: float, *images: int) -> float:
    """Return how far apart the accuracies of sets of so many `images` are on average, if both are drawn at `accuracy`:
    the mean absolute value of a normal distribution.
    """
    variance = accuracy * (1 - accuracy) * sum(1 / n for n in images)
    return math.sqrt(2 * variance / math.pi)


def summary(runs: dict[str, dict]) -> dict[str, object]:
    """Return the figures over all runs."""
    rows = pd.DataFrame(runs.values())
    far, quiet = rows["gap_expected"].abs() > FAR, ~rows["alarm"].astype(bool)
    gaps = {
        f"mean_{name}": round(float(rows[name].abs().mean()), 4)
        for name in ("gap_expected", "gap_one", "gap_vote", "gap_clean", "gap_by_chance")
    }
    return {
        "runs": len(rows),
        **gaps,
        "worst": round(float(rows["gap_expected"].abs().max()), 4),
        "worst_without_alarm": round(float(rows["gap_expected"].abs()[quiet].max()), 4) if quiet.any() else None,
        "coverage": round(float(rows["inside"].mean()), 3),
        "alarms": int((~quiet).sum()),
        "alarms_right": int((far & ~quiet).sum()),
        "far_without_alarm": int((far & quiet).sum()),
    }


def main() -> None:
    given = parse()
    set_up_process()
    runs = {f"{name}-{seed}": result(folder) for seed in given.seeds for name, folder in runs_of(given, seed).items()}
    print(json.dumps(summary(runs) | {"by_run": runs}))


if __name__ == "__main__":
    main()
