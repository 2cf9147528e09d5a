"""What each fold's networks say of the test images, and who is asked in the place of whom."""

from dataclasses import replace

import numpy as np
import pytest
from makers.stacked import SETTINGS, TARGETS, made_images, made_members
from makers.tasks import made_task

from competition.ensembling.candidates import member_candidate
from competition.ensembling.fitted_votes import MemberVote, SpecialistVote
from competition.ensembling.network_votes import votes_of_networks
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.rules.hard_top import TopVote
from competition.ensembling.stacked_predictions import stack_predictions


@pytest.fixture(scope="module")
def made():
    images = made_images(task=made_task(TARGETS))
    members = made_members(images)
    stacked = stack_predictions(members, images)
    return stacked, [member_candidate(name, members[name], images, SETTINGS) for name in stacked.members]


def test_a_members_networks_answer_by_themselves(made):
    stacked, singles = made
    votes = votes_of_networks(singles[1], stacked, 4, {})
    assert len(votes.alone) == 4
    for fold, voted in enumerate(votes.alone):
        np.testing.assert_allclose(voted.predictions.probabilities, stacked.test[1, fold], rtol=1e-6)
        assert voted.answers.tolist() == stacked.test[1, fold].argmax(axis=1).tolist()
    np.testing.assert_allclose(votes.together.predictions.probabilities, stacked.test[1].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(votes.out_of_fold.predictions.probabilities, stacked.oof["test_like"][1, 0], rtol=1e-6)


def test_an_ensembles_networks_of_a_fold_vote_together(made):
    stacked, singles = made
    soft = RULES["soft"].candidate("soft", RuleInputs(stacked, singles, SETTINGS))
    votes = votes_of_networks(soft, stacked, 4, {})
    for fold, voted in enumerate(votes.alone):
        expected = stacked.voters(stacked.test[:, fold : fold + 1]).weighted_mean(np.full(3, 1 / 3))
        np.testing.assert_allclose(voted.predictions.probabilities, expected, atol=1e-6)
    assert stacked.in_submission(votes.together.answers).tolist() == soft.test.tolist()


def test_who_learnt_from_the_test_images_is_not_asked(made):
    stacked, singles = made
    votes, base = votes_of_networks(singles[2], stacked, 4, {"c": "a"}), votes_of_networks(singles[0], stacked, 4, {})
    for one, other in zip(votes.alone, base.alone, strict=True):
        np.testing.assert_array_equal(one.predictions.probabilities, other.predictions.probabilities)


def test_the_base_is_asked_in_the_specialists_place(made):
    stacked, singles = made
    asks = SpecialistVote("b", ("2", "x"), "top2", 0.5, singles[1].decision)
    base = votes_of_networks(singles[1], stacked, 4, {})
    with_it = votes_of_networks(replace(singles[1], vote=asks), stacked, 4, {})
    np.testing.assert_array_equal(with_it.together.predictions.probabilities, base.together.predictions.probabilities)
    top = TopVote("hard_top", (MemberVote("a", singles[0].decision), asks))
    votes = votes_of_networks(replace(singles[1], vote=top), stacked, 4, {})
    np.testing.assert_allclose(votes.alone[3].predictions.probabilities, stacked.test[:2, 3].mean(axis=0), atol=1e-6)
