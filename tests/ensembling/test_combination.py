"""Every candidate, cast again on the test images, answers what the stage `ensemble` answered; and what its
probabilities are.
"""

from dataclasses import replace

import numpy as np
import pytest
from competition.ensembling.combination import combine_ensemble, combine_single
from competition.ensembling.hard_top import HARD_TOP, cast_hard_top
from makers.stacked import TARGETS, UNREAD, made_images, made_members
from sklearn.metrics import f1_score

from competition.data.predictions import Predictions
from competition.ensembling.candidates import member_candidate, specialist_candidate
from competition.ensembling.nested import WAYS, cast
from competition.ensembling.specialist_choice import Choice
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import stack_predictions
from competition.ensembling.voting import soft_vote

HARD = ("2", "x")
CHOICE = Choice(0.5, {0: 0.3, 1: 0.5, 2: 0.5, 3: 1.0}, {}, HARD, "top2")
COUNTED = (HARD_TOP, "hard", "foldwise_hard")
VIEWS = ("clean", "test_like", "holdout_clean", "holdout_test_like", "test")


def specialist_of(base):
    """What a specialist for HARD says of all images that `base` answers."""

    def part(k, view, whole):
        values = np.random.default_rng([k, len(view)]).dirichlet(np.ones(len(HARD)), len(whole))
        return Predictions(whole.ids, values, HARD)

    return [{view: part(k, view, fold[view]) for view in VIEWS} for k, fold in enumerate(base)]


@pytest.fixture(scope="module")
def made():
    """(per member, stacked, singles): four members of a hundred images, the last the specialist's base."""
    images = made_images(n=100)
    per_member = made_members(images, 4)
    stacked = stack_predictions(per_member, images)
    singles = [member_candidate(name, per_member[name], stacked) for name in stacked.members]
    specialist = specialist_of(per_member["d"])
    singles.append(specialist_candidate("d", per_member["d"], specialist, CHOICE, stacked))
    return {**per_member, SPECIALIST: specialist}, stacked, singles


def said_by(per_member, combination, view="test"):
    """What the parts say, the rows in an order of their own; the specialist only of the images it is asked about."""
    ids = sorted(per_member["a"][0][view].ids.tolist(), key=lambda id_: (int(id_[1:]) * 7) % 31)
    said = {
        part: [fold[view].select(ids) for fold in per_member[part]] for part in combination.parts if part != SPECIALIST
    }
    if SPECIALIST in combination.parts:
        rows = combination.asked(said)
        assert 0 < len(rows) < len(ids)
        said[SPECIALIST] = [fold[view].select(np.array(ids)[rows].tolist()) for fold in per_member[SPECIALIST]]
    return ids, said


def candidate_of(name, stacked, singles):
    if name in WAYS:
        return cast(name, WAYS[name], stacked)
    if name == HARD_TOP:
        return cast_hard_top(singles, stacked.images.y_true, stacked.images.folds, len(TARGETS), 3)
    return next(single for single in singles if single.name == name)


def combination_of(name, stacked, singles):
    if name in (*WAYS, HARD_TOP):
        return combine_ensemble(name, stacked, singles, CHOICE, 3)
    return combine_single(candidate_of(name, stacked, singles), stacked, CHOICE)


@pytest.mark.parametrize("name", ["a", "d", "d_specialist", HARD_TOP, *WAYS])
def test_the_test_images_get_the_candidates_answers(made, name):
    per_member, stacked, singles = made
    candidate, combination = candidate_of(name, stacked, singles), combination_of(name, stacked, singles)
    assert combination.name == name and combination.parts == candidate.parts
    ids, said = said_by(per_member, combination)
    voted = combination.cast(said)
    assert voted.predictions.ids.tolist() == ids and UNREAD not in ids and len(ids) == len(stacked.test_rows)
    row = {id_: row for row, id_ in enumerate(stacked.images.test_ids)}
    assert voted.indices.tolist() == [candidate.test[row[id_]] for id_ in ids]
    assert len(set(voted.answers.tolist())) == len(TARGETS)
    assert combination.oof.indices.tolist() == candidate.oof["test_like"].tolist()
    assert combination.oof.predictions.ids.tolist() == stacked.images.seen["ID"].tolist()
    if name in COUNTED:
        assert (combination.oof.indices != combination.oof.predictions.indices).any()  # counted, not the likeliest
    else:
        assert (voted.indices == voted.predictions.indices).all()
        assert np.allclose(combination.oof.predictions.probabilities, candidate.probabilities, atol=1e-6)


