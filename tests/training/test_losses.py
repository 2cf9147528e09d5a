"""Losses against torch's, scikit-learn's weights, and plain loops."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from competition.settings.finetuned import FinetunedSettings
from competition.training.criterion import make_criterion
from competition.training.losses.class_balanced import effective_number_weights

TARGETS = ("a", "b", "7", "d")
COUNTS = np.array([60, 5, 30, 5])
LABELS = torch.tensor([0, 1, 2, 3, 0, 2])
RANDOM = torch.Generator().manual_seed(0)
LOGITS = 3 * torch.randn(6, 4, generator=RANDOM)
SOFT = torch.rand(6, 4, generator=RANDOM).softmax(dim=1)
HARD = functional.one_hot(LABELS, 4).float()


def loss_of(counts=COUNTS, **changes):
    return make_criterion(FinetunedSettings(**changes), np.array(counts), TARGETS)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_cross_entropy_is_torchs(smoothing):
    loss = loss_of(label_smoothing=smoothing)
    assert loss(LOGITS, HARD).item() == pytest.approx(
        functional.cross_entropy(LOGITS, LABELS, label_smoothing=smoothing).item(), abs=1e-6
    )
    assert loss(LOGITS, SOFT).item() == pytest.approx(
        functional.cross_entropy(LOGITS, SOFT, label_smoothing=smoothing).item(), abs=1e-6
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weights_are_normalised_as_torch_does(smoothing):
    loss = loss_of(class_weights={"7": 3, "b": 0.5}, label_smoothing=smoothing)
    expected = functional.cross_entropy(LOGITS, LABELS, weight=torch.tensor([1, 0.5, 3, 1]), label_smoothing=smoothing)
    assert loss(LOGITS, HARD).item() == pytest.approx(expected.item(), abs=1e-6)


def test_balanced_weights_are_scikit_learns():
    expected = compute_class_weight("balanced", classes=np.arange(4), y=np.repeat(np.arange(4), COUNTS))
    assert np.allclose(loss_of(class_weights="balanced").weights, expected)


def test_given_weights_of_a_class_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match=r"class_weights: no such class: \['8'\]; there are \['a', 'b', '7', 'd'\]"):
        loss_of(class_weights={"8": 2, "a": 1})


@pytest.mark.parametrize(("gamma", "smoothing"), [(0.5, 0.0), (2.0, 0.0), (2.0, 0.1)])
@pytest.mark.parametrize("soft", [HARD, SOFT], ids=["one_hot", "soft"])
def test_focal_is_a_plain_loop(gamma, smoothing, soft):
    total = 0.0
    for logits, target in zip(LOGITS.tolist(), soft.tolist(), strict=True):
        exponents = [math.exp(value) for value in logits]
        for exponent, share in zip(exponents, target, strict=True):
            p = exponent / sum(exponents)
            share = (1 - smoothing) * share + smoothing / 4
            total += abs(share - p) ** gamma * share * -math.log(p)
    loss = loss_of(loss="focal", focal_gamma=gamma, label_smoothing=smoothing)
    assert loss(LOGITS, soft).item() == pytest.approx(total / 6, rel=1e-5)


def test_focal_of_hard_targets_is_the_papers():
    p = LOGITS.double().softmax(dim=1)[torch.arange(6), LABELS]
    found = loss_of(loss="focal", focal_gamma=2.0, label_smoothing=0)(LOGITS, HARD)
    assert found.item() == pytest.approx(((1 - p) ** 2 * -p.log()).mean().item(), rel=1e-5)


@pytest.mark.parametrize(("loss", "gamma"), [("focal", 2.0), ("cross_entropy", 2.0)])
def test_smoothed_labels_are_what_is_learnt(loss, gamma):
    """Of 17 classes and a smoothing of 0.1: 0.906, not the 0.69 that (1 - p)^2 on all classes' terms would ask for."""
    targets = tuple(f"{n}" for n in range(17))
    settings = FinetunedSettings(loss=loss, focal_gamma=gamma, label_smoothing=0.1)
    criterion = make_criterion(settings, np.full(17, 5), targets)
    logits = torch.zeros(1, 17, requires_grad=True)
    optimizer = torch.optim.Adam([logits], 0.05)
    hard = functional.one_hot(torch.tensor([3]), 17).float()
    for _ in range(1500):
        optimizer.zero_grad()
        criterion(logits, hard).backward()
        optimizer.step()
    assert logits.softmax(dim=1)[0, 3].item() == pytest.approx(0.9 + 0.1 / 17, abs=0.01)


