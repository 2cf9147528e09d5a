"""IDs of tables beside the training table: with or without an extension, and what they leave out."""

import pandas as pd
import pytest

from competition.data.boxes import read_test_boxes
from competition.data.image_ids import match_ids
from competition.data.metadata import as_metadata
from competition.settings.competition import CompetitionSettings


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("s0.png", ["s0", "s1"], "s0"),
        ("s0", ["s0.png", "s1.png"], "s0.png"),
        ("s0.PNG", ["s0.png", "s0.jpg"], "s0.png"),
        ("s0.png", ["s0.png", "s0"], "s0.png"),
        ("s0.png", ["s0.jpg"], "s0.png"),
        ("s0", ["s0.jpg", "s0.png"], "s0"),
        ("v1.2", ["v1.2.png", "v1"], "v1.2.png"),
        ("e\u0301.png", ["\u00e9"], "\u00e9"),
    ],
)
def test_a_name_and_the_id_of_the_same_image(name, known, expected):
    assert match_ids([name], known) == {name: expected}


def test_boxes_and_metadata_of_ids_with_an_extension(tmp_path):
    (tmp_path / "test.csv").write_text("ID,x1,y1,x2,y2\ns1.png,1,2,3,4\ns0.png,,,,\n")
    problems = []
    boxes = read_test_boxes(tmp_path / "test.csv", ("s0", "s1"), CompetitionSettings(), problems)
    assert boxes.loc["s1"].tolist() == [1, 2, 3, 4] and boxes.loc["s0"].isna().all() and not problems
    table = pd.DataFrame({"set": "test", "ID": ["s1.png", "s0.png"], "age": ["3", "4"]})
    assert as_metadata(table).of("test", ["s0", "s1"])["age"].tolist() == [4, 3]


def test_test_images_that_have_no_row_among_the_boxes(tmp_path):
    (tmp_path / "test.csv").write_text("ID,x1,y1,x2,y2\nt0.png,1,2,3,4\ns1.png,1,2,3,4\n")
    problems = []
    read_test_boxes(tmp_path / "test.csv", ("s0", "s1"), CompetitionSettings(), problems)
    assert problems == [
        f"{tmp_path}/test.csv: 1 test image has no row: s0; write one, with a box as in the training table or four "
        "empty cells for the whole image"
    ]
