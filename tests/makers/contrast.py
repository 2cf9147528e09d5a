"""A page with text, and how legible it is."""

import numpy as np

# levels by which paper is lighter than ink: 220 on the made page, 50 in the worst of 200 draws of the worst effect
LEGIBLE = 40


def made_page(height, width, coloured=False):
    """Return white paper with black bars of text, and where the ink is: uint8 (H, W, 3), bool (H, W)."""
    image, ink = np.full((height, width, 3), 245, np.uint8), np.zeros((height, width), bool)
    if coloured:
        image[:] = 245, 235, 220
    for top in range(height // 10, height - 4, max(8, height // 10)):
        ink[top : top + max(3, height // 30), width // 8 : width - width // 8] = True
    image[ink] = (60, 20, 30) if coloured else 25
    return image, ink


def contrast(image, ink):
    """Return how much lighter the paper is than the ink, in levels."""
    grey = image.mean(axis=2)
    return grey[~ink].mean() - grey[ink].mean()
