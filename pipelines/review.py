"""Review of the training labels, those that are probably wrong: `python -m pipelines.review` (stage `review`).

Reads folds/folds.csv, the members' out-of-fold predictions under one condition (clean, test_like) and
folds/label_fixes.csv; makes folds/review/label_review.csv, the most doubtful label first, and label_review.png, an
image grid of the first 24. Images that a person has decided on are not in it, nor those of a holdout, which stays
locked. Nothing is trained, and nothing depends on it. `review.conditions: []` in params.yaml turns the stage off.
"""

from time import perf_counter
from typing import Annotated

import typer

from competition.common import paths
from competition.common.fonts import letters_note
from competition.common.locks import Use
from competition.common.names import match_names
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.predictions import CONDITIONS
from competition.folds.predictions import out_of_fold, read_fold
from competition.folds.split import read_folds
from competition.labels.fixes import read_label_fixes
from competition.labels.review import review_labels
from competition.labels.review_grid import write_label_grid
from competition.labels.review_table import write_label_review
from competition.settings.load import load_settings
from pipelines._main import log, run


def main(
    condition: Annotated[str, typer.Argument(help="of the predictions that labels are held against")] = CONDITIONS[0],
) -> None:
    """List the training labels that are probably wrong."""
    if condition not in CONDITIONS:
        raise ValueError(f"condition {condition}: expected one of {', '.join(CONDITIONS)}")
    settings = load_settings()
    began = perf_counter()
    folds = read_folds(paths.FOLDS)
    seen = folds[folds["fold"] >= 0]
    names, ids = read_classes(paths.CLASSES), seen["ID"].tolist()
    members = [
        out_of_fold([read_fold(name, k, folds, tuple(names)) for k in settings.split.folds], condition, ids)
        for name in settings.voters
    ]
    review = review_labels(members, seen["target"].tolist(), names)
    fixed = match_names((fix.id for fix in read_label_fixes(paths.LABEL_FIXES)), review["ID"])
    decided = review["ID"].isin(set(fixed.values()))
    review = review[~decided]
    write_label_review(paths.LABEL_REVIEW, review)
    write_label_grid(paths.LABEL_REVIEW_GRID, ImageStore(paths.TRAIN_STORE), review)
    if note := letters_note(names.values()):
        log("warning: class names in pictures", problem=note)
    log(
        "reviewed",
        path=paths.LABEL_REVIEW,
        images=len(seen),
        in_doubt=len(review),
        decided=int(decided.sum()),
        seconds=round(perf_counter() - began, 1),
    )


if __name__ == "__main__":
    run(main, use=Use.READ)
