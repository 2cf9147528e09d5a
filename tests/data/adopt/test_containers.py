"""Files of many images: BSON is unpacked into files and a table, other records are skipped or refused by name."""

import io
import struct

import numpy as np
import pytest
from makers.archives import contents, zipped
from PIL import Image

from competition.common.errors import ContractError
from competition.data.adopt.archives import opened
from competition.data.adopt.containers import record_files


def element(key: str, value: object) -> bytes:
    """A value as the specification writes it, https://bsonspec.org/spec.html."""
    name = key.encode() + b"\0"
    if isinstance(value, int):
        return b"\x12" + name + struct.pack("<q", value)
    if isinstance(value, str):
        return b"\x02" + name + struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"
    if isinstance(value, bytes):
        return b"\x05" + name + struct.pack("<i", len(value)) + b"\0" + value
    kind = b"\x04" if isinstance(value, list) else b"\x03"
    return kind + name + document(dict(enumerate(value)) if isinstance(value, list) else value)


def document(values: dict) -> bytes:
    body = b"".join(element(str(key), value) for key, value in values.items())
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def picture(grey: int, kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), grey, np.uint8)).save(data, kind)
    return data.getvalue()


def test_bson_becomes_images_and_a_table(tmp_path):
    first, second = picture(10), picture(200, "PNG")
    train = document({"_id": 7, "category_id": 1000, "imgs": [{"picture": first}]})
    train += document({"_id": 8, "category_id": 2000, "note": "a, b", "imgs": [{"picture": second}]})
    test = document({"_id": 9, "imgs": [{"picture": first}]})
    (tmp_path / "c.zip").write_bytes(zipped({"train.bson": train, "test.bson": test, "sample.csv": "s"}))
    assert contents(opened(tmp_path / "c.zip", [])) == {
        "sample.csv": b"s",
        "test.csv": b"_id\n9\n",
        "test/9.jpg": first,
        "train.csv": b'_id,category_id,note\n7,1000,\n8,2000,"a, b"\n',
        "train/7.jpg": first,
        "train/8.png": second,
    }


def refused(tmp_path, data):
    (tmp_path / "train.bson").write_bytes(data)
    with pytest.raises(ContractError) as caught:
        opened(tmp_path, [])
    [problem] = caught.value.problems
    return problem


def test_several_images_a_row_and_none(tmp_path):
    images = [{"picture": picture(1)}, {"picture": picture(2)}]
    one = document({"_id": 1, "imgs": images[:1]})
    fix = "only one image a row can be adopted: write the images as files"
    assert refused(tmp_path, one + document({"_id": 1, "imgs": images})) == (
        f"{tmp_path}/train.bson: document 2 holds 2 images; {fix}"
    )
    assert f"{tmp_path}/train.bson: document 1 holds 0 images; {fix}" in refused(tmp_path, document({"_id": 1}))


def test_hostile_and_damaged_bson(tmp_path):
    whole = document({"_id": "../../out", "imgs": [{"picture": picture(1)}]})
    assert "no plain path inside the archive: train/../../out.jpg" in refused(tmp_path, whole)
    whole = document({"_id": 1, "imgs": [{"picture": picture(1)}]})
    longer = whole.index(b"\x05picture\0") + 9  # the number of the picture's bytes
    for damaged, why in (
        (whole[:-9], "a document that is cut off"),
        (whole + whole[:20], "a document that is cut off"),
        (whole[:2], "unpack requires a buffer of 4 bytes"),
        (b"\xff\xff\xff\x7f" + whole[4:], "a document of 2147483647 bytes"),
        (whole[:4] + b"\x77" + whole[5:], "a value of kind 119"),
        (whole[:longer] + b"\xff\xff\xff\x7f" + whole[longer + 4 :], "a value that is cut off"),
    ):
        assert refused(tmp_path, damaged) == (
            f"{tmp_path}/train.bson: is damaged or not whole ({why}); download it again"
        )


def test_records_beside_images_are_skipped_and_alone_refused():
    files = ["train_tfrecords/ld_00.tfrec", "train_tfrecords/ld_01.tfrec", "x.H5", "train.csv", "train/a.jpg"]
    skipped, problems = record_files("c", files, True)
    assert problems == [] and skipped == [
        "train_tfrecords/ld_00.tfrec, train_tfrecords/ld_01.tfrec: TFRecord, the images are there as files",
        "x.H5: HDF5, the images are there as files",
    ]
    skipped, problems = record_files("c", files[:2] + files[3:4], False)
    assert skipped == [] and problems == [
        "c: 2 TFRecord files are no form that images can be read from: train_tfrecords/ld_00.tfrec, "
        "train_tfrecords/ld_01.tfrec; write the images as files (ID.png) into a folder beside the tables, and adopt "
        "that"
    ]


def test_a_table_that_is_there_already_is_not_written_over(tmp_path):
    (tmp_path / "train.csv").write_text("mine")
    problem = refused(tmp_path, document({"_id": 1, "imgs": [{"picture": picture(1)}]}))
    assert problem.startswith(f"{tmp_path}/train.bson: ") and "train.csv would be written twice; unpack it" in problem
    assert (tmp_path / "train.csv").read_text() == "mine"
