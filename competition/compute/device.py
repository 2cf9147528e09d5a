"""What this machine does well: bfloat16 where it has it, and memory that is not handed back after every layer."""

import ctypes
import os
import platform
from functools import cache
from pathlib import Path

import torch


def use_bfloat16(precision: str) -> bool:
    """Return whether `precision` ("auto", "float32", "bfloat16", "float16") means bfloat16 here; auto asks the
    processor for it.
    """
    if precision != "auto":
        return precision == "bfloat16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return _processor_has_bfloat16()


@cache
def _processor_has_bfloat16() -> bool:
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text() or "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def autocast(precision: str) -> torch.autocast:
    """Return the context in which a network computes as `precision` says; raises ValueError for float16 without a
    GPU.
    """
    where = device().type
    if precision == "float16":
        check_precision(precision)
        return torch.autocast(where, torch.float16)
    return torch.autocast(where, torch.bfloat16, enabled=use_bfloat16(precision))


def check_precision(precision: str) -> None:
    """Raise ValueError for a precision that this machine can't train in: float16 on a processor."""
    if precision == "float16" and not torch.cuda.is_available():
        raise ValueError(
            "precision: float16, but there is no GPU, and processors are slow at it; expected auto, float32 or bfloat16"
        )


def keep_memory() -> None:
    """Tell glibc to keep freed blocks: else each layer's output is fresh pages from the kernel, at a page fault each.

    Process-wide, so the commands call it, once, at their start. Does nothing elsewhere than on Linux with glibc.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL("libc.so.6")
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4  # malloc.h
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2**31 - 1)
    libc.mallopt(m_top_pad, 64 << 20)


def device() -> torch.device:
    """Return the device that work goes to: this process's GPU, else the processor, on as many threads as it has cores.

    Processes that a launcher started together on this machine (it says how many) divide the cores.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", 1))))
    return torch.device("cpu")
