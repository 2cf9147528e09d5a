"""Slim residual MLP on pooled features: a linear classifier plus a correction by a few hidden units.

Each output is a linear function of the features (the skip) plus one of 64 PReLU units, so it can't be much worse than a
linear classifier, and costs hardly more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from competition.common.seeds import derived_seed
from competition.metrics.metric import Metric
from competition.metrics.plain_score import plain_score
from competition.training.logistic import base_rate_logits, mean_probabilities, standardisation, varying_labels

NEVER = -1e4  # logit of a class that no training image has: its probability is 0, and so is its gradient


class SlimResidual(nn.Module):
    """Logits (B, C) of standardised features (B, F): `hidden` PReLU units, and a linear skip past them.

    Weights begin as He's initialisation for rectifiers has them (https://arxiv.org/abs/1502.01852), drawn from torch's
    generator. The inputs are divided by sqrt(F): else one of Adam's steps, which moves each weight by about the
    learning rate, would move a logit by a multiple of F.
    """

    def __init__(self, features: int, n_classes: int, hidden: int = 64, dropout: float = 0.05):
        super().__init__()
        self.hidden, self.output = nn.Linear(features, hidden), nn.Linear(hidden, n_classes)
        self.skip = nn.Linear(features, n_classes, bias=False)
        self.activation, self.dropout = nn.PReLU(hidden), nn.Dropout(dropout)
        for layer in (self.hidden, self.output, self.skip):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        for layer in (self.hidden, self.output):
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = inputs / inputs.shape[1] ** 0.5
        return self.skip(inputs) + self.output(self.dropout(self.activation(self.hidden(inputs))))


@dataclass(frozen=True)
class MlpMember:
    """Fitted MLP: `mean`, `scale` (F,) of its inputs, the `network` in evaluation mode, its test-like `score`.

    several: its outputs are each label's by itself.
    """

    mean: np.ndarray
    scale: np.ndarray
    network: SlimResidual
    score: float
    several: bool = False

    @property
    def n_classes(self) -> int:
        """C, the number of classes."""
        return self.network.output.out_features

    def predict_proba(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return probabilities (N, C), float32, of features (V, N, F) in V orientations; see `mean_probabilities`."""

        @torch.inference_mode()
        def logits(features: np.ndarray) -> np.ndarray:
            return self.network(_standardised(features, self.mean, self.scale)).numpy()

        return mean_probabilities(values, weights, logits, self.several)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the member as tensors, for safetensors; `from_tensors` is the inverse."""
        return {"mean": torch.from_numpy(self.mean), "scale": torch.from_numpy(self.scale)} | self.network.state_dict(
            prefix="network."
        )

    @classmethod
    def from_tensors(
        cls, tensors: dict[str, torch.Tensor], score: float = float("nan"), several: bool = False
    ) -> "MlpMember":
        """Return the member whose `tensors()` these are."""
        state = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
        n_classes, features = state["skip.weight"].shape
        network = SlimResidual(features, n_classes, len(state["hidden.weight"]))
        network.load_state_dict(state)
        return cls(tensors["mean"].numpy(), tensors["scale"].numpy(), network.eval(), score, several)


def fit_mlp(
    values: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    seed: int,
    valid_values: np.ndarray,
    orientation_weights: np.ndarray,
    valid_labels: np.ndarray,
    metric: Metric,
    several: bool = False,
    epochs: int = 8,
    batch_size: int = 32,
    learning_rate: float = 0.03,
) -> MlpMember:
    """Return an MLP fitted on `values` (N, F) and scored on `valid_values` (V, M, F), as `fit_logistic` is.

    Adam; `learning_rate` is the peak of one cycle (Smith, https://arxiv.org/abs/1708.07120), after which nothing is
    left to choose, so the validation images only score. Classes that no training image has get a probability of 0. The
    same seed gives the same bytes: the work is done on one thread of the CPU, in float32.

    several: as in `fit_logistic`; the loss is binary cross-entropy, and outputs begin at the labels' shares.
    """
    mean, scale = (part.astype(np.float32) for part in standardisation(values))
    with _reproducible(seed):
        network = SlimResidual(values.shape[1], n_classes)
        with torch.no_grad():
            if several:
                _begin_at_shares(network, labels)
            else:
                network.output.bias[np.setdiff1d(np.arange(n_classes), labels)] = NEVER
        inputs, loss_of = _standardised(values, mean, scale), _loss_of(labels, several)
        _train(network, inputs, loss_of, epochs, batch_size, learning_rate)
        member = MlpMember(mean, scale, network.eval().requires_grad_(False), 0.0, several)
        probabilities = member.predict_proba(valid_values, orientation_weights)
    return replace(
        member, score=plain_score(metric, valid_labels, probabilities, several) if len(valid_labels) else 0.0
    )


def _begin_at_shares(network: SlimResidual, labels: np.ndarray) -> None:
    """Make the network begin at the labels' shares, and stay there for those that all images have, or none."""
    network.output.bias.copy_(torch.from_numpy(base_rate_logits(labels)))
    same = np.setdiff1d(np.arange(labels.shape[1]), varying_labels(labels))
    network.output.weight[same], network.skip.weight[same] = 0, 0


def _loss_of(labels: np.ndarray, several: bool) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the scalar loss of the logits (B, C) of images, given their rows (B,) of `labels`."""
    if not several:
        indices = torch.from_numpy(labels.astype(np.int64))
        return lambda logits, rows: functional.cross_entropy(logits, indices[rows])
    learnt, targets = torch.from_numpy(varying_labels(labels)), torch.from_numpy(labels).float()
    return lambda logits, rows: functional.binary_cross_entropy_with_logits(logits[:, learnt], targets[rows][:, learnt])


def _train(
    network: SlimResidual,
    inputs: torch.Tensor,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    epochs: int,
    batch_size: int,
    learning_rate: float,
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    steps = epochs * -(-len(inputs) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps + 1)
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(batch_size):
            loss = loss_of(network(inputs[rows]), rows)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()


def _standardised(values: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((values.astype(np.float32) - mean) / scale)


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seed torch's generator and keep to one thread, whose sums have one order; both are set back."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "mlp"))
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
