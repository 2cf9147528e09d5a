"""Search for a policy whose copies are hard to tell from the test images, labels unseen.

Probabilities and strengths are scaled by family (see `families`); a tree-structured Parzen estimator looks for the
factors (J. Bergstra et al., NIPS 2011; Optuna's, multivariate), in turns with small steps from the best so far, which
tell it what a single family does: it has too few trials for that many knobs. Every trial damages the same images with
the same random numbers, so that what differs between two trials is what the policy changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import optuna

from competition.augmentation.fitting.domain_gap import DomainGap, GapMeasure
from competition.augmentation.fitting.families import KNOBS, scaled
from competition.augmentation.fitting.sample import Sample
from competition.common.optuna_logging import quiet_optuna
from competition.common.seeds import generator

FINALISTS = 4  # trials that are measured once more, with other random numbers: the best of many is also the luckiest
STEPPED, STEP = 2, 0.8  # knobs moved by a small step, and its standard deviation, of the logarithm


@dataclass(frozen=True)
class Trial:
    """Trial: a setting of the knobs (see `families.KNOBS`), and the domain gap that its copies leave."""

    factors: dict[str, float]
    gap: DomainGap


def search(
    measure: GapMeasure,
    sample: Sample,
    trials: int,
    seconds: float | None = None,
    report: Callable[[int, Trial], object] = lambda number, trial: None,
) -> Trial:
    """Return the best of `trials` settings of the knobs, the first of which leaves the policy as it is.

    No trial begins after `seconds`. `report` is called after every trial. The best few, and the policy as it is, are
    measured again on other copies of the same images, and by these the choice is made; its gap is theirs.
    """
    began, done = perf_counter(), []
    with quiet_optuna():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=measure.seed, multivariate=True))
    study.enqueue_trial(dict.fromkeys(KNOBS, 1.0))
    while len(done) < trials and not (done and seconds is not None and perf_counter() - began > seconds):
        if len(done) % 2:
            study.enqueue_trial(_step(min(done, key=_objective).factors, generator(measure.seed, "step", len(done))))
        asked = study.ask()
        factors = {name: asked.suggest_float(name, low, high, log=True) for name, (low, high) in KNOBS.items()}
        done.append(_tried(measure, sample, factors, 0))
        study.tell(asked, done[-1].gap.objective)
        report(len(done) - 1, done[-1])
    finalists = [done[0], *sorted(done[1:], key=_objective)[: FINALISTS - 1]]
    return min((_tried(measure, sample, trial.factors, 1) for trial in finalists), key=_objective)


def _tried(measure: GapMeasure, sample: Sample, factors: dict[str, float], number: int) -> Trial:
    copies = measure.copies(sample, scaled(measure.settings, factors), number)
    return Trial(factors, measure.gap(measure.features(copies)))


def _step(factors: dict[str, float], numbers: np.random.Generator) -> dict[str, float]:
    """Return `factors` with STEPPED of them multiplied by a log-normal number, within their limits."""
    names = numbers.choice(list(factors), STEPPED, replace=False)
    moved = {str(name): factors[name] * float(np.exp(numbers.normal(0, STEP))) for name in names}
    return factors | {name: min(max(factor, KNOBS[name][0]), KNOBS[name][1]) for name, factor in moved.items()}


def _objective(trial: Trial) -> float:
    return trial.gap.objective
