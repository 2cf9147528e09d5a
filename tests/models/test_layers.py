"""Layers of our own and those made for inference, held against PyTorch's."""

import pytest
import timm
import torch
from makers.layers import random_input, with_lively_statistics
from timm.layers import Conv2dSame
from torch import nn

from competition.models.freezing import frozen_modules, stage_starts
from competition.models.layers.depthwise import DepthwiseConv2d, depthwise, with_fast_depthwise
from competition.models.layers.fusion import FusedConv2d, for_inference, for_training
from competition.settings.finetuned import FinetunedSettings

# depthwise

NEEDS_BFLOAT16 = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="oneDNN has no bfloat16 here"
)


@pytest.mark.parametrize("size", [(9, 9), (8, 11)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
@pytest.mark.parametrize("channels", [6, 40])
def test_depthwise_is_pytorchs_convolution(channels, kind, kernel, stride, size):
    torch.manual_seed(0)
    padding = 0 if kind is Conv2dSame else kernel // 2
    conv = kind(channels, channels, kernel, stride=stride, padding=padding, groups=channels, bias=False)
    fast = DepthwiseConv2d(conv, same=kind is Conv2dSame)
    results = []
    for layer in (conv, fast):
        inputs = random_input(2, channels, *size).requires_grad_()
        layer.weight.grad = None
        outputs = layer(inputs)
        (outputs * random_input(*outputs.shape, seed=1)).sum().backward()
        results.append((outputs, inputs.grad, layer.weight.grad.clone()))
    for expected, found in zip(*results, strict=True):
        assert expected.shape == found.shape and torch.allclose(expected, found, atol=1e-5)


@pytest.mark.parametrize("size", [(9, 9), (8, 11), (7, 8)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
def test_what_a_gpu_computes_is_pytorchs_convolution(kind, kernel, stride, size):
    torch.manual_seed(0)
    conv = kind(6, 6, kernel, stride=stride, padding=0 if kind is Conv2dSame else kernel // 2, groups=6)
    inputs = random_input(2, 6, *size)
    found = depthwise(inputs, conv.weight, conv.bias, conv.stride, None if kind is Conv2dSame else conv.padding)
    assert torch.allclose(found, conv(inputs), atol=1e-5)


def test_elsewhere_than_on_a_cpu_no_gradient_is_our_own():
    conv = nn.Conv2d(40, 40, 5, groups=40, bias=False)
    layer = DepthwiseConv2d(conv, same=True)
    assert "Depthwise" in layer(random_input(2, 40, 9, 9)).grad_fn.name()
    outputs = layer.to("meta")(random_input(2, 40, 9, 9).to("meta"))  # shapes alone, on no CPU
    assert outputs.grad_fn.name() == "ConvolutionBackward0" and outputs.shape == (2, 40, 9, 9)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)])
def test_depthwise_in_bfloat16_is_off_by_bfloat16s_error_only(kernel, stride):
    torch.manual_seed(0)
    conv = nn.Conv2d(40, 40, kernel, stride=stride, padding=kernel // 2, groups=40, bias=False)
    fast, inputs = DepthwiseConv2d(conv, same=False), random_input(4, 40, 12, 12).requires_grad_()
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
    "tf_efficientnet_b0",
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


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv2_050", "tf_efficientnet_b0"])
def test_in_float32_activations_are_fused_too(name):
    network = with_lively_statistics(with_fast_depthwise(timm.create_model(name, num_classes=5)))
    fast = for_inference(network, 64, bfloat16=False)
    fused = [layer for layer in fast.modules() if type(layer) is FusedConv2d and layer.activation != "none"]
    assert fused and {layer.weight.dtype for layer in fused} == {torch.float32}
    assert not [layer for layer in fast.modules() if isinstance(layer, nn.ReLU | nn.ReLU6 | nn.SiLU)]


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


@pytest.mark.parametrize("bfloat16", [pytest.param(True, marks=NEEDS_BFLOAT16), False])
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv3_small_050", "test_resnet", "test_vit"])
def test_frozen_stages_compute_as_for_inference_while_it_lasts(name, bfloat16):
    torch.manual_seed(0)
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
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            return network(inputs).float()

    with pytest.MonkeyPatch.context() as patch:
        real = FusedConv2d.forward
        patch.setattr(FusedConv2d, "forward", lambda self, inputs: (calls.append(1), real(self, inputs))[1])
        with for_training(network, frozen, size, bfloat16):
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
    assert (fused - usual).abs().max() < (0.03 if bfloat16 else 1e-5) * usual.abs().max()


def test_frozen_stages_stay_as_they_are_after_an_error():
    network = timm.create_model("mobilenetv3_small_050", num_classes=3)
    frozen = frozen_modules(network, FinetunedSettings(frozen_stages=2), 0)
    with pytest.raises(KeyError), for_training(network, frozen, 32, bfloat16=True):
        raise KeyError
    assert not [module for module in network.modules() if "forward" in vars(module)]


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "test_resnet"])
def test_where_onednn_has_no_bfloat16_no_layer_is_its_own(name, monkeypatch):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    network = with_lively_statistics(timm.create_model(name, num_classes=3))
    frozen = frozen_modules(network, FinetunedSettings(frozen_stages=2), 0)
    assert not [layer for layer in for_inference(network, 64, bfloat16=True).modules() if type(layer) is FusedConv2d]
    with for_training(network, frozen, 64, bfloat16=True):
        assert not [module for module in network.modules() if "forward" in vars(module)]
