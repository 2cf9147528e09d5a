"""The documents of the sample: one clean, upright page of a given class."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import Image

from competition.sample import cards, forms, medical, receipts, scenes

Painter = Callable[[np.random.Generator], Image.Image]

PAINTERS: tuple[Painter, ...] = (
    cards.account,
    forms.application,
    scenes.dashboard,
    partial(medical.certificate, target=3),
    partial(medical.certificate, target=4),
    cards.driving_licence,
    receipts.medical_bill,
    partial(medical.certificate, target=7),
    cards.identity_card,
    cards.passport,
    receipts.payment_confirmation,
    receipts.pharmacy_receipt,
    forms.prescription,
    forms.resume,
    partial(medical.certificate, target=14),
    forms.vehicle_certificate,
    scenes.plate,
)


def paint(target: int, rng: np.random.Generator, painters: tuple[Painter, ...] = PAINTERS) -> np.ndarray:
    """Return a clean page of class `target`, uint8 RGB (H, W, 3); of PAINTERS its longer side is 300 to 640 pixels."""
    page = np.asarray(painters[target](rng))
    return _grain(page, rng)


def _grain(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the page with faint scanner grain: by flat colours, compression alone would give clean pages away."""
    height, width = page.shape[:2]
    uneven = cv2.resize(rng.normal(0, 3, (4, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.standard_normal((height, width), np.float32) * rng.uniform(0.5, 2.5)
    return np.clip(page + (uneven + noise)[..., None], 0, 255).astype(np.uint8)
