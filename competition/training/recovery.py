"""Recovery of a training loop: from out of memory, a loss that is not a number, Ctrl-C."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Batching:
    """Batch size and gradient accumulation.

    batch_size: images at once; accumulate: parts of a full step; effective: images in a full step, their product when
    left out.
    """

    batch_size: int
    accumulate: int = 1
    effective: int = 0

    def __post_init__(self) -> None:
        if self.batch_size < 2 or self.accumulate < 1:
            raise ValueError(f"batch_size: {self.batch_size}, accumulate: {self.accumulate}; expected at least 2 and 1")
        object.__setattr__(self, "effective", self.effective or self.batch_size * self.accumulate)

    def halve(self) -> "Batching":
        """Return half the batch (an odd one's larger half) with twice the parts: a step's images stay the same.

        Raises ValueError at 2 images, since batch-norm can't learn from one.
        """
        if self.batch_size <= 2:
            raise ValueError(
                f"out of memory with {self.batch_size} images at once, fewer than which can't be trained on; give "
                "the member a smaller size (pixels) or a smaller network, or close other programs"
            )
        return Batching(-(-self.batch_size // 2), 2 * self.accumulate, self.effective)

    def parts(self, n: int) -> list[slice]:
        """Return the parts of a step's `n` images (the last step of an epoch has fewer), as even as can be, in order.

        Each part's mean loss, times its share len(part) / n, summed over the parts, is the whole step's mean loss, and
        so are the gradients (batch-norm aside, which sees a part at a time). That holds for a loss that is a plain mean
        over images: one divided by the sum of its images' class weights needs the shares of those. No part has a single
        image, unless n is 1: at 2 images at once, an odd n has one part of 3.
        """
        count = max(1, min(-(-n // self.batch_size), n // 2))
        edges = [n * part // count for part in range(count + 1)]
        return [slice(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


class Diverged(ValueError):
    """Loss that is not a number, however low the learning rate."""


@dataclass
class Rollbacks:
    """Count of returns to the last good state, at half the learning rate each time: at most `most`.

    `count` belongs to the state that is saved, so that a run taken up again has no more of them than one that never
    stopped.
    """

    most: int = 3
    count: int = 0

    def add(self, epoch: int, loss: float, learning_rate: float) -> None:
        """Count a rollback after `loss` at `learning_rate`. Raises Diverged if there were `most` before."""
        if self.count >= self.most:
            raise Diverged(
                f"epoch {epoch}: the loss is {loss}, after going back to the last good state {self.count} times, "
                f"with half the rate each time; the learning rate was {learning_rate:.2e} at the end. Try a "
                "learning_rate a tenth of the member's, a clip of 5 or less, a longer warmup, or precision: float32"
            )
        self.count += 1


class Interrupt:
    """Ctrl-C pressed or not: `asked`, read after each step."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def stop_on_interrupt() -> Iterator[Interrupt]:
    """Yield an `Interrupt` that the first Ctrl-C sets; a second one raises KeyboardInterrupt at once.

    The handler before it comes back at the end. Nothing is changed outside the main thread, where Python takes no
    handlers, nor where interrupts are ignored, as for a program that a shell runs in the background.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (None, signal.SIG_IGN):
        yield interrupt
        return

    def handle(number: int, frame: object) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True
        # print isn't safe within a handler
        os.write(2, b"\nstopping after this step, and saving; Ctrl-C again stops at once\n")

    signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
