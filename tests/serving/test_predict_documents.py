"""predict on files of several pages: a row for each file and each page, and everything that can't be read is named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from makers.pdfs import BAD, picture_pdf, tiff
from makers.pipeline import table
from makers.project import project  # noqa: F401
from PIL import Image

from pipelines import predict


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def scans(at_home, tmp_path) -> Path:
    """Three test images: alone, in a TIFF and in a PDF."""
    folder = tmp_path / "scans"
    folder.mkdir()
    pictures = [Image.open(f"data/raw/test/t{n}.png").convert("RGB") for n in (1, 2, 3)]
    for n in (1, 2, 3):
        shutil.copy(f"data/raw/test/t{n}.png", folder)
    (folder / "letter.tif").write_bytes(tiff(*pictures))
    (folder / "letter.pdf").write_bytes(picture_pdf(*pictures))
    return folder


def probabilities(rows) -> dict[str, float]:
    """Target -> probability, of the two that a row names."""
    return {rows["target"]: float(rows["probability"]), rows["runner_up"]: float(rows["runner_up_probability"])}


def test_pages_and_files_get_rows(scans, tmp_path, capsys):
    (scans / "letter.pdf").rename(scans / "other.pdf")  # IDs have no extension
    predict.main(scans, tmp_path / "found.csv", "grey", answers=tmp_path / "answers.csv")
    rows = table(tmp_path / "found.csv")
    assert [(row["file"], row["page"]) for row in rows] == [
        *(("letter.tif", page) for page in ("", "1", "2", "3")),
        *(("other.pdf", page) for page in ("", "1", "2", "3")),
        *((f"t{n}.png", "") for n in (1, 2, 3)),
    ]
    facts = [{key: row[key] for key in row if key not in ("file", "page")} for row in rows]
    assert facts[1:4] == facts[8:]  # the TIFF's pixels are the images'
    for scanned, own in zip(facts[5:8], facts[8:], strict=True):
        assert float(scanned["probability"]) == pytest.approx(float(own["probability"]), abs=0.1)
    pages = [probabilities(row) for row in rows[1:4]]
    own = [row.get(rows[0]["target"], 1 - sum(row.values())) for row in pages]  # of three classes, the third's
    assert float(rows[0]["probability"]) == pytest.approx(np.mean(own), abs=2e-6)
    answered = {row["ID"]: row["target"] for row in table(tmp_path / "answers.csv")}
    assert answered == {row["file"].split(".")[0]: row["target"] for row in rows if not row["page"]}
    said = capsys.readouterr().out
    assert "several pages files=2 pages=6 document=mean" in said and " images=5 " in said


@pytest.mark.parametrize("document", ["most_certain", "first"])
def test_a_file_is_answered_as_it_is_asked_for(scans, tmp_path, document):
    predict.main(scans, tmp_path / "found.csv", "grey", document=document)
    rows = {(row["file"], row["page"]): row for row in table(tmp_path / "found.csv")}
    pages = [rows.get(("letter.tif", str(page))) for page in (1, 2, 3)]
    if document == "first":
        assert pages == [None] * 3 and len(rows) == 5
        like = rows["t1.png", ""]
    else:
        like = max(pages, key=lambda row: float(row["probability"]))
    facts = [{key: row[key] for key in row if key not in ("file", "page")} for row in (rows["letter.tif", ""], like)]
    assert facts[0] == facts[1]


def test_nothing_is_lost(scans, tmp_path, capsys):
    for name, (data, _) in BAD.items():
        (scans / name).write_bytes(data)
    (scans / ".scan.png").write_bytes((scans / "t1.png").read_bytes())
    predict.main(scans, tmp_path / "found.csv", "grey", max_pages=2)
    said = capsys.readouterr().out
    for name, (_, why) in BAD.items():
        assert f"warning: unreadable file={name} problem={why}" in said
    for name in ("letter.pdf", "letter.tif"):
        assert f"warning: pages left out file={name} problem=more than the 2 pages that --max-pages reads" in said
    assert "warning: hidden files problem=" in said and "1 hidden file was left out: .scan.png;" in said
    assert f"unreadable={len(BAD)} no_images=0" in said
    assert [row["page"] for row in table(tmp_path / "found.csv")] == ["", "1", "2", "", "1", "2", "", "", ""]
