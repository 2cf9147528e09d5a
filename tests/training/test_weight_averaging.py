"""Weight averages against torch's AveragedModel and plain loops."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from competition.training.weight_averaging import MovingAverage, soup


def network_of(seed=0):
    """Return a network for pictures of 8 by 8 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 6 * 6, 2))


def trained(updates, network, seed=0):
    """Change weights and batch-norm statistics of `network` as training does, and tell `updates` after each step."""
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(12):
        optimizer.zero_grad()
        network(3 * torch.randn(4, 3, 8, 8, generator=random) + 1).square().mean().backward()
        optimizer.step()
        updates(network)


def test_a_low_decay_is_torchs():
    network = network_of()
    average = MovingAverage(network, 0.1)  # below the warm-up's first value, so constant
    reference = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.1), use_buffers=True)
    reference.update_parameters(network)  # torch's first update copies

    def update(network):
        average.update(network)
        reference.update_parameters(network)

    trained(update, network)
    expected = reference.module.state_dict()  # its whole numbers are averaged too, ours are copied
    assert all(
        torch.allclose(value, expected[key], atol=1e-7)
        for key, value in average.weights().items()
        if value.is_floating_point()
    )
    assert not torch.allclose(average.weights()["0.weight"], network[0].weight, atol=1e-4)


def test_a_high_decay_warms_up():
    network = network_of()
    average, seen = MovingAverage(network, 0.4), [copy.deepcopy(network.state_dict())]

    def update(network):
        average.update(network)
        seen.append(copy.deepcopy(network.state_dict()))

    trained(update, network)
    # 1/10, 2/11, 3/12, 4/13, 5/14, and from 6/15 on 0.4
    decays = [1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14] + [0.4] * 7
    for key in ("0.weight", "1.running_mean", "1.running_var"):
        expected = seen[0][key].double().numpy()
        for decay, state in zip(decays, seen[1:], strict=True):
            expected = decay * expected + (1 - decay) * state[key].double().numpy()
        assert np.allclose(average.weights()[key], expected, atol=1e-6), key
    assert average.weights()["1.num_batches_tracked"] == network[1].num_batches_tracked


def test_it_goes_on_where_it_was_and_hands_out_copies(tmp_path):
    network, other = network_of(), MovingAverage(network_of(seed=9), 0.9)
    average, states = MovingAverage(network, 0.9), []

    def update(network):
        average.update(network)
        states.append(copy.deepcopy(network.state_dict()))
        if len(states) == 5:
            torch.save(average.state_dict(), tmp_path / "a.pt")
            states.append(average.state_dict())

    trained(update, network)
    saved, kept = torch.load(tmp_path / "a.pt", weights_only=True), states.pop(5)
    assert all(torch.equal(value, kept["weights"][key]) for key, value in saved["weights"].items())  # 7 updates later
    other.load_state_dict(saved)
    for state in states[5:]:
        network.load_state_dict(state)
        other.update(network)
    assert all(torch.equal(value, other.weights()[key]) for key, value in average.weights().items())


def test_frozen_weights_stay_to_the_last_bit():
    network = network_of()
    network[0].requires_grad_(False)
    average = MovingAverage(network, 0.97)
    trained(average.update, network)
    assert torch.equal(average.weights()["0.weight"], network[0].weight)
    network.load_state_dict(average.weights())


def test_a_soup_is_the_mean():
    states = [
        {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([2.0, 6.0]), "n": torch.tensor(5)},
        {"w": torch.tensor([6.0, 1.0]), "n": torch.tensor(7)},
    ]
    mean = soup(states)
    assert mean["w"].tolist() == [3.0, 3.0] and mean["w"].dtype == torch.float32
    assert mean["n"] == 3 and mean["n"].dtype == torch.int64
    assert states[0]["w"].tolist() == [1.0, 2.0]


def test_a_soup_is_taken_in_float64_and_holds_the_statistics():
    network, states = network_of(), []
    trained(lambda network: states.append(copy.deepcopy(network.state_dict())), network)
    mean = soup(states)
    for key in ("3.weight", "1.running_mean", "1.running_var"):
        expected = np.mean([state[key].double().numpy() for state in states], axis=0).astype(np.float32)
        assert np.array_equal(mean[key].numpy(), expected), key
    network.load_state_dict(mean)
    assert torch.equal(soup([mean])["0.weight"], mean["0.weight"])


@pytest.mark.parametrize("value", [1e8, 0.1])
def test_a_soup_of_equals_is_the_same(value):
    state = {"w": torch.full((3,), value)}
    assert torch.equal(soup([state] * 7)["w"], state["w"])
