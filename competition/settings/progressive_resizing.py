"""Progressive resizing: small images in the first epochs, the full size in the last third."""


def size_at(epoch: int, epochs: int, first_size: int | None, size: int) -> int:
    """Return the pixels of `epoch`: from `first_size` up in steps of 32 to `size`, which the last third is trained at.

    Small images first cost a fraction and teach most of it (Howard's progressive resizing, as in EfficientNetV2,
    https://arxiv.org/abs/2104.00298).
    """
    if first_size is None or first_size >= size:
        return size
    steps = -(-(size - first_size) // 32)
    reached = min(steps, int(epoch / max(1, epochs * 2 / 3) * (steps + 1)))
    return size if reached == steps else first_size + 32 * reached
