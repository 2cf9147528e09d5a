"""Learning-rate schedules, as factors on the peak rate."""

import math


def warmup_cosine(step: int, steps: int, warmup: float) -> float:
    """Return the factor (0..1) at `step` of `steps`: linear over the first `warmup` share, then half a cosine to 0."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
