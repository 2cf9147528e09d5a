"""Hard vote of the top submissions; the only rule that submissions made elsewhere may join."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.data.task import Task
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Answers
from competition.ensembling.fitted_votes import FittedVote, PerNetwork, Voted, confidence_of
from competition.ensembling.images import Images
from competition.ensembling.rule import EnsembleRule, RuleInputs, SavedVotes
from competition.ensembling.rules import RULES
from competition.ensembling.voting import hard_vote, soft_vote
from competition.metrics.metric import Metric


@RULES.register
class HardTop(EnsembleRule):
    """The hard vote of the `top` best singles by test-like score, the best-ranked breaking ties.

    Out of fold, each fold is answered by those that score best on the other folds. Submissions made elsewhere aren't
    validated: they vote on the test set after all others, and nowhere else.
    """

    level = 0
    precedence = 2
    takes_external = True

    @classmethod
    def suits(cls, task: Task, metric: Metric) -> bool:
        return task.answers_are_labels

    @classmethod
    def candidate(cls, name: str, inputs: RuleInputs) -> Candidate:
        images = inputs.stacked.images
        oof, probabilities = nested_top(inputs.singles, images, inputs.settings.top)
        n_classes, voters = len(images.targets), _best(inputs)
        votes = [*(single.test for single in voters), *inputs.external.values()]
        holdout = {
            condition: hard_vote(np.stack([single.holdout[condition] for single in voters]), n_classes)
            for condition in voters[0].holdout
        }
        vote = TopVote(name, tuple(single.vote for single in voters))
        return Candidate(
            name,
            vote.parts,
            oof,
            hard_vote(np.stack(votes), n_classes),
            holdout,
            None,
            None,
            vote.to_json(),
            rule=cls,
            vote=vote,
            confidence=confidence_of(probabilities, oof["test_like"]),
            mean=probabilities,
        )

    @classmethod
    def fit_vote(cls, name: str, inputs: RuleInputs) -> FittedVote:
        return TopVote(name, tuple(single.vote for single in _best(inputs)))

    @classmethod
    def load(cls, saved: Mapping[str, object], votes: SavedVotes) -> FittedVote:
        return TopVote(saved["name"], tuple(votes.singles[name] for name in saved["fitted"]["votes"]))


@dataclass(frozen=True, eq=False)
class TopVote(FittedVote):
    """The hard vote of `voters`, best first; its probabilities are their mean."""

    name: str
    voters: tuple[FittedVote, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for voter in self.voters for part in voter.parts))

    @property
    def best(self) -> str:
        return self.voters[0].name

    def predict(self, probabilities: PerNetwork) -> Voted:
        votes = [voter.predict(probabilities) for voter in self.voters]
        mean = soft_vote([vote.predictions for vote in votes])
        return Voted(mean, hard_vote(np.stack([vote.answers for vote in votes]), len(mean.targets)))

    def asked(self, probabilities: PerNetwork) -> np.ndarray | None:
        found = (voter.asked(probabilities) for voter in self.voters)
        return next((rows for rows in found if rows is not None), None)

    def to_json(self) -> dict[str, object]:
        return {"votes": [voter.name for voter in self.voters]}


def nested_top(singles: Sequence[Candidate], images: Images, top: int) -> tuple[Answers, np.ndarray]:
    """Return out-of-fold answers, each fold's by the `singles` that score best on the others; and mean probabilities.

    The latter (N, C) are these singles', test-like.
    """
    n_classes = len(images.targets)
    oof = {condition: images.task.empty(len(images.y_true)) for condition in CONDITIONS}
    probabilities = np.empty((len(images.y_true), n_classes))
    for fold, chosen in chosen_without(singles, images, top).items():
        here, voters = images.folds == fold, [singles[index] for index in chosen]
        for condition in CONDITIONS:
            votes = np.stack([single.oof[condition][here] for single in voters])
            oof[condition][here] = hard_vote(votes, n_classes)
        probabilities[here] = np.mean([single.probabilities[here] for single in voters], axis=0, dtype=np.float64)
    return oof, probabilities


def chosen_without(singles: Sequence[Candidate], images: Images, top: int) -> dict[int, list[int]]:
    """Return fold -> positions of the `top` best of `singles` by the other folds' images; see `best_singles`."""
    chosen, names = {}, [single.name for single in singles]
    for fold in np.unique(images.folds).tolist():
        others = images.folds != fold
        answers = [
            {condition: part[others] for condition, part in single.oof_without(fold).items()} for single in singles
        ]
        chosen[fold] = best_singles(answers, names, images.y_true[others], len(images.targets), images.metric, top)
    return chosen


def _best(inputs: RuleInputs) -> list[Candidate]:
    """Return the `top` best singles by all images; see `best_singles`."""
    singles, images = inputs.singles, inputs.stacked.images
    answers, names = [one.oof for one in singles], [one.name for one in singles]
    places = best_singles(answers, names, images.y_true, len(images.targets), images.metric, inputs.settings.top)
    return [singles[place] for place in places]


def best_singles(
    answers: Sequence[Answers], names: Sequence[str], y_true: np.ndarray, n_classes: int, metric: Metric, top: int
) -> list[int]:
    """Return positions of the `top` best by test-like score, of equals by name; of identical answers only the first.

    Two submissions that answer alike are one opinion: together they would outvote everyone else.
    """
    scores = [metric.sign * metric(y_true, answer["test_like"], n_classes) for answer in answers]
    chosen: list[int] = []
    for index in sorted(range(len(names)), key=lambda index: (-scores[index], names[index])):
        if not any(_alike(answers[index], answers[other]) for other in chosen):
            chosen.append(index)
    return chosen[:top]


def _alike(one: Answers, other: Answers) -> bool:
    return all((one[condition] == other[condition]).all() for condition in CONDITIONS)
