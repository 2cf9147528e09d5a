"""Pseudo-labels: which test images get one, that nothing of another fold reaches them, and that the second run is taken
up again.
"""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition

from competition.inference.loader import epoch_rows
from competition.members.output_files import write_member
from competition.members.training import train_member
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training import epoch as epoch_module
from competition.training import pseudo_labels as module
from competition.training.fit import fit
from competition.training.fold_data import load_fold
from competition.training.pseudo_labels import confident_predictions, with_labels
from competition.training.run import TrainingResult

pytestmark = pytest.mark.slow

SETTINGS = FinetunedSettings(
    network="test_resnet",
    weights="none",
    size=32,
    epochs=6,
    batch_size=8,
    learning_rate=1e-2,
    patience=12,
    precision="float32",
    clip=5.0,
    pseudo_labels=0.4,
    pseudo_epochs=2,
)
SECONDS = ("seconds", "images_per_s")
VIEWS = np.array([0.75, 0, 0, 0, 0, 0.25, 0, 0])
TESTS = 9


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("competition")
    folds = packed_competition(folder, tests=TESTS)
    held = folds.assign(fold=np.where(np.arange(len(folds)) >= 21, -1, folds.fold))
    return load_fold(0, held, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


def trained(data, state_file, report=lambda row: None, **changes):
    return train_member(SETTINGS.model_copy(update=changes), data, TARGETS, VIEWS, state_file, report)


@pytest.fixture(scope="module")
def first_state(tmp_path_factory):
    return tmp_path_factory.mktemp("first") / "first.pt"


@pytest.fixture(scope="module")
def first(data, first_state):
    """What the first run alone comes to; its state is left in `first_state`."""
    return trained(data, first_state, pseudo_labels=0.0)


@pytest.fixture
def state(first, first_state, tmp_path):
    """A state file to go on from: the first run is over."""
    return shutil.copy(first_state, tmp_path / "a.pt")


@pytest.fixture(scope="module")
def member(data, tmp_path_factory):
    return trained(data, tmp_path_factory.mktemp("state") / "a.pt")


def rows_of(history):
    return [{key: value for key, value in row.items() if key not in SECONDS} for row in history]


def same(one, other):
    return all(torch.equal(value, other[key]) for key, value in one.items())


# which test images


def test_the_surest_answers_of_each_class_up_to_its_cap():
    probabilities = np.array(
        [
            [0.9, 0.1, 0.0],
            [0.2, 0.8, 0.0],
            [0.95, 0.05, 0.0],
            [0.7, 0.2, 0.1],
            [0.8, 0.1, 0.1],
            [0.1, 0.0, 0.9],
            [0.9, 0.0, 0.1],
        ],
        np.float32,
    )
    # at least 0.8: class 0 in rows 0, 2, 4 and 6, class 1 in row 1, class 2 in row 5
    for most, expected in (
        ([9, 9, 9], {0: 0, 1: 1, 2: 0, 4: 0, 5: 2, 6: 0}),
        ([2, 9, 9], {0: 0, 1: 1, 2: 0, 5: 2}),
        ([1, 0, 1], {2: 0, 5: 2}),
        ([0, 0, 0], {}),
    ):  # of rows 0 and 6, equally sure, the first
        rows, labels = confident_predictions(probabilities, 0.8, np.array(most))
        assert dict(zip(rows.tolist(), labels.tolist(), strict=True)) == expected and rows.tolist() == sorted(rows)
    assert len(confident_predictions(probabilities, 0.96, np.array([9, 9, 9]))[0]) == 0


def test_labelled_test_images_stand_behind_the_training_images(data):
    rows, labels = np.array([1, 8]), np.array([1, 2])
    more = with_labels(data, rows, labels)
    count = len(data.train_labels)
    assert more.train_labels.tolist() == [*data.train_labels, 1, 2] and more.train_rows[:count] == data.train_rows
    for image, row in zip((count, count + 1), rows, strict=True):
        assert len(set(more.train_rows[image])) == 1
        assert (more.store.image(more.train_rows[image][0]) == data.test_store.image(row)).all()
    for row in (0, 7, len(data.store) - 1):
        assert (more.store.image(row) == data.store.image(row)).all()
    assert more.valid_rows is data.valid_rows and more.test_store is data.test_store and len(data.train_labels) == count
    for epoch in range(5):  # every image once an epoch, as it was
        assert sorted(epoch_rows(more.train_rows, 0, epoch, 8)[0]) == list(range(count + 2))


def test_no_row_of_a_scored_or_held_out_image_is_trained_on(data, state, monkeypatch):
    seen, real = set(), epoch_module.batches

    def watched(store, rows, *rest):
        seen.update(rows.tolist())
        return real(store, rows, *rest)

    monkeypatch.setattr(epoch_module, "batches", watched)
    member = trained(data, state)
    own = {row for rows in data.train_rows for row in rows}
    tested = {row - len(data.store) for row in seen if row >= len(data.store)}
    assert {row for row in seen if row < len(data.store)} <= own
    assert len(tested) == member.facts["pseudo_labels"]["images"] and tested <= set(range(TESTS))


def test_the_labels_are_the_folds_own_networks(data, first, member, state, tmp_path, monkeypatch):
    """They are what the network that the first run alone leaves answers, by the same test-time augmentation."""
    test = first.predictions["test"]
    caps = np.bincount(data.train_labels, minlength=3)
    expected = confident_predictions(test.probabilities, 0.4, caps)
    given = []
    monkeypatch.setattr(
        module, "with_labels", lambda *arguments: (given.append(arguments[1:]), with_labels(*arguments))[1]
    )
    trained(data, state)
    assert [part.tolist() for part in given[0]] == [part.tolist() for part in expected] and len(expected[0]) > 2
    assert member.facts["pseudo_labels"]["images"] == len(expected[0])
    trained(data, shutil.copy(state, tmp_path / "b.pt"), pseudo_share=0.25)
    assert caps.tolist() == [4, 4, 4] and max(np.bincount(given[1][1])) == 1  # a quarter of 4


# the second run


def test_the_second_run_follows_the_first_and_the_better_is_kept(first, member):
    assert "pseudo_labels" not in first.facts and [row["epoch"] for row in member.history] == list(range(8))
    assert rows_of(member.history)[:6] == rows_of(first.history)
    facts, scores = member.facts["pseudo_labels"], [row["test_like"] for row in member.history]
    assert facts["score_without"] == pytest.approx(max(scores[:6])) and facts["score_with"] == pytest.approx(
        max(scores[6:])
    )
    assert facts["kept"] == (facts["score_with"] > facts["score_without"])
    assert member.best_epoch == int(np.argmax(scores)) and same(member.weights, first.weights) != facts["kept"]
    rates = [row["learning_rate"] for row in member.history]
    assert max(rates[6:]) <= 0.3 * 1e-2 + 1e-9


@pytest.mark.parametrize(
    ("score", "kept"), [(2.0, True), (-1.0, False), (None, False)], ids=["better", "worse", "equal"]
)
def test_of_two_runs_the_better(data, state, monkeypatch, capsys, score, kept):
    network, normalise = create_network(SETTINGS, 3)
    first = fit(network, normalise, data, SETTINGS, state)
    other = {key: value + 1 for key, value in first.best_weights.items()}
    second = TrainingResult([{"epoch": 0, "test_like": 0.5}], 0, first.best_score if score is None else score, other)
    monkeypatch.setattr(module, "fit", lambda *rest: second)
    best, facts = module.fit_again(network, normalise, data, SETTINGS, VIEWS, state, lambda row: None, TARGETS, first)
    assert facts.kept == kept and best.best_epoch == (6 if kept else first.best_epoch) and len(best.history) == 7
    assert best.best_weights is (other if kept else first.best_weights) and same(
        network.state_dict(), best.best_weights
    )
    assert f"{'kept' if kept else 'left out'}" in capsys.readouterr().out


def test_without_a_sure_answer_there_is_no_second_run(data, first, state, capsys):
    member = trained(data, state, pseudo_labels=1.0)
    assert "pseudo-labels: none of 9 test images has a probability of 1" in capsys.readouterr().out
    assert same(first.weights, member.weights) and len(member.history) == 6
    assert (
        member.facts["pseudo_labels"]["images"],
        member.facts["pseudo_labels"]["score_with"],
        member.facts["pseudo_labels"]["kept"],
    ) == (0, None, False)


class Stop(Exception):
    pass


def test_a_second_run_that_was_stopped_ends_the_same(data, member, state, monkeypatch):
    def stop(row):
        if row["epoch"] == 6:
            raise Stop

    with pytest.raises(Stop):
        trained(data, state, stop)
    monkeypatch.setattr(
        module, "Predictor", SimpleNamespace(of=lambda *rest: pytest.fail("the test images were answered again"))
    )
    seen = []
    again = trained(data, state, seen.append)
    assert [row["epoch"] for row in seen] == [7]  # all else was done
    assert rows_of(again.history) == rows_of(member.history) and again.facts == member.facts
    assert same(again.weights, member.weights) and again.best_epoch == member.best_epoch
    for name, part in member.predictions.items():
        assert (again.predictions[name].probabilities == part.probabilities).all()


def test_other_test_images_are_labelled_anew(data, state, tmp_path):
    """The first run, which knows nothing of them, is not run again."""
    trained(data, state)
    folder = tmp_path / "other"
    folder.mkdir()
    packed_competition(folder, tests=TESTS - 2)
    other = type(data)(
        **vars(data)
        | {"test_store": type(data.test_store)(folder / "test.arrow"), "test_ids": [f"t{n}" for n in range(7)]}
    )
    seen = []
    trained(other, state, seen.append)
    assert [row["epoch"] for row in seen] == [6, 7]


def test_the_scores_file_says_what_became_of_them(member, tmp_path):
    write_member(tmp_path, "tiny", 0, "finetuned", member, F1.name)
    facts = json.loads((tmp_path / "folds/scores/tiny/0.json").read_text())["pseudo_labels"]
    assert facts == {
        "images": member.facts["pseudo_labels"]["images"],
        "score_without": member.facts["pseudo_labels"]["score_without"],
        "score_with": member.facts["pseudo_labels"]["score_with"],
        "kept": member.facts["pseudo_labels"]["kept"],
    }


def test_copies_of_what_is_scored_get_no_label(data):
    rows = [
        ("train", data.valid_ids[0], "test", "t1"),
        ("test", "t2", "train", data.valid_ids[1]),
        ("test", "t3", "test", "t4"),
        ("train", "not of this fold", "test", "t5"),
        ("train", data.valid_ids[0], "train", data.valid_ids[1]),
    ]
    barred = module.bar_copies(data, pd.DataFrame(rows, columns=["set", "ID", "other_set", "other_ID"]))
    assert barred.barred == {"t1", "t2"} and not data.barred


def test_a_barred_test_image_is_never_learnt_from(data, tmp_path, monkeypatch):
    seen, real = [], module.with_labels
    monkeypatch.setattr(
        module, "with_labels", lambda data, rows, labels: seen.append(set(rows.tolist())) or real(data, rows, labels)
    )
    trained(data, tmp_path / "a.pt")
    (free,) = seen
    barred = frozenset(data.test_ids[row] for row in sorted(free)[:1])
    # the labels that were kept are of other images
    trained(dataclasses.replace(data, barred=barred), tmp_path / "a.pt")
    assert free and not barred & {data.test_ids[row] for row in set().union(*seen[1:])}


def test_the_history_says_which_epoch_was_kept(member, tmp_path):
    """By the rule that kept it: a run that was left out may hold the highest score by another."""
    for best in (member.best_epoch, 0):
        write_member(tmp_path, "tiny", 0, "finetuned", dataclasses.replace(member, best_epoch=best), F1.name)
        rows = pd.read_csv(tmp_path / "folds/history/tiny/0.csv")
        assert rows.loc[rows["kept"] == 1, "epoch"].tolist() == [best] and set(rows["kept"]) == {0, 1}
    write_member(tmp_path, "tiny", 1, "features", dataclasses.replace(member, history=[]), F1.name)
    assert (tmp_path / "folds/history/tiny/1.csv").read_text() == "\n"


def test_gradual_and_growing_pictures_are_over_by_then(data, tmp_path):
    member = trained(
        data, tmp_path / "a.pt", epochs=2, tuning="gradual", unfreeze_epoch=1, first_size=16, pseudo_labels=0.34
    )
    assert len(member.history) == 4
    second = module._second_run(SETTINGS.model_copy(update={"tuning": "gradual", "first_size": 16}))
    assert (second.tuning, second.first_size, second.epochs) == ("full", None, 2) and second.seed != SETTINGS.seed
    assert module._second_run(SETTINGS.model_copy(update={"tuning": "head"})).tuning == "head"
