"""Kernels compiled by numba and the layers made of them, held against PyTorch's in float64."""

import copy
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import timm
import torch
from makers.layers import random_input, with_lively_statistics
from timm.layers.norm_act import BatchNormAct2d
from torch import nn
from torch.nn import functional

from competition.models.kernels import compiled, depthwise
from competition.models.layers.batch_norm import FastBatchNormAct2d, with_fast_batch_norm
from competition.models.layers.fast import with_fast_layers
from competition.models.layers.pointwise import PointwiseConv2d, with_fast_pointwise

KINDS = [torch.float32, torch.bfloat16]


@pytest.fixture
def threads():
    """Set the number of torch's threads, until the test ends."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def channels_last(tensor):
    return tensor.contiguous(memory_format=torch.channels_last)


def error(found, expected):
    return float((found.detach().double() - expected.detach()).abs().max() / expected.detach().abs().max())


# depthwise


def shape_of(images, kernel, stride, before, after):
    """The convolution of `images` behind `before` zeros and in front of `after`, of each side."""
    sizes = [(size + before + after - kernel) // stride + 1 for size in images.shape[2:]]
    return depthwise.Shape(*images.shape, *sizes, kernel, stride, before, before)


def expected_depthwise(images, weight, shape, before, after, gradient=None):
    """Outputs of PyTorch's convolution in float64; with `gradient`, the gradients of inputs and weight."""
    images, weight = images.double().requires_grad_(), weight.double().requires_grad_()
    padded = functional.pad(images, (before, after, before, after))
    outputs = functional.conv2d(padded, weight, None, shape.stride, 0, 1, len(weight))
    return outputs if gradient is None else torch.autograd.grad(outputs, (images, weight), gradient.double())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(7, 12), (5, 5), (2, 9)])
@pytest.mark.parametrize("channels", [32, 33, 80])
@pytest.mark.parametrize(
    ("kernel", "stride", "before", "after"),
    [(3, 1, 1, 1), (3, 2, 0, 1), (5, 2, 1, 2), (5, 1, 2, 2), (7, 3, 3, 3), (4, 2, 1, 2), (2, 3, 0, 1), (1, 2, 0, 0)],
)
def test_depthwise_outputs_and_gradients(kernel, stride, before, after, channels, size, kind):
    images = channels_last(random_input(3, channels, *size).to(kind))
    weight = random_input(channels, 1, kernel, kernel, seed=1).to(kind)
    shape = shape_of(images, kernel, stride, before, after)
    assert min(shape) >= 0
    expected = expected_depthwise(images, weight, shape, before, after)
    tolerance = 1e-5 if kind == torch.float32 else 2**-8
    outputs = depthwise.convolved(images, weight, shape)
    assert outputs.dtype == kind and outputs.is_contiguous(memory_format=torch.channels_last)
    assert outputs.shape == expected.shape and error(outputs, expected) < tolerance
    gradient = channels_last(random_input(*outputs.shape, seed=2).to(kind))
    of_images, of_weight = expected_depthwise(images, weight, shape, before, after, gradient)
    assert error(depthwise.input_gradient(gradient, weight, shape), of_images) < tolerance
    assert error(depthwise.weight_gradient(images, gradient, shape), of_weight) < 1e-5  # added up in float32


def test_depthwise_with_bias_and_limits():
    images, weight, bias = random_input(2, 40, 9, 9), random_input(40, 1, 3, 3, seed=1), random_input(40, seed=2)
    shape = shape_of(images, 3, 2, 0, 1)
    expected = expected_depthwise(images, weight, shape, 0, 1) + bias.double()[:, None, None]
    found = depthwise.convolved(channels_last(images), weight, shape, bias, (0.0, 2.0))
    assert error(found, expected.clamp(0, 2)) < 1e-5 and 0 < (found == 2).sum() < found.numel()


