"""Device and precision to compute in, and this process's threads and memory."""

import ctypes
import os
import platform

import torch

from competition.compute.processor import has_bfloat16
from competition.compute.waiting_threads import watch_neighbours

MOST_FEEDING = 8  # threads: each holds a batch in memory


def use_bfloat16(precision: str) -> bool:
    """Return whether `precision` ("auto", "float32", "bfloat16", "float16") means bfloat16 on this device."""
    if precision != "auto":
        return precision == "bfloat16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)  # emulated it is slower than float32
    return has_bfloat16()


def autocast(precision: str) -> torch.autocast:
    """Return autocast to `precision` on this device. Raises ValueError for float16 without a GPU."""
    where = device().type
    if precision == "float16":
        check_precision(precision)
        return torch.autocast(where, torch.float16)
    return torch.autocast(where, torch.bfloat16, enabled=use_bfloat16(precision))


def check_precision(precision: str) -> None:
    """Raise ValueError for a precision that this device can't train in: float16 on a CPU."""
    if precision == "float16" and not torch.cuda.is_available():
        raise ValueError(
            "precision: float16, but there is no GPU, and processors are slow at it; expected auto, float32 or bfloat16"
        )


def set_up_process(threads: int | None = None) -> None:
    """Set this process up to train and predict: torch on its share of the cores, freed memory kept, neighbours watched.

    Process-wide, so commands call it at their start, and processes that they start. Without `threads`, processes that a
    launcher started together on this machine (it says how many) divide the cores.
    """
    threads = threads or max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))
    torch.set_num_threads(threads)
    watch_neighbours(threads, cores())
    keep_memory()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def feeding_threads() -> int:
    """Return how many threads make batches ahead: one beside a CPU's computing, for a GPU as many as there are."""
    return min(MOST_FEEDING, torch.get_num_threads()) if torch.cuda.is_initialized() else 1


def free_memory() -> None:
    """Give memory of the GPU that nothing uses any more back to it."""
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def keep_memory() -> None:
    """Tell glibc to keep what this process frees: else a layer's output is fresh pages, at a page fault each.

    Does nothing elsewhere than on Linux with glibc.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL("libc.so.6")
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4  # malloc.h
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2**31 - 1)
    libc.mallopt(m_top_pad, 64 << 20)


def device() -> torch.device:
    """Return the device to compute on: this process's GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
