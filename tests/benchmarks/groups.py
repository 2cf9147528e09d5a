"""What a split that knows nothing of groups promises too much: photos of one leaf, patient or document on both sides of
it.

    python tests/benchmarks/groups.py --images ../shared/datasets/potato-leaves \\
        --groups ../shared/datasets/potato-leaves/leaf_groups.csv --group-column leaf --folder ../groups

A folder with one sub-folder per class is adopted, a test part held out by group. Two projects get the very same
training and test images; `grouped` knows the groups (column `group` of train.csv) and `random` doesn't: its folds are
drawn by class alone, near-duplicates aside. The same members are trained in both (preset `potato`, with frozen features
beside it). By project and member: macro F1 out of fold, clean and test-like, and on the test part, no group of which
was trained on. The optimism is the first less the last. A stopped run goes on where it was. The last line is one JSON
object.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
import yaml
from stages import ROOT, begin, once, train_members, truth

from competition.compute.device import set_up_process
from competition.data.predictions import CONDITIONS, load_predictions
from competition.ensembling.voting import soft_vote
from competition.folds.predictions import out_of_fold
from competition.folds.split import read_folds
from competition.metrics.scores import METRICS
from competition.settings.load import load_settings

F1 = METRICS["f1_macro"]()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="two projects are made in it, and kept")
    parser.add_argument("--images", type=Path, required=True, help="one sub-folder per class")
    parser.add_argument("--groups", type=Path, required=True, help="CSV with a file and a group column")
    parser.add_argument("--group-column", required=True)
    parser.add_argument(
        "--ratio", default="1:0:2", help="train:validation:test; the less to train on, the more there is to tell apart"
    )
    return parser.parse_args()


def params() -> dict:
    """Return the preset `potato` with frozen features as a second member."""
    values = yaml.safe_load((ROOT / "competition/settings/presets/potato.yaml").read_text(encoding="utf-8"))
    values["train"]["members"] = ["lite0", "features"]
    values["members"]["features"] = {"kind": "features", "size": values["augment"]["size"]}
    return values


def make(folder: Path, given: argparse.Namespace, grouped: bool) -> None:
    """Take the images through the stages up to `train` in `folder`, and stand there."""
    begin(folder, params())
    once(
        folder,
        "adopt",
        str(given.images.resolve()),
        "--ratio",
        given.ratio,
        "--groups",
        str(given.groups.resolve()),
        "--group-column",
        given.group_column,
    )
    if not grouped:
        table = pd.read_csv(folder / "data/raw/train.csv", dtype=str)
        table.drop(columns="group", errors="ignore").to_csv(folder / "data/raw/train.csv", index=False)
    for stage in ("prepare", "split", "augment"):
        once(folder, stage)
    train_members(folder)


def scores(folder: Path) -> dict[str, dict[str, float]]:
    """Return by member macro F1 out of fold and on the test part, and the optimism of both."""
    settings, folds = load_settings(), read_folds("folds/folds.csv")
    found = {}
    for member in settings.train.members:
        parts = [load_predictions(f"folds/predictions/{member}/{fold}.npz") for fold in settings.split.folds]
        test = soft_vote([part["test"] for part in parts])
        row = {"test": F1(truth(folder, test.ids.tolist()), test.answers, test.targets)}
        for condition in CONDITIONS:
            answers = out_of_fold(parts, condition, folds.ID.tolist()).answers
            row[condition] = F1(folds.target.to_numpy(), answers, test.targets)
            row[f"{condition}_optimism"] = row[condition] - row["test"]
        found[member] = {name: round(value, 4) for name, value in row.items()}
    return found


def main() -> None:
    given = parse()
    set_up_process()
    root, given.images, given.groups = given.folder.resolve(), given.images.resolve(), given.groups.resolve()
    result = {}
    for name in ("grouped", "random"):
        make(root / name, given, name == "grouped")
        result[name] = scores(root / name)
        for member, row in result[name].items():
            print(f"{name:8s} {member:10s}", row, flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
