"""Images with several labels: a tiny training, classifiers of features against scikit-learn, sampling."""

from dataclasses import replace

import numpy as np
import pytest
from makers.metrics import F1
from makers.packed import LABELS, packed_labels
from makers.training import SETTINGS, same, scores_of
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from competition.inference.predictor import Predictor
from competition.members.kinds.features import FeaturesSettings
from competition.members.kinds.grey import GreySettings
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.models.networks import create_network
from competition.training.evaluation import evaluate
from competition.training.fit import fit
from competition.training.fold_data import load_fold
from competition.training.logistic import LogisticMember, fit_logistic
from competition.training.mlp import MlpMember, fit_mlp
from competition.training.sampling import draws

ONE_VIEW = np.ones(1)
EIGHT = np.full(8, 1 / 8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    folds = packed_labels(folder)
    return load_fold(0, folds, LABELS, folder / "augmented.arrow", folder / "test.arrow", F1, several=True)


def trained(data, settings, state_file, report=lambda row: None):
    network, normalise = create_network(settings, len(LABELS), settings.seed)
    return network, normalise, fit(network, normalise, data, settings, state_file, report, LABELS)


def test_a_fold_has_encoded_labels(data):
    assert data.several and data.train_labels.dtype == np.uint8 and data.train_labels.shape == (20, 2)
    assert data.train_labels.sum(axis=0).tolist() == [10, 10] and len(data.train_groups) == 20
    assert data.valid_labels[:4].tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


@pytest.mark.slow
def test_it_learns(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 28, "patience": 28, "learning_rate": 3e-3, "stop_by": "loss"})
    data = replace(data, metric=METRICS["roc_auc"]())
    network, normalise, result = trained(data, settings, tmp_path / "state.pt")
    assert result.history[result.best_epoch]["test_like"] > 0.7
    found = Predictor.of(network, normalise, 32, "float32", several=True)(data.store, data.valid_rows["clean"], EIGHT)
    assert roc_auc_score(data.valid_labels, found) > 0.7 and not np.allclose(found.sum(axis=1), 1, atol=0.1)


@pytest.mark.slow
def test_a_stopped_training_goes_on_to_the_same_weights(data, tmp_path):
    changes = {"mixup": 0.4, "sampling": "balanced", "epochs": 3}
    _, _, whole = trained(data, SETTINGS.model_copy(update=changes), tmp_path / "whole.pt")

    def stop(row):
        if row["epoch"] == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(data, SETTINGS.model_copy(update=changes), tmp_path / "stopped.pt", stop)
    _, _, resumed = trained(data, SETTINGS.model_copy(update=changes), tmp_path / "stopped.pt")
    assert same(whole.best_weights, resumed.best_weights) and scores_of(whole) == scores_of(resumed)


@pytest.mark.slow
def test_validation_loss_is_scikit_learns_mean_over_labels(data):
    network, normalise = create_network(SETTINGS, 2, 0)
    scores = evaluate(network, normalise, data, SETTINGS)
    upright = np.eye(8)[0]
    found = Predictor.of(network, normalise, 32, "float32", several=True)(
        data.store, data.valid_rows["test_like"], upright
    )
    of_labels = [log_loss(data.valid_labels[:, k], found[:, k].astype(np.float64), labels=[0, 1]) for k in (0, 1)]
    assert scores["valid_loss"] == pytest.approx(np.mean(of_labels), rel=1e-5)


