"""Downloads are unpacked whatever they are packed in, beside the original, once, and the original stays as it is."""

import os
import signal
import subprocess
import sys
import time
import unicodedata

import pytest
from makers.archives import COMPRESS, contents, tarred, zipped

from competition.common import progress
from competition.common.errors import ContractError
from competition.data.adopt import archives, unpacking_place
from competition.data.adopt.archives import MARKER, opened

FILES = {"train.csv": b"id,label\na,0\n", "train/a.jpg": b"A", "train/sub/b.jpg": b"B", "test/c.jpg": b"C"}


def opened_contents(path, notes=None):
    return contents(opened(path, [] if notes is None else notes))


@pytest.mark.parametrize("name", ["d.zip", "d.tar", "d.rar", "d"])
@pytest.mark.parametrize("pack", [zipped, *(lambda files, kind=kind: tarred(files, kind) for kind in COMPRESS)])
def test_the_content_decides_what_an_archive_is(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(FILES))
    root = opened(tmp_path / name, [])
    assert root == tmp_path / f"{name}.unpacked" and contents(root) == FILES


def test_a_folder_without_archives_is_used_as_it_is(tmp_path):
    (tmp_path / "train.csv").write_text("x")
    (tmp_path / "a.jpg").write_bytes(zipped(FILES))  # images are not looked into
    (tmp_path / "b.xlsx").write_bytes(zipped(FILES))
    assert opened(tmp_path, []) == tmp_path and len(os.listdir(tmp_path)) == 2 + 1


@pytest.mark.parametrize("front", ["train/", "", "./", "./train/"])
def test_archives_inside_become_folders_that_are_never_doubled(tmp_path, front):
    pack = tarred if front.startswith(".") else zipped
    inner = pack({f"{front}a.jpg": b"A", f"{front}b.jpg": b"B"})
    (tmp_path / "c.zip").write_bytes(zipped({"labels.csv": "x", "train.zip": inner}))
    assert opened_contents(tmp_path / "c.zip") == {"labels.csv": b"x", "train/a.jpg": b"A", "train/b.jpg": b"B"}


def test_archives_in_archives_in_archives(tmp_path):
    deepest = tarred({"1/a.jpg": b"A", "2/b.jpg": b"B"}, "xz")
    middle = zipped({"part.tar.xz": deepest, "notes.txt": "n"})
    (tmp_path / "c.tgz").write_bytes(tarred({"c/images.zip": middle, "c/train.csv": "t"}, "gz"))
    expected = {"train.csv": b"t", "images/notes.txt": b"n", "images/part/1/a.jpg": b"A", "images/part/2/b.jpg": b"B"}
    assert opened_contents(tmp_path / "c.tgz") == expected


