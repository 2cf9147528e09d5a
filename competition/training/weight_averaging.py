"""Weight averaging: an exponential moving average over the steps, and a soup of several epochs."""

from collections.abc import Sequence

import torch
from torch import nn

State = dict[str, torch.Tensor]


class MovingAverage:
    """Exponential moving average of a network's weights.

    It begins as a copy of `network`. Batch-norm statistics are averaged as the weights are, since they belong to them;
    whole numbers (the count of batches) are copied. The decay begins low and rises to `decay`: min(decay, (1 + n) / (10
    + n)) after n updates, so that the first weights are soon forgotten
    (https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage).
    """

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self._weights = _copied(network.state_dict())

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move a step towards the weights of `network`."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        found = network.state_dict()
        averaged = [key for key, value in found.items() if value.is_floating_point()]
        # all at once: hundreds of small ones keep a GPU waiting
        torch._foreach_lerp_([self._weights[key] for key in averaged], [found[key] for key in averaged], 1 - decay)
        for key in found.keys() - averaged:
            self._weights[key].copy_(found[key])
        self.updates += 1

    def weights(self) -> State:
        """Return the average as a state dict of the network's; later updates don't change it."""
        return _copied(self._weights)

    def state_dict(self) -> dict:
        """Return all that `load_state_dict` needs to go on from here."""
        return {"updates": self.updates, "weights": self.weights()}

    def load_state_dict(self, state: dict) -> None:
        """Go on where `state_dict` was taken, of an average of the same network."""
        assert state["weights"].keys() == self._weights.keys()
        self.updates = state["updates"]
        for key, value in state["weights"].items():
            self._weights[key].copy_(value)


def soup(states: Sequence[State]) -> State:
    """Return the mean of state dicts of one network, taken in float64; whole numbers are the first one's.

    Wortsman et al. 2022 (https://arxiv.org/abs/2203.05482), of the epochs of one run. Batch-norm statistics are
    averaged too, which is only near those that the averaged weights would gather: so a soup is scored before it is
    used.
    """
    assert states and all(state.keys() == states[0].keys() for state in states)
    return {
        key: _mean([state[key] for state in states]) if first.is_floating_point() else first.clone()
        for key, first in states[0].items()
    }


def _mean(values: list[torch.Tensor]) -> torch.Tensor:
    total = values[0].double()
    for value in values[1:]:
        total = total + value.to(total.device)
    return (total / len(values)).to(values[0].dtype)


def _copied(state: State) -> State:
    return {key: value.detach().clone() for key, value in state.items()}
