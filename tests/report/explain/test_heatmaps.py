"""Heat maps: hot where the answer comes from, the same as Grad-CAM written out, of every family of networks."""

import cv2
import numpy as np
import pytest
import torch
from makers.networks import made, noise, save_weights
from makers.packed import TARGETS
from torch import nn

from competition.inference.loader import stack
from competition.models.networks import Normalisation
from competition.report.explain.heatmaps import NoFeatureMap, explain_member, heat_maps

PLAIN = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Corners(nn.Module):
    """Class 0 is how bright the top left corner is, class 1 the bottom right one, class 2 nothing at all."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward_features(self, inputs):
        grid = nn.functional.avg_pool2d(inputs.mean(1, keepdim=True), 8) * self.scale  # (B, 1, 8, 8) of 64 pixels
        first, last = torch.zeros(2, 1, 8, 8)
        first[:, :2, :2], last[:, 6:, 6:] = 1, 1
        return torch.cat([grid * first, grid * last, grid * 0], dim=1)

    def forward_head(self, maps):
        return maps.sum(dim=(2, 3))

    def forward(self, inputs):
        return self.forward_head(self.forward_features(inputs))


def test_it_is_hot_in_the_corner_that_the_answer_comes_from_and_nowhere_else():
    images = torch.full((3, 64, 64, 3), 200, dtype=torch.uint8)
    first, last, nothing = heat_maps(Corners(), PLAIN, images, [0, 1, 2])
    assert first[:10, :10].min() > 0.99 and first[28:].max() == 0 and first[:, 28:].max() == 0
    np.testing.assert_allclose(last, first[::-1, ::-1], atol=1e-6)
    assert not nothing.any()


def test_it_is_grad_cam_as_the_paper_has_it():
    """Written out with torch's gradients through the whole network, without the library and without a cut."""
    network, normalise = made("test_resnet")
    images, kept = noise(), []
    found = heat_maps(network, normalise, images, [2, 1])

    def keep(module, inputs, output):
        output.retain_grad()
        kept.append(output)

    handle = network.layer4.register_forward_hook(keep)
    logits = network(normalise(images))
    handle.remove()
    (logits[0, 2] + logits[1, 1]).backward()
    maps, gradients = kept[0].detach(), kept[0].grad
    raw = (gradients.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu().numpy()
    for heat, expected in zip(found, raw, strict=True):
        expected = cv2.resize((expected - expected.min()) / (np.ptp(expected) + 1e-7), (64, 64))
        np.testing.assert_allclose(heat, (expected - expected.min()) / (np.ptp(expected) + 1e-7), atol=1e-4)
    assert found.max() > 0.99


@pytest.mark.parametrize(
    "name",
    [
        "tf_efficientnet_lite0",
        "mobilenetv3_small_050",
        "test_convnext",
        "test_vit",
        "hybrid_tf_efficientnet_lite0",
        "googlenet",
    ],
)
def test_every_family_has_one(name):
    network, normalise = made(name, size=96)
    before = network.eval()(normalise(noise(size=96))).detach()
    heats = heat_maps(network, normalise, noise(size=96), [0, 2])
    assert heats.shape == (2, 96, 96) and heats.dtype == np.float32 and 0 <= heats.min() and heats.max() <= 1
    assert not np.array_equal(heats[0], heats[1])
    assert torch.equal(network(normalise(noise(size=96))), before)  # nothing is left hanging in it


def test_what_has_no_map_says_so():
    with pytest.raises(NoFeatureMap, match="single cell"):
        heat_maps(*made("mobilenetv3_small_050", size=32), noise(size=32), [0, 0])
    with pytest.raises(NoFeatureMap, match="last features"):
        heat_maps(nn.Conv2d(3, 3, 1), PLAIN, noise(), [0, 0])
    with pytest.raises(NoFeatureMap, match="no feature map"):
        heat_maps(Flat(), PLAIN, noise(), [0, 0])


class Flat(Corners):
    def forward_features(self, inputs):
        return super().forward_features(inputs).flatten(1)


def test_each_image_is_explained_by_its_own_folds_network(trained):
    settings, store = trained
    rows, classes = np.array([0, 5, 10]), np.array([0, 1, 2])
    heats, note = explain_member("net", settings, len(TARGETS), store, rows, np.array([1, 0, 1]), classes)
    assert note == "" and heats.shape == (3, 64, 64)
    for place, fold in enumerate((1, 0, 1)):
        alone = heat_maps(
            *made("test_resnet", seed=fold), stack(store, rows[place : place + 1], 64), classes[place : place + 1]
        )
        np.testing.assert_allclose(heats[place], alone[0], atol=1e-5)


def test_a_member_without_a_network_of_its_own_says_why(trained):
    settings, store = trained
    assert explain_member("grey", settings, 3, store, np.array([0]), np.array([0]), np.array([0])) == (
        None,
        "No heat maps: grey is of kind grey, without a fine-tuned network whose features could be looked at.",
    )
    member = settings.members["net"].model_copy(update={"network": "mobilenetv3_small_050", "size": 32})
    small = settings.model_copy(update={"members": {"net": member}})
    save_weights(made("mobilenetv3_small_050", 32)[0], 0)
    heats, note = explain_member("net", small, 3, store, np.array([0]), np.array([0]), np.array([0]))
    assert heats is None
    assert (
        note
        == "No heat maps: net's network, mobilenetv3_small_050, sees a page of 32 pixels as a single cell in the end."
    )
