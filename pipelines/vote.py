"""Casts every vote and compares them out of fold: `python -m pipelines.vote` (stage `vote`).

Reads folds/folds.csv, folds/predictions/ and folds/scores/. Makes in submissions/members/ <member>.csv (soft vote over
folds and passes), <member>_hard.csv (hard vote over folds) and <base>_specialist.csv (soft, the specialist's word on
the hard classes, where it helps); beside it leaderboard.csv, oof.csv (the same votes out of fold), per_class.csv (each
class's F1), confusion.csv (of the best, for plots) and specialist.json (what was decided about it, and why); and
folds/curves/<member>.png, the folds' learning curves.
"""

import json
from pathlib import Path
from time import perf_counter

import pandas as pd

from competition.common.files import replace_file, write_json
from competition.data.competition import Competition, read_competition
from competition.data.predictions import Predictions, concatenate
from competition.data.submission import write_submission
from competition.ensembling.specialist_choice import Choice, choose
from competition.ensembling.voting import unanswered, vote_member, vote_specialist
from competition.folds.predictions import OOF_VIEWS, most_frequent, out_of_fold, read_fold
from competition.folds.split import read_folds
from competition.leaderboard.board import compare, giveaway_note, write_leaderboard
from competition.leaderboard.learning_curves import draw_curves
from competition.leaderboard.per_class import class_scores, worst_classes
from competition.leaderboard.submission import Submission
from competition.leaderboard.tables import print_leaderboard
from competition.settings.load import load_settings
from competition.settings.members import GreySettings
from competition.settings.params import Settings
from pipelines._main import log, run

Folds = dict[str, list[dict[str, Predictions]]]
Scores = dict[str, list[dict]]


def main() -> None:
    settings = load_settings()
    began = perf_counter()
    competition = read_competition(settings.competition, images=False)
    folds = read_folds("folds/folds.csv")
    seen = folds[folds["fold"] >= 0].reset_index(drop=True)
    names = [*settings.train.members, "specialist"]
    scores = {name: [read_scores(name, k) for k in settings.split.folds] for name in names}
    hard = hard_classes(scores["specialist"])
    names = names if hard else list(settings.train.members)
    predictions = {
        name: [read_fold(name, k, folds, competition.targets) for k in settings.split.folds] for name in names
    }
    fallback = most_frequent(seen["target"], competition.targets)
    warn_of_unanswered(predictions[settings.train.members[0]][0]["test"], competition, fallback)
    choice = choose_specialist(settings, predictions, hard, seen)
    submissions = cast(settings, predictions, choice, seen, competition, fallback)
    for submission in submissions:
        path = f"submissions/members/{submission.name}.csv"
        write_submission(path, competition.test_ids, submission.test.tolist(), competition.columns)
        log("voted", path=path, rows=len(submission.test), vote=submission.vote)
    board = make_leaderboard(settings, submissions, scores, choice, seen, competition)
    ranked = sorted(submissions, key=lambda submission: board["submission"].tolist().index(submission.name))
    per_class = class_scores(ranked, seen["target"].to_numpy(), competition.target2class)
    write_leaderboard("submissions/leaderboard.csv", board)
    write_oof(submissions, seen)
    write_csv("submissions/per_class.csv", per_class)
    write_confusion(ranked[0], seen, competition)
    draw_all_curves(names, settings.split.folds)
    print_leaderboard(board)
    log(f"worst classes of {ranked[0].name}, test-like F1: {', '.join(worst_classes(per_class, ranked[0].name))}")
    log(
        "compared", path="submissions/leaderboard.csv", submissions=len(board), seconds=round(perf_counter() - began, 1)
    )


def read_scores(name: str, fold: int) -> dict:
    path = Path(f"folds/scores/{name}/{fold}.json")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    return json.loads(path.read_text(encoding="utf-8"))


def hard_classes(scores: list[dict]) -> list[str]:
    """The specialist's hard targets; [] when it found none. Its folds must have worked on the same."""
    different = {tuple(score.get("hard_classes", ())) for score in scores}
    if len(different) > 1:
        raise ValueError(
            f"folds/scores/specialist/*.json: hard classes differ: {sorted(different)}; run `dvc repro` again"
        )
    return list(different.pop())


