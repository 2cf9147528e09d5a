"""Whether turning pages upright pays: what is gained on images that the test images are not like counts for nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from competition.augmentation.augraphy.bank import open_bank
from competition.common import paths
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.predictions import Predictions
from competition.metrics.calibration import apply_temperature, fit_temperature
from competition.settings import policies
from competition.settings.ensemble import EnsembleSettings
from competition.settings.params import Settings
from competition.settings.upright import UprightSettings
from competition.upright import choice
from competition.upright.choice import AS_IT_IS, UPRIGHT, Gain, Scored, _log_losses, _scored, look_key, measured_gain
from competition.upright.errors import Errors
from competition.upright.geometry import UNIT_SQUARE
from competition.upright.straighten import FoldStraightener, save_straightener

TARGETS, N = ("a", "b", "c", "d"), 400


def answers(ids, labels, accuracy, sure, random) -> Predictions:
    """Right as often as `accuracy`, with about this certainty."""
    told = np.where(random.random(len(labels)) < accuracy, labels, (labels + 1) % 4)
    highest = np.clip(sure + random.normal(0, 0.05, len(labels)), 0.3, 0.99)
    probabilities = np.repeat((1 - highest)[:, None] / 3, 4, axis=1)
    probabilities[np.arange(len(labels)), told] = highest
    return Predictions(ids, probabilities, TARGETS)


def given(test_is_like: str, weighted: bool = True) -> dict[str, Scored]:
    """Upright test-like images are answered better, clean ones a bit worse."""
    random = np.random.default_rng(0)
    labels, ids = random.integers(4, size=N), [f"i{n}" for n in range(N)]
    accuracies = {AS_IT_IS: {"clean": 0.9, "test_like": 0.5}, UPRIGHT: {"clean": 0.86, "test_like": 0.75}}
    found = {}
    for way, accuracy in accuracies.items():
        told = {name: answers(ids, labels, right, right, random) for name, right in accuracy.items()}
        right = accuracy[test_is_like]
        told["test"] = answers([f"t{n}" for n in range(800)], random.integers(4, size=800), right, right, random)
        found[way] = _scored(told, labels, several=False, weighted=weighted)
    return found


def gain(found: dict[str, Scored], groups: np.ndarray | None = None) -> tuple[float, float]:
    """By how much less the log loss is upright, and the standard error of that."""
    groups = np.array([f"g{id}" for id in found[UPRIGHT].ids]) if groups is None else groups
    losses, error = _log_losses(found, groups, EnsembleSettings(), several=False)
    return losses[AS_IT_IS] - losses[UPRIGHT], error


@pytest.mark.parametrize(("test_is_like", "gains"), [("test_like", True), ("clean", False)])
def test_only_what_the_test_images_are_like_counts(test_is_like, gains):
    less, error = gain(given(test_is_like))
    assert less > 5 * error if gains else less < -0.03


def test_without_test_statistics_the_test_like_images_count_alike():
    found = given("clean", weighted=False)
    assert len(found[UPRIGHT].labels) == N and (found[UPRIGHT].weights == 1).all()
    assert gain(found)[0] > 0.2


def test_the_log_loss_is_that_of_calibrated_answers():
    found = given("test_like", weighted=False)
    sharper = {way: replace(one, probabilities=apply_temperature(one.probabilities, 0.3)) for way, one in found.items()}
    assert gain(sharper) == pytest.approx(gain(found), rel=1e-3)
    one = found[UPRIGHT]
    logits = np.log(one.probabilities)
    least = min(log_loss(one.labels, softmax(logits / t, axis=1), labels=range(4)) for t in np.geomspace(0.2, 5, 400))
    losses, _ = _log_losses(found, np.arange(N), EnsembleSettings(), several=False)
    assert losses[UPRIGHT] == pytest.approx(least, abs=1e-4)


def test_several_labels_are_each_right_or_wrong():
    random = np.random.default_rng(1)
    labels = random.integers(2, size=(N, 3))
    found = {}
    for way, far in ((AS_IT_IS, 0.5), (UPRIGHT, 1.0)):
        told = 1 / (1 + np.exp(-(2 * labels - 1) * far - random.normal(0, 1, labels.shape)))
        found[way] = Scored(np.arange(N).astype(str), labels, told, np.ones(N))
    losses, error = _log_losses(found, np.arange(N).astype(str), EnsembleSettings(), several=True)
    for way, one in found.items():
        logits = np.log(one.probabilities / (1 - one.probabilities))
        least = min(log_loss(labels.ravel(), 1 / (1 + np.exp(-logits.ravel() / t))) for t in np.geomspace(0.2, 5, 400))
        assert losses[way] == pytest.approx(least, abs=1e-4)
    assert losses[AS_IT_IS] - losses[UPRIGHT] > 2 * error > 0


def test_the_error_is_that_of_the_difference_by_groups():
    """Drawn whole, a group that holds all images leaves nothing to chance."""
    found = given("test_like", weighted=False)
    assert gain(found, np.repeat("all", N))[1] == pytest.approx(0, abs=1e-6)
    each = [
        -np.log(apply_temperature(one.probabilities, fit_temperature(one.probabilities, one.labels)))[
            np.arange(N), one.labels
        ]
        for one in found.values()
    ]
    assert gain(found)[1] == pytest.approx((each[1] - each[0]).std() / np.sqrt(N), rel=0.1)


def test_a_gain_is_more_than_two_standard_errors():
    for better, gains in ((0.11, True), (0.09, False), (-0.2, False)):
        found = Gain.of({AS_IT_IS: 0.5, UPRIGHT: 0.4}, {AS_IT_IS: 1.0, UPRIGHT: 1.0 - better}, 0.05)
        assert found.gains == gains and found.facts()["standard_error"] == 0.05


def test_folds_are_joined_in_their_order():
    parts = [Scored(np.array([name]), np.array([1]), np.eye(4)[:1], np.array([0.5])) for name in "ab"]
    found = Scored.joined(parts)
    assert found.ids.tolist() == ["a", "b"] and found.probabilities.shape == (2, 4) and found.weights.sum() == 1


def packed(targets: list[str | None], prefix: str) -> list[dict]:
    random = np.random.default_rng(len(targets))
    images = random.integers(0, 255, (len(targets), 32, 32, 3)).astype(np.uint8)
    size = {"height": 32, "width": 32}
    own = [{"id": f"{prefix}{n}", "source_id": f"{prefix}{n}", "target": target} for n, target in enumerate(targets)]
    rows = zip(own, images, strict=True)
    return [one | size | {"view": "clean", "copy": 0, "image": encode_jpeg(image, 90)} for one, image in rows]


def looked_at(folder, monkeypatch, targets: list[str], folds: list[int], task: dict | None = None) -> Gain:
    """Return what a look at 12 of these images finds where nothing is turned, and each is a group."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(choice, "PAGES", 12)
    settings = Settings.model_validate(
        {
            "task": task or {"metric": "f1_macro"},
            "split": {"folds": sorted(set(folds) - {-1, -2})},
            "augment": {"size": 32, "policy": "none", "test_like": {"policy": "none"}},
            "upright": {"use": "auto", "network": "test_efficientnet", "weights": "none"},
            "train": {"members": ["grey"]},
            "members": {"grey": {"kind": "grey"}},
            "specialize": {"base": []},
            "machine": {"workers": 1},
        }
    )
    paths.TRAIN_STORE.parent.mkdir()
    write_rows(paths.TRAIN_STORE, packed(targets, "i"))
    write_rows(paths.TEST_STORE, packed([None] * 6, "t"))
    ids = ImageStore(paths.TRAIN_STORE).column("id")
    table = pd.DataFrame({"ID": ids, "target": targets, "fold": folds, "group": ids})
    bank, weights = open_bank(settings.augment.names(), settings.augment, settings.machine, folder), np.eye(8)[0]
    return measured_gain(settings, np.arange(len(ids)), table, ("a", "b"), None, bank, weights, folder / "state")


