"""Which pages the files of a folder have, and that each of them is read."""

import io

import numpy as np
import pytest
import tifffile
from makers.pdfs import BAD, RED_LEFT, picture_pdf, tiff, written_pdf
from PIL import Image

from competition.data.images import read_decoded
from competition.data.letterbox import shrink
from competition.data.tiff_pages import count_tiff_pages
from competition.serving.pages import Page, list_pages
from competition.serving.pdf_pages import PdfPages
from competition.settings.prepare import PrepareSettings

PICTURES = [Image.fromarray(np.full((40, 30, 3), level, np.uint8)) for level in (20, 120, 220)]


@pytest.fixture(scope="module")
def pdfs():
    with PdfPages() as reader:
        yield reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    PICTURES[0].save(folder / "a.png")
    gif = {"save_all": True, "append_images": PICTURES[1:]}
    PICTURES[0].save(folder / "moving.gif", **gif)
    files = {
        "one.pdf": written_pdf(RED_LEFT),
        "photo.jpg": picture_pdf(*PICTURES),
        "scan.tif": tiff(*PICTURES),
        "single.tif": tiff(PICTURES[0]),
        "notes.txt": b"%PDF is a format",
        "locked.pdf": BAD["locked.pdf"][0],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def listed(folder, pdfs, **how):
    return list_pages(folder, sorted(path.name for path in folder.iterdir()), pdfs, **how)


def test_each_page_of_pdfs_and_tiffs_is_listed(folder, pdfs):
    found = listed(folder, pdfs)
    assert [page.id for page in found.pages] == [
        *("a.png", "moving.gif", "notes.txt", "one.pdf", "photo.jpg/1", "photo.jpg/2", "photo.jpg/3"),
        *("scan.tif/1", "scan.tif/2", "scan.tif/3", "single.tif"),
    ]
    assert found.by_id["one.pdf"] == Page("one.pdf", 1, is_pdf=True) and found.by_id["single.tif"].number is None
    assert found.unreadable == {"locked.pdf": BAD["locked.pdf"][1]} and found.cut == []


def test_no_more_than_the_limit_and_the_rest_is_said(folder, pdfs):
    found = listed(folder, pdfs, most=2)
    assert [page.id for page in found.pages if page.several] == [
        "photo.jpg/1",
        "photo.jpg/2",
        "scan.tif/1",
        "scan.tif/2",
    ]
    assert found.cut == ["photo.jpg", "scan.tif"]


def test_one_page_of_each_file(folder, pdfs):
    found = listed(folder, pdfs, only=2)
    assert [page.id for page in found.pages] == sorted(path.name for path in folder.iterdir()) and not found.cut
    assert {page.file: page.number for page in found.pages if page.is_pdf} == dict.fromkeys(
        ("locked.pdf", "one.pdf", "photo.jpg"), 2
    )


@pytest.mark.parametrize("name", ["photo.jpg", "scan.tif"])
def test_each_page_is_read(folder, pdfs, name):
    prepare = PrepareSettings(longest_side=32)
    for number, picture in enumerate(PICTURES, start=1):
        pixels, damage = Page(name, number, True, name == "photo.jpg").read(folder, prepare, pdfs, 32)
        expected = shrink(np.asarray(picture), 32)
        assert damage == "" and pixels.shape == expected.shape
        assert abs(pixels.astype(int) - expected).max() <= (3 if name == "photo.jpg" else 0)


def saved(*arrays, **how) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **how) as writer:
        for values in arrays:
            writer.write(values, subfiletype=int(len(values) < 8), metadata=None)
    return file.getvalue()


SMALL, PAGE = np.zeros((4, 4), np.uint8), np.zeros((9, 9), np.uint8)
TIFFS = {
    "grey": saved(PAGE, PAGE, PAGE),
    "one": saved(PAGE),
    "deep colour": saved(*[np.zeros((9, 9, 3), np.uint16)] * 3),
    "floats": saved(PAGE.astype(np.float32), PAGE.astype(np.float32)),
    "big-endian": saved(PAGE, PAGE, byteorder=">"),
    "BigTIFF": saved(PAGE, PAGE, bigtiff=True),
    "thumbnails": saved(PAGE, SMALL, PAGE, SMALL),
    "a thumbnail first": saved(SMALL, PAGE, PAGE),
    "colours, by Pillow": tiff(*PICTURES),
    "1 bit": tiff(*(picture.convert("1") for picture in PICTURES)),
}


@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_has_as_many_pages_as_its_reader_finds(tmp_path, name):
    (tmp_path / "a.tif").write_bytes(TIFFS[name])
    pages = read_decoded(tmp_path / "a.tif", least=0).pages
    assert count_tiff_pages(tmp_path / "a.tif", 9) == pages
    assert count_tiff_pages(tmp_path / "a.tif", 1) == min(2, pages)


def test_a_tiff_in_a_circle_and_one_cut_off_end(tmp_path):
    data = bytearray(saved(PAGE, PAGE))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        first, second = (page.offset for page in file.pages)
        tags = len(file.pages[1].tags)
    data[second + 2 + 12 * tags : second + 6 + 12 * tags] = first.to_bytes(4, "little")
    (tmp_path / "circle.tif").write_bytes(data)
    (tmp_path / "cut.tif").write_bytes(saved(PAGE, PAGE)[:30])
    assert 1 <= count_tiff_pages(tmp_path / "circle.tif", 50) <= 51
    assert count_tiff_pages(tmp_path / "cut.tif", 50) == 1
