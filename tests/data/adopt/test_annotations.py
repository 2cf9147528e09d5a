"""JSON annotations: rows without a label, images whose names lie in several folders."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, sound
from makers.competitions.brought import brought, rows

from competition.common.errors import ContractError

KINDS = [{"id": n, "name": name} for n, name in ((1, "cat"), (2, "dog"))]
LABELLED = [{"image_id": n, "label": ("cat", "dog")[n % 2]} for n in range(12)]
NUMBERED = [{"image_id": n, "category_id": n % 2 + 1} for n in range(12)]


def changed(marks: list[dict], row: int, **fields) -> list[dict]:
    """Return the annotations with other fields in one row; None: without the field."""
    return [{**mark, **fields} if n == row else mark for n, mark in enumerate(marks)]


def without(marks: list[dict], row: int, field: str) -> list[dict]:
    return [{k: v for k, v in mark.items() if n != row or k != field} for n, mark in enumerate(marks)]


def annotated(folder: Path, marks: list[dict], kinds: list[dict] | None = None) -> Path:
    source = sound(folder)
    (source / "train.csv").unlink()
    lines(source / "sample_submission.csv", "id,label", *(f"{id},cat" for id in TESTS))
    content = {"images": [{"id": n, "file_name": f"{id}.png"} for n, id in enumerate(IDS)], "annotations": marks}
    (source / "train.json").write_text(json.dumps(content | ({"categories": kinds} if kinds else {})))
    return source


@pytest.mark.parametrize(
    ("marks", "kinds"),
    [
        (changed(LABELLED, 7, label=None), None),
        (changed(LABELLED, 7, label=""), None),
        (without(LABELLED, 7, "label"), None),
        (without(LABELLED, 0, "label"), None),
        (changed(NUMBERED, 7, category_id=None), KINDS),
        (without(NUMBERED, 0, "category_id"), KINDS),
    ],
)
def test_an_annotation_without_a_label_is_none(tmp_path, marks, kinds):
    source = annotated(tmp_path / "download", marks, kinds)
    with pytest.raises(ContractError) as caught:
        brought(source)
    said = "train.json: 1 image has no label; fill it in or remove them, or say --labels multi if no label is an answer"
    assert str(caught.value) == said
    came, root, _ = brought(source, "f1_samples", labels="multi")
    assert [row[1] for row in rows(root / "train.csv")[1:]].count("") == 1 and came.classes == 2
    assert "train.json: 1 image has no label: taken as an answer" in came.notes
    assert not kinds or rows(root / "meta.csv")[1:] == [["cat", "cat"], ["dog", "dog"]]
