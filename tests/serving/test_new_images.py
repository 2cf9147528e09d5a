"""Which files of a folder are read, and that their squares are those that the stages pack."""

import os
import shutil

import pytest
from makers.project import UNREADABLE, project  # noqa: F401

from competition.data.image_store import ImageStore
from competition.serving import pages
from competition.serving.new_images import CHUNK, list_files, read_images
from competition.settings.load import load_settings


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    return project


def test_links_are_followed_once_and_what_is_closed_is_named(tmp_path, monkeypatch):
    scans, elsewhere = tmp_path / "scans", tmp_path / "elsewhere"
    (scans / "own").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "far.png").touch()
    (scans / "own/near.png").touch()
    (scans / "own/back").symlink_to(scans)  # a loop
    (scans / "linked").symlink_to(elsewhere)
    (scans / "linked too").symlink_to(elsewhere)
    (scans / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(scans / "pipe")
    assert list_files(scans) == (["linked/far.png", "own/near.png"], {"gone.png": "No such file or directory"})
    (scans / "locked").mkdir()
    usual = os.scandir

    def scandir(path):  # root may look into everything
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list_files(scans)[1] == {"gone.png": "No such file or directory", "locked": "Permission denied"}


@pytest.mark.slow
def test_a_file_that_may_not_be_read_is_named_and_the_others_are_labelled(at_home, tmp_path, monkeypatch):
    usual = pages.read_decoded

    def read_decoded(path, *rest, **named):
        if path.name == "t1.png":
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *rest, **named)

    monkeypatch.setattr(pages, "read_decoded", read_decoded)
    settings = load_settings()
    (chunk,) = read_images("data/raw/test", ["t1.png", "t2.png"], settings.prepare, settings.augment)
    assert (chunk.names, chunk.unreadable) == (["t2.png"], {"t1.png": "Permission denied"})


@pytest.mark.slow
def test_squares_are_the_packed_ones(at_home):
    settings, store = load_settings(), ImageStore("data/test_squares.arrow")
    chunks = list(read_images("data/raw/test", list_files("data/raw/test")[0], settings.prepare, settings.augment))
    assert len(chunks) == 1 and [name.split(".")[0] for name in chunks[0].names] == store.column("source_id")
    for row in range(len(store)):
        assert (chunks[0].images.image(row) == store.image(row)).all()
    assert list(chunks[0].unreadable) == [UNREADABLE] and chunks[0].others == 0


@pytest.mark.slow
def test_chunks_keep_the_order(at_home, tmp_path):
    for n in range(2 * CHUNK + 3):
        shutil.copy(f"data/raw/test/t{1 + n % 6}.png", tmp_path / f"{n:03d}.png")
    settings, (names, _) = load_settings(), list_files(tmp_path)
    chunks = list(read_images(tmp_path, names, settings.prepare, settings.augment, threads=4))
    assert [len(chunk.names) for chunk in chunks] == [CHUNK, CHUNK, 3]
    assert [name for chunk in chunks for name in chunk.names] == names == sorted(names)
    squares = [square for chunk in chunks for square in chunk.images.pixels]
    assert all((square == squares[n % 6]).all() for n, square in enumerate(squares))
