"""How much of what is wrong with the training images the label review and the audit find, where it is known.

    python -m pipelines.sample --wrong-labels 0.03 && dvc repro && python tests/benchmarks/label_review.py

Run from a project's folder whose stages up to review have run. data/faults.json, which the sample writes beside its
solution, says what was planted; without it only the head of the list is printed. Counted are the wrong labels that
stand in folds/folds.csv, so none that was fixed or left out. precision_at_planted looks at as many rows as labels are
wrong; a list that is shorter has missed the rest. A planted pair is found if the pairs of folds/duplicates.csv, exact
or near, join it. The last line is one JSON object.
"""

import json
from pathlib import Path

import pandas as pd

from competition.audit.duplicate_table import of_sets, read_duplicates
from competition.folds.split import joined_groups, read_folds
from competition.settings.load import load_settings

HEAD = 24
FAULTS = Path("data/faults.json")


def main() -> None:
    folds = read_folds("folds/folds.csv")
    review = pd.read_csv(
        "folds/review/label_review.csv",
        dtype={column: str for column in ("ID", "target", "suggestion")},
        keep_default_na=False,
    )
    print(review.head(HEAD).to_string(index=False))
    result = {"images": int((folds.fold >= 0).sum()), "listed": len(review)}
    if FAULTS.is_file():
        faults = json.loads(FAULTS.read_text(encoding="utf-8"))
        result |= labels_found(review, folds, {id: str(target) for id, target in faults["wrong_labels"].items()})
        result |= files_found(faults)
    else:
        print(f"{FAULTS}: not there; what is wrong is not known")
    print(json.dumps(result))


def labels_found(review: pd.DataFrame, folds: pd.DataFrame, truth: dict[str, str]) -> dict:
    """Return what the list finds of the planted wrong labels (`truth`: ID -> right target) that `folds` still holds."""
    check_same_competition(list(truth))
    seen = folds[folds.fold >= 0].set_index("ID").target
    planted = {id for id, target in truth.items() if seen.get(id, target) != target}
    hits = review[review.ID.isin(planted)]
    first = review.ID.head(len(planted)).isin(planted).sum()
    right = sum(truth[row.ID] == row.suggestion for row in hits.itertuples())
    shares = {
        "precision": (len(hits), len(review)),
        "recall": (len(hits), len(planted)),
        "precision_at_planted": (first, len(planted)),
        "right_suggestion": (right, len(hits)),
    }
    return {"planted": len(planted), "found": len(hits), **{name: share(*pair) for name, pair in shares.items()}}


def files_found(faults: dict) -> dict:
    """Return how many of the planted duplicates and unreadable files folds/duplicates.csv and folds/problem_files.csv
    name.
    """
    found = of_sets(read_duplicates("folds/duplicates.csv"), "train", "train")
    listed = list(zip(found.ID, found.other_ID, strict=True))
    ids = sorted({id for pair in (*listed, *faults["duplicates"]) for id in pair})
    group = dict(zip(ids, joined_groups(ids, listed, [None] * len(ids)), strict=True))
    train = Path(load_settings().competition.root) / "train"
    pairs = {"exact": [], "near": []}
    for one, other in faults["duplicates"]:
        pairs["exact" if (train / one).read_bytes() == (train / other).read_bytes() else "near"].append((one, other))
    problems = pd.read_csv("folds/problem_files.csv", dtype=str, keep_default_na=False)
    joined = {kind: sum(group[one] == group[other] for one, other in there) for kind, there in pairs.items()}
    result = {f"{kind}_duplicates": f"{joined[kind]} of {len(there)}" for kind, there in pairs.items()}
    return result | {"pairs_listed": len(listed), "unreadable": f"{int(faults['unreadable'] in set(problems.ID))} of 1"}


def check_same_competition(ids: list[str]) -> None:
    root = Path(load_settings().competition.root)
    known = set(pd.read_csv(root / "train.csv", dtype=str, keep_default_na=False)[load_settings().competition.id])
    if strangers := [id for id in ids if id not in known]:
        raise SystemExit(
            f"error: {FAULTS}: {len(strangers)} IDs are not in {root}/train.csv: it is another competition's; remove it"
        )


def share(part: int, whole: int) -> float | None:
    return round(int(part) / whole, 4) if whole else None


if __name__ == "__main__":
    main()
