"""Candidates for final.csv: members, the specialist's vote, ensembles. Answers are class indices, also out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from competition.data.predictions import CONDITIONS, Predictions, concatenate
from competition.ensembling.fitted_votes import FittedVote, MemberVote, SpecialistVote
from competition.ensembling.images import Images
from competition.ensembling.member_submissions import vote_member, vote_specialist
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.stacked_predictions import PerFold, StackedPredictions
from competition.ensembling.voting import soft_vote
from competition.folds.predictions import holdout_part, out_of_fold
from competition.leaderboard.submission import Submission

Answers = dict[str, np.ndarray]  # "clean" and "test_like" -> class indices


@dataclass(frozen=True, eq=False)
class Candidate:
    """Vote that may become final.csv.

    parts: what has to be trained for it: members and `specialist`. oof: (N,) answers, each fold's as fitted on the
    other folds; test: (rows,) of the submission; holdout: (H,), {} while it is locked. probabilities: (N, C) test-like
    out of fold, None where votes are counted. fitted: what was fitted on all folds, for people, in JSON's types.
    without: fold -> what `oof` were if that fold's labels weren't known, for answers that depend on them. rule: the
    class of RULES, None for a single. vote: answers any other images. confidence: (N,) float32, the probabilities of
    the test-like answers, where votes are counted by the voters' mean.
    """

    name: str
    parts: tuple[str, ...]
    oof: Answers
    test: np.ndarray
    holdout: Answers
    probabilities: np.ndarray | None
    fitted: dict[str, object] = field(default_factory=dict)
    without: dict[int, Answers] = field(default_factory=dict)
    rule: type | None = None
    vote: FittedVote | None = None
    confidence: np.ndarray | None = None

    @property
    def is_single(self) -> bool:
        """Whether it is a member's vote, with or without the specialist, and no ensemble."""
        return self.rule is None

    @property
    def simplicity(self) -> tuple[int, int]:
        """(level, precedence), lower first: see `EnsembleRule`; a single is the simplest."""
        return (0, 0) if self.rule is None else (self.rule.level, self.rule.precedence)

    @property
    def takes_external(self) -> bool:
        """Whether submissions made elsewhere vote in it."""
        return self.rule is not None and self.rule.takes_external

    def oof_without(self, fold: int) -> Answers:
        """Out-of-fold answers that know no label of `fold`, but for what the networks of the other folds learnt."""
        return self.without.get(fold, self.oof)

    def submission(self, targets: Sequence[str]) -> Submission:
        """Return the same in targets, for the leaderboard and the CSV."""
        named = np.array(targets, dtype=str)
        vote = "hard" if self.probabilities is None else "soft"
        return Submission(
            self.name,
            "+".join(self.parts),
            vote,
            *(named[self.oof[condition]] for condition in CONDITIONS),
            named[self.test],
        )


def member_candidate(name: str, per_fold: PerFold, stacked: StackedPredictions) -> Candidate:
    """A member's soft vote over its folds, the very one in submissions/members/<name>.csv."""
    images = stacked.images
    submission = vote_member(name, per_fold, images.seen["ID"].tolist(), images.test_ids, images.fallback)[0]
    probabilities = stacked.oof["test_like"][stacked.members.index(name), 0]
    holdout = {
        condition: images.indices(_on_holdout(per_fold, condition, images).answers) for condition in stacked.holdout
    }
    return _single(submission, MemberVote(name), images, holdout, probabilities, {})


def specialist_candidate(
    base: str, per_fold: PerFold, specialist: PerFold, choice: SpecialistChoice, stacked: StackedPredictions
) -> Candidate:
    """Return the base's soft vote with the specialist's, the very one in submissions/members/<base>_specialist.csv."""
    images, ids = stacked.images, stacked.images.seen["ID"].tolist()
    submission = vote_specialist(
        base, per_fold, specialist, choice.hard, ids, images.test_ids, images.fallback, choice, images.folds
    )
    both = {
        condition: (out_of_fold(per_fold, condition, ids), concatenate([fold[condition] for fold in specialist]))
        for condition in CONDITIONS
    }
    without = {
        fold: {condition: _blended(both[condition], choice, weight).indices for condition in CONDITIONS}
        for fold, weight in choice.per_fold.items()
    }
    probabilities = np.empty((len(ids), len(images.targets)))
    for fold, weight in choice.per_fold.items():
        here = images.folds == fold
        probabilities[here] = _blended(both["test_like"], choice, weight).probabilities[here]
    on_holdout = {
        condition: (_on_holdout(per_fold, condition, images), _on_holdout(specialist, condition))
        for condition in stacked.holdout
    }
    holdout = {
        condition: images.indices(_blended(pair, choice, choice.weight).answers)
        for condition, pair in on_holdout.items()
    }
    vote = SpecialistVote(base, choice.hard, choice.asks, choice.weight)
    return _single(submission, vote, images, holdout, probabilities, without)


def own_probability(probabilities: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return (N,) float32: the probabilities (N, C) of the `answers` (N,)."""
    return np.asarray(probabilities, dtype=np.float32)[np.arange(len(answers)), answers]


def _single(
    submission: Submission,
    vote: FittedVote,
    images: Images,
    holdout: Answers,
    probabilities: np.ndarray,
    without: dict[int, Answers],
) -> Candidate:
    oof = {condition: images.indices(getattr(submission, condition)) for condition in CONDITIONS}
    test, confidence = images.indices(submission.test), own_probability(probabilities, oof["test_like"])
    return Candidate(vote.name, vote.parts, oof, test, holdout, probabilities, {}, without, None, vote, confidence)


def _on_holdout(per_fold: PerFold, condition: str, images: Images | None = None) -> Predictions:
    """Return the folds' soft vote on the holdout, in its order; without `images`, on those that were predicted."""
    voted = soft_vote([fold[holdout_part(condition)] for fold in per_fold])
    return voted if images is None else voted.select(images.holdout["ID"].tolist())


def _blended(both: tuple[Predictions, Predictions], choice: SpecialistChoice, weight: float) -> Predictions:
    return replace_hard(*both, choice.hard, choice.asks, weight)
