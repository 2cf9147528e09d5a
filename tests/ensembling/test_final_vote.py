"""Every candidate's vote, saved and loaded, answers the test images as the stage `ensemble` did; and what its
probabilities are.
"""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from makers.stacked import SETTINGS as ENSEMBLE
from makers.stacked import TARGETS, UNREAD, made_images, made_members
from makers.tasks import made_task
from sklearn.metrics import f1_score

from competition.common.files import digest
from competition.data.predictions import Predictions
from competition.ensembling.candidates import member_candidate, specialist_candidate
from competition.ensembling.final_vote import FORMAT, read_final_vote, write_final_vote
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import stack_predictions
from competition.ensembling.voting import soft_vote
from competition.metrics.scores import METRICS
from competition.settings.params import Settings

HARD = ("2", "x")
CHOICE = SpecialistChoice(0.5, {0: 0.3, 1: 0.5, 2: 0.5, 3: 1.0}, {}, HARD, "top2")
HARD_TOP = "hard_top"
COUNTED = (HARD_TOP, "hard", "foldwise_hard")
ON_MEMBERS = ("hard", "soft", "foldwise_hard", "weighted_soft", "greedy", "stacking")
SETTINGS = Settings.model_validate({"split": {"folds": [0, 1, 2, 3]}})
PARTS = ("clean", "test_like", "holdout_clean", "holdout_test_like", "test")


def specialist_of(base):
    """A specialist's predictions for HARD of all images that `base` answers."""

    def part(k, view, whole):
        values = np.random.default_rng([k, len(view)]).dirichlet(np.ones(len(HARD)), len(whole))
        return Predictions(whole.ids, values, HARD)

    return [{view: part(k, view, fold[view]) for view in PARTS} for k, fold in enumerate(base)]


@pytest.fixture(scope="module")
def made():
    """(per member, stacked, singles): four members of a hundred images, the last the specialist's base."""
    task = made_task(TARGETS, [f"class {target}" for target in TARGETS])
    images = made_images(n=100, task=task)
    per_member = made_members(images, 4)
    stacked = stack_predictions(per_member, images)
    singles = [member_candidate(name, per_member[name], images, ENSEMBLE) for name in stacked.members]
    specialist = specialist_of(per_member["d"])
    singles.append(specialist_candidate("d", per_member["d"], specialist, CHOICE, images, ENSEMBLE))
    return {**per_member, SPECIALIST: specialist}, stacked, singles


def predicted(per_member, vote, part="test"):
    """The parts' predictions, the rows in an order of their own; the specialist's only of the images it is asked
    about.
    """
    ids = sorted(per_member["a"][0][part].ids.tolist(), key=lambda id_: (int(id_[1:]) * 7) % 31)
    found = {name: [fold[part].select(ids) for fold in per_member[name]] for name in vote.parts if name != SPECIALIST}
    if SPECIALIST in vote.parts:
        rows = vote.asked(found)
        assert 0 < len(rows) < len(ids)
        found[SPECIALIST] = [fold[part].select(np.array(ids)[rows].tolist()) for fold in per_member[SPECIALIST]]
    return ids, found


def candidate_of(name, stacked, singles):
    if name in RULES.names():
        return RULES[name].candidate(name, RuleInputs(stacked, singles, ENSEMBLE))
    return next(single for single in singles if single.name == name)


def saved_and_loaded(folder, candidates, stacked, settings=SETTINGS):
    path, orientations = folder / "final_vote.json", np.eye(8)[0]
    write_final_vote(path, candidates[0], candidates, stacked, orientations, {"a": ["ab"]}, settings)
    return read_final_vote(folder)


@pytest.mark.parametrize("name", ["a", "d", "d_specialist", HARD_TOP, *ON_MEMBERS])
def test_the_test_images_get_the_candidates_answers(made, name, tmp_path):
    per_member, stacked, singles = made
    candidate = candidate_of(name, stacked, singles)
    vote = candidate.vote
    assert vote.name == name and vote.parts == candidate.parts
    ids, found = predicted(per_member, vote)
    voted = vote.predict(found)
    assert voted.predictions.ids.tolist() == ids and UNREAD not in ids and len(ids) == len(stacked.test_rows)
    row = {id_: row for row, id_ in enumerate(stacked.images.test_ids)}
    assert voted.answers.tolist() == [candidate.test[row[id_]] for id_ in ids]
    assert len(set(voted.answers.tolist())) == len(TARGETS)
    if name not in COUNTED:
        assert (voted.answers == voted.predictions.indices).all()
        own = candidate.probabilities[np.arange(100), candidate.oof["test_like"]]
        assert np.allclose(candidate.confidence, own, atol=1e-6)
    final = saved_and_loaded(tmp_path, [candidate, *(one for one in singles if one.name != name)], stacked)
    assert final.chosen == name and (final.vote(name) is final.votes[name])
    loaded = final.votes[name]
    assert (loaded.name, loaded.parts, loaded.best) == (name, vote.parts, vote.best)
    again = loaded.predict(found)
    assert again.predictions.probabilities.tobytes() == voted.predictions.probabilities.tobytes()
    assert again.answers.tolist() == voted.answers.tolist()
    threshold = final.curves[name].threshold(0.3)
    sure = candidate.confidence >= threshold.value
    assert (
        np.mean((candidate.oof["test_like"] == stacked.images.y_true)[sure])
        == threshold.precision
        > threshold.bound
        >= 0.3
    )