def warn_of_unanswered(test: Predictions, competition: Competition, fallback: str) -> None:
    if ids := unanswered(competition.test_ids, test):
        log("warning: test images without a prediction", images=len(ids), answered=fallback, ids=",".join(ids[:5]))


def choose_specialist(settings: Settings, predictions: Folds, hard: list[str], seen: pd.DataFrame) -> Choice | None:
    if not hard:
        write_json(
            "submissions/specialist.json", {"hard_classes": [], "mode": "out", "note": "there are no hard classes"}
        )
        return None
    ids, specialize = seen["ID"].tolist(), settings.specialize
    choice = choose(
        out_of_fold(predictions[specialize.base], "test_like", ids),
        concatenate([fold["test_like"] for fold in predictions["specialist"]]),
        seen["target"].tolist(),
        seen["fold"].to_numpy(),
        hard,
        specialize.asks,
        specialize.mode,
        settings.ensemble.seed,
    )
    scores = {key: round(value, 4) for key, value in choice.scores.items()}
    log("specialist", mode=choice.mode, weight=choice.weight, **scores)
    write_json(
        "submissions/specialist.json",
        {
            "hard_classes": hard,
            "mode": choice.mode,
            "weight": choice.weight,
            "asks": choice.asks,
            "macro_f1": scores,
            "weight_per_fold": choice.per_fold,
            "note": choice.note,
        },
    )
    return choice


def cast(
    settings: Settings,
    predictions: Folds,
    choice: Choice | None,
    seen: pd.DataFrame,
    competition: Competition,
    fallback: str,
) -> list[Submission]:
    where = seen["ID"].tolist(), competition.test_ids, fallback
    submissions = [s for name in settings.train.members for s in vote_member(name, predictions[name], *where)]
    if choice and choice.mode != "out":
        base = settings.specialize.base
        submissions.append(
            vote_specialist(
                base, predictions[base], predictions["specialist"], choice.hard, *where, choice, seen["fold"].to_numpy()
            )
        )
    return submissions


def make_leaderboard(
    settings: Settings,
    submissions: list[Submission],
    scores: Scores,
    choice: Choice | None,
    seen: pd.DataFrame,
    competition: Competition,
) -> pd.DataFrame:
    base = settings.specialize.base
    specialist = f"{base}_specialist"
    seconds = {}
    for submission in submissions:
        trained = scores[submission.member] + (scores["specialist"] if submission.name == specialist else [])
        seconds[submission.name] = tuple(
            sum(score[key] for score in trained) for key in ("train_seconds", "predict_seconds")
        )
    notes = {} if choice is None else {base if choice.mode == "out" else specialist: choice.note}
    board = compare(
        submissions,
        seen["target"].to_numpy(),
        seen["fold"].to_numpy(),
        competition.targets,
        settings.ensemble,
        seconds,
        notes,
    )
    members = {name: settings.members[name] for name in settings.train.members}
    grey_sizes = {name: member.size for name, member in members.items() if isinstance(member, GreySettings)}
    return giveaway_note(board, grey_sizes, len(competition.targets))


def draw_all_curves(names: list[str], folds: tuple[int, ...]) -> None:
    Path("folds/curves").mkdir(parents=True, exist_ok=True)
    for name in names:
        files = {fold: Path(f"folds/history/{name}/{fold}.csv") for fold in folds}
        if there := {fold: file for fold, file in files.items() if file.is_file()}:
            draw_curves(there, f"folds/curves/{name}.png")


def write_oof(submissions: list[Submission], seen: pd.DataFrame) -> None:
    """submissions/oof.csv: ID,target,fold and, for each submission, its answers <name>.clean and <name>.test_like."""
    columns = {f"{s.name}.{view}": getattr(s, view) for s in submissions for view in OOF_VIEWS}
    write_csv("submissions/oof.csv", pd.concat([seen[["ID", "target", "fold"]], pd.DataFrame(columns)], axis=1))


def write_confusion(best: Submission, seen: pd.DataFrame, competition: Competition) -> None:
    """submissions/confusion.csv: class names, actual,predicted, one row per image seen test-like out of fold."""
    names = competition.target2class
    pairs = {"actual": seen["target"].map(names), "predicted": pd.Series(best.test_like.tolist()).map(names)}
    write_csv("submissions/confusion.csv", pd.DataFrame(pairs))


def write_csv(path: str, table: pd.DataFrame) -> None:
    with replace_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
