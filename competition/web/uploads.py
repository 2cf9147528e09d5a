"""Uploaded files: which kind of image they are, by content, before anything of them is decoded."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from itertools import count

from PIL import Image, UnidentifiedImageError

from competition.serving.pages import PDF
from competition.serving.pdf_pages import START, is_pdf
from competition.web.limits import MEBIBYTE, Limits, Refused

# Pillow's formats -> extension; others (EPS, which runs a program, and many that no scanner writes) are refused
KINDS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "GIF": ".gif",
    "JPEG2000": ".jp2",
    "AVIF": ".avif",
}
READ = "PDFs and JPEG, PNG, TIFF, WebP, BMP, GIF, JPEG 2000 and AVIF images"
# how other files begin -> what they are, and what to do
OTHERS = (
    (b"PK\x03\x04", "a zip archive, or a document that is one; unpack it, or save its pages as images"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"%!PS", "PostScript; save its pages as PNG or JPEG images"),
)
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def image_extension(data: bytes, limits: Limits) -> str:
    """Return the extension of the image or PDF in `data`, with the dot.

    Only headers are read. Raises Refused for no image, another kind, too many pixels or pages.
    """
    if not data:
        raise Refused(400, "the file is empty")
    for start, what in OTHERS:
        if data.startswith(start):
            raise Refused(415, f"this is {what}")
    if is_pdf(data[:START]):
        return PDF
    if data[128:132] == b"DICM":
        raise Refused(415, "this is a DICOM file, which the page doesn't take; `python -m pipelines.predict` reads it")
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        raise Refused(415, "this is a HEIC image, which can't be read; convert it to JPEG or PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=available()) as image:
                return _checked(image, data, limits)
    except UnidentifiedImageError:
        raise Refused(415, f"this is no image that can be read; {READ} can") from None
    except Image.DecompressionBombError:
        raise too_many_pixels(limits) from None
    except (MemoryError, Refused):
        raise
    except Exception as error:  # decoders have no common class for what damaged files make them raise
        raise Refused(422, f"the image is damaged: {error}") from None


Page = tuple[int, int]  # width, height


def _checked(image: Image.Image, data: bytes, limits: Limits) -> str:
    """Return the extension. None of a TIFF's pages may have too many pixels, whichever is read, and by whom: the first
    may be a thumbnail, and deep ones are tifffile's.
    """
    looks = [_pages(image), _pages_by_tifffile(data)] if image.format == "TIFF" else [iter([image.size])]
    for pages in looks:
        for number, (width, height) in enumerate(pages, start=1):
            if number > limits.pages:
                raise too_many_pages(limits)
            if width * height > limits.pixels:
                raise too_many_pixels(limits, f"{width} x {height} = ")
    return KINDS[image.format]


def _pages(image: Image.Image) -> Iterator[Page]:
    """Yield the pages one by one: counting all would take as long as the file's maker likes."""
    for page in count():
        try:
            image.seek(page)
        except Exception:  # the end; or what is wrong with a further page, which its reading will say
            return
        yield image.size


def _pages_by_tifffile(data: bytes) -> Iterator[Page]:
    """Yield the pages of a TIFF, those that Pillow can't read too."""
    try:
        from tifffile import TiffFile

        with TiffFile(BytesIO(data)) as file:
            for page in file.pages:
                yield page.imagewidth, page.imagelength
    except Exception:  # then it isn't read by tifffile either
        return


def available() -> list[str]:
    """Return those formats of KINDS that this Pillow can read."""
    Image.init()
    return [kind for kind in KINDS if kind in Image.OPEN]


def too_many_pixels(limits: Limits, found: str = "") -> Refused:
    """Return the refusal of an image of more pixels than `limits` allow."""
    most = f"{limits.pixels / 1e6:.0f} million"
    return Refused(413, f"too many pixels: {found}more than the {most} that are taken; scale the image down")


def too_many_pages(limits: Limits) -> Refused:
    """Return the refusal of a file of more pages than `limits` allow."""
    advice = "split it, or label it with python -m pipelines.predict"
    return Refused(413, f"the file has more than the {limits.pages} pages that are taken; {advice}")


def too_large(limits: Limits) -> Refused:
    """Return the refusal of a file of more bytes than `limits` allow."""
    return Refused(413, f"the file is larger than the {limits.file_bytes / MEBIBYTE:.0f} MB that are taken; shrink it")
