"""The student's training: what it learns, from whom, and that nothing of what scores it is known to it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.training import same

from competition.data.image_store import ImageStore, write_rows
from competition.ensembling.fitted_votes import FittedVote, Voted
from competition.ensembling.voting import soft_vote
from competition.inference.predictor import Predictor
from competition.models.networks import create_network
from competition.serving.distillation import Unlabelled, rows_to_ask, taught_data, train_student
from competition.serving.teacher import Teacher
from competition.serving.unlabelled import fingerprint
from competition.settings.params import Settings
from competition.training.fold_data import bar_copies, load_fold

TESTS = 6
TINY = {"network": "test_efficientnet", "weights": "none", "size": 32, "epochs": 2, "batch_size": 8}
SETTINGS = Settings.model_validate(
    {
        "augment": {"size": 32},
        "members": {"tiny": {"kind": "finetuned", "precision": "float32", "learning_rate": 3e-3, **TINY}},
        "train": {"members": ["tiny"]},
        "specialize": {"base": []},
        "distil": {"student": ["tiny"]},
    }
)


class Mean(FittedVote):
    """The mean of the networks of one member."""

    parts = ("tiny",)

    def predict(self, probabilities):
        mean = soft_vote(probabilities["tiny"])
        return Voted(mean, mean.indices)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    packed_competition(folder, tests=TESTS).to_csv(folder / "folds.csv", index=False)
    return folder


def load(folder, fold=0):
    folds = pd.read_csv(folder / "folds.csv", dtype={"ID": str, "target": str})
    return load_fold(fold, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


def unlabelled_of(folder, test=False, *more):
    return Unlabelled.of(folder / "augmented.arrow", folder / "test.arrow" if test else None, more)


def teacher_of(folder, unlabelled, seed=0):
    """What three networks, drawn at random, say of every image."""
    rows = rows_to_ask(load(folder, None), unlabelled)
    said = np.random.default_rng(seed).dirichlet([1] * len(TARGETS), (3, len(rows))).astype(np.float32)
    return Teacher(rows, {"tiny": said}, {"tiny": (0, 1, 2)}, {"tiny": TARGETS})


def taught(folder, data, fold=0, seed=0, test=False):
    unlabelled = unlabelled_of(folder, test)
    return taught_data(data, Mean(), teacher_of(folder, unlabelled, seed), unlabelled, fold)


def trained(data, state, report=lambda row: None, settings=SETTINGS):
    return train_student(settings, 0, data, TARGETS, [], report, state)


# what it is told


def test_each_row_is_told_what_the_folds_own_networks_say(folder):
    unlabelled = unlabelled_of(folder)
    teacher = teacher_of(folder, unlabelled)
    rows = np.concatenate(load(folder, 1).train_rows)[::-1]
    places = [teacher.rows.tolist().index(row) for row in rows]
    said = teacher.probabilities["tiny"]
    assert np.allclose(teacher.vote(Mean(), rows, 1), said[1][places])
    assert np.allclose(teacher.vote(Mean(), rows), said.mean(axis=0)[places], atol=1e-6)
    data = taught_data(load(folder, 1), Mean(), teacher, unlabelled, 1)
    assert np.allclose(data.taught[rows], said[1][places])


def test_no_row_of_the_folds_own_images_is_told_anything(folder):
    data = taught(folder, load(folder))
    told = np.flatnonzero(data.taught.any(axis=1))
    assert set(told) == set(np.concatenate(load(folder).train_rows))
    sources = np.array(data.store.column("source_id"))
    assert not set(sources[told]) & set(data.valid_ids)


def test_test_images_are_learnt_from_only_when_asked_for_and_copies_of_what_is_scored_never(folder):
    own = load(folder)
    pair = ("train", own.valid_ids[0], "test", "t2")
    barred = bar_copies(own, pd.DataFrame([pair], columns=["set", "ID", "other_set", "other_ID"]))
    without, found = taught(folder, barred), taught(folder, barred, test=True)
    assert len(without.train_rows) == len(own.train_rows)
    more = found.train_rows[len(own.train_rows) :]
    assert [found.store.column("source_id")[rows[0]] for rows in more] == ["t0", "t1", "t3", "t4", "t5"]
    assert {len(rows) for rows in more} == {len(own.train_rows[0])}  # as often as any other
    assert found.train_labels[-1] == found.taught[more[-1][0]].argmax()


def test_a_folders_image_that_is_scored_is_left_out(folder, tmp_path):
    own = load(folder)
    scored, others = own.store.image(own.valid_rows["clean"][0]), own.store.image(own.train_rows[0][0])
    encoded = {"image": own.store.encoded(0).tobytes(), "height": 32, "width": 32, "view": "clean", "copy": 0}
    rows = [
        {"id": f"{name}/unlabelled/0", "source_id": name, "target": None, "group": fingerprint(image)} | encoded
        for name, image in (("a", scored), ("b", others))
    ]
    write_rows(tmp_path / "more.arrow", rows)
    unlabelled = unlabelled_of(folder, True, tmp_path / "more.arrow")
    names = np.array(unlabelled.store.column("source_id"))
    assert names[unlabelled.allowed(own)].tolist() == [*(f"t{n}" for n in range(TESTS)), "b"]
    assert names[unlabelled.allowed(load(folder, None))].tolist()[-2:] == ["a", "b"]  # there none is scored
    assert len(unlabelled.store) == len(ImageStore(folder / "augmented.arrow")) + TESTS + 2


# what it knows of what scores it


def test_no_label_of_what_scores_it_counts(folder, tmp_path):
    """Nor does what other folds' networks say, which have learnt these labels."""
    data = load(folder)
    weights = trained(taught(folder, data), tmp_path / "a").weights
    turned = dataclasses.replace(data, valid_labels=np.roll(data.valid_labels, 1))
    assert (turned.valid_labels != data.valid_labels).any()
    unlabelled = unlabelled_of(folder)
    teacher, others = teacher_of(folder, unlabelled), teacher_of(folder, unlabelled, seed=5)
    others.probabilities["tiny"][0] = teacher.probabilities["tiny"][0]
    again = taught_data(turned, Mean(), others, unlabelled, 0)
    assert same(weights, trained(again, tmp_path / "b").weights)
    assert not same(weights, trained(taught(folder, data, seed=5), tmp_path / "c").weights)


