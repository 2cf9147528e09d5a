"""Data-parallel processes that train one network, as Hugging Face Accelerate starts them: GPUs, nodes, or this one.

Each has the whole network and a share of each step's images. Gradients are added up after the backward pass and not
within it (as DistributedDataParallel does): so a process that ran out of memory or met a loss that is not a number
still takes part, tells the others in the same message, and all do the same about it. Nodes have to share the project's
folder: the main process writes the state and the results, the others read the state.
"""

import ctypes
import os
import platform
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import distributed

if TYPE_CHECKING:
    from accelerate import Accelerator

_ENDED = ("Connection reset by peer", "Connection closed by peer", "Broken pipe", "remote process exited")


@dataclass(frozen=True)
class Processes:
    """Process group that trains one network. With one process nothing is sent, added up or waited for."""

    accelerator: "Accelerator"

    @property
    def count(self) -> int:
        """Number of processes, on all nodes."""
        return self.accelerator.num_processes

    @property
    def index(self) -> int:
        """This process's rank, from 0."""
        return self.accelerator.process_index

    @property
    def main(self) -> bool:
        """Whether this process writes, prints and shows progress."""
        return self.accelerator.is_main_process

    @property
    def device(self) -> torch.device:
        """This process's GPU, or the CPU."""
        return self.accelerator.device

    def trained_images(self, images: int, effective: int) -> int:
        """Return how many of an epoch's `images` are trained on, `effective` in a step.

        Each of several processes gets at least 2 images of a step; a last step with fewer is left out (with one
        process `loader.epoch_rows` sees to that). Raises ValueError where no step has as many.
        """
        least = 2 * self.count
        if self.count == 1:
            return images
        if min(images, effective) < least:
            raise ValueError(
                f"{images} training images, {effective} in a step (batch_size * accumulate): expected at least "
                f"{least} of both, 2 for each of {self.count} processes; take fewer processes (machine.processes) or "
                "a larger batch"
            )
        rest = images % effective
        return images - rest if rest < least else images

    def print(self, text: str) -> None:
        """Print a line, in the main process."""
        self.accelerator.print(text, flush=True)

    def wait(self) -> None:
        """Barrier: return when all processes have come here."""
        if self.count > 1:
            self.accelerator.wait_for_everyone()

    def sum(self, *values: float) -> list[float]:
        """Return the sum of each value over the processes, float64; the same on all."""
        if self.count == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        _all_reduce(total)
        return total.tolist()

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter], *values: float) -> list[float]:
        """Sum the gradients of the trainable parameters over the processes, in place, and return the sums of `values`.

        One message for both. A process without gradients adds zeros. The sums are the same bytes on all.
        """
        if self.count == 1:
            return list(values)
        learning = [parameter for parameter in parameters if parameter.requires_grad]
        pieces = [torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in learning]
        flat = torch.cat([*(piece.reshape(-1) for piece in pieces), torch.tensor(values, device=self.device)])
        del pieces
        _all_reduce(flat)
        *found, total = flat.split([*(parameter.numel() for parameter in learning), len(values)])
        for parameter, piece in zip(learning, found, strict=True):
            if parameter.grad is not None:
                parameter.grad.copy_(piece.view(parameter.shape))
        return total.tolist()

    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor, in place, by its mean over the processes."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        _all_reduce(flat)
        for tensor, piece in zip(
            tensors, (flat / self.count).split([tensor.numel() for tensor in tensors]), strict=True
        ):
            tensor.copy_(piece.view(tensor.shape))

    def gather_rows(self, own: torch.Tensor, places: torch.Tensor, rows: int) -> torch.Tensor:
        """Return (`rows`, C): each process's `own` (B, C) at its `places` (B,), which together are all rows, once each.

        Exact: a number plus zeros is that number.
        """
        whole = torch.zeros(rows, own.shape[1], dtype=own.dtype, device=self.device)
        whole[places.to(whole.device)] = own.to(whole.device)
        if self.count > 1:
            _all_reduce(whole)
        return whole.to(own.device)

    def leave(self) -> None:
        """Leave the process group, at the end of the work."""
        self.accelerator.end_training()


def _all_reduce(tensor: torch.Tensor) -> None:
    """Sum `tensor` over the processes, in place. Raises ChildProcessError where one of them has ended."""
    try:
        distributed.all_reduce(tensor)
    except RuntimeError as error:
        if not any(words in str(error) for words in _ENDED):
            raise
        raise ChildProcessError("another process of this training has ended; the launcher says which") from None


@cache
def processes() -> Processes:
    """Return the processes that Accelerate's launcher (or torchrun, or MPI) started, this one among them.

    Mixed precision isn't left to Accelerate, which has one for the whole process: each member has its own
    (`precision`). Raises ValueError if the launcher was told to split the network itself (FSDP, DeepSpeed, ...).
    """
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision="no")
    kind = accelerator.distributed_type.value
    if kind not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise ValueError(
            f"accelerate launch: {kind} splits the network over the processes; expected plain data parallelism: "
            "accelerate launch --multi_gpu --num_processes N"
        )
    if "TORCHELASTIC_RUN_ID" in os.environ:
        _end_with_the_launcher()
    return Processes(accelerator)


def _end_with_the_launcher() -> None:
    """Let the kernel end this process when its launcher is killed: else it trains on, in a session of its own."""
    if platform.system() == "Linux":
        pr_set_pdeathsig = 1  # sys/prctl.h
        ctypes.CDLL("libc.so.6").prctl(pr_set_pdeathsig, signal.SIGKILL)
