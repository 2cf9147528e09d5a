"""Candidates for final.csv: members, the specialist's vote, ensembles, with what each answers out of fold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from competition.data.predictions import CONDITIONS, Predictions, concatenate
from competition.ensembling.decision import Answers, Decision, decide_answers
from competition.ensembling.fitted_votes import FittedVote, MemberVote, SpecialistVote, confidence_of
from competition.ensembling.images import Images
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.stacked_predictions import PerFold
from competition.ensembling.voting import soft_vote
from competition.folds.predictions import holdout_part, out_of_fold
from competition.leaderboard.submission import Submission
from competition.settings.ensemble import EnsembleSettings


@dataclass(frozen=True, eq=False)
class Candidate:
    """Vote that may become final.csv.

    parts: what has to be trained for it: members and `specialist`. oof: (N, ...) answers, each fold's as fitted on the
    other folds; test: (rows, ...) of the submission; holdout: (H, ...), {} while it is locked. probabilities: (N, C)
    test-like out of fold, None where votes are counted. decision: what makes answers of probabilities, None where
    votes are counted. fitted: what was fitted on all folds, for people, in JSON's types. without: fold -> what `oof`
    were if that fold's labels weren't known, for answers that depend on them. rule: the class of RULES, None for a
    single. vote: answers any other images. confidence: (N,) float32 of the test-like answers, by `mean`, (N, C):
    `probabilities`, or where votes are counted the voters' mean.
    """

    name: str
    parts: tuple[str, ...]
    oof: Answers
    test: np.ndarray
    holdout: Answers
    probabilities: np.ndarray | None
    decision: Decision | None = None
    fitted: dict[str, object] = field(default_factory=dict)
    without: dict[int, Answers] = field(default_factory=dict)
    rule: type | None = None
    vote: FittedVote | None = None
    confidence: np.ndarray | None = None
    mean: np.ndarray | None = None

    @property
    def is_single(self) -> bool:
        """Whether it is a member's vote, with or without the specialist, and no ensemble."""
        return self.rule is None

    @property
    def simplicity(self) -> tuple[int, int]:
        """(level, precedence), lower first: see `EnsembleRule`; a single is (0, 0)."""
        return (0, 0) if self.rule is None else (self.rule.level, self.rule.precedence)

    @property
    def takes_external(self) -> bool:
        """Whether submissions made elsewhere vote in it."""
        return self.rule is not None and self.rule.takes_external

    def oof_without(self, fold: int) -> Answers:
        """Out-of-fold answers that know no label of `fold`, but for what the networks of the other folds learnt."""
        return self.without.get(fold, self.oof)

    def submission(self) -> Submission:
        """Return the same for the leaderboard and the CSV."""
        vote = "hard" if self.probabilities is None else "soft"
        return Submission(
            self.name, "+".join(self.parts), vote, *(self.oof[condition] for condition in CONDITIONS), self.test
        )


def member_candidate(name: str, per_fold: PerFold, images: Images, settings: EnsembleSettings) -> Candidate:
    """A member's soft vote over its folds, the very one in submissions/members/<name>.csv."""
    ids = images.seen["ID"].tolist()
    oof = {condition: out_of_fold(per_fold, condition, ids).probabilities for condition in CONDITIONS}
    holdout = {condition: _on_holdout(per_fold, condition, images) for condition in _open_conditions(images)}
    return _single(MemberVote(name), oof, soft_vote([fold["test"] for fold in per_fold]), holdout, images, settings)


def specialist_candidate(
    base: str,
    per_fold: PerFold,
    specialist: PerFold,
    choice: SpecialistChoice,
    images: Images,
    settings: EnsembleSettings,
) -> Candidate:
    """Return the base's soft vote with the specialist's, the very one in submissions/members/<base>_specialist.csv."""
    ids = images.seen["ID"].tolist()
    both = {
        condition: (out_of_fold(per_fold, condition, ids), concatenate([fold[condition] for fold in specialist]))
        for condition in CONDITIONS
    }
    oof = {condition: choice.oof_probabilities(*both[condition], images.folds) for condition in CONDITIONS}
    test = choice.predictions(*(soft_vote([fold["test"] for fold in one]) for one in (per_fold, specialist)))
    holdout = {
        condition: choice.predictions(_on_holdout(per_fold, condition, images), _on_holdout(specialist, condition))
        for condition in _open_conditions(images)
    }
    vote = SpecialistVote(base, choice.hard, choice.asks, choice.weight)
    found = _single(vote, oof, test, holdout, images, settings)
    for fold, weight in choice.per_fold.items():
        blended = {
            condition: replace_hard(*both[condition], choice.hard, choice.asks, weight) for condition in CONDITIONS
        }
        found.without[fold] = {
            condition: found.decision.answers(part.probabilities) for condition, part in blended.items()
        }
    return found


def _single(
    vote: FittedVote,
    oof: Mapping[str, np.ndarray],
    test: Predictions,
    holdout: Mapping[str, Predictions],
    images: Images,
    settings: EnsembleSettings,
) -> Candidate:
    decision, answers = decide_answers(oof, images, settings)
    return Candidate(
        vote.name,
        vote.parts,
        answers,
        images.in_submission(test.ids.tolist(), decision.answers(test.probabilities)),
        {condition: decision.answers(part.probabilities) for condition, part in holdout.items()},
        oof["test_like"],
        decision,
        vote=replace(vote, decision=decision),
        confidence=confidence_of(oof["test_like"], images.task.labels_of(answers["test_like"])),
        mean=oof["test_like"],
    )


def _open_conditions(images: Images) -> tuple[str, ...]:
    return CONDITIONS if len(images.holdout) else ()


def _on_holdout(per_fold: PerFold, condition: str, images: Images | None = None) -> Predictions:
    """Return the folds' soft vote on the holdout, in its order; without `images`, on those that were predicted."""
    voted = soft_vote([fold[holdout_part(condition)] for fold in per_fold])
    return voted if images is None else voted.select(images.holdout["ID"].tolist())
