"""Lists the training labels that are probably wrong: `python -m pipelines.review` (stage `review`).

Reads folds/folds.csv, the members' clean out-of-fold predictions and folds/label_fixes.csv; makes
folds/label_review.csv, the most doubtful label first, and folds/label_review.png, a sheet of the first 24. Images that
a person has decided on are not in it, nor those of a holdout, which stays locked. Nothing is trained, and nothing
depends on it.
"""

from time import perf_counter

import pandas as pd

from competition.common.files import replace_file
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions, load_predictions
from competition.folds.leakage import check_predicted
from competition.folds.predictions import out_of_fold
from competition.folds.split import read_folds
from competition.labels.fixes import read_label_fixes
from competition.labels.review import review_labels
from competition.labels.review_grid import write_label_grid
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    settings = load_settings()
    began = perf_counter()
    folds = read_folds("folds/folds.csv")
    seen = folds[folds["fold"] >= 0]
    classes = pd.read_csv("folds/classes.csv", dtype=str, keep_default_na=False)
    members = [
        out_of_fold([read_fold(name, k, folds) for k in settings.split.folds], "clean", seen["ID"].tolist())
        for name in settings.train.members
    ]
    review = review_labels(
        members, seen["target"].tolist(), dict(zip(classes["target"], classes["class_name"], strict=True))
    )
    decided = review["ID"].isin({fix.id for fix in read_label_fixes("folds/label_fixes.csv")})
    review = review[~decided]
    with replace_file("folds/label_review.csv") as temporary:
        review.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")
    write_label_grid("folds/label_review.png", ImageStore("data/train.arrow"), review)
    log(
        "reviewed",
        path="folds/label_review.csv",
        images=len(seen),
        in_doubt=len(review),
        decided=int(decided.sum()),
        seconds=round(perf_counter() - began, 1),
    )


def read_fold(name: str, fold: int, folds: pd.DataFrame) -> dict[str, Predictions]:
    path = f"folds/predictions/{name}/{fold}.npz"
    views = load_predictions(path)
    check_predicted({view: part.ids.tolist() for view, part in views.items()}, fold, folds, path)
    return views


if __name__ == "__main__":
    run(main)
