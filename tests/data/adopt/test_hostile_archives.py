"""Hostile and damaged archives: each ends in one message, nothing is written outside, and nothing stays behind."""

import errno
import io
import os
import random
import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple

import pytest
from makers.archives import COMPRESS, contents, tar_of, tarred, zipped

from competition.common.errors import ContractError
from competition.data.adopt import archive_checks, archive_kinds, unpacking
from competition.data.adopt.archives import opened

YOURSELF = "unpack it yourself, look at what comes out, and adopt the folder"


@pytest.fixture
def refused(tmp_path):
    """A function that opens an archive's bytes and returns the problems."""
    folder = tmp_path / "x"

    def open_it(data, name="c.zip"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        with pytest.raises(ContractError) as caught:
            opened(folder / name, [])
        assert sorted(os.listdir(tmp_path)) == ["x"] and os.listdir(folder) == [name]
        return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]

    return open_it


@pytest.mark.parametrize(
    "name",
    [
        "../out.jpg",
        "a/../../out.jpg",
        "/etc/out.jpg",
        "C:/out.jpg",
        "c:out.jpg",
        "a\\..\\out.jpg",
        "\\\\host\\out",
        "a\nb",
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out(refused, name, pack):
    [problem] = refused(pack({"train.csv": "t", name: "x"}))
    shown = ascii(name)[1:-1]
    assert problem == f"c.zip: 1 name is no plain path inside the archive: {shown}; {YOURSELF}"


def test_a_nul_in_a_name(refused):
    data = zipped({"a.jpgX/../../out": "x"}).replace(b"a.jpgX", b"a.jpg\0")
    assert "no plain path inside the archive: a.jpg\\x00/../../out" in refused(data)[0]


@pytest.mark.parametrize(
    "kind, what",
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
        (tarfile.GNUTYPE_SPARSE, "sparse"),
        (tarfile.REGTYPE, "sparse"),  # as newer programs write them
    ],
)
def test_what_is_no_file_in_a_tar(refused, kind, what):
    info = tarfile.TarInfo("train")
    info.type, info.linkname = kind, "/etc"
    info.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "0"} if kind == tarfile.REGTYPE else {}
    assert refused(tar_of([(info, b"")])) == [f"c.zip: 1 member is no plain file or folder: train ({what}); {YOURSELF}"]


