"""Which candidate becomes final.csv: of the simplest kind within one standard error of the best the best one, by nested
test-like macro F1.

The one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984, 3.4.3; the error is that of
the difference to the best candidate, over bootstrap resamples that all candidates share. Kinds are told apart by what
could have been fitted to the images that are scored: nothing by one member, nothing but ranks and temperatures by a
vote, weights by the rest. Within a kind there is nothing that a lower score would be the price of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.common.seeds import generator
from competition.ensembling.candidates import SINGLE, Answers, Candidate
from competition.folds.predictions import OOF_VIEWS
from competition.metrics.f1 import bootstrap_scores, macro_f1
from competition.metrics.paired import Standing
from competition.metrics.paired import standings as against_best
from competition.settings.ensemble import EnsembleSettings

LEVELS = {
    SINGLE: 0,
    "hard_top": 1,
    "hard": 1,
    "soft": 1,
    "foldwise_hard": 1,
    "weighted_soft": 2,
    "greedy": 2,
    "stacking": 2,
}
AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Decision:
    """chosen: name of the candidate; best: of the one with the highest score; standings: all, simplest first.

    nested: (N,) answers out of fold, each fold by the candidate that the other folds chose, per_fold; None and {} where
    a person named the candidate.
    """

    chosen: str
    best: str
    why: str
    standings: tuple[Standing, ...]
    nested: Answers | None
    per_fold: dict[int, str]


def decide(
    candidates: Sequence[Candidate],
    costs: dict[str, float],
    true: np.ndarray,
    folds: np.ndarray,
    n_classes: int,
    settings: EnsembleSettings,
) -> Decision:
    """The candidate that `settings.choose` names, or, when it says `auto`, the best of the simplest within one standard
    error of the best.

    costs: part -> what it needs, in any unit; of candidates of one level that score alike the cheaper is chosen, then
    the first of LEVELS, then by name. true, folds: (N,). Raises ValueError for a name that no candidate has.
    """
    ordered = by_simplicity(candidates, costs)
    names, levels = [candidate.name for candidate in ordered], [LEVELS[candidate.way] for candidate in ordered]
    standings = stand([candidate.oof["test_like"] for candidate in ordered], names, true, n_classes, settings)
    best, found = best_of(standings), simplest(standings, levels)
    if settings.choose != AUTO:
        if settings.choose not in names:
            raise ValueError(f"ensemble.choose: {settings.choose!r}; expected {AUTO} or one of {', '.join(names)}")
        return Decision(
            settings.choose, best.name, f"named by ensemble.choose; auto would choose {found.name}", standings, None, {}
        )
    nested, per_fold = choose_nested(ordered, true, folds, n_classes, settings)
    return Decision(found.name, best.name, _why(found, best, len(ordered)), standings, nested, per_fold)


def by_simplicity(candidates: Sequence[Candidate], costs: dict[str, float]) -> list[Candidate]:
    """The candidates, simplest first: by LEVELS, then the total cost of their parts, then in the order of LEVELS, then
    by name.
    """
    order = list(LEVELS)
    return sorted(
        candidates, key=lambda c: (LEVELS[c.way], sum(costs[part] for part in c.parts), order.index(c.way), c.name)
    )


def stand(
    answers: Sequence[np.ndarray], names: Sequence[str], true: np.ndarray, n_classes: int, settings: EnsembleSettings
) -> tuple[Standing, ...]:
    """Each of `answers` (n,) against the best of them, the first of equals; on the resamples that the leaderboard
    draws.
    """
    scores = [macro_f1(true, answer, n_classes) for answer in answers]
    drawn = bootstrap_scores(true, answers, n_classes, settings.resamples, generator(settings.seed, "bootstrap"))
    return against_best(names, scores, drawn, settings.confidence)


def best_of(standings: Sequence[Standing]) -> Standing:
    """The one with the highest score, the first of equals."""
    return max(standings, key=lambda standing: standing.score)


def simplest(standings: Sequence[Standing], levels: Sequence[int]) -> Standing:
    """Of those within one standard error of the best that are on the lowest of `levels` the best, the first of
    equals.
    """
    within = [(standing, level) for standing, level in zip(standings, levels, strict=True) if standing.is_within]
    lowest = min(level for _, level in within)
    return best_of([standing for standing, level in within if level == lowest])


def choose_nested(
    ordered: Sequence[Candidate], true: np.ndarray, folds: np.ndarray, n_classes: int, settings: EnsembleSettings
) -> tuple[Answers, dict[int, str]]:
    """Answers out of fold, each fold by the candidate that the same rule chooses by the other folds; and who that
    was.
    """
    oof = {view: np.empty(len(true), dtype=np.int64) for view in OOF_VIEWS}
    by_name, per_fold = {candidate.name: candidate for candidate in ordered}, {}
    levels = [LEVELS[candidate.way] for candidate in ordered]
    for fold in np.unique(folds).tolist():
        here = folds == fold
        answers = [candidate.oof["test_like"][~here] for candidate in ordered]
        standings = stand(answers, list(by_name), true[~here], n_classes, settings)
        chosen = by_name[simplest(standings, levels).name]
        per_fold[fold] = chosen.name
        for view in OOF_VIEWS:
            oof[view][here] = chosen.oof[view][here]
    return oof, per_fold


def _why(found: Standing, best: Standing, candidates: int) -> str:
    if found is best:
        return f"the best of {candidates} candidates, and no simpler one is within one standard error of it"
    return (
        f"the simplest of {candidates} candidates within one standard error of the best, {best.name}: "
        f"{found.score:.4f} to {best.score:.4f}, standard error {found.standard_error:.4f}"
    )
