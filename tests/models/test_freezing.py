"""What learns in which epoch, in networks of several families: weights and batch-norm statistics of the rest stay."""

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from competition.models.auxiliary import training_loss
from competition.models.classifier import classifier_names
from competition.models.freezing import frozen_modules, stage_starts
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings

# name: size, what the last block and all behind it are called, what the stem and the first stage are called
NETWORKS = {
    "test_resnet": (32, ("layer4", "fc"), ("conv1", "bn1", "layer1")),
    "mobilenetv3_small_050": (32, ("blocks.5", "conv_head", "classifier"), ("conv_stem", "bn1", "blocks.0")),
    "test_convnext": (32, ("stages.3", "head"), ("stem", "stages.0")),
    "test_vit": (
        32,
        ("blocks.5", "norm", "fc_norm", "head"),
        ("cls_token", "reg_token", "pos_embed", "patch_embed", "blocks.0"),
    ),
    "densenet121": (
        32,
        ("features.denseblock4", "features.norm5", "classifier"),
        ("features.conv0", "features.norm0", "features.denseblock1", "features.transition1"),
    ),
    "googlenet": (
        32,
        ("inception5a", "inception5b", "aux1", "aux2", "fc"),
        ("conv1", "conv2", "conv3", "inception3a", "inception3b"),
    ),
    "hybrid_mobilenetv2_050": (
        64,
        ("projection", "swin", "norm", "head"),
        ("encoder.conv_stem", "encoder.bn1", "encoder.blocks.0"),
    ),
}
SMALL = [name for name in NETWORKS if name not in ("densenet121", "googlenet")]


def settings_of(name, **changes):
    return FinetunedSettings(network=name, weights="none", size=NETWORKS[name][0], drop_rate=0.0, **changes)


def changed_by_steps(network, settings, epoch):
    """The names of weights and statistics that two training steps in `epoch` change."""
    size = settings.size
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.zero_grad()
    frozen = frozen_modules(network, settings, epoch)
    network.train()
    for module in frozen:
        module.eval()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, weight_decay=0.1, momentum=0.9)
    for seed in (1, 2):
        inputs = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        training_loss(network, network(inputs), torch.eye(3), functional.cross_entropy).backward()
        optimizer.step()
    return {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}


def parts(keys, prefixes):
    """Those of `keys` that stand under one of `prefixes`."""
    return {key for key in keys if any(key == prefix or key.startswith(f"{prefix}.") for prefix in prefixes)}


def check_changed(network, changed, learning):
    """Everything outside `learning` stands still; inside, nearly all weights and every kind of statistic moved."""
    inside = parts(network.state_dict(), learning)
    assert changed <= inside, sorted(changed - inside)[:5]
    weights = [key for key, value in network.named_parameters() if key in inside]
    assert len(changed.intersection(weights)) > 0.8 * len(weights), sorted(set(weights) - changed)[:5]
    statistics = {key for key in inside if key.endswith("running_mean")}
    assert statistics <= changed


@pytest.mark.parametrize("name", NETWORKS)
def test_last_block_and_head(name):
    settings = settings_of(name, tuning="last_block")
    network = create_network(settings, 3)[0]
    check_changed(network, changed_by_steps(network, settings, 0), NETWORKS[name][1])


@pytest.mark.parametrize("name", SMALL)
def test_head_alone_then_everything(name):
    settings = settings_of(name, tuning="gradual", unfreeze_epoch=2)
    network = create_network(settings, 3)[0]
    for epoch in (0, 1):
        check_changed(network, changed_by_steps(network, settings, epoch), classifier_names(network))
    check_changed(network, changed_by_steps(network, settings, 2), [key.split(".")[0] for key in network.state_dict()])
    # back again: nothing is remembered
    check_changed(network, changed_by_steps(network, settings, 1), classifier_names(network))


@pytest.mark.parametrize("name", SMALL)
def test_the_stem_and_the_first_stage_stay(name):
    settings = settings_of(name, frozen_stages=1)
    network = create_network(settings, 3)[0]
    changed = changed_by_steps(network, settings, 0)
    still = parts(network.state_dict(), NETWORKS[name][2])
    assert still and not changed & still
    check_changed(network, changed, network.state_dict().keys() - still)


def test_head_stays_head_in_every_epoch():
    settings = settings_of("mobilenetv3_small_050", tuning="head", head="deep")
    network = create_network(settings, 3)[0]
    for epoch in (0, 9):
        check_changed(network, changed_by_steps(network, settings, epoch), ["classifier"])


def test_calling_again_changes_nothing():
    settings = settings_of("test_resnet", tuning="last_block")
    network = create_network(settings, 3)[0]
    first = frozen_modules(network, settings, 0)
    learning = [p.requires_grad for p in network.parameters()]
    assert frozen_modules(network, settings, 1) == first and [p.requires_grad for p in network.parameters()] == learning
    assert frozen_modules(network, settings_of("test_resnet"), 0) == [] and all(
        p.requires_grad for p in network.parameters()
    )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("test_resnet", 4),
        ("test_efficientnet", 5),
        ("test_vit", 6),
        ("regnetx_002", 4),
        ("test_nfnet", 4),
        ("test_byobnet", 4),
    ],
)
def test_stages_are_those_that_timm_takes_features_from(name, count):
    network = timm.create_model(name)
    starts = stage_starts(network)
    assert len(starts) == count
    modules = {
        info["module"]
        for info in network.feature_info
        if not info["module"].startswith(("act1", "bn1", "stem", "final"))
    }
    assert modules and modules <= set(starts)


def test_vggs_stages_begin_after_the_poolings():
    network = timm.create_model("vgg11", mlp_ratio=0.01)
    assert stage_starts(network) == ["features.0", "features.3", "features.6", "features.11", "features.16"]
    frozen = frozen_modules(network, FinetunedSettings(network="vgg11", tuning="last_block"), 0)
    assert [module for module in frozen if isinstance(module, nn.Conv2d)] == [
        network.features[n] for n in (0, 3, 6, 8, 11, 13)
    ]
