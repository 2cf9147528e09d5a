"""Ensembles against scikit-learn, brute force and hand counts; and that no slice's labels touch that slice's
answers.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.stacked import SETTINGS, TARGETS, UNREAD, made_images, made_member, made_members, made_stacked
from makers.tasks import made_task
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut

from competition.data.predictions import Predictions
from competition.ensembling import nested
from competition.ensembling.candidates import member_candidate, specialist_candidate
from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.nested import best_first
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.rules.foldwise_hard import FoldwiseHard
from competition.ensembling.rules.greedy import select
from competition.ensembling.rules.hard import Hard
from competition.ensembling.rules.hard_top import best_singles
from competition.ensembling.rules.soft import Soft
from competition.ensembling.rules.stacking import C_RANGE, Stacking, choose_c
from competition.ensembling.rules.weighted_soft import WeightedSoft, mixture_weights
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.stacked_predictions import Voters, stack_predictions
from competition.ensembling.voting import soft_vote
from competition.metrics.calibration import LEAST, apply_temperature

VIEWS = ("clean", "test_like")
ON_MEMBERS = ("hard", "soft", "foldwise_hard", "weighted_soft", "greedy", "stacking")


def member_ensemble(name, stacked):
    """The ensemble of a rule that is fitted on the members."""
    return RULES[name].candidate(name, RuleInputs(stacked, [], SETTINGS))


def member_ensembles(stacked):
    return [member_ensemble(name, stacked) for name in ON_MEMBERS]


def hard_top(stacked, singles, top, external=None):
    settings = SETTINGS.model_copy(update={"top": top})
    return RULES["hard_top"].candidate("hard_top", RuleInputs(stacked, singles, settings, external or {}))


def made_voters(m=3, k=1, n=60, c=4, seed=0):
    """(voters, true): members of rising skill."""
    generator = np.random.default_rng(seed)
    true = generator.integers(c, size=n)
    skill = np.linspace(0.1, 0.3, m)[:, None, None, None]
    raw = skill * np.eye(c)[true] + (1 - skill) * generator.dirichlet(np.ones(c), (m, k, n))
    return Voters(raw.astype(np.float32), np.linspace(0.5, 2, m)), true


class Told(ClassifierMixin, BaseEstimator):
    """An estimator that says of row X[i] what stands in `table`."""

    def __init__(self, table=None):
        self.table = table

    def fit(self, x, y):
        self.classes_ = np.arange(self.table.shape[1])
        return self

    def predict_proba(self, x):
        return self.table[x[:, 0]]

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


def scikit_learns(tables, way, weights=None):
    rows = np.arange(len(tables[0]))[:, None]
    voting = VotingClassifier([(str(m), Told(table)) for m, table in enumerate(tables)], voting=way, weights=weights)
    return voting.fit(rows, np.arange(len(rows)) % tables[0].shape[1])


def test_soft_and_weighted_soft_are_scikit_learns():
    voters, true = made_voters()
    tables = [apply_temperature(voters.raw[m, 0], voters.temperatures[m]) for m in range(3)]
    rows = np.arange(len(true))[:, None]
    soft = Soft.fit(voters, true, true, F1).vote(voters)
    np.testing.assert_allclose(soft.probabilities, scikit_learns(tables, "soft").predict_proba(rows), atol=1e-12)
    assert (soft.probabilities.argmax(axis=1) == scikit_learns(tables, "soft").predict(rows)).all()
    rule = WeightedSoft.fit(voters, true, true, F1)
    expected = scikit_learns(tables, "soft", rule.weights).predict_proba(rows)
    np.testing.assert_allclose(rule.vote(voters).probabilities, expected, atol=1e-12)


def test_hard_is_scikit_learns_where_nothing_is_tied_and_the_best_members_where_it_is():
    voters, true = made_voters(m=4, k=3)
    seen, _ = made_voters(m=4)
    answer = Hard.fit(seen, true, true, F1).vote(voters).answers
    tables = [voters.raw[m].mean(axis=0) for m in range(4)]
    ballots = np.stack([table.argmax(axis=1) for table in tables])
    order = sorted(range(4), key=lambda m: -f1_score(true, seen.raw[m, 0].argmax(axis=1), average="macro"))
    expected = scikit_learns(tables, "hard").predict(np.arange(len(true))[:, None])
    tied = 0
    for row, ballot in enumerate(ballots.T.tolist()):
        counts = Counter(ballot)
        winners = [label for label in counts if counts[label] == max(counts.values())]
        tied += len(winners) > 1
        assert answer[row] == (
            expected[row] if len(winners) == 1 else next(ballot[m] for m in order if ballot[m] in winners)
        )
    assert tied > 3


def test_foldwise_hard_counts_every_network():
    voters, true = made_voters(m=3, k=4)
    seen, _ = made_voters(m=3)
    answer = FoldwiseHard.fit(seen, true, true, F1).vote(voters).answers
    order = best_first(seen.answers(F1), true, 4, F1)
    for row in range(len(true)):
        ballot = [int(voters.raw[m, k, row].argmax()) for m in order for k in range(4)]
        counts = Counter(ballot)
        assert answer[row] == next(vote for vote in ballot if counts[vote] == max(counts.values()))
    assert (
        FoldwiseHard.fit(seen, true, true, F1).vote(seen).answers == Hard.fit(seen, true, true, F1).vote(seen).answers
    ).all()


def test_members_are_ranked_by_their_score_and_of_equals_the_first():
    true = np.array([0, 1, 2, 0])
    answers = np.array([[0, 0, 0, 0], [0, 1, 2, 1], [0, 1, 2, 0], [0, 1, 2, 1]])
    assert best_first(answers, true, 3, F1).tolist() == [2, 1, 3, 0]


def test_mixture_weights_are_those_of_expectation_maximisation():
    of_true = np.random.default_rng(0).beta([[4], [2], [1], [3]], 2, (4, 300))
    weights = np.full(4, 0.25)
    for _ in range(20_000):
        joint = weights[:, None] * of_true
        weights = (joint / joint.sum(axis=0)).mean(axis=1)
    found = mixture_weights(of_true)
    np.testing.assert_allclose(found, weights, atol=2e-3)
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    assert -np.log(found @ of_true).mean() <= -np.log(weights @ of_true).mean() + 1e-7
    assert mixture_weights(of_true[:1]).tolist() == [1]
    useless = np.stack([of_true[0], np.full(300, 1e-9), of_true[0] * 0.5])
    assert mixture_weights(useless).tolist() == [1, 0, 0]  # left out wholly
    assert np.isfinite(mixture_weights(np.zeros((2, 5)))).all()


def plain_greedy(probabilities, true, steps):
    """Caruana's selection with replacement, as it is told: every mean made anew from the list of the selected."""

    def score(selected):
        mean = np.mean([probabilities[m] for m in selected], axis=0)
        likelihood = np.mean([np.log(max(row[label], LEAST)) for row, label in zip(mean, true, strict=True)])
        return round(f1_score(true, mean.argmax(axis=1), average="macro", zero_division=0), 9), round(likelihood, 9)

    selected, path = [], []
    for _ in range(steps):
        tried = [score([*selected, m]) for m in range(len(probabilities))]
        selected.append(tried.index(max(tried)))
        path.append(max(tried))
    return Counter(selected[: path.index(max(path)) + 1])


