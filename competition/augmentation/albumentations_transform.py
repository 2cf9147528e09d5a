"""Document noise as an Albumentations transform, for pipelines that are made of those."""

import os

import cv2
import numpy as np

from competition.augmentation.bank import Bank
from competition.augmentation.document_noise import BANKED, DOCUMENT_NOISE, direct

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the internet for its own version

import albumentations as A  # noqa: E402


class DocumentNoise(A.ImageOnlyTransform):
    """One of Augraphy's effects (document_noise.DOCUMENT_NOISE) at an opacity drawn uniformly from `opacity_range`.

    Takes uint8 images (H, W), (H, W, 1) or (H, W, 3) RGB and keeps their shape; a grey image gets the luminance of a
    coloured noise. It is drawn from `bank` where one is given and has the effect, else computed by Augraphy, always
    from the transform's own generator, which Compose seeds. Raises ValueError for an unknown effect, an opacity range
    that isn't two rising numbers within 0 and 1 or a `p` outside them; TypeError for any other image.
    """

    # No InitSchema: with one, Albumentations takes the bank apart, and only warns of an unknown argument.
    def __init__(
        self, effect: str, opacity_range: tuple[float, float] = (0.3, 1.0), bank: Bank | None = None, p: float = 0.5
    ):
        if effect not in DOCUMENT_NOISE:
            raise ValueError(f"effect: no such document noise: {effect!r}; there are {sorted(DOCUMENT_NOISE)}")
        low, high = opacity_range
        if not 0 <= low <= high <= 1:
            raise ValueError(f"opacity_range: ({low:g}, {high:g}), expected two rising numbers within 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError(f"p: {p:g}, expected a probability within 0 and 1")
        super().__init__(p=p)
        self.effect, self.opacity_range, self.bank = effect, (float(low), float(high)), bank

    def apply(self, img: np.ndarray, **params: object) -> np.ndarray:
        """Return `img` under the effect, of the same shape and dtype."""
        if img.dtype != np.uint8 or img.shape[2:] not in ((), (1,), (3,)):
            raise TypeError(f"DocumentNoise: expected a grey or RGB image of uint8, found {img.shape} of {img.dtype}")
        grey = img.shape[2:] != (3,)
        page = cv2.cvtColor(img, cv2.COLOR_GRAY2RGB) if grey else np.ascontiguousarray(img)
        opacity = float(self.random_generator.uniform(*self.opacity_range))
        put = self.bank.apply if self.bank is not None and self.effect in BANKED else direct
        noisy = put(self.effect, page, self.random_generator, opacity)
        return (cv2.cvtColor(noisy, cv2.COLOR_RGB2GRAY) if grey else noisy).reshape(img.shape)

    def get_transform_init_args_names(self) -> tuple[str, ...]:
        """Return the names of the arguments, which Albumentations writes to and reads from dictionaries."""
        return ("effect", "opacity_range", "bank")
