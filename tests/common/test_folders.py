"""Which files lie in and below a folder: links once, litter never, hidden ones and closed ones apart."""

import os

import pytest

from competition.common.folders import each_file, files_below, is_hidden

LITTER = [".DS_Store", "._a.png", "Thumbs.db", "__MACOSX/a.png", ".ipynb_checkpoints/a-checkpoint.png", "~$a.docx"]
HIDDEN = [".a.png", ".png", ".old/b.png", "x/.c.jpg", "x/.cache/y/d.png", ".git/objects/ab/cd"]


def folder_of(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_hidden_files_are_apart_and_litter_is_nowhere(tmp_path):
    found = files_below(folder_of(tmp_path, "b.png", "a/b.png", "x/c.jpg", *LITTER, *HIDDEN))
    assert found.names == ["a/b.png", "b.png", "x/c.jpg"] and found.hidden == sorted(HIDDEN) and not found.closed
    assert sorted(each_file(tmp_path)) == found.names
    assert all(map(is_hidden, HIDDEN)) and not any(map(is_hidden, [*found.names, "a./b..png"]))


def test_a_folder_that_several_lead_to_is_listed_once_where_it_can_be_seen(tmp_path):
    folder_of(tmp_path / "in", "own/a.png")
    folder_of(tmp_path / "out", "far.png")
    (tmp_path / "in/own/back").symlink_to(tmp_path / "in")
    (tmp_path / "in/.early").symlink_to(tmp_path / "out")
    (tmp_path / "in/late").symlink_to(tmp_path / "out")
    (tmp_path / "in/later").symlink_to(tmp_path / "out")
    found = files_below(tmp_path / "in")
    assert (found.names, found.hidden) == (["late/far.png", "own/a.png"], [])


def test_what_cant_be_looked_into_is_told(tmp_path, monkeypatch):
    folder_of(tmp_path, "a.png", "locked/b.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    os.mkfifo(tmp_path / "pipe")
    usual = os.scandir

    def scandir(path):  # root may look into everything
        if str(path).rstrip("/").endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = files_below(tmp_path)
    assert found.names == ["a.png"] and not found.hidden
    assert {name: type(error) for name, error in found.closed.items()} == {
        "gone.png": FileNotFoundError,
        "round": OSError,
        "locked": PermissionError,
    }
    with pytest.raises(FileNotFoundError):
        files_below(tmp_path / "nowhere")


def test_folders_can_be_left_out(tmp_path):
    folder_of(tmp_path, "a.png", "b/c.png", "d/b/e.png")
    assert files_below(tmp_path, lambda folder: folder.name == "b").names == ["a.png"]
    assert list(each_file(tmp_path, lambda folder: folder.name == "b")) == ["a.png"]
