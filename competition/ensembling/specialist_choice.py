"""Weight of the specialist in the vote: chosen by test-like score out of fold, its score by nested CV.

The score that is reported is nested: each fold is answered as the other folds alone would have chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from competition.common.files import read_json, write_json
from competition.data.predictions import Predictions
from competition.ensembling.decision import base_decision
from competition.ensembling.one_standard_error import paired_bootstrap, simplest
from competition.ensembling.specialist_votes import Asks, replace_hard
from competition.metrics.metric import Metric
from competition.metrics.per_class import per_class_f1
from competition.settings.ensemble import EnsembleSettings

OUT, REPLACE = 0.0, 1.0  # weights of the specialist; a blend's lies between
BLENDS = tuple(tenth / 10 for tenth in range(1, 10))
WEIGHTS = {"auto": (OUT, REPLACE, *BLENDS), "out": (OUT,), "replace": (REPLACE,), "blend": BLENDS}

AnswersByWeight = dict[float, np.ndarray]  # weight -> (N, ...) what the metric takes


def mode_of(weight: float) -> str:
    """Return the mode that a specialist's `weight` stands for: out, replace or blend."""
    return {OUT: "out", REPLACE: "replace"}.get(weight, "blend")


@dataclass(frozen=True)
class SpecialistChoice:
    """The weight of a specialist for the targets `hard`.

    weight: chosen on all out-of-fold images; see `mode_of`. per_fold: the weight that the other folds alone choose for
    a fold. scores: by the metric, test-like, out of fold: `out`, `replace`, `blend` (the best weight's, which flatters
    it), and `nested`, of each fold answered by its `per_fold`, the one to report; `gain` and `noise`: difference to
    `out` of the chosen weight (where that is out: of the best other one), and its standard error; `hard_out`,
    `hard_nested`: mean F1 of the hard classes.
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

    def predictions(self, base: Predictions, specialist: Predictions) -> Predictions:
        """Return the predictions of images that weren't chosen by, such as the test set's."""
        return replace_hard(base, specialist, self.hard, self.asks, self.weight)

    def oof_probabilities(self, base: Predictions, specialist: Predictions, folds: np.ndarray) -> np.ndarray:
        """Return (N, C): what is predicted out of fold, each row's fold (N,) as the other folds choose."""
        probabilities = {
            weight: replace_hard(base, specialist, self.hard, self.asks, weight).probabilities
            for weight in {*self.per_fold.values()}
        }
        return _by_fold(np.asarray(folds), self.per_fold, probabilities)


def write_choice(path: Path | str, choice: SpecialistChoice | None) -> None:
    """Write what `vote` decided, submissions/votes.json: {"specialist": ...}, null where there is none."""
    write_json(path, {"specialist": None if choice is None else _facts(choice)})


def read_choice(path: Path | str) -> SpecialistChoice | None:
    """The specialist's weight as `vote` wrote it to `path`; None where it doesn't vote. Raises FileNotFoundError."""
    facts = _read(path)
    if facts is None or facts["mode"] == "out":
        return None
    per_fold = {int(fold): weight for fold, weight in facts["weight_per_fold"].items()}
    return SpecialistChoice(facts["weight"], per_fold, facts["score"], tuple(facts["hard_classes"]), facts["asks"])


def read_hard_classes(path: Path | str) -> tuple[str, ...]:
    """The specialist's targets as `vote` wrote them to `path`; () without a specialist. Raises FileNotFoundError."""
    facts = _read(path)
    return () if facts is None else tuple(facts["hard_classes"])


def _read(path: Path | str) -> dict | None:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage vote)")
    return read_json(path)["specialist"]


def _facts(choice: SpecialistChoice) -> dict[str, object]:
    return {
        "hard_classes": list(choice.hard),
        "mode": choice.mode,
        "weight": choice.weight,
        "asks": choice.asks,
        "score": {key: round(value, 4) for key, value in choice.scores.items()},
        "weight_per_fold": choice.per_fold,
        "note": choice.note,
    }


