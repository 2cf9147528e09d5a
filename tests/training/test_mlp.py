"""The slim residual MLP against its formula, scikit-learn's regression, and itself."""

import numpy as np
import pytest
import torch
from makers.metrics import F1
from safetensors.torch import load, save
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from competition.members.kinds.features import FeaturesSettings
from competition.members.kinds.grey import GreySettings
from competition.training.logistic import fit_logistic
from competition.training.mlp import MlpMember, SlimResidual, fit_mlp

ONE_VIEW = np.ones(1)


def blobs(n, classes, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = np.random.default_rng(99).normal(0, 1.5, (classes, 12))
    return (centres[labels] + generator.normal(0, 1, (n, 12))).astype(np.float32), labels


def fitted(values, labels, classes, seed=0, **changed):
    return fit_mlp(values, labels, classes, seed, values[None], ONE_VIEW, labels, F1, **changed)


def test_logits_are_the_skip_plus_the_hidden_units():
    network = SlimResidual(5, 3, hidden=4).eval()
    weights = {name: value.numpy().astype(np.float64) for name, value in network.state_dict().items()}
    inputs = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    scaled = inputs / np.sqrt(5)
    hidden = scaled @ weights["hidden.weight"].T + weights["hidden.bias"]
    hidden = np.where(hidden > 0, hidden, weights["activation.weight"] * hidden)
    expected = scaled @ weights["skip.weight"].T + hidden @ weights["output.weight"].T + weights["output.bias"]
    with torch.inference_mode():
        assert np.allclose(network(torch.from_numpy(inputs)).numpy(), expected, atol=1e-5)


def test_weights_begin_as_he_has_them():
    network = SlimResidual(600, 20)
    for layer, fan_in in ((network.hidden, 600), (network.skip, 600), (network.output, 64)):
        bound = np.sqrt(6 / fan_in)  # He et al.: uniform, variance 2 / fan_in
        assert layer.weight.abs().max() <= bound and float(layer.weight.detach().std()) == pytest.approx(
            bound / np.sqrt(3), rel=0.06
        )
    assert network.activation.weight.shape == (64,) and network.dropout.p == 0.05


def test_as_good_as_the_linear_one_where_that_is_right():
    values, labels = blobs(300, 4)
    others, other_labels = blobs(300, 4, seed=1)
    member = fit_mlp(values, labels, 4, 0, others[None], ONE_VIEW, other_labels, F1)
    found = member.predict_proba(others[None], ONE_VIEW)
    linear = LogisticRegression().fit(values, labels).score(others, other_labels)
    assert found.dtype == np.float32 and np.allclose(found.sum(axis=1), 1, atol=1e-6)
    assert (found.argmax(axis=1) == other_labels).mean() > linear - 0.03
    assert member.score == pytest.approx(f1_score(other_labels, found.argmax(axis=1), average="macro"))


def test_it_learns_what_no_linear_one_can():
    values = np.random.default_rng(0).uniform(-1, 1, (600, 2)).astype(np.float32)
    labels = (values[:, 0] * values[:, 1] > 0).astype(np.int64)
    linear = fit_logistic(values, labels, 2, (1.0,), values[None], ONE_VIEW, labels, F1)
    assert linear.score < 0.65 and fitted(values, labels, 2).score > 0.85


def test_one_seed_gives_one_result_and_leaves_torch_as_it_was():
    values, labels = blobs(90, 3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (fitted(values, labels, 3, seed).predict_proba(values[None], ONE_VIEW) for seed in (0, 0, 1))
    assert (torch.get_rng_state() == state).all() and torch.get_num_threads() == threads
    torch.rand(3)
    torch.set_num_threads(3)
    try:
        third = fitted(values, labels, 3).predict_proba(values[None], ONE_VIEW)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert first.tobytes() == again.tobytes() == third.tobytes() != other.tobytes()


def test_a_class_without_training_images_gets_nothing():
    values, labels = blobs(90, 3)
    for missing in (0, 3):
        shifted = labels + (labels >= missing)
        found = fitted(values, shifted, 4).predict_proba(values[None], ONE_VIEW)
        assert (found[:, missing] == 0).all() and np.allclose(found.sum(axis=1), 1, atol=1e-6)
        assert (found.argmax(axis=1) == shifted).mean() > 0.9


def test_a_vote_is_the_weighted_mean_of_the_views():
    member = fitted(*blobs(60, 3), 3)
    views, weights = np.stack([blobs(10, 3, seed)[0] for seed in range(4)]), np.array([0.5, 0.25, 0.0, 0.25])
    single = [member.predict_proba(view[None], ONE_VIEW) for view in views]
    assert np.allclose(
        member.predict_proba(views, weights), sum(w * p for w, p in zip(weights, single, strict=True)), atol=1e-6
    )


def test_features_of_half_precision_and_a_constant_one():
    values, labels = blobs(60, 3)
    values = np.concatenate([values, np.full((60, 1), 7)], axis=1).astype(np.float16)
    found = fitted(values, labels, 3).predict_proba(values[None], ONE_VIEW)
    assert np.isfinite(found).all() and (found.argmax(axis=1) == labels).mean() > 0.9


def test_it_comes_back_from_its_tensors():
    values, labels = blobs(60, 3)
    member = fitted(values, labels, 3)
    again = MlpMember.from_tensors(load(save(member.tensors())))
    assert (
        again.predict_proba(values[None], ONE_VIEW).tobytes() == member.predict_proba(values[None], ONE_VIEW).tobytes()
    )


def test_the_regressions_tensors_and_its_logarithmic_grid():
    values, labels = blobs(60, 3)
    member = fit_logistic(values, labels, 3, (0.1,), values[None], ONE_VIEW, labels, F1)
    tensors = load(save(member.tensors()))
    assert sorted(tensors) == ["c", "coefficients", "intercepts", "mean", "scale"] and float(
        tensors["c"]
    ) == pytest.approx(0.1)
    logits = (values - tensors["mean"].numpy()) / tensors["scale"].numpy() @ tensors["coefficients"].numpy().T
    assert (
        (logits + tensors["intercepts"].numpy()).argmax(1) == member.predict_proba(values[None], ONE_VIEW).argmax(1)
    ).all()
    for settings in (FeaturesSettings(), GreySettings()):
        steps = np.diff(np.log10(settings.c_range))
        assert len(steps) >= 2 and np.allclose(steps, steps[0])
