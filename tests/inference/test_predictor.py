"""Test-time augmentation: eight weighted views are the very same vote as twenty plain passes."""

import copy

import numpy as np
import pytest
import torch
from makers.packed import SIZE, packed_competition
from makers.upright import UprightImages

from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.inference.predictor import Predictor, predict_proba
from competition.inference.tta import orientation_weights
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings

NETWORK = FinetunedSettings(network="mobilenetv3_small_050", weights="none", size=32)


@pytest.fixture(scope="module")
def network():
    found = create_network(NETWORK, 3)
    with torch.no_grad():
        found[0].classifier.weight *= 20  # so that views differ
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    packed_competition(folder, images=9)
    return ImageStore(folder / "augmented.arrow")


def plain_passes(network, normalise, store, rows, passes, seed):
    """One image at a time, one pass after the other, each with the flip and the quarter turns that it drew."""
    flips, turns = generator(seed, "test-time augmentation").integers([[2], [4]], size=(2, passes))
    network.eval()
    result = []
    for row in rows:
        total = np.zeros(3)
        for flip, turn in zip(flips, turns, strict=True):
            image = store.image(row)
            image = np.rot90(np.fliplr(image) if flip else image, turn).copy()
            with torch.inference_mode():
                total += network(normalise(torch.from_numpy(image)[None])).double().softmax(1)[0].numpy()
        result.append(total / passes)
    return np.array(result)


@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_plain_passes_are_eight_weighted_views(network, store, seed):
    rows = np.array([0, 17, 3, 40])
    expected = plain_passes(*network, store, rows, 20, seed)
    found = predict_proba(*network, store, rows, SIZE, "float32", orientation_weights(20, seed))
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 1e-5
    single = predict_proba(*network, store, rows, SIZE, "float32", np.eye(8)[0])
    assert np.abs(single - expected).max() > 1e-3  # or the test above would hold for any weights


def test_rows_sum_to_1_over_several_batches_and_ticks_count_images(network, store):
    rows, ticks = np.random.default_rng(0).permutation(45), []
    found = predict_proba(*network, store, rows, SIZE, "float32", orientation_weights(3, 0), ticks.append)
    assert found.shape == (45, 3) and np.abs(found.sum(axis=1) - 1).max() < 1e-5
    assert sum(ticks) == 45 and len(ticks) > 1
    some = predict_proba(*network, store, rows[30:40], SIZE, "float32", orientation_weights(3, 0))
    assert np.abs(found[30:40] - some).max() < 1e-5  # whatever stands beside an image in its batch


def test_bfloat16_is_close(network, store):
    rows = np.arange(20)
    exact, found = (
        predict_proba(*network, store, rows, SIZE, kind, orientation_weights(5, 0)) for kind in ("float32", "bfloat16")
    )
    assert found.dtype == np.float32 and np.abs(exact - found).max() < 0.1


def test_dropout_and_batch_statistics_are_off(network, store):
    network[0].train()
    rows = np.arange(6)
    first, again = (predict_proba(*network, store, rows, SIZE, "float32", np.eye(8)[0]) for _ in range(2))
    assert (first == again).all()


def test_no_rows(network, store):
    found = predict_proba(*network, store, np.array([], np.int64), SIZE, "float32", np.eye(8)[0])
    assert found.shape == (0, 3) and found.dtype == np.float32


def test_a_predictor_predicts_as_its_network(network, store):
    rows, weights = np.arange(20), orientation_weights(5, 0)
    exact = predict_proba(*network, store, rows, SIZE, "float32", weights)
    assert np.abs(Predictor.of(*network, SIZE, "float32")(store, rows, weights) - exact).max() < 1e-5
    rounded = Predictor.of(*network, SIZE, "bfloat16")(store, rows, weights)
    assert 0 < np.abs(rounded - exact).max() < 0.1
    assert Predictor.of(*network, SIZE, "float32")(store, rows[:0], weights).shape == (0, 3)


def test_images_that_were_turned_upright_are_looked_at_in_their_own_orientations(network, store):
    draws = np.random.default_rng(0)
    weights = draws.dirichlet(np.full(8, 0.3), len(store)) * (draws.random((len(store), 8)) < 0.5)
    weights[:, 0] += 0.1
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.tile([0, 17, 3, 40], 12)
    each = np.stack([predict_proba(*network, store, rows, SIZE, "float32", one) for one in np.eye(8)], axis=1)
    ticks = []
    asked = UprightImages(store, weights)
    found = predict_proba(*network, asked, rows, SIZE, "float32", orientation_weights(20, 0), ticks.append)
    expected = (each * weights[rows][..., None]).sum(axis=1)
    assert np.abs(found - expected).max() < 1e-5
    assert sum(ticks) == len(rows)
    single = predict_proba(*network, asked, rows, SIZE, "float32", None)
    assert np.abs(single - each[:, 0]).max() < 1e-6  # one look is as the image is packed


def refusing(network, most):
    """Return `network`, out of memory for more than `most` images, and the batches that it was asked about."""
    asked = []

    def refuse(module, given):
        asked.append(len(given[0]))
        if len(given[0]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")

    made = copy.deepcopy(network)
    made.register_forward_pre_hook(refuse)
    return made, asked


@pytest.mark.parametrize("own", [False, True])
def test_where_memory_runs_out_fewer_images_are_asked_about_at_once(network, store, own):
    rows, weights = np.arange(40), orientation_weights(5, 0)
    images = UprightImages(store, np.full((len(store), 8), 1 / 8)) if own else store
    small, asked = refusing(network[0], 5)
    found = predict_proba(small, network[1], images, rows, SIZE, "float32", weights)
    expected = predict_proba(*network, images, rows, SIZE, "float32", weights)
    assert np.abs(found - expected).max() < 1e-6
    assert sum(count > 5 for count in asked) == 3  # 32, 16 and 8: none is tried again


def test_no_memory_for_a_single_image_is_an_error(network, store):
    small, _ = refusing(network[0], 0)
    with pytest.raises(MemoryError, match="a single image"):
        predict_proba(small, network[1], store, np.arange(4), SIZE, "float32", None)


def test_other_errors_are_not_taken_for_memory(network, store):
    def fail(module, given):
        raise RuntimeError("shapes don't fit")

    broken = copy.deepcopy(network[0])
    broken.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="shapes"):
        predict_proba(broken, network[1], store, np.arange(4), SIZE, "float32", None)
