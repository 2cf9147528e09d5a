"""What is out of memory, with real errors where they can be had."""

import pytest
import torch

from competition.compute.memory import is_out_of_memory


def raised(work):
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011
        work()
    return caught.value


def test_the_processor_out_of_memory():
    assert is_out_of_memory(raised(lambda: torch.empty(2**52, dtype=torch.uint8)))  # 4 PiB: more than can be addressed


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        torch.OutOfMemoryError(),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 4 bytes"
        ),
    ],
)
def test_out_of_memory_in_their_words(error):
    assert is_out_of_memory(error)


def test_other_errors_are_not_out_of_memory():
    assert not is_out_of_memory(raised(lambda: torch.zeros(2, 3) @ torch.zeros(2, 3)))
    assert not is_out_of_memory(ValueError("the page says: out of memory")) and not is_out_of_memory(
        KeyboardInterrupt()
    )
