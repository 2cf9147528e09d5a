"""Ensembles cast: out of fold nested, each slice of a fold by a rule fitted on the others; on the test set by the rule
fitted on all.
"""

import numpy as np

from competition.ensembling.candidates import Answers, Candidate
from competition.ensembling.greedy import fit_greedy
from competition.ensembling.rules import Fit, Rule, Vote, fit_foldwise_hard, fit_hard, fit_soft, fit_weighted_soft
from competition.ensembling.stacked_predictions import Panel, Voters
from competition.ensembling.stacking import fit_stacking, is_affordable
from competition.folds.predictions import OOF_VIEWS

WAYS: dict[str, Fit] = {
    "hard": fit_hard,
    "soft": fit_soft,
    "foldwise_hard": fit_foldwise_hard,
    "weighted_soft": fit_weighted_soft,
    "greedy": fit_greedy,
    "stacking": fit_stacking,
}
BLOCK = 4_000_000  # probabilities voted on at once: bounds the memory, changes no answer


def cast_ensembles(panel: Panel) -> list[Candidate]:
    """Every ensemble of WAYS as a candidate; stacking is left out where fitting it would take minutes.

    For each slice temperatures, ranks, weights, selections and regressions are all fitted on the other slices'
    test-like predictions.
    """
    affordable = is_affordable(len(panel.images.true), len(panel.members), len(panel.images.targets))
    return [cast(name, fit, panel) for name, fit in WAYS.items() if name != "stacking" or affordable]


def cast(name: str, fit: Fit, panel: Panel) -> Candidate:
    """One ensemble as a candidate. See `cast_ensembles`."""
    temperatures, rule = panel.temperatures[0], fit_on_all(fit, panel)
    oof, probabilities = cast_nested(fit, panel)
    holdout = {view: vote_in_blocks(rule, raw, temperatures).answers for view, raw in panel.holdout.items()}
    test = panel.in_submission(vote_in_blocks(rule, panel.test, temperatures).answers)
    return Candidate(name, name, parts_of(rule, panel), oof, test, holdout, probabilities, _fitted(rule, panel.members))


def fit_on_all(fit: Fit, panel: Panel) -> Rule:
    """The rule that answers images that no fold holds: fitted on all test-like out-of-fold predictions."""
    return fit(Voters(panel.oof["test_like"], panel.temperatures[0]), panel.images.true, panel.images.folds)


def parts_of(rule: Rule, panel: Panel) -> tuple[str, ...]:
    """The members that `rule` needs."""
    return tuple(member for member, weight in zip(panel.members, rule.weights.tolist(), strict=True) if weight > 0)


def cast_nested(fit: Fit, panel: Panel) -> tuple[Answers, np.ndarray | None]:
    """Answers out of fold, and test-like probabilities (N, C) if there are any, of each slice by what was fitted on the
    others.
    """
    images = panel.images
    oof = {view: np.empty(len(images.true), dtype=np.int64) for view in OOF_VIEWS}
    probabilities = np.empty((len(images.true), len(images.targets)))
    counted = False
    for part, temperatures in panel.temperatures[1].items():
        here = images.slices == part
        known = Voters(panel.oof["test_like"][:, :, ~here], temperatures)
        rule = fit(known, images.true[~here], images.folds[~here])
        for view in OOF_VIEWS:
            vote = rule.vote(Voters(panel.oof[view][:, :, here], temperatures))
            oof[view][here] = vote.answers
        counted = vote.probabilities is None
        if not counted:
            probabilities[here] = vote.probabilities  # OOF_VIEWS ends with test_like
    return oof, None if counted else probabilities


def vote_in_blocks(rule: Rule, raw: np.ndarray, temperatures: np.ndarray) -> Vote:
    """What `rule` answers to (M, K, n, C)."""
    members, networks, n, classes = raw.shape
    rows = max(1, BLOCK // (members * networks * classes))
    votes = [rule.vote(Voters(raw[:, :, start : start + rows], temperatures)) for start in range(0, n, rows)]
    if not votes:
        return Vote(np.empty(0, dtype=np.int64), np.empty((0, classes)))
    answers = np.concatenate([vote.answers for vote in votes])
    counted = votes[0].probabilities is None
    return Vote(answers, None if counted else np.concatenate([vote.probabilities for vote in votes]))


def _fitted(rule: Rule, members: tuple[str, ...]) -> dict[str, object]:
    weights = {name: round(weight, 6) for name, weight in zip(members, rule.weights.tolist(), strict=True)}
    if rule.c is not None:
        return {"c": rule.c}
    return {"weights": weights} if len(set(weights.values())) > 1 else {}
