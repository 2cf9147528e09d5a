"""What the corner network is to say, and what is read from what it says."""

import numpy as np
import pytest
import torch

from competition.settings.upright import UprightSettings
from competition.upright.geometry import TOP, UPPER_LEFT, quad_of
from competition.upright.networks import corner_network, corner_targets, orientation_network, quad_from_output

SETTINGS = UprightSettings(network="test_efficientnet", weights="none", corners_size=64, orientation_size=64)
PAGE = np.array([[0.25, 0.2], [0.75, 0.2], [0.75, 0.85], [0.25, 0.85]])


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    return (PAGE - 0.5) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + 0.5


def test_the_quad_of_a_target_is_the_quad():
    for degrees in np.arange(-179.5, 180, 7):
        target, _ = corner_targets(turned(degrees))
        assert quad_from_output(target) == pytest.approx(quad_of(turned(degrees))), degrees


def test_a_quad_counts_only_where_it_changes_by_little_as_the_page_turns():
    for degrees in np.arange(-90, 90, 0.5):
        (before, counted), (after, counts) = corner_targets(turned(degrees)), corner_targets(turned(degrees + 0.5))
        assert np.abs(before - after)[counted & counts].max() < 0.05, degrees
        read = slice(0, 8) if after[16] > 0 else slice(8, 16)
        assert counts[read].all(), degrees


def test_the_two_quads_are_counted_from_their_own_directions():
    target, _ = corner_targets(turned(20))
    assert target[:8].reshape(4, 2) + 0.5 == pytest.approx(quad_of(turned(20), UPPER_LEFT))
    assert target[8:16].reshape(4, 2) + 0.5 == pytest.approx(quad_of(turned(20), TOP))


@pytest.mark.parametrize(("make", "outputs"), [(corner_network, 18), (orientation_network, 16)])
def test_networks_are_made_alike_from_a_seed_and_take_trained_weights(make, outputs):
    (one, _), (same, _), (other, _) = make(SETTINGS, 0), make(SETTINGS, 0), make(SETTINGS, 1)
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def said(network):
        with torch.inference_mode():
            return network.eval()(pixels)

    assert said(one).shape == (2, outputs)
    assert torch.equal(said(one), said(same)) and not torch.equal(said(one), said(other))
    loaded, _ = make(SETTINGS, 2, trained=True)
    loaded.load_state_dict(one.state_dict())
    assert torch.equal(said(loaded), said(one))


def test_a_network_without_maps_is_refused():
    with pytest.raises(ValueError, match=r"upright\.network: VisionTransformer doesn't give maps"):
        corner_network(SETTINGS.model_copy(update={"network": "test_vit", "corners_size": 160, "frozen_stages": 0}), 0)
