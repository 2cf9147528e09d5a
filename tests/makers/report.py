"""A small finished project, made by hand and by the library's writers, with names that no page must take for markup."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from makers.image_sections import write_images

from competition.audit.duplicate_table import COLUMNS, write_duplicates
from competition.data.answers import ANSWERS
from competition.data.classes import write_classes
from competition.data.label_sets import encode, label_counts
from competition.data.task import Task
from competition.ensembling.accuracy_estimates import AccuracyEstimates
from competition.leaderboard.leaderboard import compare, write_leaderboard
from competition.leaderboard.oof_answers import write_oof
from competition.leaderboard.submission import Submission
from competition.metrics.make import make_metric
from competition.settings.ensemble import EnsembleSettings
from competition.settings.task import TaskSettings

CLASSES = {"7": "<script>alert(1)</script>", "10": 'a "b" & <b>bold</b>', "x": "plain_name"}
QUOTED = """it's "quoted" <i>007</i>.jpg"""
IDS = (QUOTED, *(f"{n:03d}" for n in range(1, 30)))
FOLDS = 2
PARAMS = """split: {folds: [0, 1]}
train: {members: [lite0, features]}
members:
  lite0: &net {kind: finetuned, network: test_resnet, weights: none, size: 64, precision: float32}
  features: {kind: features, copies: 1}
specialize: {base: SPECIALIST, network: *net}
ensemble: {resamples: 100}
# <script>alert(2)</script>
"""
SINGLE = TaskSettings()
PROBABILITIES = TaskSettings(answer="probabilities", metric="log_loss")
SEVERAL = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")


def write_project(
    folder: Path,
    classes: dict[str, str] = CLASSES,
    hard: tuple[str, ...] = ("7", "10"),
    chosen: str = "lite0",
    settings: TaskSettings = SINGLE,
    decision: dict | None = None,
) -> None:
    """Write everything that the stage `report` reads into `folder`.

    hard: the specialist's classes, () for no specialist; chosen: the final submission, lite0 or the ensemble `soft`;
    settings: of the task; decision: the final submission's, as final.json has it.
    """
    for name in ("folds/review", "submissions/members", "submissions/ensembles"):
        (folder / name).mkdir(parents=True)
    specialist = "[]" if settings.several else "[lite0]"
    params = PARAMS.replace("SPECIALIST", specialist) + (
        f"task: {json.dumps(settings.model_dump(exclude_defaults=True))}\n"
    )
    (folder / "params.yaml").write_text(params)
    targets, names = list(classes), list(classes.values())
    columns = targets if settings.answer == "probabilities" else ["target"]
    task = Task(settings, ANSWERS[settings.answer](targets, names, columns, settings))
    metric, n_classes = make_metric(settings), len(targets)
    texts = np.array([labels_of(n, targets, settings.several) for n in range(len(IDS))])
    y_true = task.encode(texts.tolist())
    folds = np.arange(len(IDS)) // len(targets) % FOLDS
    made = [
        submission(name, member, vote, y_true, task, wrong)
        for name, member, vote, wrong in (
            ("lite0", "lite0", "soft", 3),
            ("lite0_hard", "lite0", "hard", 3),
            ("features", "features", "soft", 9),
        )
    ]
    resampling = EnsembleSettings(resamples=100)
    seconds = {one.name: (10.0, 2.0) for one in made}
    scored, notes = (y_true, folds, n_classes, metric, resampling), {"features": "a note <b>in bold</b>"}
    leaderboard = compare(made, *scored, seconds, notes)
    write_leaderboard(folder / "submissions/leaderboard.csv", leaderboard)
    ensemble = submission("soft", "soft", "soft", y_true, task, 1)
    candidates = compare([*made, ensemble], *scored, seconds | {"soft": (20.0, 4.0)}, {})
    write_leaderboard(folder / "submissions/ensembles.csv", candidates)
    images = pd.DataFrame({"ID": IDS, "target": texts, "fold": folds})
    write_oof(folder / "submissions/ensembles_oof.csv", [ensemble], images, task)
    write_oof(folder / "submissions/oof.csv", made, images, task)
    for one in made:
        rows = [("ID", *columns), *((f"t{n}", *cells) for n, cells in enumerate(task.form.cells(one.test)))]
        (folder / f"submissions/members/{one.name}.csv").write_text("".join(f"{','.join(row)}\n" for row in rows))
    (folder / "submissions/final.csv").write_text((folder / "submissions/members/lite0.csv").read_text())
    write_json(folder / "submissions/votes.json", {"specialist": {"hard_classes": hard} if hard else None})
    facts = final(candidates, classes, chosen) | {"metric": metric.name, "decision": decision}
    write_json(folder / "submissions/final.json", facts)
    write_folds(folder, classes, label_counts(y_true, n_classes).tolist())
    labels = {one.name: task.labels_of(one.test_like) for one in made if one.vote == "soft"}
    write_images(folder, IDS, texts, folds, labels, classes)


def labels_of(n: int, targets: list[str], several: bool) -> str:
    """Labels of image n, as text: its class; of several one, the first two or none."""
    own = targets[n % len(targets)]
    return own if not several else (own, f"{targets[0]}|{targets[1]}", "", own)[n % 4]


def submission(name: str, member: str, vote: str, y_true: np.ndarray, task: Task, wrong: int) -> Submission:
    """Submission that answers the first `wrong` images with the next class, test-like, and all rightly, clean."""
    labels = y_true.copy()
    labels[:wrong] = np.roll(labels[:wrong], 1, axis=1) if task.several else (labels[:wrong] + 1) % task.n_classes
    test = encode([task.targets[0]] * 8, task.targets, task.several)
    answers = (y_true, labels, test)
    if not task.answers_are_labels:
        answers = tuple(0.1 / task.n_classes + 0.9 * np.eye(task.n_classes)[one] for one in answers)
    return Submission(name, member, vote, *answers)


