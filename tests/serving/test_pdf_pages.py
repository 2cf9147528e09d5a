"""PDFs' pages: their pixels by hand, and what becomes of PDFs that can't be read or would end their reader."""

from pathlib import Path

import numpy as np
import pytest
from makers.pdfs import BAD, RED_LEFT, picture_pdf, stream, written_pdf
from PIL import Image

from competition.data.image_reader import UnreadableImage
from competition.serving import pdf_pages
from competition.serving.pdf_pages import PdfPages, is_pdf

RED, WHITE = [255, 0, 0], [255, 255, 255]


@pytest.fixture(scope="module")
def pdfs():
    with PdfPages() as reader:
        yield reader


def file(folder: Path, data: bytes, name: str = "a.pdf") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("side", [64, 200, 333])
def test_a_page_is_drawn_on_white_at_the_size_that_is_asked_for(pdfs, tmp_path, side):
    page = pdfs.render(file(tmp_path, written_pdf(RED_LEFT)), 1, side)
    assert page.dtype == np.uint8 and page.shape == (round(side / 2 + 0.01), side, 3)
    quarter = side // 4
    assert (page[:, : quarter + quarter // 2] == RED).all() and (page[:, 3 * quarter :] == WHITE).all()


def test_a_turned_page_is_upright_and_the_media_box_is_cut(pdfs, tmp_path):
    turned = pdfs.render(file(tmp_path, written_pdf(RED_LEFT, entries=b"/Rotate 90")), 1, 200)
    assert turned.shape == (200, 100, 3) and (turned[:80] == RED).all() and (turned[120:] == WHITE).all()
    cropped = pdfs.render(file(tmp_path, written_pdf(RED_LEFT, entries=b"/CropBox [0 0 90 90]"), "b.pdf"), 1, 90)
    assert cropped.shape == (90, 90, 3) and (cropped == RED).all()


def test_what_is_filled_in_shows(pdfs, tmp_path):
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (a) /F 4 /Rect [0 0 100 100] /AP << /N 5 0 R >> >>"
    seen = stream(RED_LEFT, b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]")
    root, entries = b"/AcroForm << /Fields [6 0 R] >>", b"/Annots [6 0 R]"
    page = pdfs.render(file(tmp_path, written_pdf(b"", entries=entries, root=root, further=[seen, field])), 1, 200)
    assert (page[10:90, 10:90] == RED).all() and (page[:, 110:] == WHITE).all()


def test_a_scanned_page_is_its_picture(pdfs, tmp_path):
    levels = np.linspace(0, 255, 200).astype(np.uint8)
    bands = [np.tile(levels, (120, 1)), np.zeros((120, 200))]
    pictures = [Image.fromarray(np.dstack([*bands, np.full((120, 200), n)]).astype(np.uint8)) for n in (10, 200)]
    path = file(tmp_path, picture_pdf(*pictures))
    assert pdfs.count(path) == 2
    for number, picture in enumerate(pictures, start=1):
        assert abs(pdfs.render(path, number, 200).astype(int) - np.asarray(picture)).mean() < 3


@pytest.mark.parametrize("name", [name for name, (_, said) in BAD.items() if "PDF" in said])
def test_what_cant_be_read_is_said_and_the_next_file_is_read(pdfs, tmp_path, name):
    data, said = BAD[name]
    with pytest.raises(UnreadableImage, match=said):
        pdfs.count(file(tmp_path, data, name))
    assert pdfs.count(file(tmp_path, written_pdf(RED_LEFT, b""), "good.pdf")) == 2


def test_a_page_that_isnt_there(pdfs, tmp_path):
    with pytest.raises(UnreadableImage, match="has no page 3; its last one is 2"):
        pdfs.render(file(tmp_path, written_pdf(RED_LEFT, RED_LEFT)), 3, 100)
    with pytest.raises(UnreadableImage, match="No such file"):
        pdfs.count(tmp_path / "nowhere.pdf")


ENDS = {
    "crash": "import os, sys\nsys.stdin.readline()\nos.abort()",
    "half an answer": 'import sys\nsys.stdin.readline()\nprint(\'{"height": 9, "width": 9}\', flush=True)',
    "no memory": "raise MemoryError",
}


@pytest.mark.parametrize("name", ENDS)
def test_a_pdf_that_ends_its_reader_is_named_and_the_next_is_read(tmp_path, monkeypatch, name):
    path, script = file(tmp_path, written_pdf(RED_LEFT)), tmp_path / "worker.py"
    script.write_text(ENDS[name])
    with PdfPages() as reader:
        with monkeypatch.context() as patch:
            patch.setattr(pdf_pages.pdf_worker, "__file__", str(script))
            with pytest.raises(UnreadableImage, match="PDFium gave up on: it is damaged, or takes more than 2 GB"):
                reader.render(path, 1, 9)
        assert reader.render(path, 1, 9).shape == (5, 9, 3)


def test_a_pdf_that_takes_too_long_is_named(tmp_path, monkeypatch):
    (tmp_path / "worker.py").write_text("import time\ntime.sleep(60)")
    monkeypatch.setattr(pdf_pages.pdf_worker, "__file__", str(tmp_path / "worker.py"))
    with PdfPages(seconds=0.2) as reader, pytest.raises(UnreadableImage, match="takes more than 0.2 s"):
        reader.count(file(tmp_path, written_pdf(RED_LEFT)))


def test_without_the_package_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_pages, "find_spec", lambda name: None)
    with PdfPages() as reader, pytest.raises(UnreadableImage, match="needs pypdfium2: pip install pypdfium2"):
        reader.count(file(tmp_path, written_pdf(RED_LEFT)))


@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b"\n\n", b"HTTP/1.1 200\r\n\r\n", b"\0" * 100, b"MIME\n " * 90]
)
def test_a_pdf_is_known_by_its_content(pdfs, tmp_path, before):
    data = before + written_pdf(RED_LEFT)
    assert is_pdf(data[: pdf_pages.START]) and pdfs.count(file(tmp_path, data)) == 1


@pytest.mark.parametrize("data", [b"", b"a text on %PDF-1.7", b"\xff\xd8\xff\n%PDF-1.4", b"<p>%PDF-1</p>", b"%PS"])
def test_other_files_are_none(data):
    assert not is_pdf(data)
