"""Loose JPEG files as PyTorch's and torchvision's tutorials read them."""

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision import transforms

QUARTER_TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


class LooseImages(Dataset):
    """Pages, each with one or more files; an item is one of them, drawn anew each time, and its label.

    pages: dicts of `files` and `label`. Training has as many items as our epoch, and the very same copies to draw from.
    """

    def __init__(self, pages: Sequence[dict], transform: Callable[[Image.Image], torch.Tensor]):
        self.pages, self.transform = pages, transform

    def __len__(self) -> int:
        return len(self.pages)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        page = self.pages[index]
        file = page["files"][int(torch.randint(len(page["files"]), ()))]
        with Image.open(file) as image:
            return self.transform(image.convert("RGB")), page["label"]


def quarter_turned(image: Image.Image) -> Image.Image:
    """Return `image` turned by none to three quarters, evenly."""
    turn = QUARTER_TURNS[int(torch.randint(4, ()))]
    return image if turn is None else image.transpose(turn)


def evaluation_transform(job: dict) -> transforms.Compose:
    """Return the transform of images that are predicted: normalised float32 (3, S, S)."""
    size = (job["size"], job["size"])
    return transforms.Compose(
        [transforms.Resize(size), transforms.ToTensor(), transforms.Normalize(job["mean"], job["std"])]
    )


def training_transform(job: dict) -> transforms.Compose:
    """Return the same after random flips and quarter turns."""
    return transforms.Compose(
        [transforms.RandomHorizontalFlip(), transforms.Lambda(quarter_turned), evaluation_transform(job)]
    )