def test_where_a_metric_is_not_defined_the_loss_chooses(data, tmp_path):
    none = replace(data, metric=METRICS["roc_auc"](), valid_labels=np.zeros_like(data.valid_labels))
    _, _, result = trained(none, SETTINGS, tmp_path / "state.pt")
    assert np.isnan([row["test_like"] for row in result.history]).all()
    assert result.best_score == -min(row["valid_loss"] for row in result.history)


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        GreySettings(size=8, copies=1),
        FeaturesSettings(network="mobilenetv3_small_050", weights="none", size=32, copies=1, precision="float32"),
        FeaturesSettings(
            network="mobilenetv3_small_050", weights="none", size=32, copies=1, precision="float32", classifier="mlp"
        ),
    ],
    ids=["finetuned", "grey", "features", "mlp"],
)
def test_every_member_predicts_labels_by_themselves(data, tmp_path, monkeypatch, settings):
    seen = {}
    monkeypatch.setattr(
        "competition.members.training.predict_fold",
        lambda fitted, fold, *rest: (
            seen.update(valid=fitted.predict_proba(fold.store, fold.valid_rows["clean"], EIGHT)) or {}
        ),
    )
    monkeypatch.setattr("competition.members.training.score_fold", lambda *_: {})
    train_member(settings, data, LABELS, EIGHT, tmp_path / "state.pt", cache=tmp_path)
    found = seen["valid"]
    assert found.dtype == np.float32 and found.shape == (12, 2) and ((found >= 0) & (found <= 1)).all()
    assert np.abs(found.sum(axis=1) - 1).max() > 0.005


def blobs(n, seed=0, n_labels=4):
    generator = np.random.default_rng(seed)
    labels = (generator.random((n, n_labels)) < np.linspace(0.5, 0.1, n_labels)).astype(np.uint8)
    directions = np.random.default_rng(99).normal(0, 1.5, (n_labels, 12))
    return (labels @ directions + generator.normal(0, 1, (n, 12))).astype(np.float32), labels


def test_logistic_is_scikit_learns_one_against_the_rest():
    values, labels = blobs(200)
    others, other_labels = blobs(80, seed=1)
    member = fit_logistic(values, labels, 4, (0.1,), others[None], ONE_VIEW, other_labels, F1, several=True)
    scaler = StandardScaler().fit(values)
    reference = OneVsRestClassifier(LogisticRegression(C=0.1, max_iter=200, tol=1e-3)).fit(
        scaler.transform(values.astype(np.float64)), labels
    )
    expected = reference.predict_proba(scaler.transform(others.astype(np.float64)))
    found = member.predict_proba(others[None], ONE_VIEW)
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1e-3
    again = LogisticMember.from_tensors(member.tensors(), several=True)
    assert (again.predict_proba(others[None], ONE_VIEW) == found).all()


@pytest.mark.parametrize("classifier", ["logistic", "mlp"])
def test_a_label_that_all_or_none_have_gets_its_share(classifier):
    values, labels = blobs(99)
    labels[:, 1], labels[:, 3] = 0, 1

    def fitted():
        if classifier == "mlp":
            return fit_mlp(values, labels, 4, 0, values[None], ONE_VIEW, labels, F1, several=True)
        return fit_logistic(values, labels, 4, (1.0,), values[None], ONE_VIEW, labels, F1, several=True)

    found = fitted().predict_proba(values[None], ONE_VIEW)
    assert np.allclose(found[:, 1], 0.5 / 100) and np.allclose(found[:, 3], 99.5 / 100)
    assert (fitted().predict_proba(values[None], ONE_VIEW) == found).all()


def test_the_mlp_learns_labels_and_is_read_back():
    (values, labels), (others, other_labels) = blobs(400), blobs(100, seed=1)
    member = fit_mlp(values, labels, 4, 0, others[None], ONE_VIEW, other_labels, F1, several=True)
    linear = fit_logistic(values, labels, 4, (1.0,), others[None], ONE_VIEW, other_labels, F1, several=True)
    assert member.score > linear.score - 0.1 and member.score > 0.6
    again = MlpMember.from_tensors(member.tensors(), several=True)
    assert (again.predict_proba(others[None], ONE_VIEW) == member.predict_proba(others[None], ONE_VIEW)).all()


def test_an_image_is_shown_as_often_as_its_rarest_label_asks():
    labels = np.array([[1, 0], [1, 1], [0, 1], [0, 0]] * 10, np.uint8)
    found = draws(labels, np.array([2.0, 3.5]), np.random.default_rng(0)).reshape(10, 4)
    assert (found[:, 0] == 2).all() and (found[:, 3] == 1).all()
    both = found[:, 1:3].ravel()
    assert both.sum() == 70 and set(both) == {3, 4}
    halved = draws(labels, np.array([0.5, 1.0]), np.random.default_rng(0)).reshape(10, 4)
    assert halved[:, 0].sum() == 5 and (halved[:, 1:] == 1).all()
