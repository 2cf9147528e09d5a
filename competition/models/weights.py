"""Weights from a file: safetensors, or a state dict as torch saves it."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from competition.models.classifier import classifier_names
from competition.models.shipped_weights import refuse_untouched_statistics
from competition.settings.member import NO_FILES, NetworkSettings

State = dict[str, torch.Tensor]


def weights_file(settings: NetworkSettings) -> list[Path]:
    """Return the file that `settings.weights` names, in a list; [] where it names none."""
    return [] if settings.weights in NO_FILES else [Path(settings.weights)]


def load_weights_file(network: nn.Module, path: Path | str) -> tuple[str, ...]:
    """Load `path` (.safetensors or .pth) into `network`; return the classifiers that keep their own weights, by name.

    A classifier that has other tensors in the file, or none, is left as it is: the file may know other classes. Raises
    FileNotFoundError without the file, ValueError for one that isn't this network's: missing or unexpected tensors,
    other shapes.
    """
    path, own = Path(path), network.state_dict()
    state = _read(path)
    left_out = tuple(name for name in classifier_names(network) if _shapes(state, name) != _shapes(own, name))
    wanted = {key: value for key, value in own.items() if not _under(key, left_out)}
    found = {key: value for key, value in state.items() if not _under(key, left_out)}
    problems = {
        "missing": sorted(set(wanted) - set(found)),
        "unexpected": sorted(set(found) - set(wanted)),
        "of another shape": [
            f"{key} {list(found[key].shape)}, expected {list(value.shape)}"
            for key, value in wanted.items()
            if key in found and found[key].shape != value.shape
        ],
    }
    if any(problems.values()):
        words = "; ".join(
            f"{len(keys)} {what}: {', '.join(keys[:3] + ['...'] * (len(keys) > 3))}"
            for what, keys in problems.items()
            if keys
        )
        raise ValueError(f"{path}: not the weights of this {type(network).__name__}: {words}")
    network.load_state_dict({**own, **found})
    refuse_untouched_statistics(network, str(path))
    return left_out


def _read(path: Path) -> State:
    if not path.is_file():
        raise FileNotFoundError(
            f"weights: {path} not found; name a .safetensors or .pth file, or shipped, documents, hub or none"
        )
    try:
        state = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f"{path}: can't be read ({type(error).__name__}: {str(error).splitlines()[0]})") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError(
            f"{path}: expected a state dict (names and tensors, nothing else); save `network.state_dict()`"
        )
    return state


def _under(key: str, names: tuple[str, ...]) -> bool:
    return key.startswith(tuple(f"{name}." for name in names))


def _shapes(state: State, name: str) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in state.items() if _under(key, (name,))}
