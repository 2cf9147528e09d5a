"""Distortion of a batch of images that they are still recognised by: light, noise, blur, a little warp, covered parts.

On tensors and quick, for images that have no copies made offline.
"""

import torch
from torch.nn import functional

CONTRAST, BRIGHTNESS = (0.5, 1.3), (-50.0, 40.0)  # factor; grey levels
NOISE = 25.0  # grey levels, standard deviation at the most
TURN, SCALE, SHIFT = 0.1, 0.15, 0.08  # radians; share of the size; share of the side: each way, at the most
BLURRED = 0.3  # share of the images
COVERS, COVER = 2, 0.3  # rectangles, of this share of the side at the most


def distorted(pixels: torch.Tensor, random: torch.Generator, fill: int) -> torch.Tensor:
    """Return `pixels`, uint8 (B, S, S, 3), distorted. fill: grey level of what comes in from outside."""
    images = pixels.permute(0, 3, 1, 2).float()
    count, size = len(images), images.shape[-1]

    def drawn(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.rand(count, *shape, generator=random) * (high - low) + low

    images = (images - 128) * drawn(*CONTRAST, 1, 1, 1) + 128 + drawn(*BRIGHTNESS, 1, 1, 1)
    images = images + torch.randn(images.shape, generator=random) * drawn(0, NOISE, 1, 1, 1)
    angle, scale, shift = drawn(-TURN, TURN), 1 + drawn(-SCALE, SCALE), 2 * drawn(-SHIFT, SHIFT, 2)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    warp = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    grid = functional.affine_grid(torch.cat([warp, shift[:, :, None]], 2), images.shape, align_corners=False)
    images = functional.grid_sample(images - fill, grid, align_corners=False) + fill
    blurred = drawn(0, 1) < BLURRED
    images[blurred] = functional.avg_pool2d(images[blurred], 3, 1, 1, count_include_pad=False)
    for _ in range(COVERS):
        corner, sides, grey = drawn(0, 1, 2) * size, drawn(0, COVER, 2) * size, drawn(0, 255)
        places = torch.arange(size)
        rows, columns = (
            (places >= corner[:, [axis]]) & (places < corner[:, [axis]] + sides[:, [axis]]) for axis in (0, 1)
        )
        images = torch.where((rows[:, :, None] & columns[:, None])[:, None], grey[:, None, None, None], images)
    return images.clamp(0, 255).round().byte().permute(0, 2, 3, 1)
