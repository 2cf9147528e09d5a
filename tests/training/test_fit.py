"""Fine-tuning on a made competition: resumed runs, early stopping, what is kept and predicted."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from makers.packed import TARGETS, load, packed_competition
from safetensors.torch import load_file
from sklearn.metrics import f1_score

from competition.inference.predictor import predict_proba
from competition.members.training import train_member
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import save_weights
from competition.training.epoch import _orientations
from competition.training.fit import fit
from competition.training.schedules import SCHEDULES
from competition.training.schedules.cosine import Cosine

pytestmark = pytest.mark.slow

SETTINGS = FinetunedSettings(
    network="test_efficientnet",
    weights="none",
    size=32,
    epochs=4,
    batch_size=5,
    drop_rate=0.3,
    learning_rate=3e-3,
    precision="float32",
    patience=9,
)
SECONDS = ("seconds", "images_per_s")


def trained(data, settings, state_file, report=lambda row: None):
    network, normalise = create_network(settings, len(TARGETS), settings.seed)
    return network, fit(network, normalise, data, settings, state_file, report)


def scores_of(progress):
    return [{key: value for key, value in row.items() if key not in SECONDS} for row in progress.history]


class Stop(Exception):
    pass


@pytest.mark.parametrize("changes", [{}, {"frozen_stages": 2}], ids=["whole", "frozen"])
def test_a_run_that_was_stopped_ends_in_the_same_weights(data, tmp_path, changes):
    settings = SETTINGS.model_copy(update=changes)
    unbroken_network, unbroken = trained(data, settings, tmp_path / "a.pt")
    for stop_after in (0, 2):

        def report(row, stop_after=stop_after):
            if row["epoch"] == stop_after:
                raise Stop

        with pytest.raises(Stop):
            trained(data, settings, tmp_path / "b.pt", report)
        torch.manual_seed(stop_after)  # another process has other random state
        torch.rand(5)
    seen = []
    network, progress = trained(data, settings, tmp_path / "b.pt", seen.append)
    assert [row["epoch"] for row in seen] == [3]  # epochs 0 to 2 were not trained again
    assert scores_of(progress) == scores_of(unbroken) and progress.best_epoch == unbroken.best_epoch
    for states in (
        (unbroken.best_weights, progress.best_weights),
        (unbroken_network.state_dict(), network.state_dict()),
    ):
        assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    again = trained(data, settings, tmp_path / "b.pt")[1]  # finished: nothing is left to do
    assert scores_of(again) == scores_of(progress)


def test_training_is_its_seeds_and_leaves_global_random_state_alone(data, tmp_path):
    torch.manual_seed(3)
    np.random.seed(3)
    state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    first = trained(data, SETTINGS.model_copy(update={"epochs": 1}), tmp_path / "a.pt")[1]
    assert torch.equal(torch.random.get_rng_state(), state) and np.random.get_state()[1].tolist() == numpy_state
    other = trained(data, SETTINGS.model_copy(update={"epochs": 1, "seed": 1}), tmp_path / "b.pt")[1]
    assert first.history[0]["loss"] != other.history[0]["loss"]


@pytest.fixture(scope="module")
def learnt(data, tmp_path_factory):
    settings = SETTINGS.model_copy(
        update={
            "network": "test_resnet",
            "epochs": 8,
            "batch_size": 8,
            "learning_rate": 1e-2,
            "patience": 12,
            "clip": 5.0,
        }
    )
    return settings, *trained(data, settings, tmp_path_factory.mktemp("state") / "a.pt")


def test_it_learns_and_keeps_the_best_epoch_by_its_test_like_score(data, learnt):
    settings, network, progress = learnt
    test_like = [row["test_like"] for row in progress.history]
    assert progress.best_epoch == int(np.argmax(test_like)) and progress.best_score == max(test_like)
    assert progress.history[-1]["loss"] < progress.history[0]["loss"] and max(test_like) > 0.6  # guessing scores 1/3
    assert all(torch.equal(value, progress.best_weights[key]) for key, value in network.state_dict().items())
    normalise = create_network(settings, 3)[1]
    for view in ("clean", "test_like"):
        rows = data.valid_rows[view]
        answers = predict_proba(network, normalise, data.store, rows, 32, "float32", np.eye(8)[0]).argmax(axis=1)
        expected = f1_score(data.valid_labels, answers, average="macro")
        assert progress.history[progress.best_epoch][view] == pytest.approx(expected)


def test_a_history_row_has_what_a_log_line_needs(learnt):
    _, _, progress = learnt
    assert [row["epoch"] for row in progress.history] == list(range(8))
    assert {"epoch", "loss", "learning_rate", "clean", "test_like", "images_per_s", "seconds"} <= progress.history[
        0
    ].keys()
    rates = [row["learning_rate"] for row in progress.history]
    assert max(rates) <= 1e-2 and rates[-1] < 0.1 * max(rates)


def test_training_stops_when_nothing_gets_better(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 30, "learning_rate": 1e-12, "patience": 2})
    progress = trained(data, settings, tmp_path / "a.pt")[1]
    assert len(progress.history) == progress.best_epoch + 1 + 2 < 30
    resumed = trained(data, settings, tmp_path / "a.pt")[1]
    assert len(resumed.history) == len(progress.history)


def test_a_schedule_that_falls_to_nothing_is_not_cut_unless_told(data, tmp_path):
    still = SETTINGS.model_copy(update={"epochs": 9, "learning_rate": 1e-12, "patience": None})
    assert len(trained(data, still, tmp_path / "a.pt")[1].history) == 9
    step = still.model_copy(update={"schedule": "step", "epochs": 40})
    stopped = trained(data, step, tmp_path / "b.pt")[1]
    assert len(stopped.history) == stopped.best_epoch + 1 + 6 < 40
    whole = {name: FinetunedSettings(schedule=name, epochs=30).epochs_without_gain for name in SCHEDULES.names()}
    assert whole == {"constant": 6, "cosine": 30, "one_cycle": 30, "plateau": 6, "step": 6}
    assert FinetunedSettings(patience=3, epochs=30).epochs_without_gain == 3


def test_the_last_epoch_is_kept_if_asked_for(data, tmp_path):
    """The same training, another epoch's weights: those after all steps, which a run with one epoch scored has too."""
    best = SETTINGS.model_copy(update={"patience": None, "learning_rate": 1e-2, "epochs": 6})
    best_network, by_score = trained(data, best, tmp_path / "a.pt")
    network, progress = trained(data, best.model_copy(update={"keep": "last"}), tmp_path / "b.pt")
    assert [row["test_like"] for row in progress.history] == [row["test_like"] for row in by_score.history]
    assert progress.best_epoch == 5 and progress.best_score == progress.history[5]["test_like"] <= by_score.best_score
    once = trained(data, best.model_copy(update={"score_every": 6}), tmp_path / "c.pt")[0]
    assert all(torch.equal(value, once.state_dict()[key]) for key, value in network.state_dict().items())