@pytest.mark.parametrize("seed", range(6))
def test_greedy_selection_is_brute_forces(seed):
    voters, true = made_voters(m=4, n=50, seed=seed)
    counts = select(voters, true, F1, steps=8)
    assert dict(enumerate(counts.tolist())) == {m: plain_greedy(voters.soft, true, 8)[m] for m in range(4)}


def as_they_are(*members, several=False):
    """Voters of one network each, whose probabilities need no calibration."""
    return Voters(np.array(members)[:, None], np.ones(len(members)), several)


def test_greedy_selection_by_hand():
    true = np.array([0, 1])
    # alone each is wrong on one row; together .55/.45 and .4/.6: both are right. The first is selected first, of
    # equals.
    one, other = [[0.9, 0.1], [0.7, 0.3]], [[0.2, 0.8], [0.1, 0.9]]
    assert select(as_they_are(one, other), true, F1, steps=2).tolist() == [1, 1]
    sure = [[0.99, 0.01], [0.01, 0.99]]
    # right at once, surest, first of equals
    assert select(as_they_are(one, sure, sure), true, F1).tolist() == [0, 1, 0]
    assert select(as_they_are(one), true, F1).tolist() == [1]


def test_stacking_is_scikit_learns_regression_with_the_c_of_a_grid_search():
    voters, true = made_voters(m=3, n=120, seed=1)
    folds = np.arange(120) % 4
    logits = np.log(np.concatenate([voters.calibrated[m, 0] for m in range(3)], axis=1).reshape(120, 3, 4))
    features = (logits - logits.mean(axis=2, keepdims=True)).reshape(120, 12)
    search = GridSearchCV(
        LogisticRegression(max_iter=1000, tol=1e-3), {"C": C_RANGE}, scoring="neg_log_loss", cv=LeaveOneGroupOut()
    )
    search.fit(features, true, groups=folds)
    rule = Stacking.fit(voters, true, folds, F1)
    assert rule.c == search.best_params_["C"]
    asked, _ = made_voters(m=3, k=2, n=30, seed=2)
    per_fold = []
    for k in range(2):
        part = np.log(asked.calibrated[:, k]).transpose(1, 0, 2)
        per_fold.append(search.predict_proba((part - part.mean(axis=2, keepdims=True)).reshape(30, 12)))
    np.testing.assert_allclose(rule.vote(asked).probabilities, np.mean(per_fold, axis=0), atol=1e-6)


