"""What choosing by our rule is worth on the test set, against choosing by clean validation and by the public
leaderboard.

    python tests/benchmarks/selection.py --folder ../selection [--seeds 0 1 2 3 4]

For each seed a generated competition is taken through all stages, with eight members of different kinds; one of them,
`plain`, learns from the clean pages as they are: it looks best where validation is clean. Candidates are all
submissions and all ensembles that the stages vote and ensemble make. Chosen are

    rule      submissions/final.csv, by the stage's own rule: the highest macro F1 out of fold, test-like
    clean     the candidate with the highest clean macro F1 out of fold
    public    the candidate with the highest macro F1 on the public half of the test set
    both      the candidate with the highest mean of test-like and public macro F1, each counted as often as it has
              images, as `python -m pipelines.leaderboard` has it

and each is scored on the test set, and on its private half. The solution is read for `public` and `both`, and for
the last step alone. A stopped run goes on where it was. The last line is one JSON object: by way the mean over the
seeds, and by seed what was chosen.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from stages import begin, command, once, sample_params, train_members

from competition.compute.device import set_up_process
from competition.leaderboard.score import Score, score_submission
from competition.metrics.scores import METRICS
from competition.settings.competition import CompetitionSettings

F1 = METRICS["f1_macro"]()

MEMBERS = {
    "lite0": {},
    "focal": {"loss": "focal", "label_smoothing": 0.0},
    "last_block": {"tuning": "last_block", "frozen_stages": 0},
    "plain": {"augmented": False},
    "lite1": {"network": "tf_efficientnet_lite1"},
}
CLASSICAL = {
    "features": {"kind": "features", "copies": 2},
    "mlp": {"kind": "features", "copies": 2, "classifier": "mlp"},
}
GREY = {"kind": "grey", "size": 20}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each seed, and kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--train", type=int, default=340, help="training pages generated")
    parser.add_argument("--test", type=int, default=680, help="test pages generated")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=8)
    return parser.parse_args()


def params(given: argparse.Namespace) -> dict:
    """Return the preset `sample` with this benchmark's members."""
    values = sample_params()
    base = values["members"]["lite0"] | {"size": given.size, "epochs": given.epochs}
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    values["members"] = {name: base | changes for name, changes in MEMBERS.items()}
    values["members"] |= {name: member | {"size": given.size} for name, member in CLASSICAL.items()} | {"grey": GREY}
    values["train"]["members"] = list(values["members"])
    values["specialize"]["network"] |= {"size": given.size}
    return values


def run_stages(folder: Path, given: argparse.Namespace, seed: int) -> None:
    """Take a competition through all stages in `folder`, and then stand there."""
    begin(folder, params(given))
    once(folder, "sample", "--train", str(given.train), "--test", str(given.test), "--seed", str(seed))
    for stage in ("prepare", "split", "augment"):
        once(folder, stage)
    train_members(folder)
    for fold in params(given)["split"]["folds"]:
        once(folder, "specialize", str(fold))
    command(folder, "vote")
    command(folder, "ensemble")


def scored(file: str) -> Score:
    return score_submission(file, "data/solution.csv", F1, CompetitionSettings())


def candidates() -> pd.DataFrame:
    """Return name, clean, file of every submission and ensemble."""
    kinds = {"leaderboard": "members", "ensembles": "ensembles"}
    boards = [
        pd.read_csv(f"submissions/{board}.csv", dtype={"submission": str}).assign(folder=folder)
        for board, folder in kinds.items()
    ]
    table = pd.concat(boards, ignore_index=True)[
        ["submission", "clean", "test_like", "images", "folder"]
    ].drop_duplicates("submission")
    return table.assign(file=[f"submissions/{row.folder}/{row.submission}.csv" for row in table.itertuples()])


def chosen(table: pd.DataFrame, scores: dict[str, Score]) -> dict[str, tuple[str, Score]]:
    """Return by way what was chosen, and its score."""
    public = np.array([scores[name].public for name in table.submission])
    images = sum(scores[table.submission[0]].images.values()) / 2
    final = json.loads(Path("submissions/final.json").read_text())
    both = (table.images * table.test_like + images * public) / (table.images + images)
    ways = {"clean": table.clean, "public": public, "both": both}
    best = {way: table.submission.iloc[int(np.argmax(values))] for way, values in ways.items()}
    return {"rule": (final["chosen"], scored("submissions/final.csv"))} | {
        way: (name, scores[name]) for way, name in best.items()
    }


def main() -> None:
    given = parse()
    set_up_process()
    seeds, root = {}, given.folder.resolve()
    for seed in given.seeds:
        run_stages(root / f"seed-{seed}", given, seed)
        table = candidates()
        scores = {row.submission: scored(row.file) for row in table.itertuples()}
        best = max(scores, key=lambda name: scores[name].private)
        ways = chosen(table, scores) | {"best possible": (best, scores[best])}
        seeds[seed] = {
            way: {"chosen": name, "test": round(score.all, 4), "private": round(score.private, 4)}
            for way, (name, score) in ways.items()
        }
        print(f"seed {seed}, {len(table)} candidates:", seeds[seed], flush=True)
    means = {
        way: {
            part: round(float(np.mean([seeds[seed][way][part] for seed in seeds])), 4) for part in ("test", "private")
        }
        for way in next(iter(seeds.values()))
    }
    print(json.dumps({"means": means, "seeds": seeds}))


if __name__ == "__main__":
    main()
