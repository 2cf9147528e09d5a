"""Guards vote in no ensemble."""

from dataclasses import replace

import numpy as np
import pytest
from makers.stacked import SETTINGS, TARGETS, made_images, made_member
from makers.tasks import made_task

from competition.ensembling.candidates import member_candidate
from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.rule import RuleInputs
from competition.ensembling.skill import with_skill
from competition.ensembling.stacked_predictions import stack_predictions

LOG_LOSS = {"answer": "probabilities", "metric": "log_loss"}


def made(skills, **task):
    images = made_images(n=400, task=made_task(TARGETS, **task))
    members = {name: made_member(images, skill, seed) for seed, (name, skill) in enumerate(skills.items())}
    singles = [member_candidate(name, members[name], images, SETTINGS) for name in sorted(members)]
    return stack_predictions(members, images), singles


@pytest.mark.parametrize("task", [{}, LOG_LOSS], ids=["F1", "log loss"])
def test_who_is_hardly_better_than_chance_votes_in_nothing(task):
    stacked, singles = made({"grey": 0.0, "lite0": 0.4, "wide": 0.3}, **task)
    voting, able, left_out = with_skill(stacked, singles)
    assert (
        left_out == ["grey"] and voting.members == ("lite0", "wide") and [one.name for one in able] == ["lite0", "wide"]
    )
    for one, name in enumerate(voting.members):
        place = stacked.members.index(name)
        np.testing.assert_array_equal(voting.test[one], stacked.test[place])
        np.testing.assert_array_equal(voting.oof["clean"][one], stacked.oof["clean"][place])
        np.testing.assert_array_equal(voting.holdout["clean"][one], stacked.holdout["clean"][place])
        assert voting.temperatures[0][one] == stacked.temperatures[0][place]
    ensembles, _ = ensemble_candidates(RuleInputs(voting, able, SETTINGS))
    assert ensembles and not any("grey" in one.parts for one in ensembles)


def test_a_specialist_votes_with_its_base():
    stacked, singles = made({"grey": 0.0, "lite0": 0.4})
    asking = [replace(one, name=f"{one.name}_specialist", parts=(one.name, "specialist")) for one in singles]
    _, able, _ = with_skill(stacked, [*singles, *asking])
    assert [one.name for one in able] == ["lite0", "lite0_specialist"]


def test_where_nobody_is_better_than_chance_all_vote():
    stacked, singles = made({"a": 0.0, "b": 0.0})
    worst = np.roll(np.eye(4, dtype=np.float32)[stacked.images.y_true], 1, axis=1)  # always wrong
    stacked = replace(stacked, oof={condition: np.stack([worst[None]] * 2) for condition in stacked.oof})
    assert with_skill(stacked, singles)[2] == []
