"""What a specialist is worth: its word left out, in place of the base's, and blended with it, out of fold and on the
test set.

    python -m pipelines.sample && dvc repro && python tests/benchmarks/specialists.py

Run from a project's folder whose stages train and specialize have run. A row per way: macro F1 of all classes and the
mean F1 of the hard ones, test-like and clean out of fold (each fold with the weight that the other folds choose), and
on the test set where data/solution.csv holds its answers. Nothing is chosen by the test set. `specialize.asks: top2` in
params.yaml makes the specialist predict what both ways of asking need. The last line is one JSON object.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from competition.data.predictions import Predictions, concatenate, load_predictions
from competition.ensembling.specialist_choice import choose
from competition.ensembling.specialist_votes import asked_rows
from competition.ensembling.voting import soft_vote
from competition.folds.predictions import out_of_fold
from competition.folds.split import read_folds
from competition.metrics.per_class import per_class_f1
from competition.metrics.scores import METRICS
from competition.settings.load import load_settings

F1 = METRICS["f1_macro"]()

MODES = ("out", "replace", "blend", "auto")


def scores(y_true: np.ndarray, answers: np.ndarray, targets: tuple[str, ...], hard: list[str]) -> dict[str, float]:
    """Return macro F1, and the mean F1 of the `hard` classes."""
    per_class = per_class_f1(y_true, answers, targets)
    return {
        "macro_f1": F1(y_true, answers, targets),
        "hard_f1": float(np.nanmean([per_class[targets.index(one)] for one in hard])),
    }


def covered(base: Predictions, specialist: Predictions, hard: list[str], asks: str) -> bool:
    return set(base.ids[asked_rows(base, hard, asks)].tolist()) <= set(specialist.ids.tolist())


def main() -> None:
    settings = load_settings()
    folds = read_folds("folds/folds.csv")
    seen = folds[folds.fold >= 0].reset_index(drop=True)
    base, specialist = (
        [load_predictions(f"folds/predictions/{name}/{k}.npz") for k in settings.split.folds]
        for name in (settings.specialize.base_member, "specialist")
    )
    hard = json.loads(Path(f"folds/scores/specialist/{settings.split.folds[0]}.json").read_text())["hard_classes"]
    oof = {
        condition: (
            out_of_fold(base, condition, seen.ID.tolist()),
            concatenate([part[condition] for part in specialist]),
        )
        for condition in ("test_like", "clean")
    }
    test = soft_vote([part["test"] for part in base]), soft_vote([part["test"] for part in specialist])
    solution = Path("data/solution.csv")
    truth = (
        pd.read_csv(solution, dtype=str).set_index("ID").target.loc[test[0].ids.tolist()].to_numpy()
        if solution.is_file()
        else None
    )
    targets, table = test[0].targets, {}
    for asks in ("answer", "top2"):
        if not all(covered(*pair, hard, asks) for pair in (*oof.values(), test)):
            print(f"{asks}: not predicted; set specialize.asks: {asks} and run dvc repro")
            continue
        for mode in MODES:
            choice = choose(
                *oof["test_like"], seen.target.tolist(), seen.fold.to_numpy(), hard, F1, asks, mode, settings.ensemble
            )
            row = {
                condition: scores(
                    seen.target.to_numpy(), choice.oof_answers(*pair, seen.fold.to_numpy()), targets, hard
                )
                for condition, pair in oof.items()
            }
            if truth is not None:
                row["test"] = scores(truth, choice.answers(*test), targets, hard)
            table[f"{mode}, {asks}"] = row | {"weight": choice.weight}
            print(
                f"{mode:8s} {asks:6s} weight {choice.weight:.1f}  ",
                "  ".join(
                    f"{condition} {one['macro_f1']:.4f} (hard {one['hard_f1']:.4f})" for condition, one in row.items()
                ),
                flush=True,
            )
    print(json.dumps({"base": settings.specialize.base_member, "hard_classes": hard, "ways": table}))


if __name__ == "__main__":
    main()
