"""Image statistics of the packed images: which are measured, and that a damaged file is refused."""

import numpy as np
import pytest
from makers.packed import packed_competition

from competition.audit import image_statistics
from competition.audit.domain_shift import STATISTICS, statistics
from competition.audit.image_statistics import read_statistics, stored_statistics, write_statistics
from competition.data.image_store import ImageStore


@pytest.fixture
def store(tmp_path):
    packed_competition(tmp_path)
    return ImageStore(tmp_path / "augmented.arrow")


def test_clean_and_test_like_images_are_measured(store):
    found = stored_statistics(store, 200)
    views = store.column("view")
    for condition in ("clean", "test_like"):
        rows = [row for row, view in enumerate(views) if view == condition]
        expected = np.array([statistics(store.image(row), 200) for row in rows], np.float32)
        assert found[condition].tolist() == expected.tolist()


def test_a_sample_of_many_is_measured(store, monkeypatch):
    whole = {tuple(row) for row in stored_statistics(store, 255)["clean"].tolist()}
    monkeypatch.setattr(image_statistics, "SAMPLED", 5)
    found = stored_statistics(store, 255)["clean"]
    assert found.shape == (5, len(STATISTICS)) and {tuple(row) for row in found.tolist()} < whole


def test_written_and_read_they_are_the_same(store, tmp_path):
    path, found = tmp_path / "statistics.npz", stored_statistics(store, 255)
    write_statistics(path, found)
    again = read_statistics(path)
    assert {name: values.tolist() for name, values in again.items()} == {k: v.tolist() for k, v in found.items()}
    content = path.read_bytes()
    write_statistics(path, found)
    assert path.read_bytes() == content
    for damaged in (content[:100], b"", b"no zip"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"statistics\.npz: not a file of image statistics, or a damaged one"):
            read_statistics(path)
    write_statistics(path, {name: values[:, :3] for name, values in found.items()})
    with pytest.raises(ValueError, match="of other statistics than 16"):
        read_statistics(path)
    with pytest.raises(FileNotFoundError, match="makes it"):
        read_statistics(tmp_path / "none.npz")
