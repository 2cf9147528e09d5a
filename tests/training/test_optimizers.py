"""Optimizers: updates by hand, and who is decayed, how fast, and when."""

import numpy as np
import pytest
import timm
import torch
from torch import nn

from competition.settings.finetuned import FinetunedSettings
from competition.training.parameter_groups import make_optimizer


def settings(**changes):
    return FinetunedSettings(**{"learning_rate": 0.1, "weight_decay": 0.5, **changes})


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def names_of(network, optimizer):
    name = {id(parameter): key for key, parameter in network.named_parameters()}
    return [{name[id(parameter)] for parameter in group["params"]} for group in optimizer.param_groups]


def stepped(optimizer, network, gradients):
    """Return the first weight after a step with each of `gradients`, constants for all parameters."""
    for gradient in gradients:
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        optimizer.step()
    return network[0].weight.detach().numpy()


@pytest.mark.parametrize("name", ["adamw", "nadam"])
def test_decay_is_decoupled_and_spares_biases_and_norms(name):
    network = small()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    weight = stepped(make_optimizer(network, settings(optimizer=name)), network, [0.0])
    assert np.allclose(weight, before["0.weight"] * (1 - 0.1 * 0.5))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items() if key != "0.weight")


def test_adams_decay_is_in_the_gradient():
    network = small()
    before = network[0].weight.detach().clone().numpy()
    weight = stepped(make_optimizer(network, settings(optimizer="adam")), network, [0.0])
    # the first step of Adam is the rate, whatever the gradient
    assert np.allclose(weight, before - 0.1 * np.sign(before), atol=1e-5)


@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_sgd_is_nesterovs_by_hand(momentum):
    network = small()
    expected, velocity = network[0].weight.detach().double().numpy(), 0.0
    for gradient in (1.0, -0.5, 2.0):
        slope = gradient + 0.5 * expected
        velocity = momentum * velocity + slope
        expected = expected - 0.1 * (slope + momentum * velocity)
    weight = stepped(make_optimizer(network, settings(optimizer="sgd", momentum=momentum)), network, (1.0, -0.5, 2.0))
    assert np.allclose(weight, expected, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("adam", "Adam"), ("nadam", "NAdam"), ("sgd", "SGD")])
@pytest.mark.parametrize("layer_decay", [1.0, 0.5])
def test_every_parameter_is_in_one_group(name, kind, layer_decay):
    network = timm.create_model("test_resnet")
    optimizer = make_optimizer(network, settings(optimizer=name, layer_decay=layer_decay))
    assert type(optimizer).__name__ == kind
    names = names_of(network, optimizer)
    assert sum(map(len, names)) == len(set.union(*names)) == len(list(network.parameters()))
    for group, own in zip(optimizer.param_groups, names, strict=True):
        assert {network.get_parameter(key).ndim > 1 for key in own} == {group["weight_decay"] > 0}
        assert group["weight_decay"] in (0.0, 0.5)


def test_rates_fall_with_depth_from_the_head_down():
    network = timm.create_model("test_vit")
    optimizer = make_optimizer(network, settings(layer_decay=0.5))
    rate = {
        key: group["lr"]
        for group, own in zip(optimizer.param_groups, names_of(network, optimizer), strict=True)
        for key in own
    }
    blocks = len(network.blocks)
    assert optimizer.param_groups[0]["lr"] == 0.1 == rate["head.weight"] == rate["head.bias"]
    for block in range(blocks):  # the last block is one below the head
        assert rate[f"blocks.{block}.attn.qkv.weight"] == pytest.approx(0.1 * 0.5 ** (blocks - block))
    assert rate["patch_embed.proj.weight"] == rate["pos_embed"] == pytest.approx(0.1 * 0.5 ** (blocks + 1))


@pytest.mark.parametrize("layer_decay", [1.0, 0.5])
def test_what_timm_excepts_is_not_decayed(layer_decay):
    network = timm.create_model("test_vit")
    optimizer = make_optimizer(network, settings(layer_decay=layer_decay))
    groups = zip(optimizer.param_groups, names_of(network, optimizer), strict=True)
    decay = {key: group["weight_decay"] for group, own in groups for key in own}
    assert network.pos_embed.ndim == 3 and decay["pos_embed"] == 0 and decay["head.weight"] == 0.5


@pytest.mark.parametrize("layer_decay", [1.0, 0.5])
def test_frozen_parameters_are_left_out_unless_they_are_wanted_later(layer_decay):
    network = timm.create_model("test_resnet")
    network.requires_grad_(False)
    network.fc.requires_grad_(True)
    optimizer = make_optimizer(network, settings(layer_decay=layer_decay))
    assert set.union(*names_of(network, optimizer)) == {"fc.weight", "fc.bias"}
    assert {group["lr"] for group in optimizer.param_groups} == {0.1}

    optimizer = make_optimizer(network, settings(layer_decay=layer_decay), everything=True)
    assert sum(map(len, names_of(network, optimizer))) == len(list(network.parameters()))
    assert {key for key, value in network.named_parameters() if value.requires_grad} == {"fc.weight", "fc.bias"}
    before = {key: value.clone() for key, value in network.named_parameters()}
    network(torch.randn(2, 3, 32, 32)).square().mean().backward()
    optimizer.step()
    assert {key for key, value in network.named_parameters() if not torch.equal(value, before[key])} == {
        "fc.weight",
        "fc.bias",
    }
    network.requires_grad_(True)(torch.randn(2, 3, 32, 32)).square().mean().backward()
    optimizer.step()
    assert not torch.equal(network.conv1[0].weight, before["conv1.0.weight"])


def test_a_network_without_known_layers_has_no_layer_decay():
    with pytest.raises(
        ValueError, match=r"layer_decay: 0\.5, but the layers of googlenet \(Sequential\) .*; set it to 1"
    ):
        make_optimizer(small(), settings(layer_decay=0.5, network="googlenet"))
