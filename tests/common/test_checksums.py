"""A folder that a command makes anew: what a person put there, or edited, is refused and not lost."""

import shutil
import subprocess
import zipfile

import pytest

from competition.common.checksums import CHECKSUMS, refuse_foreign, write_checksums
from competition.serving.bundle import FACTS, INFER, LOCK, check_place

MARKER = "made.json"


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    (folder / "below").mkdir(parents=True)
    for name in (MARKER, "README.md", "below/weights with a blank"):
        (folder / name).write_text(name)
    write_checksums(folder)
    return folder


def test_what_was_written_may_be_replaced(made):
    refuse_foreign(made, MARKER)
    (made / "below/__pycache__").mkdir()
    (made / "below/__pycache__/x.pyc").touch()
    (made / ".DS_Store").touch()
    (made / "README.md").unlink()
    refuse_foreign(made, MARKER)
    refuse_foreign(made.parent / "nothing", MARKER)
    (made.parent / "empty").mkdir()
    refuse_foreign(made.parent / "empty", MARKER)


@pytest.mark.parametrize(
    ("name", "found"),
    [("README.md", "README.md"), ("below/notes.txt", "below/notes.txt"), ("labels.csv", "labels.csv")],
)
def test_what_a_person_wrote_is_named(made, name, found):
    (made / name).write_text("years of work")
    with pytest.raises(ValueError, match=f"1 file is not as this command wrote them.*: {found}; name another place"):
        refuse_foreign(made, MARKER)


@pytest.mark.parametrize("without", [MARKER, CHECKSUMS])
def test_another_folder_is_refused_whole(made, without):
    (made / without).unlink()
    with pytest.raises(ValueError, match=r"holds files \(.*below/weights with a blank.*\), and no made.json with"):
        refuse_foreign(made, MARKER)


def test_a_file_is_no_folder(made):
    with pytest.raises(ValueError, match="README.md: is a file; name a folder"):
        refuse_foreign(made / "README.md", MARKER)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")
def test_the_file_is_sha256sums(made):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", CHECKSUMS], cwd=made, check=True)


def test_a_zip_that_is_no_bundle_is_refused(tmp_path):
    path = tmp_path / "photos.zip"
    check_place(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name in (FACTS, INFER, LOCK):
            archive.writestr(name, "")
    check_place(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", "")
    with pytest.raises(ValueError, match="photos.zip: is there, and no bundle; it would be lost"):
        check_place(path)
    path.write_text("no zip")
    with pytest.raises(ValueError, match="no bundle"):
        check_place(path)
