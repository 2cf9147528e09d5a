"""How long the leaderboard takes, and how much faster its bootstrap is than scikit-learn's macro F1 in a plain loop.

    python tests/benchmarks/bootstrap.py

Made-up answers of 10 members, clean and test-like, to 3,140 images of 17 classes; 2,000 resamples. `seconds`: the whole
leaderboard, from answers to the printed table: scores, intervals, paired differences, F1 of each class, files. The
plain loop is timed on a few resamples of the same draws; `largest_difference` is the two's on them. The last line is
one JSON object.
"""

import argparse
import json
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.metrics import f1_score

from competition.common.seeds import generator
from competition.leaderboard.leaderboard import compare, write_leaderboard
from competition.leaderboard.per_class import class_scores, worst_classes
from competition.leaderboard.submission import Submission
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings

F1 = METRICS["f1_macro"]()


def made_up(members: int, y_true: np.ndarray, targets: np.ndarray) -> list[Submission]:
    """Return members that are right ever less often, between 95% and 70% of the time."""
    random, submissions = generator(0, "benchmark"), []
    for member, skill in enumerate(np.linspace(0.95, 0.7, members)):
        clean, test_like = (
            np.where(random.random(len(y_true)) < skill, y_true, random.choice(targets, len(y_true))) for _ in range(2)
        )
        submissions.append(Submission(f"member{member}", f"member{member}", "soft", clean, test_like, test_like))
    return submissions


def leaderboard(
    submissions: list[Submission], y_true: np.ndarray, targets: np.ndarray, settings: EnsembleSettings
) -> None:
    seconds = {submission.name: (0.0, 0.0) for submission in submissions}
    board = compare(submissions, y_true, np.arange(len(y_true)) % 5, targets.tolist(), F1, settings, seconds, {})
    per_class = class_scores(submissions, y_true, {target: target for target in targets.tolist()})
    with tempfile.TemporaryDirectory() as folder:
        write_leaderboard(Path(folder) / "leaderboard.csv", board)
        write_leaderboard(Path(folder) / "per_class.csv", per_class)
    print_leaderboard(board, "Macro F1 out of fold")
    print(f"worst classes of {board['submission'][0]}: {', '.join(worst_classes(per_class, board['submission'][0]))}")


def plain_loop(
    y_true: np.ndarray, answers: list[np.ndarray], resamples: int, random: np.random.Generator
) -> np.ndarray:
    """(R, M) macro F1, one `f1_score` at a time."""
    drawn = (random.integers(len(y_true), size=len(y_true)) for _ in range(resamples))
    return np.array([[f1_score(y_true[rows], one[rows], average="macro") for one in answers] for rows in drawn])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=3140)
    parser.add_argument("--classes", type=int, default=17)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--plain", type=int, default=5, help="resamples that the plain loop is timed on")
    given = parser.parse_args()
    targets = np.array([f"{number}" for number in range(given.classes)])
    y_true = generator(1, "benchmark").choice(targets, given.images)
    submissions = made_up(given.members, y_true, targets)
    began = perf_counter()
    leaderboard(submissions, y_true, targets, EnsembleSettings(resamples=given.resamples))
    seconds = perf_counter() - began
    answers = [submission.test_like for submission in submissions]
    began = perf_counter()
    plain = plain_loop(y_true, answers, given.plain, generator(2, "benchmark"))
    plain_seconds = (perf_counter() - began) / given.plain
    began = perf_counter()
    indices = [labels.astype(np.int64) for labels in (y_true, *answers)]
    scores = F1.bootstrap(indices[0], indices[1:], given.classes, given.resamples, generator(2, "benchmark"))
    ours = (perf_counter() - began) / given.resamples
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "images": given.images,
                "classes": given.classes,
                "members": given.members,
                "resamples": given.resamples,
                "times_scikit_learn": round(plain_seconds / ours),
                "largest_difference": float(np.abs(plain - scores[: given.plain]).max()),
            }
        )
    )


if __name__ == "__main__":
    main()
