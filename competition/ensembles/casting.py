"""Ensembles cast: out of fold nested, each fold by a rule fitted on the others; on the test set by the rule fitted on all."""

import numpy as np

from competition.ensembles.candidates import Answers, Candidate
from competition.ensembles.greedy import fit_greedy
from competition.ensembles.panel import Panel, Voters
from competition.ensembles.rules import Fit, Rule, fit_foldwise_hard, fit_hard, fit_soft, fit_weighted_soft
from competition.ensembles.stacking import fit_stacking, is_affordable
from competition.voting import OOF_VIEWS

WAYS: dict[str, Fit] = {
    "hard": fit_hard, "soft": fit_soft, "foldwise_hard": fit_foldwise_hard, "weighted_soft": fit_weighted_soft,
    "greedy": fit_greedy, "stacking": fit_stacking,
}  # fmt: skip
BLOCK = 4_000_000  # probabilities voted on at once: bounds the memory, changes no answer


def cast_ensembles(panel: Panel) -> list[Candidate]:
    """Every ensemble of WAYS as a candidate; stacking is left out where fitting it would take minutes.

    For fold k temperatures, ranks, weights, selections and regressions are all fitted on the other folds' test-like predictions.
    """
    affordable = is_affordable(len(panel.images.true), len(panel.members), len(panel.images.targets))
    return [cast(name, fit, panel) for name, fit in WAYS.items() if name != "stacking" or affordable]


def cast(name: str, fit: Fit, panel: Panel) -> Candidate:
    """One ensemble as a candidate. See `cast_ensembles`."""
    temperatures = panel.temperatures[0]
    rule = fit(Voters(panel.oof["test_like"], temperatures), panel.images.true, panel.images.folds)
    oof, probabilities = cast_nested(fit, panel)
    parts = tuple(member for member, weight in zip(panel.members, rule.weights.tolist(), strict=True) if weight > 0)
    holdout = {view: answer_in_blocks(rule, raw, temperatures) for view, raw in panel.holdout.items()}
    test = panel.in_submission(answer_in_blocks(rule, panel.test, temperatures))
    return Candidate(name, name, parts, oof, test, holdout, probabilities, _fitted(rule, panel.members))


def cast_nested(fit: Fit, panel: Panel) -> tuple[Answers, np.ndarray | None]:
    """Answers out of fold, and test-like probabilities (N, C) if there are any, of each fold by what the others fitted."""
    images = panel.images
    oof = {view: np.empty(len(images.true), dtype=np.int64) for view in OOF_VIEWS}
    probabilities = np.empty((len(images.true), len(images.targets)))
    counted = False
    for fold, temperatures in panel.temperatures[1].items():
        here = images.folds == fold
        known = Voters(panel.oof["test_like"][:, :, ~here], temperatures)
        rule = fit(known, images.true[~here], images.folds[~here])
        for view in OOF_VIEWS:
            vote = rule.vote(Voters(panel.oof[view][:, :, here], temperatures))
            oof[view][here] = vote.answers
        counted = vote.probabilities is None
        if not counted:
            probabilities[here] = vote.probabilities  # OOF_VIEWS ends with test_like
    return oof, None if counted else probabilities


def answer_in_blocks(rule: Rule, raw: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    """(n,) class indices that `rule` answers to (M, K, n, C)."""
    members, networks, n, classes = raw.shape
    rows = max(1, BLOCK // (members * networks * classes))
    parts = [rule.vote(Voters(raw[:, :, start : start + rows], temperatures)).answers for start in range(0, n, rows)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _fitted(rule: Rule, members: tuple[str, ...]) -> dict[str, object]:
    weights = {name: round(weight, 6) for name, weight in zip(members, rule.weights.tolist(), strict=True)}
    if rule.c is not None:
        return {"c": rule.c}
    return {"weights": weights} if len(set(weights.values())) > 1 else {}
