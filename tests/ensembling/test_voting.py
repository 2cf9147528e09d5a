"""Votes against brute force and hand counts."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers.metrics import F1
from makers.tasks import made_task

from competition.data.predictions import Predictions
from competition.ensembling.candidates import member_candidate, specialist_candidate
from competition.ensembling.images import Images
from competition.ensembling.member_submissions import hard_submission
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.voting import hard_vote, in_step, soft_vote, unanswered
from competition.folds.predictions import out_of_fold
from competition.settings.ensemble import EnsembleSettings

TARGETS = ("0", "1", "2", "3")


def made_up(ids, seed, targets=TARGETS):
    values = np.random.default_rng(seed).dirichlet(np.full(len(targets), 0.5), len(ids))
    return Predictions(list(ids), values, targets)


def test_soft_vote_aligns_by_id():
    one = Predictions(["a", "b"], [[0.6, 0.4], [0.2, 0.8]], "xy")
    other = Predictions(["b", "a"], [[0.9, 0.1], [0.5, 0.5]], "xy")
    voted = soft_vote([one, other])
    assert voted.ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(voted.probabilities, [[0.55, 0.45], [0.55, 0.45]], atol=1e-6)  # (.6+.5)/2, (.2+.9)/2
    weighted = soft_vote([one, other], [3, 1])
    np.testing.assert_allclose(weighted.probabilities[:, 0], [(3 * 0.6 + 0.5) / 4, (3 * 0.2 + 0.9) / 4], atol=1e-6)


def test_soft_vote_is_the_mean_and_one_voter_keeps_its_word():
    voters = [made_up("abcdefg", seed) for seed in range(4)]
    np.testing.assert_allclose(
        soft_vote(voters).probabilities, np.mean([v.probabilities for v in voters], axis=0), atol=1e-6
    )
    np.testing.assert_allclose(soft_vote(voters, [0, 1, 0, 0]).probabilities, voters[1].probabilities, atol=1e-6)


def test_soft_vote_refuses_what_does_not_match():
    one = made_up("ab", 0)
    with pytest.raises(ValueError, match="one has 2 of them, another 3"):
        soft_vote([one, made_up("abc", 0)])
    with pytest.raises(ValueError, match=r"1 IDs \(b\) have no prediction"):
        soft_vote([one, made_up("ac", 0)])
    with pytest.raises(ValueError, match="different targets"):
        soft_vote([one, made_up("ab", 0, ("0", "1", "3", "2"))])
    for weights in ([1], [1, -1], [0, 0], [1, np.nan]):
        with pytest.raises(ValueError, match="weights"):
            soft_vote([one, one], weights)


@pytest.mark.parametrize("n_voters", [1, 2, 3, 4, 5])
def test_hard_vote_is_brute_force_over_all_ballots(n_voters):
    ballots = np.array(list(itertools.product(range(3), repeat=n_voters))).T
    for ballot, winner in zip(ballots.T.tolist(), hard_vote(ballots, 3).tolist(), strict=True):
        counts = Counter(ballot)
        tied = [k for k in counts if counts[k] == max(counts.values())]
        assert winner == next(vote for vote in ballot if vote in tied)


def test_hard_vote_by_hand():
    votes = np.array([[0, 2, 1], [1, 1, 1], [1, 0, 0], [2, 0, 0]])
    # 0,1,1,2: 1 has two. 2,1,0,0: 0 has two. 1,1,0,0: two each, the best-ranked voter said 1.
    assert hard_vote(votes, 3).tolist() == [1, 0, 1]
    assert hard_vote(np.array([[2, 0], [1, 1]]), 3).tolist() == [2, 0]  # two voters who differ: the better ranked
    for wrong in (np.zeros(3, int), np.zeros((0, 3), int), np.array([[3]]), np.array([[-1]]), np.array([[0.0]])):
        with pytest.raises(ValueError, match="votes"):
            hard_vote(wrong, 3)


def test_replace_hard_by_hand():
    base = Predictions(["a", "b", "c"], [[0.4, 0.2, 0.3, 0.1], [0.1, 0.2, 0.6, 0.1], [0.4, 0.25, 0.35, 0.0]], TARGETS)
    specialist = Predictions(["c", "b", "a"], [[0.5, 0.5], [1, 0], [0.25, 0.75]], ("0", "1"))
    replaced = replace_hard(base, specialist, ["1", "0"])
    # a: 0.6 of mass on 0 and 1, shared 1:3. b is answered with the easy 2: untouched.
    np.testing.assert_allclose(replaced.probabilities[:2], [[0.15, 0.45, 0.3, 0.1], base.probabilities[1]], atol=1e-6)
    # c: shares of 0.325 each would lose to the easy 2 with 0.35, which is shrunk to just below them.
    assert replaced.answers.tolist() == ["1", "2", "0"]
    assert (
        replaced.probabilities[2, 2]
        < replaced.probabilities[2, 0]
        == pytest.approx(0.325 / (0.65 + 0.999 * 0.325), abs=1e-6)
    )


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), hard=st.lists(st.sampled_from(TARGETS), min_size=2, max_size=4, unique=True))
def test_replace_hard_answers_as_the_specialist_where_the_base_is_hard(seed, hard):
    ids = [str(number) for number in range(12)]
    base, specialist = made_up(ids, seed), made_up(ids, seed + 1)
    replaced = replace_hard(base, specialist, hard)
    for row, answer in enumerate(base.answers):
        if answer in hard:
            # float64 proportions become float32 again, so only a clear lead decides
            among = {target: specialist.probabilities[row, TARGETS.index(target)] for target in hard}
            assert among[str(replaced.answers[row])] >= max(among.values()) * (1 - 1e-5)
        else:
            assert (replaced.probabilities[row] == base.probabilities[row]).all()


def test_replace_hard_at_the_edges():
    base = Predictions(["a"], [[1, 0, 0, 0]], TARGETS)
    silent = Predictions(["a"], [[0, 0, 1, 0]], TARGETS)
    assert (replace_hard(base, silent, ["0", "1"]).probabilities == base.probabilities).all()
    easy = Predictions(["z"], [[0, 0, 0, 1]], TARGETS)
    assert replace_hard(easy, silent, ["0", "1"]) is easy  # no hard row: the specialist isn't asked about z
    with pytest.raises(ValueError, match="have no prediction"):
        replace_hard(base, easy, ["0", "1"])
    for hard in (["0", "9"], ["0", "0"]):
        with pytest.raises(ValueError, match="hard targets"):
            replace_hard(base, silent, hard)


def folds_of(seed, targets=TARGETS):
    oof, test = (["a", "b"], ["c"]), ["t1", "t2", "t3"]
    parts = {"clean": 0, "test_like": 100}
    return [
        {view: made_up(ids, seed + add + k, targets) for view, add in parts.items()}
        | {"test": made_up(test, seed + 200 + k, targets)}
        for k, ids in enumerate(oof)
    ]


def images_of(oof_ids, test_ids):
    """Images of which most are of class 2; a and b are of fold 0, c of fold 1."""
    folds = [int(id_ == "c") for id_ in oof_ids]
    seen = pd.DataFrame({"ID": oof_ids, "target": ["2", "2", "1"], "fold": folds, "group": oof_ids})
    return Images(seen, seen.iloc[:0], test_ids, made_task(TARGETS, decision="plain"), F1)


SETTINGS = EnsembleSettings(resamples=100)


def named(answers):
    return [TARGETS[index] for index in answers]


def test_vote_member():
    folds, images = folds_of(0), images_of(["c", "a", "b"], ["t3", "unread", "t1"])
    single = member_candidate("lite0", folds, images, SETTINGS)
    soft, hard = single.submission(), hard_submission(single, folds, images)
    assert (soft.name, soft.vote, hard.name, hard.vote) == ("lite0", "soft", "lite0_hard", "hard")
    # c is fold 1's, a and b fold 0's
    assert named(soft.clean) == [*folds[1]["clean"].answers, *folds[0]["clean"].answers]
    assert named(soft.test_like) == [*folds[1]["test_like"].answers, *folds[0]["test_like"].answers]
    assert hard.clean.tolist() == soft.clean.tolist() and hard.test_like.tolist() == soft.test_like.tolist()
    mean = (folds[0]["test"].probabilities + folds[1]["test"].probabilities) / 2
    assert named(soft.test) == [TARGETS[mean[2].argmax()], "2", TARGETS[mean[0].argmax()]]
    first = folds[0]["test"].answers  # two folds that differ: the first one's answer
    assert named(hard.test) == [first[2], "2", first[0]]
    assert unanswered(["t3", "unread", "t1"], folds[0]["test"]) == ["unread"]


def test_vote_specialist():
    folds, specialist = folds_of(0), folds_of(50, ("1", "3"))
    images = images_of(["c", "a", "b"], ["t1", "t2", "t3"])
    choice = SpecialistChoice(1.0, {0: 1.0, 1: 1.0}, {}, ("1", "3"), "answer")
    voted = specialist_candidate("lite0", folds, specialist, choice, images, SETTINGS).submission()
    assert (voted.name, voted.member, voted.vote) == ("lite0_specialist", "lite0+specialist", "soft")
    expected = replace_hard(
        soft_vote([f["test"] for f in folds]), soft_vote([f["test"] for f in specialist]), ["1", "3"]
    )
    assert named(voted.test) == expected.answers.tolist()
    for view in ("clean", "test_like"):
        per_fold = [replace_hard(f[view], s[view], ["1", "3"]).answers for f, s in zip(folds, specialist, strict=True)]
        assert named(getattr(voted, view)) == [*per_fold[1], *per_fold[0]]


def test_out_of_fold_refuses_an_image_scored_twice_or_never():
    folds = folds_of(0)
    with pytest.raises(ValueError, match="have no prediction"):
        out_of_fold(folds, "clean", ["a", "x"])
    with pytest.raises(ValueError, match="repeated"):
        out_of_fold([folds[0], folds[0]], "clean", ["a"])


def test_members_with_fewer_networks_keep_their_soft_vote():
    several = [np.random.default_rng(k).dirichlet(np.ones(3), (k, 5)).astype(np.float32) for k in (4, 2, 1)]
    found = in_step(several)
    assert found.shape == (3, 4, 5, 3) and found.dtype == np.float32
    for own, stacked in zip(several, found, strict=True):
        assert (stacked[: len(own)] == own).all()
        assert np.allclose(stacked.mean(axis=0), own.mean(axis=0), atol=1e-6)
