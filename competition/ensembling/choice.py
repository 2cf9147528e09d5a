"""Choice of the final submission: the candidate with the highest nested test-like score; of equals the simplest.

What is fitted is scored on folds that it wasn't fitted on, so it doesn't look better than it is, and a lower score buys
nothing. Kinds differ by what could have been fitted to the images that are scored: nothing but ranks and temperatures
by one member and by a vote, weights by the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Answers
from competition.ensembling.images import Images
from competition.ensembling.one_standard_error import best_of, paired_bootstrap
from competition.metrics.paired import PairedDifference
from competition.settings.ensemble import EnsembleSettings

AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Choice:
    """chosen: name of the candidate; best: of the one with the best score; compared: all, simplest first.

    nested: (N, ...) answers out of fold, each fold by the candidate that the other folds chose, per_fold; None and {}
    where a person named the candidate.
    """

    chosen: str
    best: str
    why: str
    compared: tuple[PairedDifference, ...]
    nested: Answers | None
    per_fold: dict[int, str]


def decide(
    candidates: Sequence[Candidate], costs: dict[str, float], images: Images, settings: EnsembleSettings
) -> Choice:
    """Return the choice: the candidate that `settings.choose` names; of `auto`, the best one.

    costs: part -> what it needs, in any unit; of candidates of one level that score alike the cheaper is chosen, then
    by precedence (see `EnsembleRule`), then by name. Raises ValueError for a name that no candidate has.
    """
    ordered = by_simplicity(candidates, costs)
    names = [candidate.name for candidate in ordered]
    compared = paired_bootstrap(
        [candidate.oof["test_like"] for candidate in ordered],
        names,
        images.y_true,
        len(images.targets),
        images.metric,
        settings,
        images.groups,
    )
    best = best_of(compared).name
    if settings.choose != AUTO:
        if settings.choose not in names:
            raise ValueError(f"ensemble.choose: {settings.choose!r}; expected {AUTO} or one of {', '.join(names)}")
        why = f"named by ensemble.choose; auto would choose {best}"
        return Choice(settings.choose, best, why, compared, None, {})
    return Choice(best, best, f"the best of {len(ordered)} candidates", compared, *choose_nested(ordered, images))


def by_simplicity(candidates: Sequence[Candidate], costs: dict[str, float]) -> list[Candidate]:
    """The candidates, simplest first: by level, then the total cost of their parts, then precedence, then name."""

    def key(one: Candidate) -> tuple[int, float, int, str]:
        level, precedence = one.simplicity
        return level, sum(costs[part] for part in one.parts), precedence, one.name

    return sorted(candidates, key=key)


def choose_nested(ordered: Sequence[Candidate], images: Images) -> tuple[Answers, dict[int, str]]:
    """Return out-of-fold answers, each fold's by the candidate that the other folds choose; and fold -> its name."""
    oof, per_fold = {condition: images.task.empty(len(images.y_true)) for condition in CONDITIONS}, {}
    metric, n_classes = images.metric, len(images.targets)
    for fold in np.unique(images.folds).tolist():
        here = images.folds == fold
        scores = [metric(images.y_true[~here], one.oof["test_like"][~here], n_classes) for one in ordered]
        chosen = ordered[int(np.argmax(metric.sign * np.array(scores)))]
        per_fold[fold] = chosen.name
        for condition in CONDITIONS:
            oof[condition][here] = chosen.oof[condition][here]
    return oof, per_fold
