"""Casts the final hard vote of the best submissions: `python -m pipelines.ensemble` (stage `ensemble`).

Reads submissions/leaderboard.csv, oof.csv and the best submissions; makes final.csv, checked against the sample
submission before it takes its place, and final.json with the macro F1 of the very same vote cast out of fold.
"""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.contract import (
    Competition,
    ContractError,
    check_submission,
    read_competition,
    read_submission,
    write_submission,
)
from competition.files import digest, replace_file, write_json
from competition.leaderboard import read_leaderboard, score
from competition.settings import load_settings
from competition.voting import OOF_VIEWS, hard_vote
from pipelines._main import log, run

TIE_BREAKING = "of classes with equally many votes, the one named by the submission that ranks best"


def main() -> None:
    settings = load_settings()
    began = perf_counter()
    competition = read_competition(settings.competition, images=False)
    ranked = read_leaderboard("submissions/leaderboard.csv")["submission"].tolist()
    oof = read_oof(ranked)
    names = choose(ranked, oof, settings.ensemble.top)
    voters = [read_answers(name, competition) for name in names]
    final = vote(voters, competition)
    scores = {}
    for view in OOF_VIEWS:
        answers = vote([oof[f"{name}.{view}"] for name in names], competition)
        scores[view] = {key: round(value, 6) for key, value in
                        score(oof["target"].tolist(), answers, competition.targets, settings.ensemble).items()}
    write_final("submissions/final.csv", final, competition)
    write_json("submissions/final.json", {
        "macro_f1": scores,
        "votes": names,
        "tie_breaking": TIE_BREAKING,
        "agreement_with_best": round(float(np.mean(final == np.asarray(voters[0]))), 6),
        "class_counts": {target: int((final == target).sum()) for target in competition.targets},
        "rows": len(final),
        "confidence": settings.ensemble.confidence,
        "resamples": settings.ensemble.resamples,
        "params_hash": digest(settings.model_dump(mode="json")),
    })  # fmt: skip
    log("voted", path="submissions/final.csv", rows=len(final), votes=",".join(names),
        clean=scores["clean"]["value"], test_like=scores["test_like"]["value"], seconds=round(perf_counter() - began, 1))


def choose(ranked: list[str], oof: pd.DataFrame, top: int) -> list[str]:
    """The `top` best-ranked submissions, of those that answer alike out of fold only the first.

    A member's soft and hard vote over its folds differ on the test set alone: both together would outvote everyone else
    with one member's opinion.
    """
    answers = [f"{name}.{view}" for name in ranked for view in OOF_VIEWS]
    alike = oof[answers].T.to_numpy().reshape(len(ranked), -1).tolist()
    return [name for index, name in enumerate(ranked) if alike[index] not in alike[:index]][:top]


def vote(voters: Sequence[Sequence[str]], competition: Competition) -> np.ndarray:
    """(N,) str: the hard vote of (N,) answers, the best-ranked voter's first."""
    votes = np.array([[competition.class2index[answer] for answer in answers] for answers in voters], dtype=np.int64)
    return np.array(competition.targets)[hard_vote(votes, len(competition.targets))]


def read_answers(name: str, competition: Competition) -> list[str]:
    """A submission's answers in the sample submission's order; refused when it isn't valid (edited, or out of date)."""
    path = f"submissions/members/{name}.csv"
    if problems := check_submission(path, competition):
        raise ContractError(problems)
    return read_submission(path, competition.columns)["target"].tolist()


def read_oof(names: list[str]) -> pd.DataFrame:
    path = Path("submissions/oof.csv")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `python -m pipelines.vote` makes it")
    oof = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    needed = ["target", *(f"{name}.{view}" for name in names for view in OOF_VIEWS)]
    if missing := [column for column in needed if column not in oof]:
        raise ValueError(f"{path}: no column {', '.join(missing)}; leaderboard.csv is of another run, vote again")
    return oof


def write_final(path: str, answers: np.ndarray, competition: Competition) -> None:
    """Write the submission, unless it breaks the competition's contract: then whatever stood there stays."""
    with replace_file(path) as temporary:
        write_submission(temporary, competition.test_ids, answers.tolist(), competition.columns)
        if problems := check_submission(temporary, competition):
            raise ContractError(problem.replace(str(temporary), path) for problem in problems)


if __name__ == "__main__":
    run(main)
