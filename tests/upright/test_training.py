"""Training of the upright networks: what examples say is true, folds are kept apart, and a stop changes nothing."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from competition.compute import pool
from competition.compute.device import cores
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.letterbox import resize
from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.data.packing import build
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings
from competition.settings.upright import UprightSettings
from competition.upright import fit, training
from competition.upright.fit import FoldPhotographs, drawn_pages
from competition.upright.geometry import homography, oriented_corners, placed, quad_of
from competition.upright.networks import MARGIN, corner_network, corner_targets, orientation_network
from competition.upright.photographs import PhotographMaker, corners_in_picture, corners_in_square
from competition.upright.training import (
    Lesson,
    corner_example,
    corner_loss,
    orientation_example,
    orientation_loss,
    train_network,
)

SETTINGS = UprightSettings(
    network="test_efficientnet", weights="none", corners_size=64, orientation_size=64, batch_size=4
)
AUGMENT = AugmentSettings(
    size=64,
    policy="none",
    transforms={"rotate": {"probability": 1.0}, "mirror": {"probability": 0.5}, "perspective": {"probability": 0.5}},
    test_like={"policy": "none", "transforms": {"rotate": {"probability": 1.0}}},
)
PAGES, COPIES = 6, 2
WITH_ERRORS = training._with_errors


def page(number: int) -> np.ndarray:
    """A page of coloured blocks, uint8 (180, 140, 3)."""
    blocks = np.random.default_rng(number).integers(0, 255, (9, 7, 3)).astype(np.uint8)
    return blocks.repeat(20, axis=0).repeat(20, axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    rows = [{"id": str(n), "source_id": str(n), "image": encode_jpeg(page(n), 92)} for n in range(PAGES)]
    write_rows(folder / "train.arrow", rows)
    maker = PhotographMaker(str(folder / "train.arrow"), AUGMENT, COPIES)
    build(
        folder / "photographs.arrow",
        range(PAGES),
        maker,
        folder / "state",
        part_size=4,
        machine=MachineSettings(workers=1),
        title="photographs",
    )
    return folder


@pytest.fixture(scope="module")
def photographs(folder) -> FoldPhotographs:
    return FoldPhotographs.read(folder / "photographs.arrow", {str(n): n % 3 for n in range(PAGES - 1)}, 255)


def test_the_corners_of_a_photograph_are_where_its_page_lies(folder):
    store = ImageStore(folder / "photographs.arrow")
    corners = store.optional("corners").reshape(-1, 4, 2)
    clean = [row for row, view in enumerate(store.column("view")) if view == "clean"]
    assert len(store) == PAGES * (COPIES + 2) and len(clean) == PAGES
    for row in range(len(store)):
        picture = store.image(row)
        straight = np.array([[0.0, 0.0], [70, 0], [70, 90], [0, 90]])
        matrix = homography(corners[row] * len(picture), straight)
        found = cv2.warpPerspective(picture, matrix, (70, 90), borderValue=(255, 255, 255)).astype(float)
        expected = resize(page(int(store.column("source_id")[row])), 90, 70)
        errors = [np.abs(found - one).mean() for one in (expected, expected[:, ::-1], expected[::-1])]
        assert np.argmin(errors) == 0 and errors[0] < 0.7 * min(errors[1:])
        if row in clean:
            assert corners[row] == pytest.approx(np.array([[10 / 90, 0], [80 / 90, 0], [80 / 90, 1], [10 / 90, 1]]))


def test_corners_of_a_picture_and_of_its_square_are_each_others_inverse():
    picture = np.zeros((30, 50, 3), np.uint8)
    corners = np.array([[0.0, 0], [50, 0], [50, 30], [0, 30]])
    shares = corners_in_square(corners, picture)
    assert shares == pytest.approx(np.array([[0, 0.2], [1, 0.2], [1, 0.8], [0, 0.8]]))
    assert corners_in_picture(shares, picture) == pytest.approx(corners)


@pytest.mark.parametrize(("members", "orientation", "side"), [(288, 224, 403), (288, 320, 448)])
def test_photographs_have_the_pixels_that_the_larger_look_needs(folder, members, orientation, side):
    settings = UprightSettings(orientation_size=orientation, policy="light").photographed(AugmentSettings(size=members))
    rows, _ = PhotographMaker(str(folder / "train.arrow"), settings, 0)([0])
    assert settings.policy == "light" and {(row["height"], row["width"]) for row in rows} == {(side, side)}


def test_errors_are_measured_on_as_many_pages_as_are_asked_for(photographs):
    settings = SETTINGS.model_copy(update={"scored_pages": 3})
    few = [row for fold in range(3) for row in photographs.to_score(fold, settings)]
    assert len(set(few)) == 3 and {photographs.views[row] for row in few} == {"test_like"}
    assert set(few) < {row for fold in range(3) for row in photographs.to_score(fold, SETTINGS)}


def test_a_fold_learns_from_other_folds_pages_alone(photographs):
    for fold in range(3):
        learnt = {photographs.sources[row] for row in photographs.to_train(fold).rows.ravel()}
        scored = {photographs.sources[row] for row in photographs.to_score(fold, SETTINGS)}
        assert scored == {str(n) for n in range(PAGES - 1) if n % 3 == fold}
        assert learnt == {str(n) for n in range(PAGES - 1) if n % 3 != fold}  # nor of the one that is in no fold
        assert set(photographs.views[photographs.to_train(fold).rows.ravel()]) == {"clean", "train"}
        for rows in photographs.to_train(fold).rows:
            assert len({photographs.sources[row] for row in rows}) == 1


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


def test_pages_are_drawn_from_all_folds_and_never_from_the_holdout():
    folds = np.array([-1, 0, 1, 2, -1, 0, 1, 2] * 10)
    drawn = drawn_pages(folds, SETTINGS.model_copy(update={"pages": 30}))
    assert len(drawn) == 30 and (np.diff(drawn) > 0).all() and (folds[drawn] >= 0).all()
    assert (drawn_pages(folds, SETTINGS) == np.flatnonzero(folds >= 0)).all()
    with pytest.raises(ValueError, match=r"upright\.pages: 2 training images leave none of fold"):
        drawn_pages(folds, SETTINGS.model_copy(update={"pages": 2}))


def test_a_loss_that_is_no_number_ends_training(photographs, tmp_path):
    network, normalise = corner_network(SETTINGS, 0)
    data = photographs.to_train(0)
    lesson = Lesson(corner_example, lambda *_: torch.tensor(float("nan"), requires_grad=True), 64, None, 1, False)
    with pytest.raises(ValueError, match=r"the loss is nan in epoch 0; lower upright\.learning_rate"):
        train_network(network, normalise, data, lesson, SETTINGS, tmp_path / "state.pt")


def test_the_orientation_network_begins_with_what_the_corner_network_has_learnt(photographs, tmp_path, monkeypatch):
    begun: list[tuple[dict, dict]] = []
    real = fit.train_network

    def train(network, *rest):
        before = {key: value.clone() for key, value in network.trunk.state_dict().items()}
        real(network, *rest)
        begun.append((before, {key: value.clone() for key, value in network.trunk.state_dict().items()}))

    monkeypatch.setattr(fit, "train_network", train)
    settings = SETTINGS.model_copy(update={"corners_epochs": 1, "orientation_epochs": 1, "frozen_stages": 0})
    weights = [tmp_path / f"{name}.safetensors" for name in ("one", "resumed")]
    for target in weights:  # the second time from the states that the first left
        fit.fit_fold(photographs, 0, settings, target, tmp_path)
    (untrained, learnt), (taken, _), *resumed = begun
    assert all(torch.equal(taken[key], learnt[key]) for key in learnt)
    assert any(not torch.equal(untrained[key], learnt[key]) for key in learnt)
    assert all(torch.equal(resumed[1][0][key], learnt[key]) for key in learnt)
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.fixture
def weights(tmp_path) -> dict[int, Path]:
    return {fold: tmp_path / "networks" / f"{fold}.safetensors" for fold in (0, 1, 2)}


SHORT = SETTINGS.model_copy(update={"corners_epochs": 1, "orientation_epochs": 1, "frozen_stages": 0})


def test_folds_beside_each_other_become_what_each_becomes_alone(folder, photographs, weights, tmp_path):
    read = partial(FoldPhotographs.read, folder / "photographs.arrow", {str(n): n % 3 for n in range(PAGES - 1)}, 255)
    threads, alone = torch.get_num_threads(), {}
    torch.set_num_threads(max(1, cores() // 3))  # of all folds, also where one of them is there
    for fold in weights:
        fit.fit_fold(photographs, fold, SHORT, tmp_path / "alone.safetensors", tmp_path / "alone")
        alone[fold] = (tmp_path / "alone.safetensors").read_bytes()
    torch.set_num_threads(threads)
    weights[0].parent.mkdir(parents=True, exist_ok=True)
    weights[0].write_bytes(alone[0])
    fit.fit_folds(read, weights, SHORT, tmp_path, MachineSettings(workers=2))
    assert {fold: path.read_bytes() for fold, path in weights.items()} == alone


@pytest.mark.parametrize(
    ("folds", "workers", "at_once"), [(3, 2, 3), (5, 2, 3), (4, 2, 2), (7, 4, 7), (2, 8, 2), (3, 1, None)]
)
def test_no_core_waits_for_the_last_fold(tmp_path, monkeypatch, folds, workers, at_once):
    dealt, alone = [], []

    def deal(work, tasks, machine):
        dealt.append((machine.workers, [task[1] for task in tasks]))
        return []

    monkeypatch.setattr(fit, "deal", deal)
    monkeypatch.setattr(fit, "fit_fold", lambda read, fold, *rest: alone.append(fold))
    weights = {fold: tmp_path / f"{fold}.safetensors" for fold in range(folds)}
    fit.fit_folds(lambda: None, weights, SHORT, tmp_path, MachineSettings(workers=workers))
    assert (dealt, alone) == (([(at_once, [*range(folds)])], []) if at_once else ([], [*range(folds)]))


def test_a_worker_whose_command_was_killed_ends_with_the_epoch(photographs, weights, tmp_path, monkeypatch):
    parents = iter((7, 7, 1))
    monkeypatch.setattr(pool.os, "getppid", lambda: next(parents))
    (tmp_path / "networks").mkdir()
    seen: list[str] = []
    with pytest.raises(SystemExit):
        fit._fit_in_a_worker(lambda: photographs, 0, SHORT, weights[0], tmp_path, lambda row: seen.append(row), 1)
    assert [row["network"] for row in seen] == ["corners"] and not weights[0].exists()
    assert len(list(tmp_path.glob("*.pt"))) == 2  # what whoever comes next goes on from
