"""PDFs and TIFFs of several pages, small: of pictures, or written by hand, sound or not."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

RED_LEFT = b"1 0 0 rg 0 0 100 100 re f"  # drawn on a page of 200 x 100
LOCK = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (b"ab" * 32, b"cd" * 32)


def picture_pdf(*pages: Image.Image) -> bytes:
    """A PDF with a picture on each page, as a scanner makes it."""
    return _saved(pages, "PDF", quality=95)


def tiff(*pages: Image.Image) -> bytes:
    """A TIFF of these pages, lossless."""
    return _saved(pages, "TIFF")


def _saved(pages: Sequence[Image.Image], kind: str, **options) -> bytes:
    file = io.BytesIO()
    first, *others = (page.copy() for page in pages)  # Pillow keeps the encoder's options on the image
    first.save(file, kind, save_all=True, append_images=others, **options)
    return file.getvalue()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def written_pdf(
    *pages: bytes, entries: bytes = b"", trailer: bytes = b"", root: bytes = b"", further: Sequence[bytes] = ()
) -> bytes:
    """A PDF with pages of 200 x 100 points, each drawn by a content stream.

    entries: of each page, beside the usual; further: objects, of one page from 5 on.
    """
    first = 3 + len(pages)
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(len(pages)))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents %d 0 R %s >>"
    bodies = [b"<< /Type /Catalog /Pages 2 0 R %s >>" % root]
    bodies.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)))
    bodies += [page % (first + n, entries) for n in range(len(pages))]
    bodies += [stream(content) for content in pages]
    bodies += further
    data, starts = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        starts.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, len(data))
    return data + head + table + tail


BAD = {  # name -> bytes, and what is said of them
    "locked.pdf": (written_pdf(RED_LEFT, trailer=LOCK), "an encrypted PDF: save it without a password"),
    "header.pdf": (b"%PDF-1.7\n", "a damaged PDF"),
    "noise.pdf": (b"%PDF-1.4\n" + np.random.default_rng(0).bytes(3000), "a damaged PDF"),
    "no_pages.pdf": (written_pdf(), "a damaged PDF"),
    "cut.pdf": (written_pdf(RED_LEFT)[:60], "a damaged PDF"),
    "page.html.pdf": (b"<html>404</html>", "not an image, but a web page"),
    "empty.pdf": (b"", "empty file"),
}
