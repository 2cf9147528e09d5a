"""Features and the regression on them, held against scikit-learn, PIL and a plain loop."""

import copy

import numpy as np
import pytest
import torch
from makers.metrics import F1
from makers.packed import SIZE, TARGETS, packed_competition
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from competition.data.image_store import ImageStore
from competition.inference.features import features, grey_features, network_features
from competition.inference.tta import oriented_batch
from competition.members.kinds.features import FeaturesSettings
from competition.members.kinds.grey import GreySettings
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.models.layers import fusion
from competition.models.networks import create_network
from competition.training.fold_data import load_fold
from competition.training.logistic import fit_logistic

NETWORK = FeaturesSettings(network="mobilenetv3_small_050", weights="none", size=32, copies=1, precision="float32")
ONE_VIEW = np.ones(1)


def blobs(n, classes, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = np.random.default_rng(99).normal(0, 1.5, (classes, 12))
    return (centres[labels] + generator.normal(0, 1, (n, 12))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_probabilities_are_scikit_learns(classes):
    values, labels = blobs(120, classes)
    others, other_labels = blobs(60, classes, seed=1)
    member = fit_logistic(values, labels, classes, (0.1,), others[None], ONE_VIEW, other_labels, F1)
    scaler = StandardScaler().fit(values)
    reference = LogisticRegression(C=0.1, max_iter=200, tol=1e-3).fit(
        scaler.transform(values.astype(np.float64)), labels
    )
    expected = reference.predict_proba(scaler.transform(others.astype(np.float64)))
    found = member.predict_proba(others[None], ONE_VIEW)
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1e-5
    assert member.score == pytest.approx(f1_score(other_labels, expected.argmax(1), average="macro"))


def test_a_class_without_training_images_gets_nothing():
    values, labels = blobs(90, 3)
    for missing in range(4):
        shifted = labels + (labels >= missing)  # 0, 1, 2 become the others out of four
        found = fit_logistic(values, shifted, 4, (1.0,), values[None], ONE_VIEW, shifted, F1).predict_proba(
            values[None], ONE_VIEW
        )
        assert (found[:, missing] == 0).all() and np.allclose(found.sum(axis=1), 1, atol=1e-6)


def test_two_classes_left_of_four():
    values, labels = blobs(60, 2)
    member = fit_logistic(values, labels * 2 + 1, 4, (1.0,), values[None], ONE_VIEW, labels * 2 + 1, F1)
    found = member.predict_proba(values[None], ONE_VIEW)
    assert (found[:, [0, 2]] == 0).all() and (found[:, 1::2].argmax(axis=1) == labels).mean() > 0.9


def test_the_best_penalty_is_taken_and_of_equals_the_stronger():
    values, labels = blobs(60, 3)
    noisy, noisy_labels = blobs(200, 3, seed=5)
    noisy = noisy + np.random.default_rng(0).normal(0, 2, noisy.shape).astype(np.float32)
    c_range = (100.0, 1e-5, 0.03, 0.003)
    member = fit_logistic(values, labels, 3, c_range, noisy[None], ONE_VIEW, noisy_labels, F1)
    scores = {c: fit_logistic(values, labels, 3, (c,), noisy[None], ONE_VIEW, noisy_labels, F1).score for c in c_range}
    assert member.score == max(scores.values()) and member.c == min(c for c in c_range if scores[c] == member.score)


def test_where_the_metric_is_not_defined_log_loss_chooses():
    values, labels = blobs(120, 2)
    ones = labels == 1  # validation images of one class alone have no ROC AUC
    auc, validation = METRICS["roc_auc"](), (values[ones][None], ONE_VIEW, labels[ones])
    member = fit_logistic(values, labels, 2, (1e-4, 1.0), *validation, auc)
    assert member.c == 1.0 and np.isnan(member.score)


def test_a_vote_is_the_weighted_mean_of_the_views():
    values, labels = blobs(60, 3)
    views = np.stack([blobs(10, 3, seed)[0] for seed in range(4)])
    weights = np.array([0.5, 0.25, 0.0, 0.25])
    member = fit_logistic(values, labels, 3, (0.1,), views, weights, np.arange(10) % 3, F1)
    single = [member.predict_proba(view[None], ONE_VIEW) for view in views]
    assert np.allclose(
        member.predict_proba(views, weights), sum(w * p for w, p in zip(weights, single, strict=True)), atol=1e-6
    )


def test_grey_features_are_means_of_blocks():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    grey = pixels @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    expected = grey.reshape(3, 5, 4, 5, 4).mean(axis=(2, 4)).reshape(3, 25) / 255
    found = grey_features(5)(torch.from_numpy(pixels))
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1.01 / 255


@pytest.fixture(scope="module")
def competition(tmp_path_factory):
    folder = tmp_path_factory.mktemp("competition")
    folds = packed_competition(folder)
    return folder, load_fold(0, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_features_are_the_networks_maps_of_each_view(competition, precision):
    store = ImageStore(competition[0] / "test.arrow")
    network, normalise = create_network(NETWORK, 3)
    rows, views = np.array([4, 0, 2]), np.array([0, 5])
    found = features(network_features(network, normalise, precision, SIZE), store, rows, SIZE, views)
    assert found.dtype == np.float16 and found.shape[:2] == (2, 3)
    for v, view in enumerate(views):
        for n, row in enumerate(rows):
            image = oriented_batch(torch.from_numpy(store.image(row)), int(view), (0, 1))
            with torch.inference_mode():
                maps = network.eval().forward_intermediates(normalise(image[None]), intermediates_only=True)
                last = network.forward_head(network.forward_features(normalise(image[None])), pre_logits=True)
            expected = torch.cat([m.mean(dim=(2, 3)) for m in maps] + [last], dim=1)[0].numpy()
            off = 2e-3 if precision == "float32" else 3e-2
            assert np.allclose(found[v, n], expected, atol=off * max(1, np.abs(expected).max()))


def test_a_network_whose_fused_maps_are_others_is_used_as_it_is(competition, monkeypatch):
    network, normalise = create_network(NETWORK, 1)
    wrong = copy.deepcopy(network)
    with torch.no_grad():
        wrong.conv_stem.weight.mul_(1.5)
    wrong.forward = copy.deepcopy(network).eval().forward  # its answers are the same
    monkeypatch.setattr(fusion, "_folded", lambda _: wrong.eval())
    pixels = torch.from_numpy(ImageStore(competition[0] / "test.arrow").image(0))[None]
    found = network_features(network, normalise, "float32", SIZE)(pixels)
    with torch.inference_mode():
        maps = network.eval().forward_intermediates(normalise(pixels), intermediates_only=True)
    assert np.allclose(found[:, : maps[0].shape[1]], maps[0].mean(dim=(2, 3)).numpy(), atol=1e-4)


@pytest.mark.parametrize("settings", [GreySettings(size=8, copies=1), NETWORK], ids=["grey", "features"])
def test_a_member_learns_and_predicts_in_order(competition, tmp_path, settings):
    data = competition[1]
    member = train_member(settings, data, TARGETS, np.full(8, 1 / 8), tmp_path / "unused.pt", cache=tmp_path)
    assert {view: part.ids.tolist() for view, part in member.predictions.items()} == {
        "clean": data.valid_ids,
        "test_like": data.valid_ids,
        "severe": data.valid_ids,
        "test": [f"t{n}" for n in range(6)],
    }
    if settings.kind == "grey":  # bright, dark, striped: 64 grey pixels are enough
        assert member.scores == {"clean": 1.0, "test_like": 1.0}
        assert member.predictions["test"].indices.tolist() == [0, 1, 2, 0, 1, 2]
    for view in ("clean", "test_like"):
        expected = f1_score(data.valid_labels, member.predictions[view].indices, average="macro")
        assert member.scores[view] == pytest.approx(expected)


@pytest.mark.parametrize("settings", [GreySettings(size=8, copies=1), NETWORK], ids=["grey", "features"])
def test_a_member_predicts_the_holdout_and_does_not_score_it(competition, tmp_path, settings):
    folder, folds = competition[0], packed_competition(tmp_path)
    held = folds.assign(fold=[-1 if n in (3, 7) else fold for n, fold in enumerate(folds.fold)])
    data = load_fold(0, held, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)
    member = train_member(settings, data, TARGETS, np.full(8, 1 / 8), tmp_path / "unused.pt", cache=tmp_path)
    parts = {name: part.ids.tolist() for name, part in member.predictions.items() if name.startswith("holdout")}
    assert parts == {"holdout_clean": ["003", "007"], "holdout_test_like": ["003", "007"]}
    assert list(member.scores) == ["clean", "test_like"]
    if settings.kind == "grey":
        assert member.predictions["holdout_test_like"].indices.tolist() == [0, 1]


def test_classes_with_few_copies_are_fitted_on_what_they_have(tmp_path, monkeypatch):
    import competition.members.fitting.classifying as module

    folds = packed_competition(tmp_path, copies=(1, 4, 2))
    data = load_fold(0, folds, TARGETS, tmp_path / "augmented.arrow", tmp_path / "test.arrow", F1)
    fitted = []
    monkeypatch.setattr(module, "fit_logistic", lambda *rest: (fitted.append(rest[:2]), fit_logistic(*rest))[1])
    train_member(GreySettings(size=8, copies=3), data, TARGETS, ONE_VIEW, tmp_path / "unused.pt", cache=tmp_path)
    values, labels = fitted[0]
    # 2, 4 and 3 views of an image
    expected = [(n, int(row)) for n, rows in enumerate(data.train_rows) for row in rows[:4]]
    assert np.bincount(labels).tolist() == [(data.train_labels == n).sum() * k for n, k in enumerate((2, 4, 3))]
    plain = {(label, value.tobytes()) for label, value in zip(labels, np.asarray(values), strict=True)}
    grey = grey_features(8)
    for n, row in expected:
        value = grey(torch.from_numpy(data.store.image(row)[None]))[0].astype(values.dtype)
        assert (data.train_labels[n], value.tobytes()) in plain
    assert len(plain) == len(expected)


def test_what_no_fold_changes_is_computed_once(competition, tmp_path):
    folder, data = competition
    settings, weights = GreySettings(size=8, copies=1), np.full(8, 1 / 8)
    first = train_member(settings, data, TARGETS, weights, tmp_path / "unused.pt", cache=tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 3  # training, scored and test images
    folds = packed_competition(tmp_path / "again")
    other = load_fold(1, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)
    train_member(settings, other, TARGETS, weights, tmp_path / "unused.pt", cache=tmp_path)
    again = train_member(settings, data, TARGETS, weights, tmp_path / "unused.pt", cache=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.npy")} == files
    for view, part in first.predictions.items():
        assert (part.probabilities == again.predictions[view].probabilities).all()
    train_member(
        settings.model_copy(update={"size": 9}), data, TARGETS, weights, tmp_path / "unused.pt", cache=tmp_path
    )
    assert len(list(tmp_path.glob("*.npy"))) == 6
