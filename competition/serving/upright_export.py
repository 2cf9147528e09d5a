"""Files that turn pages upright beside an exported network: the two networks as ONNX, and what standalone/upright.py
has to know.

The networks of one fold, as `predict --fast` asks.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from competition.data.orientations import COMPOSED
from competition.models.networks import Normalisation
from competition.serving.onnx import to_onnx, with_preprocessing
from competition.serving.standalone import standalone_files
from competition.settings.upright import UprightSettings
from competition.upright.geometry import LEAST_SIDE, unoriented_offsets
from competition.upright.networks import CORNERS, MARGIN, ORIENTATION, PageNetwork, corner_network, orientation_network
from competition.upright.page_finder import VIEWS

Maker = Callable[..., tuple[PageNetwork, Normalisation]]


def upright_files(weights: Path, settings: UprightSettings, size: int, fill: int) -> dict[str, bytes]:
    """Return file name -> content: the networks of `weights`, a fold's, and how they are used.

    size: pixels of the upright square; fill: grey level around the picture.
    """
    facts = {
        "size": size,
        "fill": fill,
        "orientation_size": settings.orientation_size,
        "margin": MARGIN,
        "least_side": LEAST_SIDE,
        "sure": settings.sure,
        "views": [
            {
                "orientation": view,
                "seen_as": COMPOSED[:, view].tolist(),
                # by what corners are off is linear in what is said of the turned page
                "offsets": unoriented_offsets(np.eye(8).reshape(8, 4, 2), view).reshape(8, 8).tolist(),
            }
            for view in VIEWS[: settings.views]
        ],
    }
    tensors = load_file(weights)
    return standalone_files("upright.py") | {
        "upright.json": json.dumps(facts).encode(),
        "upright_corners.onnx": _model(tensors, CORNERS, corner_network, settings.corners_size, settings, fill),
        "upright_orientation.onnx": _model(
            tensors, ORIENTATION, orientation_network, settings.orientation_size, settings, fill
        ),
    }


def _model(
    tensors: dict[str, torch.Tensor], name: str, make: Maker, size: int, settings: UprightSettings, fill: int
) -> bytes:
    network, normalise = make(settings, settings.seed, trained=True, plain=True)
    own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
    network.load_state_dict(own)
    network.eval().requires_grad_(False)
    return with_preprocessing(to_onnx(network, size), size, fill, normalise).SerializeToString()
