"""Files and folders that are whole or not there."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from competition.common.files import MACHINE, digest, replace_file, replace_folder, write_json


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "er" / "x.txt"
    with replace_file(path) as temporary:
        assert temporary.parent == path.parent  # a rename is atomic only within one file system
        temporary.write_text("one")
        assert not path.exists()
    with replace_file(str(path)) as temporary:
        temporary.write_text("two")
        assert path.read_text() == "one"
    assert path.read_text() == "two" and os.listdir(path.parent) == ["x.txt"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(type(error)):
        with replace_file(path) as temporary:
            temporary.write_text("half")
            raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x.txt"]


def test_a_writer_that_wrote_nothing_is_an_error(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError):
        with replace_file(path):
            pass
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "folder"
    with replace_folder(path) as temporary:
        (temporary / "a").write_text("1")
    with replace_folder(path) as temporary:
        assert os.listdir(temporary) == [] and (path / "a").read_text() == "1"
        (temporary / "b").write_text("2")
    assert os.listdir(path) == ["b"] and os.listdir(path.parent) == ["folder"]


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "a").write_text("old")
    with pytest.raises(ValueError, match="no"):
        with replace_folder(path) as temporary:
            (temporary / "b").write_text("half")
            raise ValueError("no")
    assert os.listdir(tmp_path) == ["folder"] and (path / "a").read_text() == "old" and os.listdir(path) == ["a"]


def test_killed_while_writing_the_old_file_stays_and_the_next_write_clears_away(tmp_path):
    (tmp_path / "x.txt").write_text("old")
    code = (
        "import os, signal; from competition.common.files import replace_file\n"
        "with replace_file('x.txt') as t:\n t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment)
    assert done.returncode == -9 and (tmp_path / "x.txt").read_text() == "old"
    (left,) = tmp_path.glob(".x.txt.*.tmp")
    others = [  # of a process that runs, of another file, of another machine
        left.with_name(f".x.txt.{MACHINE}-{os.getppid()}.tmp"),
        left.with_name(left.name.replace("x.txt", "y.txt")),
        left.with_name(f".x.txt.elsewhere{MACHINE}-1.tmp"),
    ]
    for path in others:
        path.touch()
    with replace_file(tmp_path / "x.txt") as temporary:
        temporary.write_text("new")
    assert {path.name for path in tmp_path.iterdir()} == {"x.txt", *(path.name for path in others)}


def test_a_killed_process_loses_no_folder_and_the_next_write_clears_away(tmp_path):
    path = tmp_path / "folder"
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    moved, half = (tmp_path / f".folder.{MACHINE}-{gone.stdout.strip()}.{end}" for end in ("old", "tmp"))
    for one in (moved, half):
        one.mkdir()
        (one / "a").write_text("a")
    with pytest.raises(ValueError, match="no"):
        with replace_folder(path):
            raise ValueError("no")
    assert os.listdir(tmp_path) == [moved.name]  # the only one that is whole
    for _ in range(2):
        with replace_folder(path) as temporary:
            (temporary / "b").write_text("b")
    assert os.listdir(tmp_path) == ["folder"] and os.listdir(path) == ["b"]


def test_json_keeps_order_and_letters(tmp_path):
    value = {"b": [1, 2.5, None], "a": "Prüfung"}
    write_json(tmp_path / "x.json", value)
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert (
        json.loads(text) == value
        and list(json.loads(text)) == ["b", "a"]
        and "Prüfung" in text
        and text.endswith("}\n")
    )


def test_a_digest_depends_on_contents_and_on_every_part(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"abc")
    other.write_bytes(b"abc")
    file = hashlib.sha256(b"abc").digest()
    assert digest(one) == digest(other) == hashlib.sha256(file).hexdigest()[:16]
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    different = [digest(1), digest("1"), digest([1]), digest(1, 2), digest(12), digest(), digest(2, 1), digest(one, 1)]
    assert len(set(different)) == len(different)


def test_a_new_file_is_readable_as_any_other(tmp_path):
    with replace_file(tmp_path / "x") as temporary:
        temporary.write_text("")
    (tmp_path / "y").write_text("")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == stat.S_IMODE((tmp_path / "y").stat().st_mode)
