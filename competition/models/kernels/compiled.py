"""What numba's kernels have in common: channels-last images as flat arrays, a batch in parts, torch's threads.

A batch is dealt to the threads in the same parts whatever their number, and parts are added up in order: so are the
bytes.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from numba import config, njit, set_num_threads

from competition.models.kernels.pairs import PAIR

PARTS = 8  # of a batch
_pool = Lock()


def compiled(**options) -> Callable:
    """Return numba's `njit`, with `options`, whose machine code is kept for the next process where a folder allows it.

    It is kept for these sources alone: numba by itself would see that a kernel's file has changed, but not the others.
    """

    def decorate(function: Callable) -> Callable:
        given, config.CACHE_DIR = config.CACHE_DIR, str(_code_folder())
        try:
            return njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        except (RuntimeError, OSError):  # no folder that can be written
            return njit(nogil=True, error_model="numpy", **options)(function)
        finally:
            config.CACHE_DIR = given

    return decorate


@cache
def _code_folder() -> Path:
    """Return where the machine code of these sources is kept: in NUMBA_CACHE_DIR, or in the person's cache."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = config.CACHE_DIR or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "foldvote" / f"kernels-{digest}"


def computes(images: torch.Tensor) -> bool:
    """Return whether the kernels take these images (B, C, H, W)."""
    return images.is_cpu and images.dtype in (torch.float32, torch.bfloat16) and images.shape[1] >= PAIR


def flat(images: torch.Tensor) -> np.ndarray:
    """Return images (B, C, H, W) as a flat array, channels last: not copied if they lie that way, int16 of bfloat16."""
    values = images.detach().permute(0, 2, 3, 1).contiguous().view(-1)
    return (values.view(torch.int16) if values.dtype == torch.bfloat16 else values).numpy()


def empty(like: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return images (B, C, height, width), channels last, of which nothing is set."""
    size = (*like.shape[:2], height, width)
    return torch.empty(size, dtype=like.dtype, memory_format=torch.channels_last)


def run(kernel, in_parallel, *arguments) -> None:
    """Run `kernel(part, *arguments)` for all parts, or where torch has several threads `in_parallel(*arguments)`.

    Only for one caller at a time: some of numba's pools of threads end the process where two ask them at once.
    """
    threads = min(torch.get_num_threads(), config.NUMBA_NUM_THREADS)
    if threads > 1 and _pool.acquire(blocking=False):
        try:
            set_num_threads(threads)
            in_parallel(*arguments)
        finally:
            _pool.release()
    else:
        for part in range(PARTS):
            kernel(part, *arguments)


@compiled()
def images_of(part, images):
    """Return the first image of a part, and the one behind its last."""
    return part * images // PARTS, (part + 1) * images // PARTS
