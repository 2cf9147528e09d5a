"""An effect in a file of its own: its middle third in a grey level."""

import numpy as np

from competition.augmentation.effects import EFFECTS


@EFFECTS.register(phase="sensor", unit="grey level", family="noise", limits=(0, 255), neutral=255, range=(10, 60))
def dummy_effect(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    result = image.copy()
    third = image.shape[1] // 3
    result[:, third : 2 * third] = round(amount)
    return result
