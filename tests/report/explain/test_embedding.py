"""The map of the images: separates what is different, the same bytes each time; and the features it is made from."""

import numpy as np
import pytest
import torch
from makers.networks import made, noise
from makers.packed import packed_competition

from competition.data.image_store import ImageStore
from competition.report.explain.embedding import FEW, FEWEST, draw, features, member_features, pooled, to_plane
from competition.settings.params import Settings


@pytest.fixture(scope="module")
def clusters():
    generator = np.random.default_rng(0)
    centres = np.repeat(generator.normal(size=(2, 64)) * 2, 60, axis=0)
    return (centres + generator.normal(size=(120, 64)) * 0.3).astype(np.float32)


@pytest.mark.slow
def test_two_clusters_lie_apart_and_the_same_bytes_come_twice(clusters):
    places = to_plane(clusters, 0)
    assert places.shape == (120, 2) and places.dtype == np.float32 and np.abs(places).max() == pytest.approx(1)
    assert places.tobytes() == to_plane(clusters, 0).tobytes() != to_plane(clusters, 1).tobytes()
    one, other = places[:60], places[60:]
    distances = np.linalg.norm(one[:, None] - other[None], axis=2)
    within = max(np.linalg.norm(part - part.mean(0), axis=1).max() for part in (one, other))
    assert distances.min() > within / 2  # no image of one is near the other's
    nearest = np.argsort(np.linalg.norm(places[:, None] - places[None], axis=2), axis=1)[:, 1]
    assert ((nearest < 60) == (np.arange(120) < 60)).all()


def test_few_images_lie_along_the_principal_components_and_fewer_are_refused(clusters):
    few = clusters[::3]
    places = to_plane(few, 0)
    assert len(few) < FEW and places.tobytes() == to_plane(few, 1).tobytes()  # of UMAP the seed would show
    unit = few / np.linalg.norm(few, axis=1, keepdims=True)
    directions = np.linalg.svd(unit - unit.mean(0), full_matrices=False)[2][:2]
    expected = (unit - unit.mean(0)) @ directions.T
    for found, along in zip(places.T, expected.T, strict=True):
        assert abs(np.corrcoef(found, along)[0, 1]) == pytest.approx(1, abs=1e-4)
    assert np.isfinite(to_plane(clusters[::15], 0)).all() and len(clusters[::15]) == FEWEST
    assert not to_plane(np.ones((FEWEST, 4), np.float32), 0).any()  # all alike
    with pytest.raises(ValueError, match="at least 8"):
        to_plane(clusters[: FEWEST - 1], 0)


def test_of_too_many_the_seed_draws_some():
    assert draw(10, 0, 2500).tolist() == list(range(10))
    drawn = draw(200_000, 0, 2500)
    assert len(set(drawn.tolist())) == 2500 and (np.diff(drawn) > 0).all() and drawn.max() > 190_000
    assert np.array_equal(drawn, draw(200_000, 0, 2500)) and not np.array_equal(drawn, draw(200_000, 1, 2500))


def test_features_are_the_mean_of_the_last_map():
    network, normalise = made("test_resnet")
    found = pooled(network, normalise, 64, "float32")(noise())
    with torch.no_grad():
        expected = network.eval().forward_features(normalise(noise())).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "test_vit", "hybrid_tf_efficientnet_lite0", "googlenet"])
def test_features_are_what_the_classifier_is_given(name):
    network, normalise = made(name, size=96)
    extract = pooled(network, normalise, 96, "float32")
    classifier = network.eval().get_classifier()
    with torch.no_grad():
        expected = network(normalise(noise(size=96)))
        np.testing.assert_allclose(
            classifier(torch.from_numpy(extract(noise(size=96)))), expected, rtol=1e-2, atol=1e-3
        )


def test_rows_come_in_order_and_a_member_without_a_network_is_refused(tmp_path):
    packed_competition(tmp_path)
    store, rows = ImageStore(tmp_path / "augmented.arrow"), np.arange(70)[::-1].copy()  # more than two batches
    found = features(lambda images: images.float().mean(dim=(1, 2)).numpy(), store, rows, 32)
    np.testing.assert_allclose(found[-1], store.image(0).mean(axis=(0, 1)), rtol=1e-5)
    assert found.shape == (70, 3)
    with pytest.raises(ValueError, match="grey"):
        member_features("grey", Settings(), 3, 0)