def test_no_epoch_is_chosen(folder, tmp_path):
    found = trained(taught(folder, load(folder)), tmp_path)
    assert found.best_epoch == TINY["epochs"] - 1 and len(found.history) == TINY["epochs"]
    assert np.isnan([row["test_like"] for row in found.history]).all()
    assert set(found.scores) == {"clean", "test_like"} and np.isfinite(list(found.scores.values())).all()


# training


@pytest.mark.slow
def test_it_learns_probabilities(folder, tmp_path):
    """Told 0.7, 0.2, 0.1 of everything, it says so of everything."""
    data = taught(folder, load(folder))
    told = np.tile(np.array([0.7, 0.2, 0.1], np.float32), (len(data.taught), 1))
    longer = SETTINGS.members["tiny"].model_copy(update={"epochs": 100, "learning_rate": 0.01})
    settings = SETTINGS.model_copy(update={"members": {"tiny": longer}})
    said = trained(dataclasses.replace(data, taught=told), tmp_path, settings=settings).predictions["clean"]
    assert np.abs(said.probabilities.mean(axis=0) - told[0]).max() < 0.08


class Stop(Exception):
    pass


def test_a_stopped_training_ends_the_same(folder, tmp_path):
    def stop(row):
        raise Stop

    data, seen = taught(folder, load(folder)), []
    weights = trained(data, tmp_path / "a").weights
    with pytest.raises(Stop):
        trained(data, tmp_path / "b", stop)
    assert same(weights, trained(data, tmp_path / "b", seen.append).weights)
    assert [row["epoch"] for row in seen] == [1]
    assert same(weights, trained(data, tmp_path / "c").weights)


def test_other_answers_are_another_training(folder, tmp_path):
    trained(taught(folder, load(folder)), tmp_path)
    trained(taught(folder, load(folder), seed=1), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_its_one_look_is_the_image_as_it_is_packed(folder, tmp_path):
    data = taught(folder, load(folder))
    found, member = trained(data, tmp_path), SETTINGS.members["tiny"]
    network, normalise = create_network(member, len(TARGETS))
    network.load_state_dict(found.weights)
    ask = Predictor.of(network, normalise, member.size, member.precision)
    expected = ask(data.test_store, np.arange(TESTS), None)
    assert np.allclose(found.predictions["test"].probabilities, expected, atol=1e-5)
