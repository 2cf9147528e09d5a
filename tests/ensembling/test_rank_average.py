"""The rank average: order kept, members alike whatever their sureness, and answers that can still be read."""

import numpy as np
import pytest
from makers.stacked import SETTINGS, TARGETS, made_images, made_stacked
from makers.tasks import made_task
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules.rank_average import RankAverage
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.scores import METRICS

AUC = METRICS["roc_auc"]()
SEVERAL = made_task(TARGETS, labels="multi", answer="probabilities", metric="roc_auc")


def voters_of(*members, several=True):
    """Voters of one network each, calibrated as they are; members: (n, C)."""
    return Voters(np.array(members)[:, None], np.ones(len(members)), several)


def two_classes(*positive):
    return voters_of(*[np.column_stack([1 - np.array(one), one]) for one in positive], several=False)


def fitted(voters):
    n = voters.soft.shape[1]
    return RankAverage.fit(voters, np.zeros(n, int), np.zeros(n, int), AUC)


@pytest.mark.parametrize("several", [True, False])
def test_the_order_is_that_of_the_mean_ranks(several):
    """Against scipy's ranks, where there are fewer images than quantiles."""
    random = np.random.default_rng(0)
    values = random.random((3, 200)) ** np.array([[1], [9], [0.2]])  # surer and less sure of themselves
    voters = voters_of(*values[:, :, None]) if several else two_classes(*values)
    answers = fitted(voters).vote(voters).answers
    mean = np.mean([rankdata(one) for one in values], axis=0)
    order = np.argsort(answers[:, -1], kind="stable")
    assert (np.diff(mean[order]) > -1.5).all()  # but for what interpolation between the quantiles changes
    if not several:
        assert answers.sum(axis=1) == pytest.approx(np.ones(200), abs=1e-12)


def test_one_member_keeps_its_order_also_beyond_the_reference():
    random = np.random.default_rng(1)
    seen, new = random.uniform(0.3, 0.6, 300), np.sort(random.random(2000))
    rule = fitted(two_classes(seen))
    answers = rule.vote(two_classes(new)).answers[:, 1]
    assert (np.diff(answers) > 0).all() and answers.min() >= 0 and answers.max() <= 1
    written = np.array([float(f"{value:.8g}") for value in answers])
    assert (np.diff(written) >= 0).all() and len(set(written)) > 1900  # nearly all still differ in the file
    ties = rule.vote(two_classes([0.4, 0.4, 0.9, 0.9])).answers[:, 1]
    assert ties[0] == ties[1] < ties[2] == ties[3]


def test_a_surer_member_weighs_no_more():
    """Of two members the mean of probabilities follows the surer one; ranks don't."""
    random = np.random.default_rng(2)
    true = random.random(2000) < 0.5
    logits = (true * 2 - 1) * 1.0 + random.normal(size=(2, 2000))
    sure, unsure = 1 / (1 + np.exp(-logits[0] * 20)), 1 / (1 + np.exp(-logits[1] * 0.1))
    voters = two_classes(sure, unsure)
    ranked = fitted(voters).vote(voters).answers[:, 1]
    assert roc_auc_score(true, ranked) > roc_auc_score(true, (sure + unsure) / 2) + 0.02
    assert roc_auc_score(true, ranked) == pytest.approx(roc_auc_score(true, logits.sum(axis=0)), abs=0.01)


def test_answers_are_on_the_scale_of_the_probabilities():
    random = np.random.default_rng(3)
    rare = random.beta(1, 20, (2, 1000))  # one in twenty images has the label
    voters = voters_of(*rare[:, :, None])
    vote = fitted(voters).vote(voters)
    assert (vote.answers >= 0.5).mean() == pytest.approx((rare.mean(axis=0) >= 0.5).mean(), abs=0.02)
    assert vote.answers[:, 0].mean() == pytest.approx(rare.mean(), abs=0.03)
    assert vote.probabilities[:, 0] == pytest.approx(rare.mean(axis=0))


def test_it_stands_where_only_the_order_counts():
    def suits(metric="roc_auc", targets="ab", **task):
        return RankAverage.suits(made_task(targets, metric=metric, **task), METRICS[metric]())

    assert suits(answer="probability") and suits(answer="probabilities")
    assert suits("average_precision", "abc", labels="multi", answer="probabilities")
    assert not suits("log_loss", answer="probability") and not suits("f1_macro", answer="label")
    assert not suits("map_at_5", "abc", answer="ranked")
    assert not suits(targets="abc", answer="probabilities")  # three ranks would have to sum to 1


@pytest.mark.slow
def test_it_is_a_candidate_that_needs_no_decision():
    images = made_images(task=SEVERAL)
    stacked = made_stacked(task=SEVERAL)
    candidates, left_out = ensemble_candidates(RuleInputs(stacked, [], SETTINGS))
    assert [one.name for one in candidates] == ["soft", "rank_average", "weighted_soft", "greedy", "stacking"]
    assert not left_out
    one = next(one for one in candidates if one.name == "rank_average")
    assert one.decision is None and one.oof["test_like"].shape == one.probabilities.shape == (80, 4)
    assert one.test.shape == (30, 4) and ((one.test >= 0) & (one.test <= 1)).all()
    unread = images.test_ids.index("t05")
    assert one.test[unread] == pytest.approx(images.y_true.mean(axis=0))
    members = [images.score(single) for single in stacked.oof["test_like"][:, 0]]
    assert images.score(one.oof["test_like"]) > max(members)
    # each slice by the ranks among the others
    here = images.slices == 3
    part = stacked.temperatures[1][3]
    rule = fitted(stacked.voters(stacked.oof["test_like"][:, :, ~here], part))
    voted = rule.vote(stacked.voters(stacked.oof["clean"][:, :, here], part))
    assert (one.oof["clean"][here] == voted.answers).all()
