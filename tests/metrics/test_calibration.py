"""Temperature scaling against a general optimizer and scikit-learn, expected calibration error against a loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, softmax
from sklearn.metrics import log_loss as sklearn_log_loss

from competition.metrics.calibration import (
    apply_by_fold,
    apply_temperature,
    calibration_error,
    expected_calibration_error,
    fit_class_offsets,
    fit_members,
    fit_temperature,
    fit_temperatures,
    log_loss,
)


def made_up(n=400, n_classes=5, sharpness=1.0, seed=0):
    """Probabilities that are right as often as they say, at sharpness 1; and the labels."""
    generator = np.random.default_rng(seed)
    honest = generator.dirichlet(np.full(n_classes, 0.6), n) + 1e-6
    honest /= honest.sum(axis=1, keepdims=True)
    y_true = np.array([generator.choice(n_classes, p=row) for row in honest])
    told = honest**sharpness
    return (told / told.sum(axis=1, keepdims=True)).astype(np.float32), y_true


def test_a_temperature_divides_the_logits_whatever_their_constant():
    logits = np.random.default_rng(0).normal(size=(50, 6)) * 4
    for temperature in (0.5, 1.0, 3.0):
        expected = softmax(logits / temperature, axis=1)
        np.testing.assert_allclose(apply_temperature(softmax(logits, axis=1), temperature), expected, atol=1e-9)
    per_row = np.where(np.arange(50) % 2, 0.5, 3.0)[:, None]
    np.testing.assert_allclose(
        apply_temperature(softmax(logits, axis=1), per_row), softmax(logits / per_row, axis=1), atol=1e-9
    )
    # 1e-12 ** (1 / 2)
    assert apply_temperature(np.array([[1.0, 0.0]]), 2.0) == pytest.approx(np.array([[1, 1e-6]]) / (1 + 1e-6))


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.5])
def test_the_temperature_is_a_general_optimizers(sharpness):
    probabilities, y_true = made_up(sharpness=sharpness)

    def loss(log_temperature):
        return sklearn_log_loss(
            y_true, softmax(np.log(probabilities.astype(float)) / np.exp(log_temperature[0]), axis=1), labels=range(5)
        )

    found = minimize(loss, [0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
    temperature = fit_temperature(probabilities, y_true)
    assert temperature == pytest.approx(np.exp(found.x[0]), rel=1e-3)
    assert temperature == pytest.approx(sharpness, rel=0.25)  # which is what was done to honest probabilities
    assert log_loss(apply_temperature(probabilities, temperature), y_true) == pytest.approx(found.fun, abs=1e-6)


def test_class_offsets_are_a_general_optimizers():
    told, y_true = made_up(n=300, n_classes=3)
    told = told * np.array([1, 5, 0.5])
    told = (told / told.sum(axis=1, keepdims=True)).astype(np.float32)
    logs = np.log(told.astype(np.float64))

    def loss(found):
        likely = softmax(logs * np.exp(found[3]) + found[:3], axis=1)
        return -np.log(likely[np.arange(300), y_true]).sum() + 12.5 * (found[:3] ** 2).sum()

    found = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 9999}).x
    expected = found[:3] / np.exp(found[3])
    offsets = fit_class_offsets(told, y_true)
    np.testing.assert_allclose(offsets, expected - expected.mean(), atol=2e-3)
    assert offsets[2] > offsets[0] > offsets[1] + 0.2  # answered too seldom, as it should be, too often


def test_classes_that_are_answered_as_often_as_they_are_have_no_offset():
    told, y_true = made_up(n=20_000)
    assert np.abs(fit_class_offsets(told, y_true)).max() < 0.06


@pytest.mark.parametrize("n", [1, 5])
def test_offsets_of_few_images_are_finite(n):
    sure = np.eye(4, dtype=np.float32)[[1] * n]
    for y_true in (np.ones(n, int), np.zeros(n, int)):
        assert np.isfinite(fit_class_offsets(sure, y_true)).all()


def test_log_loss_is_scikit_learns():
    probabilities, y_true = made_up()
    exact = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=float)
    assert log_loss(probabilities, y_true) == pytest.approx(sklearn_log_loss(y_true, exact, labels=range(5)), abs=1e-5)
    assert log_loss(np.array([[0.0, 1.0]]), np.array([0])) == pytest.approx(-np.log(1e-12))


def test_members_that_are_always_right_or_guess_end_at_the_limits():
    y_true = np.arange(40) % 4
    assert 0.05 <= fit_temperature(np.eye(4)[y_true] * 0.6 + 0.1, y_true) < 0.06  # where the loss is flat, at 0
    wrong = np.eye(4)[(y_true + 1) % 4] * 0.6 + 0.1
    assert fit_temperature(wrong, y_true) == pytest.approx(20, rel=1e-3)
    assert np.isfinite(
        fit_temperature(np.eye(4, dtype=np.float32)[(y_true + 1) % 4], y_true)
    )  # certain, and always wrong


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_classes=st.integers(2, 5))
def test_expected_calibration_error_is_a_loops(seed, n, n_classes):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(n_classes, 0.5), n)
    if seed % 3 == 0:
        probabilities = np.eye(n_classes)[generator.integers(n_classes, size=n)]  # confidence 1, the last bin's edge
    y_true = generator.integers(n_classes, size=n)
    error = 0.0
    for b in range(15):
        inside = [i for i in range(n) if b / 15 < max(probabilities[i]) <= (b + 1) / 15]
        if inside:
            accuracy = sum(probabilities[i].argmax() == y_true[i] for i in inside) / len(inside)
            confidence = sum(max(probabilities[i]) for i in inside) / len(inside)
            error += len(inside) / n * abs(accuracy - confidence)
    assert expected_calibration_error(probabilities, y_true) == pytest.approx(error, abs=1e-9)


def test_expected_calibration_error_by_hand():
    # two rows say 0.9 and one is right: |0.5 - 0.9| * 2/4. One says 0.6 and is right: 0.4 * 1/4; one says 0.55, wrong:
    # 0.55 * 1/4. 0.6 and 0.55 are in one bin of 15, (8/15, 9/15]: together |0.5 - 0.575| * 2/4.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.55, 0.45]])
    assert expected_calibration_error(probabilities, np.array([0, 1, 0, 1])) == pytest.approx(0.2 + 0.0375)
    assert expected_calibration_error(probabilities, np.array([0, 1, 0, 1]), bins=20) == pytest.approx(
        0.2 + 0.1 + 0.1375
    )


def test_each_fold_is_calibrated_by_the_others():
    probabilities, y_true = made_up(sharpness=3)
    folds = np.arange(len(y_true)) % 4
    temperature, without = fit_temperatures(probabilities, y_true, folds)
    assert temperature == fit_temperature(probabilities, y_true)
    after = apply_by_fold(probabilities, folds, without)
    for fold in range(4):
        assert without[fold] == fit_temperature(probabilities[folds != fold], y_true[folds != fold])
        np.testing.assert_allclose(after[folds == fold], apply_temperature(probabilities[folds == fold], without[fold]))
    shuffled = np.where(folds == 2, (y_true + 1) % 5, y_true)
    assert (
        fit_temperatures(probabilities, shuffled, folds)[1][2] == without[2]
        and fit_temperature(probabilities, shuffled) != temperature
    )
    temperatures, per_fold = fit_members([probabilities, np.sqrt(probabilities)], y_true, folds)
    assert (
        temperatures[0] == temperature
        and per_fold[3].tolist()[0] == without[3]
        and temperatures.shape == per_fold[0].shape == (2,)
    )


def test_calibration_mends_members_that_are_too_sure():
    probabilities, y_true = made_up(sharpness=3)
    folds = np.arange(len(y_true)) % 4
    error = calibration_error(probabilities, y_true, folds, *fit_temperatures(probabilities, y_true, folds))
    assert error["before"] == expected_calibration_error(probabilities, y_true) > 0.1
    assert error["after"] < 0.5 * error["before"] and error["temperature"] == fit_temperature(probabilities, y_true)


def several_labels(n=300, n_classes=4, sharpness=1.0, seed=0):
    """Probabilities (N, C), each by itself, that are right as often as they say at sharpness 1; and 0 and 1."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 2, (n, n_classes))
    return expit(logits * sharpness), (generator.random((n, n_classes)) < expit(logits)).astype(np.uint8)


