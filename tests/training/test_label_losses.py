"""Losses of several labels and of grades, against torch's, the papers' formulas, and plain loops."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from competition.settings.finetuned import FinetunedSettings
from competition.training.criterion import make_criterion
from competition.training.losses import LOSSES
from competition.training.mixup import mix, one_hot

TARGETS = ("a", "b", "7", "d")
COUNTS, IMAGES = np.array([60, 5, 30, 0]), 100
RANDOM = torch.Generator().manual_seed(0)
LOGITS = 3 * torch.randn(6, 4, generator=RANDOM)
HARD = (torch.rand(6, 4, generator=RANDOM) < 0.4).float()
SOFT = torch.rand(6, 4, generator=RANDOM)
LABEL_LOSSES = [name for name, loss in LOSSES.items() if "multi" in loss.kinds]


def loss_of(counts=COUNTS, images=IMAGES, **changes):
    settings = FinetunedSettings(**{"label_smoothing": 0, **changes})
    return make_criterion(settings, np.array(counts), TARGETS, images)


@pytest.mark.parametrize("soft", [HARD, SOFT], ids=["hard", "soft"])
def test_binary_cross_entropy_is_torchs(soft):
    for name in ("auto", "binary_cross_entropy"):
        expected = functional.binary_cross_entropy_with_logits(LOGITS, soft)
        assert loss_of(loss=name)(LOGITS, soft).item() == pytest.approx(expected.item(), abs=1e-6)


def test_auto_of_one_label_is_cross_entropy():
    settings = FinetunedSettings(label_smoothing=0)
    found = make_criterion(settings, COUNTS, TARGETS)(LOGITS, one_hot(torch.arange(4)[[0, 1, 2, 3, 0, 1]], 4))
    assert found.item() == pytest.approx(functional.cross_entropy(LOGITS, torch.tensor([0, 1, 2, 3, 0, 1])).item())


@pytest.mark.parametrize("weights", ["balanced", {"7": 3, "b": 0.5}])
def test_class_weights_are_torchs_positive_weights(weights):
    # 40 / 60, 95 / 5, 70 / 30; a label that no image has keeps 1
    positive = [40 / 60, 19, 70 / 30, 1] if weights == "balanced" else [1, 0.5, 3, 1]
    expected = functional.binary_cross_entropy_with_logits(LOGITS, HARD, pos_weight=torch.tensor(positive))
    assert loss_of(class_weights=weights)(LOGITS, HARD).item() == pytest.approx(expected.item(), abs=1e-5)
    assert loss_of([1, 1, 1, 1], 10_000, class_weights="balanced").weights.max() == 100


def test_smoothing_leaves_the_mean_target_as_it_is():
    loss = loss_of(label_smoothing=0.2)
    expected = functional.binary_cross_entropy_with_logits(LOGITS, 0.8 * HARD + 0.2 * torch.tensor(COUNTS / IMAGES))
    assert loss(LOGITS, HARD).item() == pytest.approx(expected.item(), abs=1e-6)


def test_logit_adjustment_adds_the_log_odds():
    loss = loss_of(logit_adjustment=1.0)
    for label, count in enumerate(COUNTS):
        share = (count + 0.5) / (IMAGES + 1)
        only = loss.loss.weighted(torch.zeros(1, 4) + loss.shift, one_hot(torch.tensor([label]), 4), torch.ones(4))
        rest = [-math.log(1 - (c + 0.5) / (IMAGES + 1)) for c in np.delete(COUNTS, label)]
        assert 4 * only.item() == pytest.approx(-math.log(share) + sum(rest), rel=1e-5)


def per_label(logits, targets, formula):
    """The mean over images and labels of `formula` (p, is it there), in double precision."""
    probabilities = logits.double().sigmoid()
    terms = [
        target * formula(p, True) + (1 - target) * formula(p, False)
        for p, target in zip(probabilities.flatten().tolist(), targets.double().flatten().tolist(), strict=True)
    ]
    return sum(terms) / len(terms)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_binary_focal_is_the_papers(gamma):
    def formula(p, there):
        p = p if there else 1 - p
        return (1 - p) ** gamma * -math.log(p)

    loss = loss_of(loss="binary_focal", focal_gamma=gamma)
    assert loss(LOGITS, HARD).item() == pytest.approx(per_label(LOGITS, HARD, formula), rel=1e-5)
    t, p = SOFT.double().flatten(), LOGITS.double().sigmoid().flatten()
    terms = (t - p).abs() ** gamma * -(t * p.log() + (1 - t) * (1 - p).log())
    assert loss(LOGITS, SOFT).item() == pytest.approx(terms.mean().item(), rel=1e-5)
    told = SOFT[:1].logit()
    assert not gamma or loss(told, SOFT[:1]).item() == pytest.approx(0, abs=1e-3)  # where p is the target


@pytest.mark.parametrize(
    ("absent", "present", "margin"), [(4.0, 0.0, 0.05), (2.0, 1.0, 0.2), (3.0, 1.0, 0), (0, 0, 0.1)]
)
def test_asymmetric_is_the_papers(absent, present, margin):
    def formula(p, there):
        if there:
            return (1 - p) ** present * -math.log(p)
        moved = max(p - margin, 0)
        return moved**absent * -math.log(1 - moved)

    loss = loss_of(
        loss="asymmetric", asymmetric_gamma_absent=absent, asymmetric_gamma_present=present, asymmetric_margin=margin
    )
    assert loss(LOGITS, SOFT).item() == pytest.approx(per_label(LOGITS, SOFT, formula), rel=1e-5)


def test_cumulative_is_a_plain_loop_and_far_mistakes_cost_more():
    loss = make_criterion(FinetunedSettings(loss="cumulative", label_smoothing=0), np.ones(4, int), TARGETS)
    soft = SOFT.softmax(dim=1)
    total = 0.0
    for logits, target in zip(LOGITS.double(), soft.double(), strict=True):
        p = logits.softmax(0)
        for border in range(1, 4):
            lower, share = p[:border].sum().item(), target[:border].sum().item()
            total -= share * math.log(lower) + (1 - share) * math.log(1 - lower)
    assert loss(LOGITS, soft).item() == pytest.approx(total / 6 / 3, rel=1e-5)
    truth = one_hot(torch.tensor([0]), 4)
    near, far = (loss(torch.tensor([logits]), truth).item() for logits in ([0.0, 4, 0, 0], [0.0, 0, 0, 4]))
    assert far > near + 1
    single = make_criterion(FinetunedSettings(label_smoothing=0), np.ones(4, int), TARGETS)
    assert single(torch.tensor([[0.0, 4, 0, 0]]), truth) == single(torch.tensor([[0.0, 0, 0, 4]]), truth)


@pytest.mark.parametrize("name", [*LABEL_LOSSES, "cumulative"])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_extreme_logits_stay_finite(name, scale):
    logits = (scale * LOGITS).requires_grad_()
    loss = loss_of(images=None if name == "cumulative" else IMAGES, loss=name, class_weights="balanced")
    value = loss(logits, one_hot(torch.tensor([0, 1, 2, 3, 0, 1]), 4) if name == "cumulative" else HARD)
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_gradients_are_numbers_differences(name):
    loss, logits = loss_of(loss=name), LOGITS.double().requires_grad_()

    def value(logits):
        return loss.loss.weighted(logits, HARD.double(), loss.weights.double()).sum()

    assert torch.autograd.gradcheck(value, logits)


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_the_gradients_of_parts_add_up_to_the_batchs(name):
    loss, whole, parts = loss_of(loss=name, class_weights="balanced"), LOGITS.clone(), LOGITS.clone()
    whole.requires_grad_(), parts.requires_grad_()
    loss(whole, SOFT).backward()
    assert loss.mass(SOFT) == 6
    for part in (slice(0, 4), slice(4, 6)):
        (loss(parts[part], SOFT[part]) * loss.mass(SOFT[part]) / loss.mass(SOFT)).backward()
    assert torch.allclose(whole.grad, parts.grad, atol=1e-7)


def test_a_loss_of_other_labels_is_refused():
    with pytest.raises(ValueError, match="loss: focal is for labels single and ordinal; take auto"):
        loss_of(loss="focal")
    with pytest.raises(ValueError, match="loss: asymmetric is for labels multi"):
        loss_of(images=None, loss="asymmetric")


def test_what_a_loss_is_for_is_known_without_importing_it():
    for name, loss in LOSSES.items():
        file_says = type(LOSSES)(LOSSES.kind, LOSSES.package).declared(name, "kinds", ("single", "ordinal"))
        assert file_says == loss.kinds, name


def test_settings_refuse_what_is_for_other_labels():
    assert not FinetunedSettings().unfit_for("single") + FinetunedSettings().unfit_for("multi")
    assert not FinetunedSettings(loss="cumulative", head="arcface").unfit_for("ordinal")
    assert FinetunedSettings(loss="cumulative").unfit_for("single") == [
        "loss: cumulative is for labels ordinal; task.labels is single"
    ]
    wrong = FinetunedSettings(loss="focal", head="arcface").unfit_for("multi")
    assert [line.split(":")[0] for line in wrong] == ["head", "loss"]


def test_encoded_labels_are_mixed_as_distributions_are():
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]], np.uint8)
    soft = one_hot(labels, 3)
    assert soft.dtype == torch.float32 and soft.tolist() == labels.tolist()
    inputs = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 3, 4, 4).contiguous()
    mixed, targets = mix(inputs, soft, FinetunedSettings(mixup=0.5), np.random.default_rng(1))
    for image, target in zip(mixed, targets, strict=True):
        share = image.mean().item()  # of a mean of two of 0, 1, 2
        assert 0 <= share <= 2 and ((target >= 0) & (target <= 1)).all()
