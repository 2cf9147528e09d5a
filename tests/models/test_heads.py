"""Heads behind pooled features, and ArcFace's margin against the paper's formula."""

import math

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from competition.models.auxiliary import training_loss
from competition.models.classifier import classifier_names, margin_logits, set_head
from competition.models.heads import HEADS
from competition.models.heads.arcface import ArcFace
from competition.models.layers.fusion import for_inference
from competition.models.layers.row_norm import RowNorm
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings

NETWORKS = {"mobilenetv3_small_050": 32, "test_resnet": 32, "test_convnext": 32, "test_vit": 32, "googlenet": 32}


def made(network, head, n_classes=4, **changes):
    settings = FinetunedSettings(network=network, head=head, weights="none", size=NETWORKS.get(network, 32), **changes)
    return create_network(settings, n_classes)[0]


def images(size, count=2, seed=0):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def lively(network):
    """`network` with batch-norm statistics far from the identity."""
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3, generator=generator)
            layer.running_var.uniform_(0.5, 2, generator=generator)
    return network.eval()


def cross_entropy(logits, soft):
    return functional.cross_entropy(logits, soft)


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS.names())
@pytest.mark.parametrize("name", NETWORKS)
def test_a_head_learns_and_answers_the_same_when_made_for_inference(name, head):
    network, size = made(name, head), NETWORKS[name]
    assert network.num_classes == 4
    inputs, soft = images(size, 3), torch.eye(4)[[0, 1, 3]]
    loss = training_loss(network.train(), network(inputs), soft, cross_entropy)
    loss.backward()
    head_name = classifier_names(network)[0]
    learning = [p for key, p in network.named_parameters() if key.startswith(f"{head_name}.")]
    assert (
        learning
        and all(p.grad is not None and torch.isfinite(p.grad).all() for p in learning)
        and any(p.grad.any() for p in learning)
    )
    lively(network)
    with torch.inference_mode():
        expected = network(inputs)
        exact = for_inference(network, size, bfloat16=False)(inputs)
        assert expected.shape == (3, 4) and (expected - exact).abs().max() <= 1e-3 * max(1, expected.abs().max())
        quick = for_inference(network, size, bfloat16=True)
        with torch.autocast("cpu", torch.bfloat16):
            usual, found = network(inputs).float(), quick(inputs).float()
        assert (expected - found).abs().max() <= 3 * (expected - usual).abs().max() + 0.01 * expected.abs().max() + 1e-3


@pytest.mark.parametrize(("name", "size"), [("test_resnet", 32), ("test_vit", 32), ("test_convnext", 32)])
def test_dense_is_a_norm_and_a_linear_layer_on_timms_pooled_features(name, size):
    network = lively(made(name, "dense"))
    norm, _, linear = network.get_classifier()
    inputs = images(size)
    with torch.inference_mode():
        pooled = network.forward_head(network.forward_features(inputs), pre_logits=True)
        scaled = (pooled - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        assert torch.allclose(network(inputs), scaled @ linear.weight.T + linear.bias, atol=1e-5)


def test_dropout_acts_once():
    """With dropout in the head, the network's own before it stays out; else it is the network's."""
    for head, own in (("linear", 0.4), ("arcface", 0.4), ("dense", 0.0), ("deep", 0.0)):
        network = made("mobilenetv3_small_050", head, drop_rate=0.4)
        assert network.drop_rate == own
        assert [layer.p for layer in network.get_classifier().modules() if isinstance(layer, nn.Dropout)] == {
            "dense": [0.4],
            "deep": [0.4, 0.4],
        }.get(head, [])


@pytest.mark.parametrize("head", ["dense", "deep"])
def test_a_batch_of_one_is_normalised_by_the_running_statistics(head):
    network = lively(made("test_vit", head, drop_rate=0.0))
    inputs = images(32, 1)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.no_grad():
        assert torch.allclose(network.train()(inputs), network.eval()(inputs), atol=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_row_norm_is_batch_norm():
    own, reference, rows = (
        RowNorm(5).train(),
        nn.BatchNorm1d(5).train(),
        torch.randn(7, 5, generator=torch.Generator().manual_seed(0)),
    )
    assert torch.allclose(own(rows), reference(rows)) and torch.allclose(own.running_var, reference.running_var)


def test_a_network_with_two_classifiers_has_no_place_for_a_head():
    network = timm.create_model("deit_tiny_distilled_patch16_224", depth=1)
    settings = FinetunedSettings(network="deit_tiny_distilled_patch16_224", head="arcface")
    with pytest.raises(ValueError, match="head: arcface, but deit_tiny.* has no single linear classifier"):
        set_head(network, settings, 3)


# ArcFace


def reference_margin(cosine, margin, scale):
    """One logit of ArcFace, by the angle itself."""
    angle = math.acos(cosine)
    return scale * (math.cos(angle + margin) if angle + margin < math.pi else cosine - margin * math.sin(margin))


def test_arcface_answers_scaled_cosines():
    torch.manual_seed(0)
    head, features = ArcFace(6, 3), torch.randn(4, 6)
    expected = 30 * functional.cosine_similarity(features[:, None], head.weight[None], dim=2)
    assert torch.allclose(head(features), expected, atol=1e-4)
    assert torch.allclose(head(features * 7), head(features), atol=1e-4)  # length says nothing
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(head(features), expected, atol=1e-4)  # the margin is finer than bfloat16


def test_the_margin_is_the_papers_for_one_class_and_a_share_of_it_for_mixed_ones():
    head = ArcFace(2, 3)
    cosines = torch.tensor([[0.9, -0.2, 0.1], [-0.99, 0.5, 0.3], [0.0, 0.7, -0.7]])
    soft = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.25, 0.75]])
    found = head.with_margin(30 * cosines, soft)
    for row in range(3):
        for column in range(3):
            expected = reference_margin(cosines[row, column].item(), 0.3 * soft[row, column].item(), 30)
            assert found[row, column].item() == pytest.approx(expected, abs=1e-3), (row, column)


def test_a_wider_angle_never_answers_more():
    cosines = torch.linspace(-1, 1, 2001)[:, None]
    logits = ArcFace(2, 1).with_margin(30 * cosines, torch.ones(2001, 1))
    assert (logits.diff(dim=0) > 0).all() and (logits < 30 * cosines).all()


def test_the_margins_gradient_is_finite_at_an_angle_of_0():
    logits = torch.tensor([[30.0, -30.0]], requires_grad=True)
    ArcFace(2, 2).with_margin(logits, torch.tensor([[0.5, 0.5]])).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_only_arcface_has_a_margin():
    logits, soft = torch.tensor([[1.0, 2.0, 0.0, 0.0]]), torch.eye(4)[:1]
    assert margin_logits(made("test_resnet", "dense"), logits, soft) is logits
    assert margin_logits(made("test_resnet", "arcface"), logits, soft)[0, 0] < 1