def test_where_no_epoch_is_scored_the_last_one_is_kept(data, tmp_path):
    last = SETTINGS.model_copy(update={"keep": "last", "patience": None})
    network, progress = trained(data, last, tmp_path / "a.pt")
    unscored = last.model_copy(update={"keep": "best", "score_every": None})
    same, found = trained(data, unscored, tmp_path / "b.pt")
    assert all(torch.equal(value, same.state_dict()[key]) for key, value in network.state_dict().items())
    assert found.best_epoch == progress.best_epoch == len(found.history) - 1
    assert [row["loss"] for row in found.history] == [row["loss"] for row in progress.history]
    assert all(np.isnan(row[name]) for row in found.history for name in ("clean", "test_like", "valid_loss"))


def test_the_best_is_kept_of_the_epochs_that_are_scored(data, tmp_path):
    every = trained(data, SETTINGS, tmp_path / "a.pt")[1]
    progress = trained(data, SETTINGS.model_copy(update={"score_every": 3}), tmp_path / "b.pt")[1]
    assert [row["loss"] for row in progress.history] == [row["loss"] for row in every.history]
    scores = [row["test_like"] for row in progress.history]
    assert np.isnan(scores).tolist() == [False, True, True, False]
    assert [scores[0], scores[3]] == [every.history[epoch]["test_like"] for epoch in (0, 3)]
    assert progress.best_epoch == (0 if scores[0] >= scores[3] else 3)