def as_pairs(probabilities, y_true):
    """The same as N * C problems of two classes: "has it" is class 0."""
    has = probabilities.ravel()
    return np.stack([has, 1 - has], axis=1), 1 - y_true.ravel().astype(int)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.5])
def test_several_labels_are_problems_of_two_classes(sharpness):
    probabilities, y_true = several_labels(sharpness=sharpness)
    pairs, has_not = as_pairs(probabilities, y_true)
    temperature = fit_temperature(probabilities, y_true)
    assert temperature == pytest.approx(fit_temperature(pairs, has_not), rel=1e-5)
    assert temperature == pytest.approx(sharpness, rel=0.25)
    assert log_loss(probabilities, y_true) == pytest.approx(sklearn_log_loss(y_true.ravel(), probabilities.ravel()))
    for t in (0.5, 1.0, 3.0):
        after = apply_temperature(probabilities, t, several=True)
        np.testing.assert_allclose(after.ravel(), apply_temperature(pairs, t)[:, 0], atol=1e-9)
    assert expected_calibration_error(probabilities, y_true) == pytest.approx(
        expected_calibration_error(pairs, has_not), abs=1e-12
    )


def test_several_labels_are_calibrated_by_the_other_folds():
    probabilities, y_true = several_labels(sharpness=3)
    folds = np.arange(len(y_true)) % 4
    temperature, without = fit_temperatures(probabilities, y_true, folds)
    after = apply_by_fold(probabilities, folds, without, several=True)
    for fold in range(4):
        rows = folds == fold
        assert without[fold] == fit_temperature(probabilities[~rows], y_true[~rows])
        np.testing.assert_allclose(after[rows], apply_temperature(probabilities[rows], without[fold], several=True))
    error = calibration_error(probabilities, y_true, folds, temperature, without)
    assert error["after"] == expected_calibration_error(after, y_true) < 0.5 * error["before"]
    sure = np.array([[1.0, 0.0]], np.float32)  # certain, and wrong
    assert np.isfinite(log_loss(sure, np.array([[0, 1]]))) and np.isfinite(fit_temperature(sure, np.array([[0, 1]])))
    # stacked members, a temperature each: (M, n, C)
    stacked = apply_temperature(np.stack([probabilities, probabilities]), np.array([1.0, 2.0])[:, None, None], True)
    np.testing.assert_allclose(stacked[0], probabilities, atol=1e-9)


def test_expected_calibration_error_of_several_labels_by_hand():
    # confidences 0.9, 0.9, 0.6, 0.6: having it at 0.9 is right and wrong, |0.5 - 0.9| * 2/4; not having it at 0.6 is
    # right twice, 0.4 * 2/4
    error = expected_calibration_error(np.array([[0.9, 0.4], [0.9, 0.4]]), np.array([[1, 0], [0, 0]]))
    assert error == pytest.approx(0.2 + 0.2)
    assert expected_calibration_error(np.array([[0.5]]), np.array([[1]])) == 0.5  # 0.5 is having it
