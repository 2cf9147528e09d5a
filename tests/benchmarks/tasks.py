"""What choosing by a task's own metric is worth, against choosing by macro F1 and converting the answers.

    python tests/benchmarks/tasks.py log_loss --folder ../tasks
    python tests/benchmarks/tasks.py grades --folder ../tasks
    python tests/benchmarks/tasks.py two_pages --folder ../tasks --pages ../shared/datasets/pages

log_loss: the sample with a probability for each class; grades: its classes as an order, by weighted kappa; two_pages:
two real pages in one picture, their classes as a set, by the mean F1 of the pictures.

Each takes the competition through all stages twice with the preset `sample` (without the specialist): once as the task
says, once with `metric: f1_macro`. `converted`: the second one's final vote answers by its probabilities as the metric
takes them when nothing is fitted (as they are; the expected grade; labels of 0.5 and more), out of fold by the very
vote that was fitted there, which flatters it. `final`: where both answer alike, its final.csv. The truth of the test
set is read for the last step alone. A stopped run goes on where it was. The last line is one JSON object.
"""

import argparse
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from stages import begin, command, once, sample_params, train_members

from competition.common import paths
from competition.common.csv import write_table
from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.data.competition import read_competition
from competition.data.image_files import ImageFolder
from competition.data.images import read_image
from competition.data.label_sets import join_labels
from competition.data.letterbox import letterbox
from competition.data.predictions import load_predictions
from competition.data.submission import read_answers
from competition.ensembling.final_vote import read_final_vote
from competition.leaderboard.score import read_solution
from competition.metrics.make import make_metric
from competition.sample.damage import damage
from competition.settings.load import load_settings

FORMS = ("single", "label"), ("multi", "label_list")
TASKS = {
    "log_loss": {"labels": "single", "answer": "probabilities", "metric": "log_loss"},
    "grades": {"labels": "ordinal", "answer": "label", "metric": "quadratic_weighted_kappa"},
    "two_pages": {"labels": "multi", "answer": "label_list", "metric": "f1_samples"},
}
ONE, SET = ({"labels": labels, "answer": answer, "metric": "f1_macro"} for labels, answer in FORMS)
BY_F1 = {"log_loss": ONE, "grades": ONE, "two_pages": SET}  # by task, whose metric macro F1 takes the place of
PICTURES = 600  # of two pages, in the training part and in the test part
PAGE = 256  # pixels, each page's side in a picture of two


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--folder", type=Path, required=True, help="projects are made in it, and kept")
    parser.add_argument(
        "--pages", type=Path, help="two_pages: a competition of pages, of which the training part is used"
    )
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--seed", type=int, default=0, help="of the sample, and of the folds and networks")
    return parser.parse_args()