def test_a_look_is_gone_on_from_only_where_its_copies_would_be_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths.TEST_STORE.parent.mkdir()
    write_rows(paths.TEST_STORE, packed([None] * 6, "t"))
    save_straightener(tmp_path, True, UprightSettings(), 1.0, {}, Errors(UNIT_SQUARE[None], np.ones((1, 8)) / 8))
    straighten = FoldStraightener(tmp_path, out_of_fold=True)

    def key(**augment) -> str:
        rest = {"train": {"members": ["grey"]}, "members": {"grey": {"kind": "grey"}}, "specialize": {"base": []}}
        return look_key(Settings.model_validate({"augment": augment, **rest}), straighten, np.eye(8)[0])

    jpeg = {"jpeg": {"probability": 1, "range": [20, 60]}}
    changed = {"policy": "heavy"}, {"transforms": jpeg}, {"train_on_held_out": True}, {"test_like": {"policy": "light"}}
    assert len({key(), *(key(**one) for one in (*changed, {"quality": 50}, {"size": 64}))}) == 7
    assert key() == key(copies=3, balance=0.5, size=400)  # a look has its own
    before = key(policy="light")
    monkeypatch.setattr(policies, "_read", lambda name: jpeg)
    assert key(policy="light") != before


@pytest.mark.slow
def test_a_rare_class_and_a_small_fold_are_looked_at(tmp_path, monkeypatch):
    targets, folds = ["b", "b", "a", *"a" * 57], [0, 1, 2, *[0, 1] * 28, 0]
    found = looked_at(tmp_path, monkeypatch, targets, folds)
    assert found.left_out == () and not found.gains
    assert found.log_losses[AS_IT_IS] == found.log_losses[UPRIGHT] > 0  # nothing is turned
    store = ImageStore(tmp_path / "state" / AS_IT_IS / "train.arrow")
    shown = {id: target for id, target in zip(store.column("source_id"), store.column("target"), strict=True)}
    assert len(shown) == 12 and {"i0", "i1", "i2"} <= set(shown) and list(shown.values()).count("b") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "defined"), [({"metric": "f1_macro"}, True), ({"metric": "roc_auc", "answer": "probabilities"}, False)]
)
def test_a_fold_that_can_not_be_learnt_is_left_out(tmp_path, monkeypatch, task, defined):
    """What is left to be scored is of class a alone: of one class there is no ROC AUC."""
    targets, folds = ["b", "b", *"a" * 58], [0, 0, *[0, 1] * 29]
    found = looked_at(tmp_path, monkeypatch, targets, folds, task)
    assert found.left_out == (0,) and found.facts()["folds_left_out"] == [0]
    assert found.log_losses.keys() == {AS_IT_IS, UPRIGHT} and (found.scores[UPRIGHT] is not None) == defined


@pytest.mark.slow
def test_where_no_fold_can_be_learnt_nothing_is_turned_and_the_reason_is_told(tmp_path, monkeypatch):
    found = looked_at(tmp_path, monkeypatch, ["b", "b", *"a" * 28], [-2, -2, *[0, 1] * 14])
    assert not found.gains and found.facts().keys() == {"problem"}
    assert "no fold can be learnt" in found.facts()["problem"] and "set upright.use to on" in found.facts()["problem"]


@pytest.mark.slow
def test_a_rare_label_of_several_is_looked_at(tmp_path, monkeypatch):
    task = {"metric": "f1_samples", "labels": "multi", "answer": "label_list"}
    targets, folds = ["a|b", "b", "", *["a", ""] * 20], [0, 1, 1, *[0, 1] * 20]
    found = looked_at(tmp_path, monkeypatch, targets, folds, task)
    store = ImageStore(tmp_path / "state" / UPRIGHT / "train.arrow")
    assert found.left_out == () and {"i0", "i1"} <= set(store.column("source_id"))