def test_hard_top_is_fitted_alone_as_its_candidate_is(made):
    _, stacked, singles = made
    vote = RULES[HARD_TOP].fit_vote(HARD_TOP, RuleInputs(stacked, singles, ENSEMBLE))
    expected = candidate_of(HARD_TOP, stacked, singles).vote
    assert vote.to_json() == expected.to_json() and len(vote.voters) > 1 and vote.parts == expected.parts


def test_the_file_holds_what_serving_needs(made, tmp_path):
    _, stacked, singles = made
    final = saved_and_loaded(tmp_path, [candidate_of("soft", stacked, singles), *singles], stacked)
    assert final.target2class == {target: f"class {target}" for target in TARGETS}
    assert final.networks == {"a": (0, 1, 2, 3)}
    assert final.targets_of("a") == TARGETS and final.targets_of(SPECIALIST) == HARD
    assert final.orientation_weights.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert final.vote().name == "soft" and list(final.votes) == ["soft", "a", "b", "c", "d", "d_specialist"]
    with pytest.raises(ValueError, match="greedy: no vote of that name; --member takes soft, a, b, c, d, d_specialist"):
        final.vote("greedy")
    external = SETTINGS.model_copy(update={"ensemble": SETTINGS.ensemble.model_copy(update={"external": ("friend",)})})
    top = saved_and_loaded(tmp_path, [candidate_of(HARD_TOP, stacked, singles), *singles], stacked, external)
    with pytest.raises(ValueError, match=r"the final vote: holds votes of submissions/external \(friend\)"):
        top.vote()
    assert top.vote("a").name == "a"


def test_a_damaged_file_and_one_of_another_version_are_refused(made, tmp_path):
    _, stacked, singles = made
    path = tmp_path / "final_vote.json"
    with pytest.raises(FileNotFoundError, match=r"final_vote\.json: not found; `dvc repro` makes it"):
        read_final_vote(tmp_path)
    saved_and_loaded(tmp_path, [candidate_of("soft", stacked, singles), *singles], stacked)
    whole = json.loads(path.read_text())
    for change, message in (
        ({"chosen": "a"}, "damaged or edited"),
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}, expected {FORMAT}: another version"),
    ):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(ValueError, match=message):
            read_final_vote(tmp_path)
    for text in (json.dumps(whole)[:100], "[]", "{}"):
        path.write_text(text)
        with pytest.raises(ValueError, match="no final vote, or a damaged one"):
            read_final_vote(tmp_path)


def test_a_metric_of_ones_own_is_loaded_with_the_vote(made, tmp_path, monkeypatch):
    _, stacked, singles = made
    saved_and_loaded(tmp_path, [candidate_of("soft", stacked, singles), *singles], stacked)
    content = json.loads((tmp_path / "final_vote.json").read_text())
    del content["digest"]
    content["task"]["metric"] = "own_error.py"
    (tmp_path / "final_vote.json").write_text(json.dumps(content | {"digest": digest(content)}))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"own_error\.py: not found; final_vote\.json was fitted by it"):
        read_final_vote(tmp_path)
    (tmp_path / "own_error.py").write_text(
        "from competition.metrics.scores import METRICS\nfrom competition.metrics.scores.accuracy import Accuracy\n\n\n"
        "@METRICS.register\nclass Own(Accuracy):\n    label = 'own'\n"
    )
    final = read_final_vote(tmp_path)  # params.yaml need not name it
    assert final.vote("a").decision.metric.label == "own"
    del sys.modules["plugin.own_error"], METRICS._things["own_error"]


