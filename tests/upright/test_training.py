"""Training of an upright network: what examples say is true, and a stop changes nothing."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from makers.photographs import SETTINGS

from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.upright import training
from competition.upright.geometry import homography, oriented_corners, placed, quad_of
from competition.upright.networks import MARGIN, corner_network, corner_targets, orientation_network
from competition.upright.training import (
    Lesson,
    corner_example,
    corner_loss,
    orientation_example,
    orientation_loss,
    train_network,
)

WITH_ERRORS = training._with_errors


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_picture_is_shown_in_an_orientation_with_its_corners(photographs, orientation):
    data = photographs.to_train(0)
    row = int(data.rows[0, 1])
    example = corner_example(data, row, orientation, np.random.default_rng(0), 90)
    assert (example.image == oriented_image(data.picture(row), orientation)).all()
    expected, _ = corner_targets(oriented_corners(data.corners[row], orientation, 1.0))
    assert (example.target == expected).all()


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_straight_page_says_its_orientation_and_by_how_much_its_corners_are_off(
    photographs, orientation, monkeypatch
):
    data = photographs.to_train(0)
    row, size = int(data.rows[0, 1]), 128
    example = orientation_example(data, row, orientation, np.random.default_rng(3), size)
    assert example.target[0] == orientation
    monkeypatch.setattr(training, "_with_errors", lambda corners, draws: corners)
    right = orientation_example(data, row, orientation, np.random.default_rng(3), size)
    assert right.target[1:] == pytest.approx(np.zeros(8), abs=1e-5)
    # the page with errors, warped by what it says, is the page without
    wrong = WITH_ERRORS(data.corners[row] * len(data.picture(row)), np.random.default_rng(3))
    shown, straight = (
        quad_of(oriented_corners(placed(corners, size, MARGIN), orientation, size))
        for corners in (wrong, data.corners[row])
    )
    matrix = homography(shown + example.target[1:].reshape(4, 2) * size, straight)
    back = cv2.warpPerspective(example.image, matrix, (size, size), borderValue=(255, 255, 255)).astype(float)
    inside = slice(size // 5, size - size // 5)
    error, unmended = (
        np.abs(found - right.image)[inside, inside].mean() for found in (back, example.image.astype(float))
    )
    assert error < 0.6 * unmended


def test_losses_are_0_only_for_right_answers():
    corners = np.stack([data for data, _ in map(corner_targets, np.random.default_rng(0).random((5, 4, 2)))])
    counts = torch.ones(5, 18)
    target = torch.from_numpy(corners).float()
    assert corner_loss(target, target, counts) == 0
    assert corner_loss(target + 0.1, target, counts) > 0.05
    masked = counts.clone()
    masked[:, :8] = 0
    wrong = target.clone()
    wrong[:, :8] += 1
    assert corner_loss(wrong, target, masked) == 0  # what doesn't count costs nothing
    said = torch.zeros(2, 16)
    said[0, 3], said[1, 5] = 30, 30
    right = torch.tensor([[3.0] + [0] * 8, [5.0] + [0] * 8])
    assert orientation_loss(said, right, counts[:2]) == pytest.approx(0, abs=1e-6)
    assert orientation_loss(said, right.flip(0), counts[:2]) > 10


NETWORKS = {
    "corners": (corner_network, Lesson(corner_example, corner_loss, 64, 32, 3, clean_first=False)),
    "orientation": (orientation_network, Lesson(orientation_example, orientation_loss, 64, 32, 3, clean_first=True)),
}


def fitted(name, photographs, state_file, report=lambda row: None):
    make, lesson = NETWORKS[name]
    network, normalise = make(SETTINGS, 0)
    train_network(network, normalise, photographs.to_train(0), lesson, SETTINGS, state_file, report)
    return network.state_dict()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_training_goes_on_to_the_same_weights(name, photographs, tmp_path):
    torch.manual_seed(0)
    whole = fitted(name, photographs, tmp_path / "whole.pt")
    torch.manual_seed(1)  # nothing is drawn from torch's own generator

    def stop(row):
        if row["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(name, photographs, tmp_path / "stopped.pt", stop)
    told = []
    resumed = fitted(name, photographs, tmp_path / "stopped.pt", told.append)
    assert [row["epoch"] for row in told] == [2]
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())


@pytest.mark.parametrize("name", NETWORKS)
def test_clean_pages_come_first_where_orientations_are_learnt(name, photographs):
    _, lesson = NETWORKS[name]
    shown, data, epochs = [], photographs.to_train(0), 60

    def show(photographs, row, orientation, draws, size):
        shown.append(row)
        return lesson.show(photographs, row, orientation, draws, size)

    lesson_of = replace(lesson, show=show, epochs=epochs)
    for epoch in range(epochs):
        for _ in training._batches(data, lesson_of, 32, SETTINGS, epoch):
            pass
    clean = np.isin(shown, data.rows[:, 0]).reshape(epochs, -1).mean(axis=1)
    by_chance = 1 / data.rows.shape[1]
    early, late = clean[: epochs // 6].mean(), clean[-epochs // 6 :].mean()
    if name == "corners":
        assert early == pytest.approx(by_chance, abs=0.15)
    else:
        assert early > 0.8 and late < by_chance + 0.2


def test_a_loss_that_is_no_number_ends_training(photographs, tmp_path):
    network, normalise = corner_network(SETTINGS, 0)
    data = photographs.to_train(0)
    lesson = Lesson(corner_example, lambda *_: torch.tensor(float("nan"), requires_grad=True), 64, None, 1, False)
    with pytest.raises(ValueError, match=r"the loss is nan in epoch 0; lower upright\.learning_rate"):
        train_network(network, normalise, data, lesson, SETTINGS, tmp_path / "state.pt")
