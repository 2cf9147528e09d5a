"""mixup and CutMix: what is in the picture against what is in the label."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, kstest

from competition.settings.finetuned import FinetunedSettings
from competition.training.mixup import mix, one_hot

B, H, W = 6, 12, 20


def flat_images():
    """Image k is all k + 1, and its label is class k: the label says what a pixel's mean has to be."""
    values = torch.arange(1.0, B + 1)
    return values.reshape(B, 1, 1, 1).expand(B, 3, H, W).contiguous(memory_format=torch.channels_last), one_hot(
        np.arange(B), B
    )


def mixed(seed, **changes):
    inputs, soft = flat_images()
    return mix(inputs, soft, FinetunedSettings(**changes), np.random.default_rng(seed))


def test_one_hot():
    soft = one_hot(np.array([2, 0]), 3)
    assert soft.dtype == torch.float32 and soft.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert torch.equal(one_hot(torch.tensor([2, 0]), 3), soft)


@pytest.mark.parametrize("changes", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 1.0, "cutmix": 0.5}])
def test_labels_say_what_is_in_the_picture(changes):
    values = torch.arange(1.0, B + 1)
    for seed in range(40):
        inputs, soft = mixed(seed, **changes)
        assert inputs.shape == (B, 3, H, W) and inputs.is_contiguous(memory_format=torch.channels_last)
        assert (
            torch.allclose(soft.sum(dim=1), torch.ones(B)) and (soft >= 0).all() and ((soft > 0).sum(dim=1) <= 2).all()
        )
        assert torch.allclose(inputs.mean(dim=(1, 2, 3)), soft @ values, atol=1e-5)


def test_mixup_is_even_and_its_share_is_beta_distributed():
    shares = []
    for seed in range(300):
        inputs, soft = mixed(seed, mixup=1.0)
        assert (inputs.flatten(1) == inputs[:, :1, 0, 0]).all()
        own = soft.diagonal()
        moved = own[own < 1 - 1e-6]  # images that kept their place are mixed with themselves
        if len(moved):
            assert torch.allclose(moved, moved[0].expand_as(moved))
            shares.append(moved[0].item())
    assert len(shares) > 250 and kstest(shares, "uniform").pvalue > 0.01  # Beta(1, 1)


def test_cutmix_pastes_one_box_at_the_same_place_in_all():
    areas, boxes = [], set()
    for seed in range(100):
        inputs, soft = mixed(seed, cutmix=1.0)
        pasted = (inputs != torch.arange(1.0, B + 1).reshape(B, 1, 1, 1)).any(dim=0)
        assert (pasted == pasted[0]).all()  # all channels
        rows, columns = pasted[0].any(dim=1).nonzero().flatten(), pasted[0].any(dim=0).nonzero().flatten()
        if not len(rows):
            continue
        height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert pasted[0].sum() == height * width
        changed = soft.diagonal() < 1
        assert torch.allclose(
            1 - soft.diagonal()[changed], (height * width / (H * W)).expand(int(changed.sum())), atol=1e-6
        )
        areas.append((height * width).item() / (H * W))
        boxes.add((rows.min().item(), columns.min().item()))
    assert len(boxes) > 40 and min(areas) < 0.1 and max(areas) > 0.5


def test_with_both_a_batch_draws_one_of_them():
    cut = sum(len(mixed(seed, mixup=1.0, cutmix=1.0)[0][0].unique()) > 1 for seed in range(200))
    # half the batches are cut; in one of 6 image 0 keeps its place, and some boxes hold no pixel or all
    assert binomtest(cut, 200, 0.5 * 5 / 6).pvalue > 0.01


def test_nothing_is_touched_without_either_nor_the_originals_with_them():
    inputs, soft = flat_images()
    same = mix(inputs, soft, FinetunedSettings(), np.random.default_rng(0))
    assert same[0] is inputs and same[1] is soft
    for changes in ({"mixup": 1.0}, {"cutmix": 1.0}):
        mix(inputs, soft, FinetunedSettings(**changes), np.random.default_rng(0))
        assert torch.equal(inputs, flat_images()[0]) and torch.equal(soft, flat_images()[1])


def test_the_generator_decides_alone():
    changes = {"mixup": 1.0, "cutmix": 1.0}
    first, again, other = mixed(1, **changes), mixed(1, **changes), mixed(2, **changes)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1]) and not torch.equal(first[1], other[1])