def test_stacking_with_one_fold_or_without_a_class():
    voters, true = made_voters(n=90)
    assert choose_c(np.zeros((90, 2)), true, np.zeros(90, int), 4) == min(C_RANGE)
    kept = true != 2
    rule = Stacking.fit(Voters(voters.raw[:, :, kept], voters.temperatures), true[kept], np.arange(kept.sum()) % 3, F1)
    probabilities = rule.vote(voters).probabilities
    assert (probabilities[:, 2] == 0).all() and probabilities.sum(axis=1) == pytest.approx(1)
    assert Stacking.is_affordable(1570, 10, 17) and not Stacking.is_affordable(20_000, 10, 256)


def answers_of(candidate, vote):
    """What `vote` answers: the votes that were counted, else what the candidate decides."""
    return candidate.decision.answers(vote.probabilities) if vote.answers is None else vote.answers


@pytest.mark.slow
def test_ensembles_answer_the_test_set_and_the_holdout_as_fitted_on_all():
    stacked = made_stacked()
    images, temperatures = stacked.images, stacked.temperatures[0]
    by_name = {candidate.name: candidate for candidate in member_ensembles(stacked)}
    for name in ON_MEMBERS:
        one = by_name[name]
        rule = RULES[name].fit(Voters(stacked.oof["test_like"], temperatures), images.y_true, images.folds, F1)
        expected = stacked.in_submission(answers_of(one, rule.vote(Voters(stacked.test, temperatures))))
        assert (one.test == expected).all() and expected.shape == (30,)
        for view in VIEWS:
            voted = answers_of(one, rule.vote(Voters(stacked.holdout[view], temperatures)))
            assert (one.holdout[view] == voted).all()
    assert (by_name["hard"].probabilities, by_name["foldwise_hard"].probabilities) == (None, None)
    assert by_name["stacking"].fitted["c"] in C_RANGE and sum(
        by_name["greedy"].fitted["weights"].values()
    ) == pytest.approx(1, abs=1e-5)
    assert set(by_name["greedy"].parts) == {
        name for name, weight in by_name["greedy"].fitted["weights"].items() if weight
    }