def test_images_that_lie_otherwise_in_memory_are_taken_too():
    images, weight = random_input(2, 40, 9, 9), random_input(40, 1, 3, 3, seed=1)
    shape = shape_of(images, 3, 1, 1, 1)
    assert not images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(
        depthwise.convolved(images, weight, shape), depthwise.convolved(channels_last(images), weight, shape)
    )


# batch-norm


ACTIVATIONS = [nn.Identity, nn.ReLU, nn.ReLU6, nn.Hardswish]


def norm_of(channels, activation):
    norm = BatchNormAct2d(channels, act_layer=activation, inplace=False)
    return with_lively_statistics(norm).train()


def trained(norm, images, gradient):
    """Outputs, then the gradients of images, weight and bias, then the running statistics, of one pass."""
    images = images.clone().requires_grad_()
    outputs = norm(images)
    outputs.backward(gradient)
    return outputs, images.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [32, 45])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_outputs_gradients_and_statistics(activation, channels, kind):
    norm = norm_of(channels, activation)
    fast, exact = with_fast_batch_norm(copy.deepcopy(norm)), norm.double()
    assert type(fast) is FastBatchNormAct2d
    # of all values, none within a rounding of where a slope changes
    images = (random_input(4, channels, 6, 7) * 3 + 20).to(kind)
    gradient = random_input(*images.shape, seed=1).to(kind)
    expected = trained(exact, images.double(), gradient.double())
    found = trained(fast, channels_last(images), channels_last(gradient))
    assert found[0].dtype == kind and found[0].is_contiguous(memory_format=torch.channels_last)
    tolerances = [2**-8 if kind == torch.bfloat16 else 1e-5] * 2 + [1e-4] * 4
    for wanted, one, tolerance in zip(expected, found, tolerances, strict=True):
        assert error(one, wanted) < tolerance
    assert fast.num_batches_tracked == exact.num_batches_tracked == 1


def test_variance_of_images_far_from_zero():
    norm = with_fast_batch_norm(norm_of(40, nn.Identity))
    images = random_input(8, 40, 16, 16) + 300
    outputs = norm(channels_last(images))
    expected = functional.batch_norm(
        images.double(), None, None, norm.weight.double(), norm.bias.double(), True, 0.1, norm.eps
    )
    assert error(outputs, expected) < 1e-3


def test_what_is_not_a_number_stays_so():
    for activation in ACTIVATIONS:
        images = random_input(2, 40, 3, 3)
        images[0, 5, 1, 1] = float("nan")
        outputs = with_fast_batch_norm(norm_of(40, activation))(channels_last(images))
        assert outputs[:, 5].isnan().all() and not outputs[:, :5].isnan().any()


def test_batch_norm_in_evaluation_and_of_one_value_is_timms():
    norm = norm_of(40, nn.ReLU6)
    fast = with_fast_batch_norm(copy.deepcopy(norm))
    images = random_input(2, 40, 5, 5)
    assert torch.equal(fast.eval()(images), norm.eval()(images))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        fast.train()(random_input(1, 40, 1, 1))


def test_layers_with_other_activations_stay_as_they_are():
    network = nn.Sequential(BatchNormAct2d(40, act_layer=nn.SiLU), nn.BatchNorm2d(40), norm_of(40, nn.ReLU))
    assert [type(layer) for layer in with_fast_batch_norm(network)] == [
        BatchNormAct2d,
        nn.BatchNorm2d,
        FastBatchNormAct2d,
    ]


# pointwise


def test_pointwise_is_pytorchs_convolution():
    for bias in (False, True):
        conv = nn.Conv2d(40, 50, 1, bias=bias)
        fast = with_fast_pointwise(copy.deepcopy(conv))
        assert type(fast) is PointwiseConv2d and list(fast.state_dict()) == list(conv.state_dict())
        results = []
        for layer in (conv, fast):
            images = channels_last(random_input(2, 40, 5, 7)).requires_grad_()
            outputs = layer(images)
            outputs.backward(random_input(*outputs.shape, seed=1))
            results.append((outputs, images.grad, *(parameter.grad for parameter in layer.parameters())))
        for expected, found in zip(*results, strict=True):
            assert expected.shape == found.shape and torch.allclose(expected, found, atol=1e-4)


