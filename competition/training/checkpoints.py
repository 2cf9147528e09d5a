"""Checkpoints: state to resume from and weights, written beside their place and renamed."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from competition.common.files import replace_file


def save_state(path: Path, state: dict) -> None:
    """Write `state` (tensors, numbers, text, in dicts and lists) to resume from."""
    with replace_file(path) as temporary:
        torch.save(state, temporary)


def load_state(path: Path) -> dict | None:
    """Return what `save_state` wrote last, or None."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def save_weights(path: Path | str, state: dict[str, torch.Tensor], facts: dict[str, str]) -> None:
    """Write a network's `state_dict` as safetensors with `facts` in its header."""
    with replace_file(path) as temporary:
        save_file({key: value.contiguous() for key, value in state.items()}, temporary, metadata=facts)
