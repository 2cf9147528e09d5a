"""The packed store: what goes in comes out."""

import datasets
import numpy as np
import pytest
from makers.store_rows import row, square

from competition.data.image_store import SCHEMA, ImageStore, StoredThumbnails, write_rows
from competition.data.images import THUMBNAIL
from competition.data.packing import build
from competition.settings.machine import MachineSettings


def make(jobs):
    return [row(job) | {"copy": n} for job in jobs for n in range(2 if job % 3 == 0 else 1)]


JOBS = range(23)


@pytest.fixture
def written(tmp_path):
    write_rows(tmp_path / "x.arrow", make(JOBS))
    return tmp_path / "x.arrow"


def test_written_and_read_back(tmp_path):
    rows = [row(job) for job in range(5)]
    rows[2] |= {"target": None, "group": "g", "image": b""}
    write_rows(tmp_path / "x.arrow", rows)
    store = ImageStore(tmp_path / "x.arrow")
    assert len(store) == 5
    assert store.column("id") == [f"{job:03d}" for job in range(5)]
    assert store.column("target") == ["x", "x", None, "x", "x"] and store.column("group") == [
        None,
        None,
        "g",
        None,
        None,
    ]
    assert [(store.thumbnail(n) == n).all() for n in range(5)] == [True] * 5 and store.thumbnail(0).shape == (
        THUMBNAIL,
        THUMBNAIL,
    )
    assert store.column("copy").tolist() == [0, 1, 2, 3, 0]
    assert [store.encoded(n).tobytes() for n in range(5)] == [line["image"] for line in rows]
    assert np.abs(store.image(3).astype(int) - square(3)).max() <= 2


def test_datasets_reads_it(written):
    found, expected = datasets.Dataset.from_file(str(written)), make(JOBS)
    assert found.column_names == SCHEMA.names and len(found) == len(expected)
    for n in (0, 7, len(expected) - 1):
        assert found[n] == {"group": None} | expected[n]


def test_thumbnails_of_two_stores(tmp_path):
    write_rows(tmp_path / "a.arrow", [row(job) for job in (1, 2, 3)])
    write_rows(tmp_path / "b.arrow", [row(job) for job in (4, 5)])
    thumbnails = StoredThumbnails(ImageStore(tmp_path / "a.arrow"), ImageStore(tmp_path / "b.arrow"))
    found = thumbnails[np.array([4, 0, 2, 3, 0])]
    assert found.shape == (5, THUMBNAIL, THUMBNAIL) and found[:, 0, 0].tolist() == [5, 1, 3, 4, 1]
    assert thumbnails[np.array([], np.int64)].shape == (0, THUMBNAIL, THUMBNAIL)


def test_rows_without_thumbnails(tmp_path):
    write_rows(tmp_path / "x.arrow", [row(1) | {"thumbnail": None}])
    assert ImageStore(tmp_path / "x.arrow").image(0).shape == (8, 10, 3)


def test_an_empty_file_of_rows(tmp_path):
    write_rows(tmp_path / "x.arrow", [])
    assert len(ImageStore(tmp_path / "x.arrow")) == 0


def test_what_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.arrow: not found; `dvc repro`"):
        ImageStore("nowhere.arrow")


def test_optional_columns_are_there_where_rows_have_them(tmp_path):
    corners, likely = np.arange(16, dtype=np.float32).reshape(2, 8), np.eye(8, dtype=np.float32)[:2]
    rows = [row(n) | {"corners": corners[n].tolist(), "orientations": likely[n].tolist()} for n in range(2)]
    write_rows(tmp_path / "with.arrow", rows)
    write_rows(tmp_path / "without.arrow", [row(n) for n in range(2)])
    one, other = ImageStore(tmp_path / "with.arrow"), ImageStore(tmp_path / "without.arrow")
    assert (one.optional("corners") == corners).all() and (
        one.orientations(np.array([1, 0, 1])) == likely[[1, 0, 1]]
    ).all()
    assert other.optional("corners") is None and other.orientations(np.array([0])) is None
    both = ImageStore(tmp_path / "with.arrow", tmp_path / "with.arrow")
    assert (both.optional("corners") == np.concatenate([corners, corners])).all()


def test_a_set_packed_in_parts_keeps_its_optional_columns(tmp_path):
    def make(jobs):
        return [row(job) | {"orientations": np.eye(8)[job].tolist()} for job in jobs], []

    build(
        tmp_path / "set.arrow", range(5), make, tmp_path / "state", part_size=2, machine=MachineSettings(workers=1),
        title="set",
    )  # fmt: skip
    assert (ImageStore(tmp_path / "set.arrow").optional("orientations") == np.eye(8)[:5]).all()
