"""What may become final.csv: a member, the specialist's vote, an ensemble. All answer in class indices, also out of
fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from competition.data.predictions import Predictions, concatenate
from competition.ensembling.specialist_choice import Choice
from competition.ensembling.specialist_votes import SPECIALIST, replace_hard
from competition.ensembling.stacked_predictions import Images, Panel, PerFold
from competition.ensembling.voting import soft_vote, vote_member, vote_specialist
from competition.folds.predictions import OOF_VIEWS, holdout_view, out_of_fold
from competition.leaderboard.submission import Submission

SINGLE = "single"

Answers = dict[str, np.ndarray]  # "clean" and "test_like" -> class indices


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to answer.

    way: `single`, or a name of ENSEMBLES. parts: what has to be trained for it: members and `specialist`. oof: (N,)
    answers, each fold's as fitted on the other folds; test: (rows,) of the submission; holdout: (H,), {} while it is
    locked. probabilities: (N, C) test-like out of fold, None where votes are counted. fitted: what was fitted on all
    folds, in JSON's types. without: fold -> what `oof` were if that fold's labels weren't known, for answers that
    depend on them.
    """

    name: str
    way: str
    parts: tuple[str, ...]
    oof: Answers
    test: np.ndarray
    holdout: Answers
    probabilities: np.ndarray | None
    fitted: dict[str, object] = field(default_factory=dict)
    without: dict[int, Answers] = field(default_factory=dict)

    def oof_without(self, fold: int) -> Answers:
        """Out-of-fold answers that know no label of `fold`, but for what the networks of the other folds learnt."""
        return self.without.get(fold, self.oof)

    def submission(self, targets: Sequence[str]) -> Submission:
        """The same in targets, for the leaderboard and the CSV."""
        named = np.array(targets, dtype=str)
        vote = "hard" if self.probabilities is None else "soft"
        return Submission(
            self.name, "+".join(self.parts), vote, *(named[self.oof[view]] for view in OOF_VIEWS), named[self.test]
        )


def member_candidate(name: str, per_fold: PerFold, panel: Panel) -> Candidate:
    """A member's soft vote over its folds, the very one in submissions/members/<name>.csv."""
    images = panel.images
    submission = vote_member(name, per_fold, images.seen["ID"].tolist(), images.test_ids, images.fallback)[0]
    probabilities = panel.oof["test_like"][panel.members.index(name), 0]
    holdout = {view: images.indices(_on_holdout(per_fold, view, images).answers) for view in panel.holdout}
    return _single(submission, (name,), images, holdout, probabilities, {})


def specialist_candidate(base: str, per_fold: PerFold, specialist: PerFold, choice: Choice, panel: Panel) -> Candidate:
    """The base's soft vote with the specialist's word, the very one in submissions/members/<base>_specialist.csv."""
    images, ids = panel.images, panel.images.seen["ID"].tolist()
    submission = vote_specialist(
        base, per_fold, specialist, choice.hard, ids, images.test_ids, images.fallback, choice, images.folds
    )
    said = {
        view: (out_of_fold(per_fold, view, ids), concatenate([fold[view] for fold in specialist])) for view in OOF_VIEWS
    }
    without = {
        fold: {view: _heard(said[view], choice, weight).indices for view in OOF_VIEWS}
        for fold, weight in choice.per_fold.items()
    }
    probabilities = np.empty((len(ids), len(images.targets)))
    for fold, weight in choice.per_fold.items():
        here = images.folds == fold
        probabilities[here] = _heard(said["test_like"], choice, weight).probabilities[here]
    on_holdout = {view: (_on_holdout(per_fold, view, images), _on_holdout(specialist, view)) for view in panel.holdout}
    holdout = {view: images.indices(_heard(pair, choice, choice.weight).answers) for view, pair in on_holdout.items()}
    return _single(submission, (base, SPECIALIST), images, holdout, probabilities, without)


def _single(
    submission: Submission,
    parts: tuple[str, ...],
    images: Images,
    holdout: Answers,
    probabilities: np.ndarray,
    without: dict[int, Answers],
) -> Candidate:
    oof = {view: images.indices(getattr(submission, view)) for view in OOF_VIEWS}
    return Candidate(
        submission.name, SINGLE, parts, oof, images.indices(submission.test), holdout, probabilities, {}, without
    )


def _on_holdout(per_fold: PerFold, view: str, images: Images | None = None) -> Predictions:
    """The folds' soft vote on the holdout, in its order; with no `images`, of those that were asked about, in any
    order.
    """
    voted = soft_vote([fold[holdout_view(view)] for fold in per_fold])
    return voted if images is None else voted.select(images.holdout["ID"].tolist())


def _heard(said: tuple[Predictions, Predictions], choice: Choice, weight: float) -> Predictions:
    return replace_hard(*said, choice.hard, choice.asks, weight)
