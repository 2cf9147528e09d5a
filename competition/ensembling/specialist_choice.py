"""Whether a specialist is listened to, and how much: decided by test-like macro F1 out of fold, and scored honestly.

The score that is reported is nested: each fold is answered as the other folds alone would have chosen.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from competition.common.seeds import generator
from competition.data.predictions import Predictions
from competition.ensembling.specialist_votes import Asks, replace_hard
from competition.metrics.f1 import macro_f1, per_class_f1

OUT, REPLACE = 0.0, 1.0  # weights of the specialist; a blend's lies between
BLENDS = tuple(tenth / 10 for tenth in range(1, 10))
WEIGHTS = {"auto": (OUT, REPLACE, *BLENDS), "out": (OUT,), "replace": (REPLACE,), "blend": BLENDS}
RESAMPLES = 200  # enough for a standard error (Efron and Tibshirani, An Introduction to the Bootstrap, 6.4)

Answers = dict[float, np.ndarray]  # weight -> (N,) class indices


def mode_of(weight: float) -> str:
    """The mode that a specialist's `weight` stands for: out, replace or blend."""
    return {OUT: "out", REPLACE: "replace"}.get(weight, "blend")


@dataclass(frozen=True)
class Choice:
    """Whether a specialist for the targets `hard` is listened to, and how much.

    weight: chosen on all out-of-fold images; see `mode_of`. per_fold: the weight that the other folds alone choose for
    a fold. scores: macro F1, test-like, out of fold: `out`, `replace`, `blend` (the best weight's, which flatters it),
    and `nested`, of each fold answered by its `per_fold`, the one to report; `gain` and `noise`: over `out`, of the
    chosen weight (where that is out: of the best other one), and its standard error; `hard_out`, `hard_nested`: mean F1
    of the hard classes.
    """

    weight: float
    per_fold: dict[int, float]
    scores: dict[str, float]
    hard: tuple[str, ...]
    asks: Asks

    @property
    def mode(self) -> str:
        """out, replace or blend."""
        return mode_of(self.weight)

    @property
    def note(self) -> str:
        """What was decided, and why, in a line."""
        who, before, noise = f"specialist on {', '.join(self.hard)}", self.scores["out"], self.scores["noise"]
        if self.mode == "out":
            return f"{who} left out: {before:.4f} to {before + self.scores['gain']:.4f} at its best, noise {noise:.4f}"
        how = f"blended, weight {self.weight:g}" if self.mode == "blend" else "replaces"
        return f"{who}: {how}, {before:.4f} to {self.scores['nested']:.4f}, noise {noise:.4f}"

    def answers(self, base: Predictions, specialist: Predictions) -> np.ndarray:
        """(N,) str: what is answered to images that weren't chosen by, such as the test set's."""
        return replace_hard(base, specialist, self.hard, self.asks, self.weight).answers

    def oof_answers(self, base: Predictions, specialist: Predictions, folds: np.ndarray) -> np.ndarray:
        """(N,) str: what is answered out of fold, each row's fold (N,) as the other folds choose."""
        answers = {
            weight: replace_hard(base, specialist, self.hard, self.asks, weight).answers
            for weight in {*self.per_fold.values()}
        }
        return _by_fold(np.asarray(folds), self.per_fold, answers)


