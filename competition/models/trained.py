"""Trained weights under folds/weights/."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from competition.common import paths

ADVICE = "params.yaml or the classes have changed since; run `dvc repro`"


def read_trained(name: str, fold: int | str) -> dict[str, torch.Tensor]:
    """Return the tensors of member `name`, fold `fold`. Raises FileNotFoundError, or ValueError for a damaged file."""
    path = paths.weights(name, fold)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: can't be read ({error}); run `dvc repro`") from error


def load_trained(network: nn.Module, name: str, fold: int | str) -> nn.Module:
    """Return `network` with the weights of a member's fold. Raises as `read_trained`, ValueError for other weights."""
    tensors = read_trained(name, fold)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        line = " ".join(str(error).split())[:200]
        raise ValueError(f"{paths.weights(name, fold)}: not the weights of this network; {ADVICE} ({line})") from error
    return network