@pytest.mark.slow
def test_blocks_change_no_answer(monkeypatch):
    stacked = made_stacked()
    whole = member_ensemble("stacking", stacked)
    monkeypatch.setattr(nested, "BLOCK", 3 * 4 * 4 * 5)  # five rows at once
    assert (member_ensemble("stacking", stacked).test == whole.test).all()


def test_one_member_is_its_own_ensemble():
    stacked = made_stacked(1)
    images = stacked.images
    member = member_candidate("a", made_members(images, 1)["a"], images, SETTINGS)
    for candidate in member_ensembles(stacked):
        if candidate.name != "stacking":
            assert (candidate.oof["test_like"] == member.oof["test_like"]).all() and candidate.parts == ("a",)
    assert (member_ensemble("hard", stacked).test == member.test).all()


def test_a_members_candidate_is_its_networks_mean():
    images = made_images()
    per_fold = made_members(images)["b"]
    candidate = member_candidate("b", per_fold, images, SETTINGS)
    for view in VIEWS:
        for id_, fold, answer in zip(images.seen["ID"], images.folds, candidate.oof[view], strict=True):
            assert answer == per_fold[fold][view].select([id_]).indices[0]
    for id_, answer in zip(images.test_ids, candidate.test, strict=True):
        if id_ == UNREAD:
            assert answer == images.fallback
        else:
            mean = np.mean([fold["test"].select([id_]).probabilities for fold in per_fold], axis=0)
            assert answer == mean.argmax()
    mean = soft_vote([fold["holdout_clean"] for fold in per_fold]).select(images.holdout["ID"].tolist())
    assert candidate.holdout["clean"].tolist() == mean.indices.tolist()
    told = candidate.submission()
    assert (told.name, told.member, told.vote) == ("b", "b", "soft")
    assert [getattr(told, view) is answers for view, answers in candidate.oof.items()] == [True, True]
    assert told.test is candidate.test


HARD = ("10", "x")
WEIGHTS = {0: 0.0, 1: 0.5, 2: 1.0, 3: 0.5}


def made_specialist(images, base, seed=7):
    """Asked about everything, so also about what the base answers with a hard class."""
    generator, folds = np.random.default_rng(seed), []
    for views in base:
        folds.append(
            {
                view: Predictions(part.ids, generator.dirichlet(np.ones(2), len(part)), HARD)
                for view, part in views.items()
            }
        )
    return folds


def test_the_specialists_candidate_is_the_blend_that_the_other_folds_chose():
    images = made_images()
    base = made_members(images)["c"]
    specialist, choice = made_specialist(images, base), SpecialistChoice(1.0, WEIGHTS, {}, HARD, "answer")
    candidate = specialist_candidate("c", base, specialist, choice, images, SETTINGS)
    ids = images.seen["ID"].tolist()
    assert (
        candidate.parts == ("c", "specialist")
        and candidate.probabilities.argmax(axis=1).tolist() == candidate.oof["test_like"].tolist()
    )
    for row, (id_, fold) in enumerate(zip(ids, images.folds, strict=True)):
        for without, weight in WEIGHTS.items():  # what would be answered if the fold `without` had never been seen
            heard = replace_hard(
                base[fold]["test_like"].select([id_]), specialist[fold]["test_like"], HARD, "answer", weight
            )
            assert candidate.oof_without(without)["test_like"][row] == heard.indices[0]
            if fold == without:
                assert candidate.oof["test_like"][row] == heard.indices[0]
    for part, expected in (("test", candidate.test), ("holdout_clean", candidate.holdout["clean"])):
        voted = replace_hard(soft_vote([f[part] for f in base]), soft_vote([f[part] for f in specialist]), HARD)
        wanted = images.test_ids if part == "test" else images.holdout["ID"]
        known = dict(zip(voted.ids.tolist(), voted.indices.tolist(), strict=True))
        assert expected.tolist() == [known.get(id_, images.fallback) for id_ in wanted]