def test_weights_that_were_spoilt_are_no_epoch_where_nothing_is_scored(data, tmp_path, monkeypatch):
    import competition.training.fit as module

    real, calls = module.train_one_epoch, []

    def train_one_epoch(run, *arguments):
        row = real(run, *arguments)
        calls.append(row)
        if len(calls) == 2:
            next(run.network.parameters()).data.fill_(float("nan"))
        return row

    monkeypatch.setattr(module, "train_one_epoch", train_one_epoch)
    progress = trained(data, SETTINGS.model_copy(update={"score_every": 3, "patience": 9}), tmp_path / "a.pt")[1]
    assert len(calls) == 5 and [row["epoch"] for row in progress.history] == [0, 1, 2, 3]
    assert all(torch.isfinite(value).all() for value in progress.best_weights.values())


def test_a_loss_that_is_no_number_ends_training(data, tmp_path):
    settings = SETTINGS.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(
        ValueError, match=r"epoch 0: the loss is (nan|inf), after going back .* 3 times, .*learning rate was 1\.25e\+29"
    ):
        trained(data, settings, tmp_path / "a.pt")


def test_weights_that_the_last_step_spoilt_are_no_epoch(data, tmp_path, monkeypatch):
    """No loss has told it; kept as the last good state, they would be what rollbacks go back to."""
    import competition.training.fit as module

    real, calls = module.evaluate, []

    def evaluate(*arguments):
        calls.append(arguments)
        return real(*arguments) | ({"valid_loss": float("nan")} if len(calls) == 2 else {})

    monkeypatch.setattr(module, "evaluate", evaluate)
    progress = trained(data, SETTINGS.model_copy(update={"epochs": 3, "stop_by": "loss"}), tmp_path / "a.pt")[1]
    assert len(calls) == 4 and [row["epoch"] for row in progress.history] == [0, 1, 2]
    assert np.isfinite([row["valid_loss"] for row in progress.history]).all() and np.isfinite(progress.best_score)


def test_clean_training_sees_the_pages_as_they_are(data, tmp_path, monkeypatch):
    import competition.training.epoch as module

    seen, elements, real_batches = [], [], module.batches

    def watched(store, rows, size, batch_size, some):
        seen.extend(rows), elements.extend(some)
        return real_batches(store, rows, size, batch_size, some)

    monkeypatch.setattr(module, "batches", watched)
    trained(data, SETTINGS.model_copy(update={"epochs": 2, "augmented": False}), tmp_path / "a.pt")
    assert set(seen) <= {rows[0] for rows in data.train_rows} and set(elements) == {0}
    seen.clear(), elements.clear()
    trained(data, SETTINGS.model_copy(update={"epochs": 2}), tmp_path / "b.pt")
    assert set(seen) & {row for rows in data.train_rows for row in rows[1:]} and len(set(elements)) > 4


# 5 images each of 3, 7 and 4 views; a lap is 3 epochs, of 5 * (1 + 2 + 1), 5 * (1 + 2 + 1) and 5 * (1 + 3 + 2) views
@pytest.mark.parametrize(
    ("augmented", "batch_size", "steps"),
    [(True, 4, [5, 5, 8, 5, 5]), (True, 19, [1, 1, 2, 1, 1]), (False, 4, [4, 4, 4, 4, 4])],
)
def test_the_schedule_ends_with_the_last_step_where_classes_have_unequal_copies(tmp_path, augmented, batch_size, steps):
    data = load(tmp_path, packed_competition(tmp_path, images=21, copies=(2, 6, 3)), fold=2)
    assert sorted(map(len, data.train_rows)) == [3] * 5 + [4] * 5 + [7] * 5
    settings = SETTINGS.model_copy(
        update={"epochs": 5, "network": "test_resnet", "augmented": augmented, "batch_size": batch_size}
    )
    history = trained(data, settings, tmp_path / "a.pt")[1].history
    schedule = Cosine(settings, np.cumsum(steps).tolist())
    expected = [3e-3 * schedule.factor(sum(steps[:epoch])) for epoch in range(5)]
    assert [row["learning_rate"] for row in history] == pytest.approx(expected)


