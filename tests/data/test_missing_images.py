"""IDs without an image where something lies there under almost the name: said what it is, and what to do."""

from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought

from competition.common.errors import ContractError
from competition.data.file_kinds import kind_of_file
from competition.data.image_files import find_images
from competition.data.missing_images import AlmostNamed, why_missing

NAMES = {  # ID, file, what is said
    "a capital": ("A03", "a03.png", "capitals differ: write the IDs as the files are called"),
    "a capital in the file": ("img_a", "IMG_A.JPG", "capitals differ"),
    "a capital in the extension's ID": ("a03.JPG", "A03.jpg", "capitals differ"),
    "zeros lost": ("7", "007.png", "the files' names have leading zeros: write them into the IDs"),
    "zeros lost, with a point": ("7.0", "007.png", "leading zeros: write them into the IDs"),
    "thousands": ("1,234", "1234.png", "leading zeros: write them into the IDs"),
    "only zeros": ("0", "000.png", "leading zeros"),
    "zeros lost in a word": ("img7", "img0007.png", "zeros at the front differ"),
    "zeros too many": ("img007", "img7.png", "zeros at the front differ"),
    "another extension": ("a.jpg", "a.png", "extensions differ: write the IDs without one"),
    "another extension, capitals": ("a.jpg", "A.png", "capitals differ"),
    "a blank": ("img 1", "img_1.png", "blanks, hyphens or other marks differ"),
    "a hyphen": ("img-1", "img_1.png", "blanks, hyphens or other marks differ"),
    "a dash": ("x\u2013ray", "x-ray.png", "blanks, hyphens or other marks differ"),
    "a word before": ("7", "train_7.png", "more before or behind the ID: write the whole names"),
    "a word behind": ("t0", "t0_left.png", "more before or behind the ID"),
}
CONTENTS = {
    "a.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "a.docx": (b"PK\x03\x04\x14\0", "a zip archive or an Office document"),
    "a.html": (b"\n<!DOCTYPE html><title>404", "a web page"),
    "b.html": (b"<html lang=en>", "a web page"),
    "a.svg": (b'<?xml version="1.0"?><svg xmlns="x">', "an SVG drawing"),
    "a.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo, which can't be read: convert it to JPEG or PNG"),
    "a.mp4": (b"\0\0\0\x20ftypisom\0\0\x02\0", "a video"),
    "a.avi": (b"RIFF\x10\0\0\0AVI LIST", "a video"),
    "a.jxl": (b"\xff\x0a\xfa\x1f", "a JPEG XL image, which can't be read: convert it to JPEG or PNG"),
    "lfs.jpg": (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
    "csv.jpg": (b"id,kind\n1,a\n", "text"),
    "zeros.jpg": (bytes(4000), "nothing but zeros"),
    "empty.jpg": (b"", "an empty file"),
    "._a.jpg": (b"\x00\x05\x16\x07\x00\x02\0\0Mac OS X", "what a Mac keeps beside a file"),
}


@pytest.mark.parametrize(("id", "file", "said"), NAMES.values(), ids=NAMES)
def test_what_lies_there_is_said(tmp_path, id, file, said):
    almost = AlmostNamed([f"test/{file}", "test/zzz.png"])
    text = why_missing([id], almost)
    assert said in text and f"({id}: test/{file})" in text
    problems = []
    picture(tmp_path / "test" / file, 1)
    assert find_images(tmp_path / "test", [id], problems) == {}
    assert len(problems) == 1 and said in problems[0] and f"{id}: {file}" in problems[0]


@pytest.mark.parametrize("id", ["b7", "cat", "70", "zz", "a-b"])
def test_what_is_not_alike_is_not_said(id):
    assert why_missing([id], AlmostNamed(["a03.png", "7.png", "x/dog_1.png", "x/dog_2.png", "a+b.png"])) == ""


def test_several_causes_at_once_and_those_without_one():
    almost = AlmostNamed(["a1.png", "007.png", "x.heic"])
    assert why_missing(["A1", "7", "x", "q1", "q2"], almost) == (
        "capitals differ: write the IDs as the files are called (A1: a1.png); the files' names have leading zeros: "
        "write them into the IDs (as text, in a spreadsheet) (7: 007.png); what lies there is no image that can be "
        "read: convert or replace it (x: x.heic); "
        "nothing is called like the other 2: copy them there, or remove the rows"
    )
    assert why_missing(["q"], AlmostNamed(["test.zip"])) == "unpack test.zip, which lies there"


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_image_is_named(tmp_path, name):
    content, kind = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    assert kind_of_file(tmp_path / name).startswith(kind)
    picture(tmp_path / "image.png", 1)
    assert kind_of_file(tmp_path / "image.png") == ""


@pytest.mark.parametrize("name", ["a.pdf", "a.heic", "a.mp4", "a.svg", "a.docx"])
def test_what_lies_in_an_images_place_is_named(tmp_path, name):
    source = sound(tmp_path / "d")
    content, kind = CONTENTS[name]
    (source / "test/t3.png").unlink()
    (source / f"test/t3{Path(name).suffix}").write_bytes(content)
    with pytest.raises(ContractError) as caught:
        brought(source)
    assert f"(t3: test/t3{Path(name).suffix}, {kind})" in str(caught.value)
    assert "what lies there is no image that can be read" in str(caught.value)


def test_images_in_the_other_part_or_above_it(tmp_path):
    for file in ("train/a.png", "train/b.png", "c.png", "test/deep/x.png", "images/e.png"):
        picture(tmp_path / file, 1)
    problems = []
    assert find_images(tmp_path / "test", ["b", "c", "x", "e"], problems) == {"x": tmp_path / "test/deep/x.png"}
    assert "they lie in another folder: move them (b: ../train/b.png, c: ../c.png, e: ../images/e.png)" in problems[0]


def test_adopt_says_it_of_both_parts(tmp_path):
    source = sound(tmp_path / "d")
    lines(source / "sample_submission.csv", "id,kind", *(f"{id if n else 'T0'},a" for n, id in enumerate(TESTS)))
    with pytest.raises(ContractError, match=r"1 ID has no image under .*/test: T0; capitals differ: .*T0: test/t0.png"):
        brought(source)
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},a" for id in TESTS))
    lines(
        source / "train.csv", "id,kind", *(f"{id.upper() if n < 4 else id},{'ab'[n % 2]}" for n, id in enumerate(IDS))
    )
    with pytest.raises(ContractError, match=r"4 IDs have no image under .*/train: A00, A01, A02, A03; capitals differ"):
        brought(source)


def test_nested_test_folders_are_found(tmp_path):
    source = sound(tmp_path / "d")
    (source / "test").rename(tmp_path / "inner")
    (source / "test").mkdir()
    (tmp_path / "inner").rename(source / "test/test")
    assert brought(source)[0].test == 4
