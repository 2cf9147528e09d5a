"""Rows of an image store."""

import numpy as np

from competition.data.images import THUMBNAIL, encode_jpeg


def row(job):
    return {
        "id": f"{job:03d}",
        "source_id": f"s{job}",
        "target": "x",
        "view": "clean",
        "copy": job % 4,
        "height": 8,
        "width": 10,
        "thumbnail": bytes([job]) * THUMBNAIL**2,
        "image": encode_jpeg(square(job), 90),
    }


def square(job):
    return np.full((8, 10, 3), (job * 37) % 256, np.uint8)
