"""Choice of the final submission: one-standard-error rule on nested test-like scores, the simplest kind first.

Out of fold an image is answered by one network of each member, on the test set by all. Several networks that vote help
a member alone more than an ensemble, which has had several already: so what that adds is added to each score before.

See `one_standard_error`. Kinds differ by what could have been fitted to the images that are scored: nothing but ranks
and temperatures by one member and by a vote, weights by the rest. Within a kind there is nothing that a lower score
would be the price of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Answers
from competition.ensembling.images import Images
from competition.ensembling.one_standard_error import ROUNDING, best_of, paired_bootstrap, simplest_within
from competition.metrics.paired import PairedDifference
from competition.settings.ensemble import EnsembleSettings

AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Choice:
    """chosen: name of the candidate; best: of the one with the best score; compared: all, simplest first, by scores
    with `gains` added, name -> what the vote of all networks adds; none where that isn't known.

    nested: (N, ...) answers out of fold, each fold by the candidate that the other folds chose, per_fold; None and {}
    where a person named the candidate.
    """

    chosen: str
    best: str
    why: str
    compared: tuple[PairedDifference, ...]
    nested: Answers | None
    per_fold: dict[int, str]
    gains: Mapping[str, float]


def decide(
    candidates: Sequence[Candidate],
    costs: dict[str, float],
    images: Images,
    settings: EnsembleSettings,
    gains: Mapping[str, float],
) -> Choice:
    """Return the choice: the candidate that `settings.choose` names; of `auto`, by the one-standard-error rule.

    costs: part -> what it needs, in any unit; of candidates of one level that score alike the cheaper is chosen, then
    by precedence (see `EnsembleRule`), then by name. gains: see `vote_gains`; {}: none is known. Raises ValueError for
    a name that no candidate has.
    """
    ordered = by_simplicity(candidates, costs)
    names, levels = [candidate.name for candidate in ordered], [candidate.simplicity[0] for candidate in ordered]
    compared = _compared(ordered, np.ones(len(images.y_true), bool), images, settings, gains)
    best, found = best_of(compared), _simplest(compared, levels, gains)
    if settings.choose != AUTO:
        if settings.choose not in names:
            raise ValueError(f"ensemble.choose: {settings.choose!r}; expected {AUTO} or one of {', '.join(names)}")
        return Choice(
            settings.choose,
            best.name,
            f"named by ensemble.choose; auto would choose {found.name}",
            compared,
            None,
            {},
            gains,
        )
    nested, per_fold = choose_nested(ordered, images, settings, gains)
    return Choice(found.name, best.name, _why(found, best, len(ordered)), compared, nested, per_fold, gains)


def by_simplicity(candidates: Sequence[Candidate], costs: dict[str, float]) -> list[Candidate]:
    """The candidates, simplest first: by level, then the total cost of their parts, then precedence, then name."""

    def key(one: Candidate) -> tuple[int, float, int, str]:
        level, precedence = one.simplicity
        return level, sum(costs[part] for part in one.parts), precedence, one.name

    return sorted(candidates, key=key)


def _compared(
    ordered: Sequence[Candidate],
    rows: np.ndarray,
    images: Images,
    settings: EnsembleSettings,
    gains: Mapping[str, float],
) -> tuple[PairedDifference, ...]:
    """Return the candidates held against the best on the out-of-fold images `rows` (N,) bool."""
    return paired_bootstrap(
        [candidate.oof["test_like"][rows] for candidate in ordered],
        [candidate.name for candidate in ordered],
        images.y_true[rows],
        len(images.targets),
        images.metric,
        settings,
        images.groups[rows],
        np.array([gains.get(candidate.name, 0.0) for candidate in ordered]),
    )


def _simplest(
    compared: Sequence[PairedDifference], levels: Sequence[int], gains: Mapping[str, float]
) -> PairedDifference:
    """Return, of the lowest level within one standard error, the first that none behind it is better than both with and
    without `gains`: what they are estimated to be never decides alone.
    """
    found, *others = simplest_within(compared, levels)
    for one in others:
        lead = one.sign * (one.score - found.score)
        gained = one.sign * (gains.get(one.name, 0.0) - gains.get(found.name, 0.0))
        if min(lead, lead - gained) > ROUNDING:
            found = one
    return found


def choose_nested(
    ordered: Sequence[Candidate], images: Images, settings: EnsembleSettings, gains: Mapping[str, float]
) -> tuple[Answers, dict[int, str]]:
    """Return out-of-fold answers, each fold's by the candidate that the other folds choose; and fold -> its name."""
    oof = {condition: images.task.empty(len(images.y_true)) for condition in CONDITIONS}
    by_name, per_fold = {candidate.name: candidate for candidate in ordered}, {}
    levels = [candidate.simplicity[0] for candidate in ordered]
    for fold in np.unique(images.folds).tolist():
        here = images.folds == fold
        compared = _compared(ordered, ~here, images, settings, gains)
        chosen = by_name[_simplest(compared, levels, gains).name]
        per_fold[fold] = chosen.name
        for condition in CONDITIONS:
            oof[condition][here] = chosen.oof[condition][here]
    return oof, per_fold


def _why(found: PairedDifference, best: PairedDifference, candidates: int) -> str:
    if found is best:
        return f"the best of {candidates} candidates, and no simpler one is within one standard error of it"
    return (
        f"the simplest of {candidates} candidates within one standard error of the best, {best.name}: "
        f"{found.score:.4f} to {best.score:.4f} with what all networks' vote adds, standard error "
        f"{found.standard_error:.4f}"
    )