def test_a_table_in_an_archive_of_its_own_becomes_that_table(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/train.csv.zip").write_bytes(zipped({"train.csv": "t"}))
    (tmp_path / "d/labels.csv").write_bytes(zipped({"labels.csv": "l"}))  # as some sites send it
    (tmp_path / "d/test.csv.gz").write_bytes(COMPRESS["gz"](b"e"))
    (tmp_path / "d/sample.zip").write_bytes(zipped({"sample_submission.csv": "s", "__MACOSX/._x": "mac"}))
    (tmp_path / "d/test.zip").write_bytes(zipped({"1.jpg": "one image is still a folder of images"}))
    expected = {"labels.csv", "sample_submission.csv", "test.csv", "test/1.jpg", "train.csv"}
    assert opened_contents(tmp_path / "d").keys() == expected


def test_a_folder_with_archives_is_unpacked_beside_it_and_stays_as_it_is(tmp_path):
    folder = tmp_path / "d"
    (folder / "images").mkdir(parents=True)
    (folder / "images/a.jpg").write_bytes(b"A")
    (folder / "train.csv").write_text("t")
    (folder / "more/x").mkdir(parents=True)
    (folder / "more/x/test.tar").write_bytes(tarred({"test/c.jpg": b"C", "test/d.jpg": b"D"}))
    before = {file: file.stat().st_mtime_ns for file in sorted(folder.rglob("*"))}
    root = opened(folder, [])
    assert root == tmp_path / "d.unpacked"
    assert contents(root) == {
        "images/a.jpg": b"A",
        "more/x/test/c.jpg": b"C",
        "more/x/test/d.jpg": b"D",
        "train.csv": b"t",
    }
    assert {file: file.stat().st_mtime_ns for file in sorted(folder.rglob("*"))} == before


def test_what_lies_unpacked_beside_its_archive_is_used(tmp_path):
    folder = tmp_path / "d"
    (folder / "train").mkdir(parents=True)
    (folder / "train/a.jpg").write_bytes(b"beside")
    (folder / "train.zip").write_bytes(zipped({"train/a.jpg": b"inside"}))
    (folder / "test.7z").write_bytes(b"7z\xbc\xaf\x27\x1c...")
    (folder / "test").mkdir()
    (folder / "test/b.jpg").write_bytes(b"B")
    (folder / "labels.csv").write_text("beside")
    (folder / "labels.csv.zip").write_bytes(zipped({"labels.csv": b"inside"}))
    notes = []
    assert opened_contents(folder, notes) == {"labels.csv": b"beside", "test/b.jpg": b"B", "train/a.jpg": b"beside"}
    assert notes == [
        f"{folder}/labels.csv.zip: not unpacked, since labels.csv lies beside it and is used",
        f"{folder}/test.7z: not unpacked, since test/ lies beside it and is used",
        f"{folder}/train.zip: not unpacked, since train/ lies beside it and is used",
    ]
    again = []
    opened(folder, again)
    assert again == notes  # said again where nothing is done


def test_the_folder_that_holds_everything_is_what_is_opened(tmp_path):
    (tmp_path / "d").mkdir()
    inner = zipped({f"kaggle/{name}": content for name, content in FILES.items()})
    (tmp_path / "d/download.zip").write_bytes(zipped({"everything.zip": inner}))
    root = opened(tmp_path / "d", [])
    assert root == tmp_path / "d.unpacked/everything/kaggle" and contents(root) == FILES


def test_unpacked_once_and_anew_only_after_a_change(tmp_path, monkeypatch):
    path = tmp_path / "c.zip"
    path.write_bytes(zipped(FILES))
    root = opened(path, [])
    first = (root / "train.csv").stat().st_ino
    assert opened(path, []) == root and (root / "train.csv").stat().st_ino == first
    (root / "train/a.jpg").unlink()  # no longer whole
    assert opened_contents(path) == FILES
    path.write_bytes(zipped({"new.csv": "n"}))
    assert opened_contents(path) == {"new.csv": b"n"}
    os.utime(path, ns=(5, 5))
    before = (root / "new.csv").stat().st_ino, (root / MARKER).stat().st_mtime_ns
    opened(path, [])
    assert ((root / "new.csv").stat().st_ino, (root / MARKER).stat().st_mtime_ns) != before


def test_an_edited_table_of_a_folder_is_seen(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "t.zip").write_bytes(zipped({"1.jpg": "x", "2.jpg": "y"}))
    (folder / "train.csv").write_text("old")
    opened(folder, [])
    (folder / "new").write_text("newer")
    (folder / "new").rename(folder / "train.csv")
    assert (opened(folder, []) / "train.csv").read_text() == "newer"


def test_what_is_not_from_here_is_never_replaced(tmp_path):
    (tmp_path / "c.zip").write_bytes(zipped(FILES))
    (tmp_path / "c.zip.unpacked").mkdir()
    (tmp_path / "c.zip.unpacked/thesis.txt").write_text("mine")
    with pytest.raises(ContractError, match="c.zip.unpacked: is in the way .*; rename or remove it"):
        opened(tmp_path / "c.zip", [])
    assert (tmp_path / "c.zip.unpacked/thesis.txt").read_text() == "mine"


def test_where_nothing_can_be_written_the_projects_data_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cd").mkdir()
    (tmp_path / "cd/c.zip").write_bytes(zipped(FILES))
    monkeypatch.setattr(unpacking_place.os, "access", lambda path, mode: path != tmp_path / "cd")
    root = opened(tmp_path / "cd/c.zip", [])
    assert root.parent.name == "data" and root.name.startswith("c.zip-") and contents(root) == FILES
    assert os.listdir(tmp_path / "cd") == ["c.zip"]


def test_what_was_unpacked_before_is_no_part_of_the_download(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/c.zip").write_bytes(zipped(FILES))
    opened(tmp_path / "d/c.zip", [])
    assert opened_contents(tmp_path / "d") == FILES


def test_a_run_that_stops_leaves_nothing_that_counts(tmp_path, monkeypatch):
    path = tmp_path / "c.zip"
    path.write_bytes(zipped(FILES))

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(archives, "write_json", interrupted)
        opened(path, [])
    assert os.listdir(tmp_path) == ["c.zip"]
    assert opened_contents(path) == FILES


KILLED = """
import sys, time
from pathlib import Path
from competition.data.adopt import archives
def wait(*_):
    print("unpacked", flush=True)
    time.sleep(60)
archives.write_json = wait
archives.opened(Path(sys.argv[1]), [])
"""


def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path):
    path = tmp_path / "c.zip"
    path.write_bytes(zipped(FILES))
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"unpacked\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(os.listdir(tmp_path)) == 2 and not (tmp_path / "c.zip.unpacked").exists()
    assert opened_contents(path) == FILES
    assert sorted(os.listdir(tmp_path)) == ["c.zip", "c.zip.unpacked"]


def test_names_in_utf8_that_do_not_say_so(tmp_path):
    name = unicodedata.normalize("NFC", "Bärlauch/é.jpg")
    data = zipped({name: b"x", "train.csv": b"t"})
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(header) + flags
        data = data[:place] + b"\0\0" + data[place + 2 :]
    (tmp_path / "c.zip").write_bytes(data)
    assert list(opened_contents(tmp_path / "c.zip")) == [name, "train.csv"]


def test_what_is_no_download(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing: no such file or folder; name a download"):
        opened(tmp_path / "nothing", [])
    (tmp_path / "x.zip").write_text("<html>log in first</html>")
    with pytest.raises(ContractError, match="x.zip: is neither a folder nor a zip or tar; name what the site lets you"):
        opened(tmp_path / "x.zip", [])


def test_long_unpacking_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    (tmp_path / "c.zip").write_bytes(zipped(FILES))
    opened(tmp_path / "c.zip", [])
    assert f"unpacking {tmp_path}/c.zip: 4/4 files" in capsys.readouterr().err


@pytest.mark.slow
def test_many_small_files_take_seconds(tmp_path):
    (tmp_path / "c.zip").write_bytes(zipped({f"train/{n:06}.jpg": b"x" for n in range(5_000)}, 0))
    began = time.monotonic()
    root = opened(tmp_path / "c.zip", [])
    print(f"5,000 files in {time.monotonic() - began:.1f} s")
    assert len(os.listdir(root)) in (5_000, 5_001)