@pytest.mark.parametrize("mode, what", [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFCHR, "a device")])
def test_what_is_no_file_in_a_zip(refused, mode, what):
    info = zipfile.ZipInfo("train")
    info.external_attr = (mode | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc")
        archive.writestr("train/passwd", "x")
    assert refused(buffer.getvalue()) == [f"c.zip: 1 member is no plain file or folder: train ({what}); {YOURSELF}"]


@pytest.mark.parametrize("place, value, what", [(8, 1, "encrypted"), (10, 9, "packed by method 9")])
def test_members_that_cannot_be_read(refused, place, value, what):
    data = bytearray(zipped({"a.jpg": "x"}))
    data[data.index(b"PK\x01\x02") + place] = value
    assert refused(bytes(data)) == [f"c.zip: 1 member is no plain file or folder: a.jpg ({what}); {YOURSELF}"]


@pytest.mark.parametrize(
    "first, second",
    [
        ("a.jpg", "A.JPG"),
        ("d/a.jpg", "D/a.jpg"),
        ("\u00e9.jpg", "e\u0301.jpg"),
        ("stra\u00dfe.jpg", "STRASSE.jpg"),
        ("a.jpg", "./a.jpg"),
    ],
)
def test_names_that_some_disks_take_for_one(refused, first, second):
    [problem] = refused(tarred({first: "1", second: "2"}))
    assert problem == (
        f"c.zip: 1 name stands twice, or differ only in capitals or accents: {first} and {second}; {YOURSELF}"
    )


def test_a_file_that_is_a_folder_too(refused):
    assert "a and a/;" in refused(zipped({"a": "1", "a/b.jpg": "2"}))[0]


def test_a_bomb_of_ten_thousand_to_one(refused):
    data = zipped({"train.csv": "t", "zeros.jpg": bytes(30 << 20)}, zipfile.ZIP_BZIP2)
    assert (30 << 20) / len(data) > 10_000
    [problem] = refused(data)
    assert problem.startswith("c.zip: would grow to ") and problem.endswith(f"if you trust it, {YOURSELF}")
    assert f" times its {len(data):,} bytes or more, as only an archive bomb does; " in problem


@pytest.mark.parametrize("compression", ["bz2", "xz"])
def test_a_tar_and_a_single_file_that_are_bombs(refused, compression):
    assert "as only an archive bomb does" in refused(tarred({"zeros.jpg": bytes(30 << 20)}, compression))[0]
    assert "as only an archive bomb does" in refused(COMPRESS[compression](bytes(30 << 20)))[0]


def test_a_large_member_that_grows_too_much(refused, monkeypatch):
    monkeypatch.setattr(archive_checks, "LARGE", 1 << 20)
    [problem] = refused(zipped({"noise.jpg": random.Random(0).randbytes(50_000), "zeros.jpg": bytes(2 << 20)}))
    assert problem.startswith("c.zip: zeros.jpg: would grow to ")


def test_bombs_in_one_another_are_counted_together(refused):
    inner = zipped({"zeros.jpg": bytes(3 << 20)})  # 1,000 to 1
    outer = zipped({f"{n}.zip": inner for n in range(30)})  # and its copies pack well too
    assert len(outer) < 30 * len(inner)
    twice = zipped({"outer.zip": outer})
    assert "as only an archive bomb does" in refused(twice)[0]


def test_overlapping_members_are_a_bomb(refused):
    """Every entry of the directory means the same packed bytes, as in David Fifield's "A better zip bomb"."""
    one = zipped({"0000": bytes(1 << 20)})
    directory = one.index(b"PK\x01\x02")
    entry, end = one[directory : one.index(b"PK\x05\x06")], bytearray(one[one.index(b"PK\x05\x06") :])
    entries = b"".join(entry.replace(b"0000", b"%04d" % n) for n in range(200))
    end[8:12] = (200).to_bytes(2, "little") * 2
    end[12:16] = len(entries).to_bytes(4, "little")
    assert "as only an archive bomb does" in refused(one[:directory] + entries + bytes(end))[0]


def test_a_header_that_lies_about_the_size(refused):
    data = zipped({"a.jpg": bytes(100_000)})
    for size, why in ((5, "Bad CRC-32"), (200_000, "a.jpg holds less than its header says")):
        lying = data.replace((100_000).to_bytes(4, "little"), size.to_bytes(4, "little"))
        [problem] = refused(lying)
        assert problem.startswith(f"c.zip: is damaged or not whole ({why}") and problem.endswith("); download it again")


def test_more_than_fits_on_the_disk(refused, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(1_000_000))
    [problem] = refused(zipped({"a.jpg": random.Random(0).randbytes(1_100_000)}))
    assert problem.startswith("c.zip: unpacked it needs 0.0 GB, and 0.0 GB are free under ")
    assert problem.endswith("; make room there")


def test_a_disk_that_is_full_in_the_end(refused, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpacking, "_write", full)
    assert refused(zipped({"a.jpg": "x"})) == ["c.zip: the disk is full; make room, and call it again"]


def test_too_many_members(refused, monkeypatch):
    monkeypatch.setattr(archive_checks, "MOST_MEMBERS", 10)
    assert refused(zipped({str(n): "" for n in range(11)})) == [f"c.zip: more than 10 members; {YOURSELF}"]


def test_archives_too_deep_in_one_another(refused):
    data = tarred({"a.jpg": random.Random(0).randbytes(1000)})
    for _ in range(6):
        data = tarred({"x.tar": data, "y.txt": "y"})
    assert refused(data) == [f"c.zip: {': '.join(['x.tar'] * 5)}: archives more than 5 deep; unpack it yourself"]


def test_a_tar_header_that_asks_for_all_memory(refused, monkeypatch):
    monkeypatch.setattr(archive_kinds, "MOST_HEADER", 1 << 20)
    info = tarfile.TarInfo("long")
    info.type = tarfile.GNUTYPE_LONGNAME
    assert "is damaged or not whole (a header of " in refused(tar_of([(info, bytes(2 << 20))], "gz"))[0]


@pytest.mark.parametrize(
    "start, kind, opener",
    [
        (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
        (b"Rar!\x1a\x07\x01\x00", "RAR", "unrar x"),
        (b"\x28\xb5\x2f\xfd", "Zstandard", "tar --zstd -xf"),
        (b"PK\x07\x08", "split zip", "7z x"),
    ],
)
def test_kinds_that_cannot_be_opened(refused, start, kind, opener):
    fix = f"unpack it yourself ({opener}) into a folder of its name beside it"
    assert refused(start + bytes(100)) == [f"c.zip: a {kind} archive can't be opened here; {fix}"]
    [problem] = refused(tarred({"images/train.zip": start + bytes(100), "a.csv": "a"}))
    assert problem.startswith(f"c.zip: images/train.zip: a {kind} archive can't be opened here")


def test_without_a_file(refused):
    assert refused(zipped({"train/": ""})) == ["c.zip: holds no file; download it again"]
    assert refused(zipped({"__MACOSX/._a.jpg": "x", "d/.DS_Store": "y"})) == ["c.zip: holds no file; download it again"]


def test_every_bad_archive_of_a_folder_is_named_and_nothing_is_written(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "good.zip").write_bytes(zipped({"1.jpg": "x", "2.jpg": "x"}))
    (folder / "out.zip").write_bytes(zipped({"../x": "x"}))
    (folder / "cut.tar.gz").write_bytes(tarred({"a.jpg": random.Random(0).randbytes(5000)}, "gz")[:3000])
    with pytest.raises(ContractError) as caught:
        opened(folder, [])
    cut, out = caught.value.problems
    assert cut.startswith(f"{folder}/cut.tar.gz: is damaged or not whole (") and out.startswith(f"{folder}/out.zip: 1 ")
    assert os.listdir(tmp_path) == ["d"]


def test_a_name_too_long_for_the_disk(refused):
    assert (
        "a name in it is too long for this disk; unpack it yourself and shorten it"
        in refused(tarred({"x" * 300: "x"}))[0]
    )


@pytest.mark.parametrize("pack", [zipped, *(lambda files, kind=kind: tarred(files, kind) for kind in COMPRESS)])
def test_damage_anywhere_ends_in_a_message_or_in_the_files(tmp_path, pack):
    """Bytes changed or cut off at 150 places: no other error than ours, and no file outside."""
    dice = random.Random(1)
    files = {f"{kind}/{n}.jpg": dice.randbytes(200) for kind in ("train", "test") for n in range(3)}
    whole = pack({**files, "labels.csv": "id,label\n" * 20})
    for trial in range(150):
        data = bytearray(whole)
        if trial % 3:
            for _ in range(dice.randint(1, 4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
        else:
            del data[dice.randrange(len(data)) :]
        folder = tmp_path / f"{trial}"
        folder.mkdir()
        (folder / "c.zip").write_bytes(data)
        try:
            root = opened(folder / "c.zip", [])
        except ContractError as error:
            assert "c.zip" in str(error) and os.listdir(folder) == ["c.zip"]
        else:
            assert root.is_relative_to(folder / "c.zip.unpacked") and contents(root)
            assert sorted(os.listdir(folder)) == ["c.zip", "c.zip.unpacked"]
