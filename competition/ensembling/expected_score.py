"""Expected score of the test set, with its interval: what one network gives there, and what the vote adds.

How often one network is right there is told by `accuracy_estimates`. The networks' mean logits, made so sure that it
is, tell what the labels may be: against these the network and the vote are scored (see `vote_gain`). Of a loss, a
ranking, grades or several labels an image little can be told from an accuracy: there the out-of-fold score counts, its
images weighted to be answered as the test images are (see `shift_weights`), and what the vote adds is put on top. The
interval is of what will be told of this very test set: it holds what other out-of-fold images would have said, what the
labels of the test images may be, how far the estimates are apart, and what the vote's part is wrong by.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from competition.common.seeds import generator
from competition.ensembling.candidates import Candidate
from competition.ensembling.images import Images
from competition.ensembling.one_network import OneNetwork, one_network
from competition.ensembling.shift_weights import effective_size
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.vote_gain import PossibleLabels
from competition.metrics.bootstrap import interval, times_drawn
from competition.settings.ensemble import EnsembleSettings

REFITS = 100  # of what is fitted, each on other images
LEAST_STEP = 1e-3  # of the accuracy, that a slope is taken over
GAIN_ERROR = 0.3  # of what the vote adds: standard error of that
STEEPEST = 2.0  # that the vote's score changes by where one network's changes by 1


def expected_score(
    chosen: Candidate,
    stacked: StackedPredictions,
    folds: Sequence[int],
    settings: EnsembleSettings,
    learnt_from: Mapping[str, str],
) -> dict[str, object]:
    """Return "value", "low", "high"; "one_network", what one alone is expected to score; "effective_images": see
    `effective_size`; of one label an image "accuracy_estimates", by name, and "alarm", whether they are far apart; and
    where adapted networks vote "adapting", the accuracy that these gain out of fold.

    See `one_network` for folds and learnt_from.
    """
    images, draws = stacked.images, generator(settings.seed, "expected")
    found = one_network(chosen, stacked, folds, learnt_from)
    labels = found.possible_labels(images.metric, draws)
    told, estimates, error, per_accuracy, slope = labels.score(found.accuracy), found.estimates, 0.0, 0.0, 1.0
    if estimates is not None:
        error = estimates.error
        per_accuracy, slope = _slopes(labels, found.accuracy, max(LEAST_STEP, error))
    if found.by_accuracy and np.isfinite(told.one):
        one, off = told.one, per_accuracy * _accuracies_off(found, images, settings, draws)
    else:
        one, off = _weighted(chosen, found, images, settings, draws)
    unsure = draws.standard_normal((2, len(off)))
    off = off + per_accuracy * error * unsure[0]
    middle = one + told.gain + slope * off + GAIN_ERROR * told.gain * unsure[1]
    possible = np.clip(middle[:, None] + told.deviations, *images.metric.bounds)
    low, high = interval(possible.ravel(), settings.confidence)
    one, value = (float(np.clip(score, *images.metric.bounds)) for score in (one, one + told.gain))
    facts = {} if estimates is None else {"accuracy_estimates": estimates.to_json(), "alarm": estimates.alarm}
    if found.gained is not None:
        facts["adapting"] = found.gain(np.ones(len(found.gained)))
    return {
        "value": value,
        "low": min(low, value),
        "high": max(high, value),
        "one_network": one,
        "effective_images": effective_size(found.weights),
    } | facts


def _finite(number: float) -> float:
    return number if np.isfinite(number) else 0.0


def _slopes(labels: PossibleLabels, accuracy: float, step: float) -> tuple[float, float]:
    """Return what a change of the accuracy of one network, around `accuracy`, is in its score, and how much of that the
    vote's has.
    """
    below, above = labels.score(accuracy - step), labels.score(accuracy + step)
    one, vote = _finite(above.one - below.one), _finite(above.vote - below.vote)
    return one / (2 * step), float(np.clip(vote / one, 0, STEEPEST)) if one else 1.0


def _accuracies_off(
    found: OneNetwork, images: Images, settings: EnsembleSettings, draws: np.random.Generator
) -> np.ndarray:
    """Return (R,) by how much the accuracy expected is another where other images are drawn out of fold.

    The test images are given; what their labels may be, `PossibleLabels` tells.
    """
    drawn = times_drawn(len(images.y_true), _refits(settings), draws, images.groups)
    return np.array([found.accuracy_by(times) for chunk in drawn for times in chunk]) - found.accuracy


def _weighted(
    chosen: Candidate, found: OneNetwork, images: Images, settings: EnsembleSettings, draws: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Return the weighted out-of-fold score, and (R,) by how much it is another where other images are drawn."""
    answers, n_classes = chosen.oof["test_like"], len(images.targets)
    score, told = images.metric.drawn_scorer(images.y_true, answers, n_classes), []
    for times, of_test in _drawn(found, images, settings, draws):
        told.append(score((times * found.weights_of(times, of_test)).astype(np.float32)[None])[0])
    weighted = images.metric(images.y_true, answers, n_classes, found.weights)
    return weighted, np.array(told) - weighted


def _drawn(
    found: OneNetwork, images: Images, settings: EnsembleSettings, draws: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield how often each image was drawn: (N,) out of fold, groups whole, and (T,) of the test set."""
    n_test = len(found.votes.together)
    for chunk in times_drawn(len(images.y_true), _refits(settings), draws, images.groups):
        of_test = draws.multinomial(n_test, np.full(n_test, 1 / n_test), len(chunk)) if n_test else [None] * len(chunk)
        yield from zip(chunk, of_test, strict=True)


def _refits(settings: EnsembleSettings) -> int:
    return min(REFITS, settings.resamples)