def test_convolutions_that_are_no_product_stay_as_they_are():
    layers = [nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 1, stride=2), nn.Conv2d(8, 8, 1, groups=2), nn.Conv2d(8, 8, 1, 1, 1)]
    assert [type(layer) for layer in with_fast_pointwise(nn.Sequential(*layers))] == [nn.Conv2d] * 4


# whole networks


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "lcnet_100", "mobilenetv3_small_050"])
def test_a_network_trains_as_with_pytorchs_layers(name):
    torch.manual_seed(0)
    plain = with_lively_statistics(timm.create_model(name, num_classes=5, drop_rate=0)).train()
    fast = with_fast_layers(copy.deepcopy(plain)).to(memory_format=torch.channels_last)
    assert list(fast.state_dict()) == list(plain.state_dict())
    images, classes = random_input(6, 3, 64, 64), torch.arange(6) % 5
    losses = []
    for network, given in ((plain.double(), images.double()), (fast, channels_last(images))):
        loss = functional.cross_entropy(network(given), classes)
        loss.backward()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    expected = torch.cat([parameter.grad.flatten() for parameter in plain.parameters()])
    found = torch.cat([parameter.grad.flatten() for parameter in fast.parameters()]).double()
    assert (
        functional.cosine_similarity(expected, found, dim=0) > 0.995
    )  # where a value is clamped in one and not in the other, gradients jump
    for (key, wanted), one in zip(plain.named_buffers(), fast.buffers(), strict=True):
        assert torch.allclose(wanted.double(), one.double(), atol=1e-4), key


def test_the_bytes_are_the_same_with_any_number_of_threads(threads):
    images = channels_last(random_input(9, 40, 11, 11).bfloat16())
    gradient = channels_last(random_input(9, 40, 6, 6, seed=1).bfloat16())
    weight = random_input(40, 1, 5, 5, seed=2).bfloat16()
    shape = shape_of(images, 5, 2, 2, 2)
    results = []
    for count in (1, 2, 3):
        threads(count)
        norm = with_fast_batch_norm(norm_of(40, nn.Hardswish))
        results.append(
            [
                depthwise.convolved(images, weight, shape),
                depthwise.input_gradient(gradient, weight, shape),
                depthwise.weight_gradient(images, gradient, shape),
                *trained(norm, images, images),
            ]
        )
    for one in results[1:]:
        assert all(torch.equal(expected, found) for expected, found in zip(results[0], one, strict=True))


def test_several_callers_at_once_get_what_one_gets(threads):
    threads(2)
    images, weight = channels_last(random_input(9, 40, 15, 15)), random_input(40, 1, 3, 3, seed=1)
    shape = shape_of(images, 3, 2, 0, 1)
    expected = depthwise.convolved(images, weight, shape)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: depthwise.convolved(images, weight, shape), range(40)))
    assert all(torch.equal(expected, one) for one in found)


# machine code


def test_machine_code_is_kept_for_these_sources_alone(monkeypatch, tmp_path):
    folders = []
    for text in ("a", "b"):
        (tmp_path / "kernel.py").write_text(text)
        monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
        folders.append(compiled._code_folder.__wrapped__())
    assert folders[0] != folders[1] and folders[0].parent == folders[1].parent


@pytest.mark.parametrize("writable", [True, False])
def test_kernels_compile_where_nothing_can_be_kept(tmp_path, writable):
    kept = tmp_path / "kept"
    if not writable:
        kept.write_text("a file, and no folder")
    code = "from competition.models.kernels.compiled import images_of; print(images_of(1, 16))"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(kept)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(2, 4)"
    assert bool(list(kept.rglob("*.nbc"))) == writable