def test_changed_settings_and_weights_are_named(made, tmp_path, monkeypatch):
    _, stacked, singles = made
    monkeypatch.chdir(tmp_path)
    final = saved_and_loaded(tmp_path, [candidate_of("soft", stacked, singles), *singles], stacked)
    assert final.changed_since(SETTINGS, ["b"]) == []
    assert final.changed_since(SETTINGS, ["a", "b"]) == ["folds/weights/a"]  # there are none
    other = SETTINGS.model_copy(update={"tta": SETTINGS.tta.model_copy(update={"passes": 3})})
    assert final.changed_since(other, []) == ["params.yaml"]
    machine = SETTINGS.model_copy(update={"machine": SETTINGS.machine.model_copy(update={"workers": 3})})
    assert final.changed_since(machine, []) == []


def test_members_of_weight_0_are_not_asked(made):
    per_member, stacked, singles = made
    useless = {**stacked.oof, "test_like": stacked.oof["test_like"].copy()}
    # always wrong, and sure of it
    useless["test_like"][0] = np.roll(np.eye(len(TARGETS)), 1, axis=1)[stacked.images.y_true]
    stacked = replace(stacked, oof=useless)
    rows = {id_: row for row, id_ in enumerate(stacked.images.test_ids)}
    for name in ("weighted_soft", "greedy"):
        candidate = candidate_of(name, stacked, singles)
        assert "a" not in candidate.vote.parts
        ids, found = predicted(per_member, candidate.vote)
        assert candidate.vote.predict(found).answers.tolist() == [candidate.test[rows[id_]] for id_ in ids]


@pytest.mark.parametrize("name", ["hard", "foldwise_hard"])
def test_where_votes_are_counted_probabilities_are_the_members_mean(made, name):
    per_member, stacked, singles = made
    candidate = candidate_of(name, stacked, singles)
    _, found = predicted(per_member, candidate.vote)
    voted = candidate.vote.predict(found)
    mean = np.mean([[fold.probabilities for fold in folds] for folds in found.values()], axis=(0, 1))
    assert np.allclose(voted.predictions.probabilities, mean, atol=1e-6)
    own = [row[index] for row, index in zip(mean, voted.answers, strict=True)]
    assert np.allclose(voted.confidence, own, atol=1e-6)
    out_of_fold = np.mean([stacked.oof["test_like"][m, 0] for m in range(4)], axis=0)
    own = out_of_fold[np.arange(100), candidate.oof["test_like"]]
    assert np.allclose(candidate.confidence, own, atol=1e-6)
    assert (own < out_of_fold.max(axis=1)).any()  # counted, not the likeliest


def test_hard_tops_probabilities_are_its_voters_mean(made):
    per_member, stacked, singles = made
    candidate = candidate_of(HARD_TOP, stacked, singles)
    names = candidate.fitted["votes"]
    assert "d_specialist" in names and SPECIALIST in candidate.vote.parts
    _, found = predicted(per_member, candidate.vote)
    voters = [candidate_of(name, stacked, singles).vote.predict(found).predictions for name in names]
    probabilities = candidate.vote.predict(found).predictions.probabilities
    assert np.allclose(probabilities, soft_vote(voters).probabilities, atol=1e-6)


@pytest.mark.parametrize("name", [HARD_TOP, *ON_MEMBERS])
def test_the_best_of_an_ensemble_is_its_voter_with_the_highest_score(made, name):
    _, stacked, singles = made
    candidate = candidate_of(name, stacked, singles)
    names = candidate.fitted["votes"] if name == HARD_TOP else candidate.parts
    y_true = stacked.images.y_true
    score = {single.name: f1_score(y_true, single.oof["test_like"], average="macro") for single in singles}
    assert candidate.vote.best == max(names, key=score.get)
    assert candidate_of("a", stacked, singles).vote.best is None


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
    special = [
        {view: Predictions([f"{k}0"], [[0.1, 0.9]], ("2", "10")) for view in ("clean", "test_like")} for k in "01"
    ]
    for folds in (base, special):
        for fold in folds:
            fold["test"] = Predictions([], np.empty((0, len(fold["clean"].targets))), fold["clean"].targets)
    images = replace(images, test_ids=())
    choice = SpecialistChoice(1.0, {0: 0.0, 1: 1.0}, {}, ("2", "10"), "answer")
    found = specialist_candidate("base", base, special, choice, images, ENSEMBLE)
    # fold 0: weight 0, as it was; fold 1: "2" and "10" share their 0.8 as 1 to 9, the other image's answer is x
    assert np.allclose(found.probabilities, [*rows, [0.08, 0.72, 0.2, 0], rows[1]])
    assert [TARGETS[index] for index in found.oof["test_like"]] == ["2", "x", "10", "x"]
