"""DICOM, the format of medical images: the first frame, as it is meant to be shown.

Grey goes through the file's rescaling and its first window (without one, 8 bits are taken as they are, and deeper
images from their darkest to their lightest), and is turned round where low is white. DICOM PS3.3, C.7.6.3.1.2 and
C.11.2.1.2; https://dicom.nema.org/medical/dicom/current/output/chtml/part03/PS3.3.html
"""

from pathlib import Path

import numpy as np

from competition.data.image_reader import ImageReader, UnreadableImage, check_size
from competition.data.readers import IMAGE_READERS

_TIFF = (b"II*\0", b"MM\0*")  # may stand in the preamble, and is read as it always was
# files of old without a preamble: the first element is of group 8 or 2
_BARE = (b"\x08\0\0\0\x04\0\0\0", b"\x08\0\x05\0", b"\x08\0\x08\0", b"\x02\0\0\0\x04\0\0\0", b"\x02\0\0\0UL\x04\0")


@IMAGE_READERS.register
class Dicom(ImageReader):
    """Reader for DICOM files, by pydicom where it is installed."""

    extensions = (".dcm", ".dicom")

    def recognises(self, start: bytes) -> bool:
        return (start[128:132] == b"DICM" and not start.startswith(_TIFF)) or start.startswith(_BARE)

    def read(self, path: Path, longest_side: int | None) -> tuple[np.ndarray, tuple[int, int]]:
        try:
            import pydicom
            from pydicom.pixels import apply_color_lut, pixel_array
        except ImportError:
            raise UnreadableImage("needs pydicom: pip install 'foldvote[dicom]'") from None
        file = pydicom.dcmread(path, force=True)
        if "PixelData" not in file:
            raise UnreadableImage("a DICOM file without an image")
        check_size(int(file.Rows), int(file.Columns))
        pixels = pixel_array(file, index=0)
        meaning = file.PhotometricInterpretation
        if meaning == "PALETTE COLOR":
            pixels = apply_color_lut(pixels, file)
        grey = _shown(pixels, file, meaning == "MONOCHROME1") if pixels.ndim == 2 else None
        if grey is None:
            pixels = pixels if pixels.dtype == np.uint8 else (pixels / 257.0).astype(np.uint8)  # palettes have 16 bits
        else:
            pixels = np.repeat(grey[..., None], 3, axis=2)
        return np.ascontiguousarray(pixels[..., :3]), pixels.shape[:2]


def _shown(values: np.ndarray, file, inverted: bool) -> np.ndarray:
    """Return grey values (H, W) as uint8 by what `file`, a pydicom Dataset, says of them."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    values = np.asarray(apply_modality_lut(values, file), np.float64)
    window = _window(file)
    if "VOILUTSequence" in file:
        table = file.VOILUTSequence[0]
        grey = apply_voi(values.astype(np.int64), file) / (2.0 ** int(table.LUTDescriptor[2]) - 1)
    elif window:
        grey = _windowed(values, *window, str(file.get("VOILUTFunction", "") or "LINEAR"))
    elif file.BitsAllocated == 8 and values.min() >= 0 and values.max() <= 255:
        grey = values / 255
    else:
        grey = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    grey = np.clip(grey, 0, 1)
    return np.round((1 - grey if inverted else grey) * 255).astype(np.uint8)


def _window(file) -> tuple[float, float] | None:
    """Return the first window's centre and width; None without a usable one."""
    centre, width = ([*np.atleast_1d(file.get(name, None))][:1] for name in ("WindowCenter", "WindowWidth"))
    if not centre or not width or centre[0] is None or width[0] is None or float(width[0]) <= 0:
        return None
    return float(centre[0]), float(width[0])


def _windowed(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5