def final(candidates: pd.DataFrame, classes: dict[str, str], chosen: str) -> dict:
    """Content of final.json where `chosen` is the final submission."""
    row = candidates.set_index("submission").loc[chosen]
    scores = {
        condition: {"value": row[condition], "low": row[f"{condition}_low"], "high": row[f"{condition}_high"]}
        for condition in ("clean", "test_like")
    }
    shares = [
        {
            "target": target,
            "class_name": name,
            "rows": 8 * (place == 0),
            "share": float(place == 0),
            "training_share": 1 / len(classes),
            "differs": place == 0,
        }
        for place, (target, name) in enumerate(classes.items())
    ]
    return {
        "score": scores | {"nested_choice": None, "expected": None},
        "chosen": chosen,
        "why": "the best of 3 <candidates>",
        "choose": "auto",
        "best": "lite0",
        "chosen_by_the_other_folds": [],
        "members": ["lite0"],
        "fitted": {},
        "external": [],
        "rows": 8,
        "class_shares": shares,
        "agreement": {"best_member": "lite0", "share": 1.0},
        "calibration": {"bins": 15, "members": [], "chosen": None},
        "confidence": 0.95,
        "lineage": {
            "params": "0123456789abcdef",
            "data": "fedcba9876543210",
            "data_files": ["data/train.arrow"],
            "label_fixes": None,
            "git": {"commit": None, "dirty": None},
            "weights": [],
            "external": [],
        },
        "holdout": None,
    }


def write_folds(folder: Path, classes: dict[str, str], counts: list[int]) -> None:
    sizes = {"height": [10, 20, 30], "width": [11, 21, 31]}
    rows = [
        {"target": target, "class_name": name, "images": count} | sizes
        for (target, name), count in zip(classes.items(), counts, strict=True)
    ]
    write_classes(folder / "folds/classes.csv", rows)
    one = {"unreadable": 1, "unusable_boxes": 0, "images": 30, "blank": [QUOTED], "tiny": []} | sizes
    counts = dict.fromkeys(("exact_images", "exact_pairs", "near_images", "near_pairs"), 0)
    duplicates = dict.fromkeys(("within_train", "within_test", "train_and_test"), counts) | {
        "different_targets": [],
        "images_with_too_many_look_alikes": 0,
    }
    audit = {"train": one, "test": one, "classes": rows, "duplicates": duplicates, "train_against_test": None}
    write_json(folder / "folds/audit.json", audit)
    pair = ["near", 0.98, "train", QUOTED, next(iter(classes)), "train", "001", list(classes)[1], True]
    write_duplicates(folder / "folds/duplicates.csv", pd.DataFrame([pair], columns=COLUMNS))
    problem = {"ID": QUOTED, "set": "train", "file": f"data/raw/train/{QUOTED}", "problem": "Truncated File Read"}
    pd.DataFrame([problem]).to_csv(folder / "folds/problem_files.csv", index=False)
    epochs = {
        "epoch": [0, 1, 2],
        "loss": [2.0, 1.0, 0.5],
        "clean": [0.5, 0.7, 0.9],
        "test_like": [0.4, 0.81, 0.79],
        "seconds": 1.5,
    }
    history = pd.DataFrame(epochs)
    for fold in range(FOLDS):
        for member, epochs in (("lite0", 3), ("features", 1)):
            (folder / f"folds/history/{member}").mkdir(parents=True, exist_ok=True)
            history.head(epochs).assign(kept=[0] * (epochs - 1) + [1]).to_csv(
                folder / f"folds/history/{member}/{fold}.csv", index=False
            )


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def write_optional_inputs(folder: Path) -> None:
    """Give the project what it need not have: public scores, a fitted policy, a holdout, an alarm, fixed labels."""
    (folder / "submissions/public.csv").write_text(
        "submission,public,private,recorded,test_like,test_like_low,test_like_high\n"
        "lite0,0.8125,,2026-11-01,0.9,0.8,0.95\n"
    )
    (folder / "folds/shift.csv").write_text(
        "feature,test,clean,clean_auc,present,present_auc,fitted,fitted_auc\nnoise,1.5,0.5,0.737,0.6,0.558,1.2,0.541\n"
    )
    final, audit = (json.loads((folder / path).read_text()) for path in ("submissions/final.json", "folds/audit.json"))
    score = {"value": 0.7071, "low": 0.6, "high": 0.8}
    final["holdout"] = {"images": 5, "clean": score, "test_like": score}
    final["score"]["expected"] = {"value": 0.8182, "low": 0.7, "high": 0.9, "effective_images": 20.0}
    final["score"]["expected"] |= {
        "alarm": True,
        "accuracy_estimates": AccuracyEstimates(0.703, 0.7, 0.8, 0.61, None, 0.72, 0.0).to_json(),
    }
    final["external"] = [{"name": "colleague", "validated": False, "in_scores": False, "votes": True, "agreement": 0.5}]
    noise = {
        "feature": "noise",
        "train": 0.5,
        "test": 1.5,
        "train_spread": 0.1,
        "test_spread": 0.1,
        "auc": 0.737,
        "test_is": "higher",
    }
    audit["train_against_test"] = {"train_images": 10, "test_images": 10, "auc": 0.9312, "features": [noise]}
    audit["label_fixes"] = {
        "digest": "0",
        "changed": 1,
        "left_out": 0,
        "confirmed": 0,
        "decisions": [{"ID": QUOTED, "from": "7", "to": "10", "reason": "<u>read</u>"}],
    }
    write_json(folder / "submissions/final.json", final)
    write_json(folder / "folds/audit.json", audit)
