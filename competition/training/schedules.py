"""Learning-rate schedules, as factors on the peak rate."""

import math


def warmup_cosine(step: int, steps: int, warmup: float) -> float:
    """Return the factor (0..1) at `step` of `steps`: linear over the first `warmup` share, then half a cosine to 0."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def size_at(epoch: int, epochs: int, first_size: int | None, size: int) -> int:
    """Return the pixels of `epoch`: from `first_size` up in steps of 32 to `size`, which the last third is trained at.

    Small pictures first cost a fraction and teach most of it (Howard's progressive resizing, as in EfficientNetV2,
    https://arxiv.org/abs/2104.00298).
    """
    if first_size is None:
        return size
    steps = -(-(size - first_size) // 32)
    reached = min(steps, int(epoch / max(1, epochs * 2 / 3) * (steps + 1)))
    return size if reached == steps else first_size + 32 * reached
