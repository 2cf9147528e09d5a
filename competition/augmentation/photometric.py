"""Light, lens, sensor and file: what Albumentations has, seeded per image and strict about its arguments."""

import os
import warnings
from functools import cache

import cv2
import numpy as np


@cache
def lens(strength: float) -> object:
    """Return an Albumentations Compose: one blur or noise or compression, then colour; same shape and dtype out."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the internet for its own version
    with warnings.catch_warnings():
        import albumentations as A

        warnings.simplefilter("error")  # a wrong argument only warns, and then does something else

        least = min(1, strength)  # keeps the ranges' lower ends below their upper ones
        noise = A.OneOf([
            A.GaussNoise(std_range=(0.03 * least, 0.18 * strength), p=1),
            A.ISONoise(color_shift=(0.01, 0.08), intensity=(0.2, 0.9), p=1),
            A.SaltAndPepper(amount=(0.01 * least, 0.08 * strength), p=1),
            A.MultiplicativeNoise(multiplier=(0.7, 1.3), per_channel=True, elementwise=True, p=1),
        ], p=1)
        blur = A.OneOf([
            A.GaussianBlur(sigma_limit=(0.4 * least, 1.6 * strength), blur_limit=0, p=1),
            A.MotionBlur(blur_limit=(3, 7), p=1),
            A.Downscale(scale_range=(0.45, 0.8), interpolation_pair={"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_LINEAR}, p=1),
            A.ImageCompression(quality_range=(15, 60), p=1),
        ], p=1)
        colour = A.OneOf([
            A.RandomBrightnessContrast(brightness_limit=0.3, contrast_limit=0.35, p=1),
            A.RGBShift(r_shift_limit=50, g_shift_limit=50, b_shift_limit=50, p=1),
            A.ColorJitter(brightness=(0.6, 1.3), contrast=(0.6, 1.3), saturation=(0.2, 1.8), hue=(-0.1, 0.1), p=1),
            A.RandomGamma(gamma_limit=(50, 200), p=1),
            A.ToGray(p=1),
        ], p=1)
        return {"noise": A.Compose([noise]), "blur": A.Compose([blur]), "colour": A.Compose([colour])}


def apply(name: str, image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` (uint8, (H, W, 3) RGB) under one random transform of the family `name`: noise, blur or colour."""
    family = lens(strength)[name]
    family.set_random_seed(int(generator.integers(2**31)))
    return family(image=image)["image"]