def singles_of(images, members=None):
    members = made_members(images) if members is None else members
    stacked = stack_predictions(members, images)
    base = members["c"]
    choice = SpecialistChoice(1.0, WEIGHTS, {}, HARD, "answer")
    specialist = specialist_candidate("c", base, made_specialist(images, base), choice, images, SETTINGS)
    return stacked, [*(member_candidate(name, members[name], images, SETTINGS) for name in sorted(members)), specialist]


def test_hard_top_is_a_count_of_the_best_by_the_other_folds():
    images = made_images()
    stacked, singles = singles_of(images)
    candidate = hard_top(stacked, singles, 3)
    for fold in range(4):
        here = images.folds == fold
        scores = {
            s.name: f1_score(images.y_true[~here], s.oof_without(fold)["test_like"][~here], average="macro")
            for s in singles
        }
        order = sorted(singles, key=lambda s: (-scores[s.name], s.name))[:3]
        for row in np.flatnonzero(here):
            ballot = [int(s.oof["test_like"][row]) for s in order]
            assert candidate.oof["test_like"][row] == max(ballot, key=ballot.count)  # of equals the first, so the best
    scores = {s.name: f1_score(images.y_true, s.oof["test_like"], average="macro") for s in singles}
    order = sorted(singles, key=lambda s: (-scores[s.name], s.name))[:3]
    assert candidate.fitted == {"votes": [s.name for s in order]} and candidate.probabilities is None
    for row in range(30):
        ballot = [int(s.test[row]) for s in order]
        assert candidate.test[row] == max(ballot, key=ballot.count)
    for row in range(len(images.holdout)):
        ballot = [int(s.holdout["clean"][row]) for s in order]
        assert candidate.holdout["clean"][row] == max(ballot, key=ballot.count)


def test_external_votes_count_on_the_test_set_alone_and_break_no_tie():
    images = made_images()
    stacked, singles = singles_of(images)
    alone = hard_top(stacked, singles, 2)
    external = {"one": np.full(30, 3), "two": np.full(30, 3)}
    joined = hard_top(stacked, singles, 2, external)
    assert (joined.oof["test_like"] == alone.oof["test_like"]).all() and (
        joined.holdout["clean"] == alone.holdout["clean"]
    ).all()
    by_name = {single.name: single for single in singles}
    first, second = (by_name[name].test for name in alone.fitted["votes"])
    for row in range(30):  # two of four votes at least are for 3; it wins unless both others name one other class
        assert joined.test[row] == (first[row] if first[row] == second[row] else 3)


def test_of_submissions_that_answer_alike_only_the_best_ranked_votes():
    true = np.array([0, 1, 0])
    told = {"a": "010", "a_too": "010", "b": "000", "c": "011", "c_too": "011"}
    answers = [{view: np.array(list(letters), dtype=int) for view in VIEWS} for letters in told.values()]
    names = list(told)
    assert [names[index] for index in best_singles(answers, names, true, 2, F1, 3)] == ["a", "c", "b"]
    answers[1]["clean"] = np.array([1, 1, 1])  # alike on one view only
    assert [names[index] for index in best_singles(answers, names, true, 2, F1, 99)] == ["a", "a_too", "c", "b"]


def with_labels_of_a_slice_changed(images, part):
    seen = images.seen.copy()
    rows = images.slices == part
    seen.loc[rows, "target"] = np.roll(seen.loc[rows, "target"].to_numpy(), 1)
    return replace(images, seen=seen)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 10])
