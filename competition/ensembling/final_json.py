"""Facts of the final submission for final.json, but for its holdout and its lineage."""

from collections.abc import Mapping, Sequence

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.candidates import Candidate
from competition.ensembling.choice import Choice
from competition.ensembling.decision import Answers
from competition.ensembling.expected_score import expected_score
from competition.ensembling.images import Images
from competition.ensembling.sanity_checks import agreement, class_shares
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.leaderboard.leaderboard import DECIMALS, score
from competition.metrics.calibration import BINS, calibration_error, fit_temperatures
from competition.metrics.paired import PairedDifference
from competition.settings.ensemble import EnsembleSettings
from competition.settings.params import Settings


def final_facts(
    candidates: Sequence[Candidate],
    chosen: Candidate,
    choice: Choice,
    stacked: StackedPredictions,
    class_names: Sequence[str],
    everything: Settings,
    external: Mapping[str, np.ndarray],
) -> dict[str, object]:
    """Return the facts of the chosen candidate, in JSON's types: scores, reason, members, class shares, calibration.

    score: the candidate's own, nested where something was fitted; `nested_choice`, of each fold answered by the
    candidate that the other folds choose, None where a person named it; `expected`: see `expected_score`, None where
    the rules forbid a look at the test images. external: see `RuleInputs`.
    """
    images, settings, labels_of = stacked.images, everything.ensemble, stacked.images.task.labels_of
    allowed = everything.rules.test_statistics
    expected = None
    if allowed:
        expected = _rounded(expected_score(chosen, stacked, everything.split.folds, settings, everything.adapted))
    nested = None if choice.nested is None else scores_of(choice.nested, images, settings)
    best = best_single(candidates, images)
    return {
        "metric": images.metric.name,
        "score": scores_of(chosen.oof, images, settings) | {"nested_choice": nested, "expected": expected},
        "chosen": chosen.name,
        "why": choice.why,
        "choose": settings.choose,
        "best": choice.best,
        "candidates": [_difference(one) for one in choice.compared],
        "chosen_by_the_other_folds": [{"fold": fold, "candidate": name} for fold, name in choice.per_fold.items()],
        "members": list(chosen.parts),
        "fitted": chosen.fitted,
        "decision": chosen.decision.to_json() if chosen.decision else None,
        "external": external_votes(chosen, external),
        "held_out_effects": {
            "effects": list(everything.augment.test_like.held_out),
            "trained_on": everything.augment.train_on_held_out,
        },
        "rows": len(chosen.test),
        "class_shares": class_shares(labels_of(chosen.test), images.training_labels, images.targets, class_names),
        "agreement": {
            "best_member": best.name,
            "share": round(agreement(labels_of(chosen.test), labels_of(best.test)), DECIMALS),
        },
        "calibration": calibration(chosen, stacked),
        "confidence": settings.confidence,
        "resamples": settings.resamples,
    }


def metrics_of(facts: Mapping[str, object]) -> dict[str, float]:
    """metrics.json, out of `final_facts`: clean, test_like, and expected unless rules.test_statistics forbids it."""
    scores = facts["score"]
    return {name: scores[name]["value"] for name in ("clean", "test_like", "expected") if scores[name]}


def scores_of(answers: Answers, images: Images, settings: EnsembleSettings) -> dict[str, dict[str, float]]:
    """Return condition -> {"value", "low", "high"} of out-of-fold `answers`."""
    return {
        condition: rounded_score(images.y_true, answers[condition], images.groups, images, settings)
        for condition in CONDITIONS
    }


def rounded_score(
    y_true: np.ndarray, answers: np.ndarray, groups: np.ndarray, images: Images, settings: EnsembleSettings
) -> dict[str, float]:
    """Return {"value", "low", "high"} of the score of answers (n, ...) to images of `groups` (n,); as a leaderboard."""
    return _rounded(score(y_true, answers, len(images.targets), images.metric, settings, groups))


def best_single(candidates: Sequence[Candidate], images: Images) -> Candidate:
    """Return the single candidate with the best test-like score, of equals the first by name."""
    singles = sorted(
        (candidate for candidate in candidates if candidate.is_single), key=lambda candidate: candidate.name
    )
    return max(singles, key=lambda one: images.metric.sign * images.score(one.oof["test_like"]))


def external_votes(chosen: Candidate, external: Mapping[str, np.ndarray]) -> list[dict[str, object]]:
    """Return a row for each external submission: whether it votes, and its agreement. No score holds its votes."""
    return [
        {
            "name": name,
            "validated": False,
            "in_scores": False,
            "votes": chosen.takes_external,
            "agreement": round(agreement(answers, chosen.test), DECIMALS),
        }
        for name, answers in external.items()
    ]


def calibration(chosen: Candidate, stacked: StackedPredictions) -> dict[str, object]:
    """Return the expected calibration error, test-like out of fold, of every member and of the chosen candidate.

    See `calibration_error`.

    None for a chosen candidate whose votes are counted: a count is no probability.
    """
    y_true, slices = stacked.images.y_true, stacked.images.slices
    temperatures, without = stacked.temperatures
    members = []
    for m, name in enumerate(stacked.members):
        probabilities, by_slice = stacked.oof["test_like"][m, 0], {part: others[m] for part, others in without.items()}
        members.append(
            {"member": name} | _rounded(calibration_error(probabilities, y_true, slices, temperatures[m], by_slice))
        )
    if chosen.probabilities is None:
        return {"bins": BINS, "members": members, "chosen": None}
    fitted = fit_temperatures(chosen.probabilities, y_true, slices)
    return {
        "bins": BINS,
        "members": members,
        "chosen": _rounded(calibration_error(chosen.probabilities, y_true, slices, *fitted)),
    }


def _rounded(numbers: Mapping[str, object]) -> dict[str, object]:
    """Return the mapping with its numbers rounded; truths, None, and mappings of such are kept."""
    return {key: _rounded_value(value) for key, value in numbers.items()}


def _rounded_value(value: object) -> object:
    if isinstance(value, Mapping):
        return _rounded(value)
    return value if value is None or isinstance(value, bool) else round(float(value), DECIMALS)


def _difference(one: PairedDifference) -> dict[str, object]:
    numbers = {
        "test_like": one.score,
        "difference": one.difference,
        "difference_low": one.low,
        "difference_high": one.high,
        "standard_error": one.standard_error,
    }
    return (
        {"submission": one.name}
        | _rounded(numbers)
        | {"significant": one.significant, "within_one_standard_error": one.is_within}
    )