def test_focal_without_an_exponent_is_cross_entropy_and_with_one_forgives_the_sure():
    assert loss_of(loss="focal", focal_gamma=0)(LOGITS, HARD) == loss_of()(LOGITS, HARD)
    sure, unsure = torch.tensor([[4.0, 0, 0, 0]]), torch.tensor([[0.5, 0, 0, 0]])
    ratios = []
    for kind in ("cross_entropy", "focal"):
        loss = loss_of(loss=kind, label_smoothing=0)
        ratios.append((loss(unsure, HARD[:1]) / loss(sure, HARD[:1])).item())
    assert ratios[1] > 50 * ratios[0]


def test_effective_numbers_by_hand():
    # 1 - 0.9^1 = 0.1 and 1 - 0.9^2 = 0.19: weights 1 and 10 / 19, of which the mean is 29 / 38
    assert effective_number_weights(np.array([1, 2]), 0.9) == pytest.approx([38 / 29, 20 / 29])
    assert effective_number_weights(COUNTS, 0.0) == pytest.approx(np.ones(4))
    inverse = 1 / COUNTS
    assert effective_number_weights(COUNTS, 1 - 1e-9) == pytest.approx(inverse / inverse.mean(), rel=1e-3)
    loss = loss_of(loss="class_balanced", balanced_beta=0.9)
    weights = torch.from_numpy((1 - 0.9) / (1 - 0.9 ** COUNTS.astype(float))).float()
    expected = functional.cross_entropy(LOGITS, LABELS, weight=weights, label_smoothing=0.1)
    assert loss(LOGITS, HARD).item() == pytest.approx(expected.item(), abs=1e-6)


def test_logit_adjustment_by_hand():
    # equal logits, shares 0.6, 0.05, 0.3, 0.05: the softmax of tau * log(share) at tau 1 is the shares themselves
    loss = loss_of(logit_adjustment=1.0, label_smoothing=0)
    for label, share in enumerate((0.6, 0.05, 0.3, 0.05)):
        assert loss(torch.full((1, 4), 2.0), HARD[[label]]).item() == pytest.approx(-math.log(share), rel=1e-5)
    half = loss_of(logit_adjustment=0.5, label_smoothing=0)(torch.zeros(1, 4), HARD[[1]]).item()
    roots = [math.sqrt(share) for share in (0.6, 0.05, 0.3, 0.05)]
    assert half == pytest.approx(-math.log(roots[1] / sum(roots)), rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": "focal", "focal_gamma": 0.5},
        {"loss": "class_balanced"},
        {"class_weights": "balanced"},
        {"logit_adjustment": 1.0},
        {"loss": "class_balanced", "balanced_beta": 0.0},
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_class_without_images_and_extreme_logits_stay_finite(changes, scale):
    logits = (scale * LOGITS).requires_grad_()
    loss = loss_of([60, 0, 30, 5], **changes)(logits, HARD)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_half_precision_logits_are_taken_in_float32():
    loss = loss_of()(LOGITS.bfloat16(), HARD)
    assert loss.dtype == torch.float32 and loss == loss_of()(LOGITS.bfloat16().float(), HARD)


def test_the_gradients_of_parts_add_up_to_the_batchs():
    loss, whole, parts = (
        loss_of(class_weights="balanced"),
        LOGITS.clone().requires_grad_(),
        LOGITS.clone().requires_grad_(),
    )
    loss(whole, SOFT).backward()
    for part in (slice(0, 4), slice(4, 6)):
        (loss(parts[part], SOFT[part]) * loss.mass(SOFT[part]) / loss.mass(SOFT)).backward()
    assert torch.allclose(whole.grad, parts.grad, atol=1e-7)