def test_a_member_predicts_its_validation_and_the_test_images(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 2})
    member = train_member(settings, data, TARGETS, np.full(8, 1 / 8), tmp_path / "a.pt", lambda row: None)
    assert member.predictions["clean"].ids.tolist() == member.predictions["test_like"].ids.tolist() == data.valid_ids
    assert member.predictions["test"].ids.tolist() == [f"t{n}" for n in range(6)]
    network, normalise = create_network(settings, 3)
    save_weights(tmp_path / "x.safetensors", member.weights, {"best_epoch": "1"})
    network.load_state_dict(load_file(tmp_path / "x.safetensors"))
    for view, rows in data.valid_rows.items():
        expected = predict_proba(network, normalise, data.store, rows, 32, "float32", np.full(8, 1 / 8))
        assert np.abs(member.predictions[view].probabilities - expected).max() < 1e-3


def test_the_holdout_is_predicted_like_the_validation_images_and_never_scored(held, tmp_path):
    settings, weights = SETTINGS.model_copy(update={"epochs": 1}), np.array([0.5, 0, 0, 0, 0, 0.5, 0, 0])
    member = train_member(settings, held, TARGETS, weights, tmp_path / "a.pt", lambda row: None)
    assert list(member.predictions) == ["clean", "test_like", "severe", "holdout_clean", "holdout_test_like", "test"]
    assert list(member.scores) == ["clean", "test_like"] and not any(
        "holdout" in key for row in member.history for key in row
    )
    network, normalise = create_network(settings, 3)
    network.load_state_dict(member.weights)
    for view, rows in held.holdout_rows.items():
        expected = predict_proba(network, normalise, held.store, rows, 32, "float32", weights)
        assert member.predictions[view].ids.tolist() == held.holdout_ids
        assert np.abs(member.predictions[view].probabilities - expected).max() < 1e-3


def test_a_specialist_begins_with_the_bases_weights_and_predicts_what_it_is_asked(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    base = create_network(settings, 3, seed=5)[0].state_dict()
    hard = data.only([2, 0])
    asked = {"clean": np.array([0, 2, 4]), "test_like": np.array([], np.int64), "test": np.array([5, 1])}
    member = train_member(
        settings,
        hard,
        ("x", "7"),
        np.eye(8)[0],
        tmp_path / "a.pt",
        lambda row: None,
        start=base,
        predict_from=data,
        only=asked,
    )
    for key, value in member.weights.items():
        if key.endswith("weight") and "classifier" not in key and value.ndim == 4:
            assert torch.allclose(value, base[key], atol=1e-6), key
    assert member.weights["classifier.weight"].shape[0] == 2
    assert member.predictions["clean"].ids.tolist() == [data.valid_ids[n] for n in (0, 2, 4)]
    assert member.predictions["test"].ids.tolist() == ["t5", "t1"] and len(member.predictions["test_like"]) == 0
    assert member.predictions["clean"].targets == ("x", "7") and member.scores["test_like"] is None


def test_what_is_begun_with_may_have_another_head(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 1, "learning_rate": 1e-12, "head": "dense"})
    base = create_network(SETTINGS, 3, seed=5)[0].state_dict()
    member = train_member(
        settings, data, ("x", "7", "10"), np.eye(8)[0], tmp_path / "a.pt", lambda row: None, start=base
    )
    shared = [key for key, value in member.weights.items() if value.ndim == 4 and key in base]
    assert shared and all(torch.allclose(member.weights[key], base[key], atol=1e-6) for key in shared)


def test_a_copy_is_shown_in_orientations_as_likely_as_they_are_upright(data):
    likely = np.array([[0.5, 0, 0, 0.3, 0, 0, 0.2, 0], [1.0, 0, 0, 0, 0, 0, 0, 0]])
    rows = np.repeat([0, 1], 4000)

    class Upright:
        def orientations(self, rows):
            return likely[rows]

    upright = replace(data, store=Upright())
    shown = _orientations(upright, rows, SETTINGS, 0)
    shares = [np.bincount(shown[rows == row], minlength=8) / 4000 for row in (0, 1)]
    assert np.abs(np.array(shares) - likely).max() < 0.03
    assert (np.array(shares)[likely == 0] == 0).all()
    assert (shown == _orientations(upright, rows, SETTINGS, 0)).all()
    assert (shown != _orientations(upright, rows, SETTINGS, 1)).any()