def two_pages(folder: Path, pages: Path, seed: int) -> None:
    """Write the competition of two pages in one picture: training pictures clean, test pictures damaged.

    No page stands on both sides. Targets are the sets of the two pages' classes.
    """
    table = pd.read_csv(pages / "train.csv", dtype=str)
    images, draws = ImageFolder(pages / "train"), generator(seed, "two pages")
    half = draws.permutation(len(table))
    rows = {"train": half[: len(half) // 2], "test": half[len(half) // 2 :]}
    truth: dict[str, list[tuple[str, str]]] = {}
    for part, own in rows.items():
        (folder / "data/raw" / part).mkdir(parents=True, exist_ok=True)
        truth[part] = []
        while len(truth[part]) < PICTURES:
            pair = table.iloc[draws.choice(own, 2, replace=False)]
            try:
                both = [read_image(pages / "train" / images.candidates(id_)[0], PAGE) for id_ in pair["ID"]]
            except ValueError:
                continue  # some of the pages can't be read
            picture = np.concatenate([letterbox(one, PAGE) for one in both], axis=1)
            picture = damage(picture, draws) if part == "test" else picture
            name = f"{part}{len(truth[part]):04d}"
            cv2.imwrite(str(folder / f"data/raw/{part}/{name}.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            truth[part].append((name, join_labels(sorted({*pair["target"]}, key=int))))
    write_table(folder / "data/raw/train.csv", ["ID", "target"], truth["train"])
    write_table(folder / "data/raw/sample_submission.csv", ["ID", "target"], [(name, "0") for name, _ in truth["test"]])
    write_table(
        folder / "data/raw/meta.csv", ["target", "class_name"], pd.read_csv(pages / "meta.csv", dtype=str).values
    )
    write_table(folder / paths.SOLUTION, ["ID", "target"], truth["test"])


def make_data(folder: Path, task: str, by_f1: bool, given: argparse.Namespace) -> None:
    """Make data/raw and the solution, once."""
    if (folder / "data/raw/sample_submission.csv").is_file():
        return
    if task == "two_pages":
        two_pages(folder, given.pages, given.seed)
        return
    once(folder, "sample", "--seed", str(given.seed))
    if task == "log_loss" and not by_f1:
        sample = folder / "data/raw/sample_submission.csv"
        ids = pd.read_csv(sample, dtype=str)["ID"]
        targets = pd.read_csv(folder / "data/raw/meta.csv", dtype=str)["target"].tolist()
        write_table(sample, ["ID", *targets], [[id_, *["0"] * len(targets)] for id_ in ids])


def run_stages(folder: Path, task: dict[str, str], given: argparse.Namespace, by_f1: bool) -> None:
    """Take the competition through all stages in `folder`, and then stand there."""
    params = sample_params()
    params["task"] = task
    params["split"]["seed"] = params["augment"]["seed"] = params["members"]["lite0"]["seed"] = given.seed
    params["specialize"]["base"] = []
    params["members"]["lite0"]["epochs"] = given.epochs
    begin(folder, params)
    make_data(folder, given.task, by_f1, given)
    for stage in ("prepare", "split", "augment"):
        once(folder, stage)
    train_members(folder)
    command(folder, "vote")
    command(folder, "ensemble")


def converted(parts: list[str], test: bool) -> tuple[list[str], np.ndarray]:
    """Return IDs and the final vote's probabilities (N, C): of the test images, or of each fold's own, test-like."""
    final = read_final_vote()
    saved = {part: [load_predictions(paths.predictions(part, k)) for k in final.folds] for part in parts}
    if test:
        voted = final.vote().predict({part: [fold["test"] for fold in folds] for part, folds in saved.items()})
        return voted.predictions.ids.tolist(), voted.predictions.probabilities
    each = [
        final.vote().predict({part: [folds[k]["test_like"]] for part, folds in saved.items()}).predictions
        for k in range(len(final.folds))
    ]
    return [id_ for one in each for id_ in one.ids.tolist()], np.concatenate([one.probabilities for one in each])


def figures(folder: Path, given: argparse.Namespace, by_f1: bool) -> dict[str, object]:
    """Return the run's scores by the task's metric: out of fold (test-like), expected, of the test set."""
    run_stages(folder, (BY_F1 if by_f1 else TASKS)[given.task], given, by_f1)
    os.chdir(folder)
    settings = load_settings()
    competition, final = read_competition(settings.competition, settings.task, images=False), read_final_vote()
    own = make_metric(settings.task.model_copy(update=TASKS[given.task]))
    facts = json.loads(paths.FINAL_FACTS.read_text())
    truth = read_solution(paths.SOLUTION, several=settings.task.several).set_index("ID")["target"]
    seen = pd.read_csv(paths.FOLDS, dtype=str, keep_default_na=False).set_index("ID")["target"]
    n_classes, several = competition.task.n_classes, settings.task.several

    def score(targets: pd.Series, ids: list[str], answers: np.ndarray) -> float:
        return round(own(competition.task.encode(targets.loc[ids].tolist()), answers, n_classes), 4)

    if not by_f1:
        answers, scores = read_answers(paths.FINAL, competition), facts["score"]
        return {
            "chosen": facts["chosen"],
            "decision": facts["decision"],
            "out_of_fold": round(scores["test_like"]["value"], 4),
            "expected": scores["expected"],
            "test": score(truth, list(competition.test_ids), answers),
        }
    parts = list(final.vote().parts)
    found = {name: converted(parts, test) for name, test in (("out_of_fold", False), ("test", True))}
    plain = {
        name: score(truth if name == "test" else seen, ids, own.plain(probabilities.astype(np.float64), several))
        for name, (ids, probabilities) in found.items()
    }
    answers, takes = read_answers(paths.FINAL, competition), competition.task.answers_are_labels
    alike = {"test": score(truth, list(competition.test_ids), answers)} if takes == (own.takes == "labels") else None
    return {"chosen": facts["chosen"], "converted": plain, "final": alike}


def main() -> None:
    given = parse()
    set_up_process()
    root = given.folder.resolve()
    given.pages = given.pages and given.pages.resolve()
    shared = "two_pages_f1" if given.task == "two_pages" else "sample_f1"
    by_metric = figures(root / given.task, given, by_f1=False)
    by_f1 = figures(root / shared, given, by_f1=True)
    print(json.dumps({"task": TASKS[given.task], "by_metric": by_metric, "by_f1_macro": by_f1}))


if __name__ == "__main__":
    main()
