"""The commands: train, vote, ensemble, predict (whole and --fast), whose answers are held against final.csv."""

import contextlib
from pathlib import Path

import pandas as pd
from gpu.scale import Check

LEAST = 0.95  # share of the test images that `predict` labels as final.csv does: it packs them again, at other batches


def run(check: Check) -> dict:
    """Return the shares of the test images that predict labels as final.csv does."""
    from pipelines import ensemble, predict, train, vote

    with contextlib.chdir(check.folder):
        for fold in check.settings.split.folds:
            train.main("lite0", fold)
        vote.main()
        ensemble.main()
        predict.main(Path("data/raw/test"), Path("labels.csv"), answers=Path("answers.csv"))
        predict.main(Path("data/raw/test"), Path("fast.csv"), fast=True, answers=Path("fast_answers.csv"))
        final, *found = (
            pd.read_csv(path, dtype=str).set_index("ID")["target"].rename(lambda name: Path(name).stem)
            for path in ("submissions/final.csv", "answers.csv", "fast_answers.csv")
        )
    assert all(len(one) == len(final) for one in found), f"{len(final)} rows, predicted {[*map(len, found)]}"
    whole, fast = (round(float((one[final.index] == final).mean()), 4) for one in found)
    assert whole >= LEAST, f"predict labels {whole} of the test images as final.csv does, expected {LEAST}"
    return {"as_final": whole, "fast_as_final": fast, "images": len(final)}