def test_members_of_weight_0_are_not_asked(made):
    per_member, stacked, singles = made
    useless = {**stacked.oof, "test_like": stacked.oof["test_like"].copy()}
    # always wrong, and sure of it
    useless["test_like"][0] = np.roll(np.eye(len(TARGETS)), 1, axis=1)[stacked.images.y_true]
    stacked = replace(stacked, oof=useless)
    for way in ("weighted_soft", "greedy"):
        combination = combination_of(way, stacked, singles)
        assert "a" not in combination.parts
        ids, said = said_by(per_member, combination)
        expected, rows = cast(way, WAYS[way], stacked).test, {id_: row for row, id_ in enumerate(stacked.images.test_ids)}
        assert combination.cast(said).indices.tolist() == [expected[rows[id_]] for id_ in ids]


@pytest.mark.parametrize("name", ["hard", "foldwise_hard"])
def test_where_votes_are_counted_probabilities_are_the_members_mean(made, name):
    per_member, stacked, singles = made
    combination = combination_of(name, stacked, singles)
    _, said = said_by(per_member, combination)
    voted = combination.cast(said)
    mean = np.mean([[fold.probabilities for fold in folds] for folds in said.values()], axis=(0, 1))
    assert np.allclose(voted.predictions.probabilities, mean, atol=1e-6)
    assert np.allclose(
        voted.confidence, [row[index] for row, index in zip(mean, voted.indices, strict=True)], atol=1e-6
    )
    out_of_fold = np.mean([stacked.oof["test_like"][m, 0] for m in range(4)], axis=0)
    assert np.allclose(combination.oof.predictions.probabilities, out_of_fold, atol=1e-6)


def test_hard_tops_probabilities_are_its_voters_mean(made):
    per_member, stacked, singles = made
    combination, names = (
        combination_of(HARD_TOP, stacked, singles),
        candidate_of(HARD_TOP, stacked, singles).fitted["votes"],
    )
    assert "d_specialist" in names and SPECIALIST in combination.parts
    _, said = said_by(per_member, combination)
    voters = [combination_of(name, stacked, singles).cast(said).predictions for name in names]
    assert np.allclose(combination.cast(said).predictions.probabilities, soft_vote(voters).probabilities, atol=1e-6)


@pytest.mark.parametrize("name", [HARD_TOP, *WAYS])
def test_the_best_of_an_ensemble_is_its_voter_with_the_highest_score(made, name):
    _, stacked, singles = made
    voters = candidate_of(name, stacked, singles)
    names = voters.fitted["votes"] if name == HARD_TOP else voters.parts
    score = {single.name: f1_score(stacked.images.y_true, single.oof["test_like"], average="macro") for single in singles}
    assert combination_of(name, stacked, singles).best.name == max(names, key=score.get)
    assert combination_of("a", stacked, singles).best is None


def test_the_specialists_out_of_fold_vote_is_nested():
    images = made_images(n=4, n_folds=2, holdout=0)
    images = replace(
        images, seen=images.seen.assign(ID=["00", "01", "10", "11"], target=["2", "10", "2", "10"], fold=[0, 0, 1, 1])
    )
    rows = [[0.5, 0.3, 0.2, 0], [0.1, 0.2, 0.7, 0]]
    base = [
        {view: Predictions([f"{k}{n}" for n in range(2)], rows, TARGETS) for view in ("clean", "test_like")}
        for k in "01"
    ]
    words = [{view: Predictions([f"{k}0"], [[0.1, 0.9]], ("2", "10")) for view in ("clean", "test_like")} for k in "01"]
    for folds in (base, words):
        for fold in folds:
            fold["test"] = Predictions([], np.empty((0, len(fold["clean"].targets))), fold["clean"].targets)
    images = replace(images, test_ids=())
    choice = Choice(1.0, {0: 0.0, 1: 1.0}, {}, ("2", "10"), "answer")
    stacked = stack_predictions({"base": base}, images)
    found = combine_single(specialist_candidate("base", base, words, choice, stacked), stacked, choice).oof
    # fold 0: weight 0, as it was; fold 1: "2" and "10" share their 0.8 as 1 to 9, the other image's answer is x
    assert np.allclose(found.predictions.probabilities, [*rows, [0.08, 0.72, 0.2, 0], rows[1]])
    assert found.answers.tolist() == ["2", "x", "10", "x"]