def choose(
    base: Predictions,
    specialist: Predictions,
    y_true: Sequence[str],
    folds: Sequence[int],
    hard: Sequence[str],
    metric: Metric,
    asks: Asks = "answer",
    mode: Literal["auto", "out", "replace", "blend"] = "auto",
    settings: EnsembleSettings = EnsembleSettings(),
    groups: Sequence[str] | None = None,
) -> SpecialistChoice:
    """Return the specialist's weight that does best, test-like out of fold, among those that `mode` allows.

    base: (N, C) test-like predictions out of fold; specialist: of at least the rows that it is asked about; y_true:
    (N,) targets, folds: (N,) numbers, groups: (N,) names, aligned with `base`. auto: the simplest of out, replace and
    blend that is within one standard error of the best, so that a gain within noise doesn't count (see
    `one_standard_error`). Of blends that score alike, the middle one is taken.
    Raises ValueError for fewer than two folds, and for what doesn't fit `base`.
    """
    folds, groups = np.asarray(folds), np.arange(len(base)) if groups is None else np.asarray(groups)
    if not len(y_true) == len(folds) == len(groups) == len(base) or len(np.unique(folds)) < 2:
        raise ValueError(
            f"expected a target and a fold for each of {len(base)} predictions, and 2 folds or more; found "
            f"{len(y_true)} targets, {len(folds)} folds, {len(np.unique(folds))} of them different"
        )
    position = {target: index for index, target in enumerate(base.targets)}
    labels, n_classes = np.array([position[target] for target in y_true]), len(base.targets)
    decision = base_decision(metric, base.probabilities, labels)
    answers = {
        weight: decision.answers(replace_hard(base, specialist, hard, asks, weight).probabilities)
        for weight in WEIGHTS["auto"]
    }
    per_fold = {}
    for fold in np.unique(folds).tolist():
        others = folds != fold
        seen = {weight: answer[others] for weight, answer in answers.items()}
        per_fold[fold] = _best_weight(labels[others], seen, n_classes, WEIGHTS[mode], metric, settings, groups[others])
    nested = _by_fold(folds, per_fold, answers)
    weight = _best_weight(labels, answers, n_classes, WEIGHTS[mode], metric, settings, groups)
    hard_labels = [position[target] for target in hard]
    scores = _scores(labels, answers, nested, n_classes, weight, metric, settings, hard_labels, groups)
    return SpecialistChoice(weight, per_fold, scores, tuple(hard), asks)


def _best_weight(
    labels: np.ndarray,
    answers: AnswersByWeight,
    n_classes: int,
    allowed: Sequence[float],
    metric: Metric,
    settings: EnsembleSettings,
    groups: np.ndarray,
) -> float:
    scores = {weight: metric.sign * metric(labels, answers[weight], n_classes) for weight in allowed}
    by_simplicity = [weight for weight in (OUT, REPLACE, _best_blend(scores)) if weight in scores]
    names = {str(weight): weight for weight in by_simplicity}
    tried = [answers[weight] for weight in by_simplicity]
    compared = paired_bootstrap(tried, list(names), labels, n_classes, metric, settings, groups)
    return names[simplest(compared, range(len(names))).name]


def _best_blend(scores: dict[float, float]) -> float | None:
    """Return the middle one of the best blends; scores: greater is better."""
    blends = [weight for weight in BLENDS if weight in scores]
    best = [weight for weight in blends if scores[weight] == max(scores[blend] for blend in blends)]
    return best[len(best) // 2] if best else None


def _noise(
    labels: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
    groups: np.ndarray,
) -> float:
    """Return the standard error of the difference in score of two (N,) answers to the same images."""
    compared = paired_bootstrap([one, other], ["one", "other"], labels, n_classes, metric, settings, groups)
    return max(each.standard_error for each in compared)


def _scores(
    labels: np.ndarray,
    answers: AnswersByWeight,
    nested: np.ndarray,
    n_classes: int,
    weight: float,
    metric: Metric,
    settings: EnsembleSettings,
    hard: list[int],
    groups: np.ndarray,
) -> dict[str, float]:
    scores = {tried: metric(labels, answer, n_classes) for tried, answer in answers.items()}
    utility = {tried: metric.sign * score for tried, score in scores.items()}
    blend = _best_blend(utility)
    best = weight if weight != OUT else max((REPLACE, blend), key=utility.get)

    def of_hard(answer: np.ndarray) -> float:
        predicted = answer if metric.takes == "labels" else answer.argmax(axis=1)
        return float(np.nanmean(per_class_f1(labels, predicted, n_classes)[hard]))

    return {
        "out": scores[OUT],
        "replace": scores[REPLACE],
        "blend": scores[blend],
        "nested": metric(labels, nested, n_classes),
        "gain": scores[best] - scores[OUT],
        "noise": _noise(labels, answers[best], answers[OUT], n_classes, metric, settings, groups),
        "hard_out": of_hard(answers[OUT]),
        "hard_nested": of_hard(nested),
    }


def _by_fold(folds: np.ndarray, weights: dict[int, float], answers: AnswersByWeight) -> np.ndarray:
    """Return (N,) of `answers`, in each fold those of its weight. Raises ValueError for a fold that has none."""
    if unknown := {*folds.tolist()} - weights.keys():
        raise ValueError(f"folds {sorted(unknown)}: nothing was chosen for them, only for {sorted(weights)}")
    result = np.empty_like(next(iter(answers.values())))
    for fold, weight in weights.items():
        result[folds == fold] = answers[weight][folds == fold]
    return result
