"""From samples of any depth to 8 bits: which value is white, which black, and what lies under what is transparent."""

import numpy as np

from competition.data.image_reader import UnreadableImage

HOT = 1000  # of so many pixels one may be beyond white or black, as a hot pixel is, or dust
SMALL = 100  # pixels; an image of fewer has none to spare
DEPTHS = (1, 8, 10, 12, 14, 16)  # usual bits of a sample, whatever holds them


def shown(
    values: np.ndarray, least: int, *, low_is_white: bool = False, top: float | None = None, alpha: str | None = None
) -> np.ndarray:
    """Return samples (H, W) or (H, W, C), 1 or 3 channels and then opacity, as uint8 (H, W, 3), on white.

    least: bits of the shortest range that they may have; top: white where the file says so; alpha: None,
    "unassociated" or "associated" (colours are multiplied by it already). Raises UnreadableImage.
    """
    values = values[..., None] if values.ndim == 2 else values
    colours = 1 if values.shape[2] < 3 else 3
    bottom, white = limits(values[..., :colours], least, top)
    scale = 255.0 / max(white - bottom, 1e-30)
    grey = np.nan_to_num((values[..., :colours].astype(np.float64) - bottom) * scale, nan=0, posinf=255, neginf=0)
    grey = np.clip(grey + 1e-6, 0, 255)  # else rounding turns 255 into 254
    grey = 255 - grey if low_is_white else grey
    if alpha and values.shape[2] > colours:
        opacity = _opacity(values[..., colours], white)[..., None]
        grey = np.clip((grey if alpha == "associated" else grey * opacity) + 255 * (1 - opacity), 0, 255)
    return np.ascontiguousarray(np.broadcast_to(grey.astype(np.uint8), (*grey.shape[:2], 3)))


def _opacity(values: np.ndarray, white: float) -> np.ndarray:
    """Return opacity 0 to 1: a file that has alpha fills its whole range, or that of its colours."""
    values = np.nan_to_num(values.astype(np.float64), nan=0, posinf=white, neginf=0)
    highest = values.max()
    return np.clip(values / (highest if highest > white else white), 0, 1)


def limits(values: np.ndarray, least: int, top: float | None = None) -> tuple[float, float]:
    """Return black and white of finite samples: 0 and `top`, or the end of the shortest usual range that holds them.

    One sample in HOT may lie beyond. Where some are below 0, black is the lowest and white the highest.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)
    if not finite.size:
        raise UnreadableImage("no pixel has a value: all are NaN or infinite")
    spare = max(finite.size // HOT, 1) if finite.size >= SMALL else 0
    ordered = np.partition(finite, (spare, finite.size - 1 - spare))
    low, high = float(ordered[spare]), float(ordered[finite.size - 1 - spare])
    if low < 0:
        return low, max(high, low + 1e-30)
    if top is not None and high <= top:
        return 0.0, float(top)
    return 0.0, white(high, least, whole=values.dtype.kind != "f")


def white(highest: float, least: int, whole: bool = True) -> float:
    """Return a deep image's white: the end of the shortest usual range, `least` bits or more, that holds `highest`."""
    found = next((2.0**bits - 1 for bits in DEPTHS if bits >= least and highest <= 2.0**bits - 1), None)
    return found if found is not None else 2.0**32 - 1 if whole and highest >= 2.0**31 else highest