def test_the_labels_of_a_slice_do_not_change_what_answers_it(part):
    images = made_images(task=made_task(TARGETS, decision="plain"))  # of decision rules: test_decision
    members = made_members(images, 4)
    changed = with_labels_of_a_slice_changed(images, part)
    assert (changed.y_true != images.y_true).sum() > 2
    twice = []
    for these in (images, changed):
        stacked, singles = singles_of(these, members)
        top = hard_top(stacked, singles, 2)
        twice.append({candidate.name: candidate for candidate in [top, *member_ensembles(stacked)]})
    here = images.slices == part
    differs = set()
    for name in ("hard_top", *ON_MEMBERS):
        one, other = (candidates[name] for candidates in twice)
        for view in VIEWS:
            assert (one.oof[view][here] == other.oof[view][here]).all(), name
        if one.probabilities is not None:
            assert (one.probabilities[here] == other.probabilities[here]).all(), name
            if (one.probabilities[~here] != other.probabilities[~here]).any():
                differs.add(name)
    assert differs == {"soft", "weighted_soft", "greedy", "stacking"}  # they do look at labels, of the other slices


@pytest.mark.slow
def test_ensembles_know_no_seen_order():
    images = made_images()
    members = made_members(images)
    order = np.random.default_rng(1).permutation(len(images.seen))
    mixed = replace(images, seen=images.seen.iloc[order].reset_index(drop=True))
    for one, other in zip(
        member_ensembles(stack_predictions(members, images)),
        member_ensembles(stack_predictions(members, mixed)),
        strict=True,
    ):
        assert (one.oof["test_like"][order] == other.oof["test_like"]).all(), one.name


@pytest.mark.slow
def test_a_weak_member_is_left_out_by_what_is_fitted():
    images = made_images(n=400)
    members = {"good": made_member(images, 0.5, 1), "noise": made_member(images, 0.0, 2)}
    by_name = {candidate.name: candidate for candidate in member_ensembles(stack_predictions(members, images))}
    assert by_name["greedy"].parts == ("good",) and by_name["weighted_soft"].fitted["weights"]["good"] > 0.9
    assert pd.Series(by_name["soft"].parts).tolist() == ["good", "noise"]


@pytest.mark.slow
def test_every_rule_that_can_be_afforded_makes_a_candidate_simplest_first(monkeypatch):
    images = made_images()
    stacked, singles = singles_of(images)
    candidates, left_out = ensemble_candidates(RuleInputs(stacked, singles, SETTINGS))
    names = [candidate.name for candidate in candidates]
    assert names == ["soft", "hard_top", "hard", "foldwise_hard", "weighted_soft", "greedy", "stacking"]
    assert {*names, "rank_average"} == {*RULES.names()} and not left_out  # ranks are no labels
    levels = [candidate.simplicity for candidate in candidates]
    assert levels == sorted(levels) and [level for level, _ in levels] == [0, 0, 0, 0, 1, 1, 1]
    monkeypatch.setattr(Stacking, "is_affordable", lambda *size: size != (80, 3, 4))
    candidates, left_out = ensemble_candidates(RuleInputs(stacked, singles, SETTINGS))
    assert left_out == ["stacking"] and [candidate.name for candidate in candidates] == names[:-1]


def test_stacking_where_images_of_one_class_are_left():
    voters, _ = made_voters(n=90)
    true = np.full(90, 2)
    true[0] = 1  # of fold 0: the other folds have no image of class 1
    rule = Stacking.fit(voters, true, np.arange(90) % 3, F1)
    assert rule.c in C_RANGE
    alone = Stacking.fit(voters, np.full(90, 2), np.arange(90) % 3, F1)
    probabilities = alone.vote(voters).probabilities
    share = 90.5 / 91  # as a label that all images have: half an image is of others
    assert probabilities == pytest.approx(np.tile([(1 - share) / 3, (1 - share) / 3, share, (1 - share) / 3], (90, 1)))