def read_choice(path: Path | str) -> Choice | None:
    """Whether and how the specialist is listened to, as `vote` wrote it to `path`; None when it has no word. Raises
    FileNotFoundError.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage vote)")
    facts = json.loads(Path(path).read_text(encoding="utf-8"))
    if facts["mode"] == "out":
        return None
    per_fold = {int(fold): weight for fold, weight in facts["weight_per_fold"].items()}
    return Choice(facts["weight"], per_fold, facts["macro_f1"], tuple(facts["hard_classes"]), facts["asks"])


def choose(
    base: Predictions,
    specialist: Predictions,
    true: Sequence[str],
    folds: Sequence[int],
    hard: Sequence[str],
    asks: Asks = "answer",
    mode: Literal["auto", "out", "replace", "blend"] = "auto",
    seed: int = 0,
) -> Choice:
    """The specialist's weight that does best, test-like out of fold, among those that `mode` allows.

    base: (N, C) test-like predictions out of fold; specialist: of at least the rows that it is asked about; true: (N,)
    targets and folds: (N,) numbers, aligned with `base`. auto: the simplest of out, replace and blend whose macro F1 is
    less than one standard error below the best one's, so that a gain within noise doesn't count (the one-standard-error
    rule of Breiman et al., Classification and Regression Trees, 1984, 3.4.3; here the error is the paired difference's,
    over bootstrap resamples). Of blends that score alike, the middle one is taken.
    Raises ValueError for fewer than two folds, and for what doesn't fit `base`.
    """
    folds = np.asarray(folds)
    if not len(true) == len(folds) == len(base) or len(np.unique(folds)) < 2:
        raise ValueError(
            f"expected a target and a fold for each of {len(base)} predictions, and 2 folds or more; found {len(true)} "
            f"targets, {len(folds)} folds, {len(np.unique(folds))} of them different"
        )
    position = {target: index for index, target in enumerate(base.targets)}
    labels, n_classes = np.array([position[target] for target in true]), len(base.targets)
    answers = {weight: replace_hard(base, specialist, hard, asks, weight).indices for weight in WEIGHTS["auto"]}
    per_fold = {}
    for fold in np.unique(folds).tolist():
        others = folds != fold
        seen = {weight: answer[others] for weight, answer in answers.items()}
        per_fold[fold] = _best_weight(labels[others], seen, n_classes, WEIGHTS[mode], seed)
    nested = _by_fold(folds, per_fold, answers)
    weight = _best_weight(labels, answers, n_classes, WEIGHTS[mode], seed)
    scores = _scores(labels, answers, nested, n_classes, weight, seed, [position[target] for target in hard])
    return Choice(weight, per_fold, scores, tuple(hard), asks)


def _best_weight(labels: np.ndarray, answers: Answers, n_classes: int, allowed: Sequence[float], seed: int) -> float:
    scores = {weight: macro_f1(labels, answers[weight], n_classes) for weight in allowed}
    by_simplicity = [weight for weight in (OUT, REPLACE, _best_blend(scores)) if weight in scores]
    best = max(by_simplicity, key=scores.get)
    for weight in by_simplicity:
        if weight == best or scores[best] - scores[weight] < _noise(
            labels, answers[best], answers[weight], n_classes, seed
        ):
            return weight
    raise AssertionError("the best is among them")


def _best_blend(scores: dict[float, float]) -> float | None:
    blends = [weight for weight in BLENDS if weight in scores]
    best = [weight for weight in blends if scores[weight] == max(scores[blend] for blend in blends)]
    return best[len(best) // 2] if best else None


def _noise(labels: np.ndarray, one: np.ndarray, other: np.ndarray, n_classes: int, seed: int) -> float:
    """The standard error of the difference in macro F1 of two (N,) answers to the same images."""
    random, differences = generator(seed, "specialist"), []
    for _ in range(RESAMPLES):
        rows = random.integers(len(labels), size=len(labels))
        differences.append(
            macro_f1(labels[rows], one[rows], n_classes) - macro_f1(labels[rows], other[rows], n_classes)
        )
    return float(np.std(differences, ddof=1))


def _scores(
    labels: np.ndarray, answers: Answers, nested: np.ndarray, n_classes: int, weight: float, seed: int, hard: list[int]
) -> dict[str, float]:
    scores = {tried: macro_f1(labels, answer, n_classes) for tried, answer in answers.items()}
    blend = _best_blend(scores)
    best = weight if weight != OUT else max((REPLACE, blend), key=scores.get)

    def of_hard(answer: np.ndarray) -> float:
        return float(np.nanmean(per_class_f1(labels, answer, n_classes)[hard]))

    return {
        "out": scores[OUT],
        "replace": scores[REPLACE],
        "blend": scores[blend],
        "nested": macro_f1(labels, nested, n_classes),
        "gain": scores[best] - scores[OUT],
        "noise": _noise(labels, answers[best], answers[OUT], n_classes, seed),
        "hard_out": of_hard(answers[OUT]),
        "hard_nested": of_hard(nested),
    }


def _by_fold(folds: np.ndarray, weights: dict[int, float], answers: Answers) -> np.ndarray:
    """(N,) of `answers`, in each fold those of its weight. Raises ValueError for a fold that has none."""
    if unknown := {*folds.tolist()} - weights.keys():
        raise ValueError(f"folds {sorted(unknown)}: nothing was chosen for them, only for {sorted(weights)}")
    result = np.empty_like(next(iter(answers.values())))
    for fold, weight in weights.items():
        result[folds == fold] = answers[weight][folds == fold]
    return result
