"""The table of duplicates, exact and near, within and across sets, and what `split` makes of it."""

import numpy as np
import pandas as pd
import pytest
from makers.pages import PAGES, saved

from competition.audit.duplicate_table import COLUMNS, of_sets, read_duplicates, write_duplicates
from competition.audit.duplicates import find_duplicates
from competition.audit.scan import Job, Packer
from competition.data.images import THUMBNAIL, thumbnail
from competition.folds.split import joined_groups
from competition.sample.image_file import write_image
from competition.sample.rows import plan_train
from competition.settings.prepare import PrepareSettings


def found(images):
    """Return the table's rows as tuples; `images`: (set, ID, target, content, picture)."""
    thumbnails = np.stack([thumbnail(np.ascontiguousarray(picture)) for *_, picture in images])
    facts = [dict(zip(("set", "ID", "target", "content"), image, strict=False)) for image in images]
    table = find_duplicates(facts, thumbnails, 0.95).table
    assert list(table.columns) == COLUMNS
    return table


def named(table):
    return [(row.kind, row.set, row.ID, row.other_set, row.other_ID, row.targets_differ) for row in table.itertuples()]


def test_exact_and_near_within_and_across():
    again = saved(PAGES[0], 40)
    table = found(
        [
            ("train", "a", "0", "A", PAGES[0]),
            ("train", "b", "1", "A", PAGES[0]),
            ("train", "c", "0", "B", PAGES[1]),
            ("train", "d", "1", "C", again),
            ("train", "e", "0", "A", PAGES[0]),
            ("test", "a", None, "A", PAGES[0]),
            ("test", "x", None, "D", PAGES[1][::-1]),
            ("test", "y", None, "D", PAGES[1][::-1]),
        ]
    )
    assert named(table) == [
        ("exact", "train", "a", "train", "b", True),
        ("near", "train", "a", "train", "d", True),
        ("exact", "train", "a", "train", "e", False),
        ("exact", "train", "a", "test", "a", False),
        ("near", "train", "c", "test", "x", False),
        ("near", "train", "d", "test", "a", False),
        ("exact", "test", "x", "test", "y", False),
    ]
    assert table["target"].tolist() == ["0", "0", "0", "0", "0", "1", ""] and set(table["other_target"]) == {
        "0",
        "1",
        "",
    }
    exact = table["kind"] == "exact"
    assert (table["similarity"][exact] == 1).all() and table["similarity"][~exact].between(0.95, 1).all()
    for sets, count in ((("train", "train"), 3), (("test", "test"), 1), (("train", "test"), 3), (("test", "train"), 3)):
        assert len(of_sets(table, *sets)) == count


def test_boxes_of_one_file_are_pictures_of_their_own():
    left, right, copy = PAGES[0], PAGES[1], saved(PAGES[1], 60)
    facts = [
        {"set": "train", "ID": name, "target": target, "content": content, "box": box}
        for name, target, content, box in (
            ("a", "x", "A", [0, 0, 9, 9]),
            ("b", "y", "A", [9, 0, 18, 9]),
            ("c", "y", "C", None),
            ("d", "x", "A", [0, 0, 9, 9]),
        )
    ]
    pictures = np.stack([thumbnail(np.ascontiguousarray(picture)) for picture in (left, right, copy, left)])
    assert named(find_duplicates(facts, pictures, 0.95).table) == [
        ("exact", "train", "a", "train", "b", False),  # of one page, so of one group; but each has a label of its own
        ("exact", "train", "a", "train", "d", False),
        ("near", "train", "b", "train", "c", False),
    ]
    facts[3]["target"] = "y"
    assert find_duplicates(facts, pictures, 0.95).table["targets_differ"].tolist() == [False, True, False]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_samples_planted_duplicates_are_all_found_and_no_other_pages_of_their_classes(tmp_path, seed):
    rows = plan_train(510, seed)
    original = {row.index: row for row in rows if "duplicate" not in row.fault}
    planted = {row.id: row for row in rows if "duplicate" in row.fault}
    classes = {row.target for row in planted.values()}
    others = [row for row in original.values() if row.target in classes and not row.fault][:20]
    shown = list(
        {
            row.id: row for row in [*planted.values(), *(original[row.index] for row in planted.values()), *others]
        }.values()
    )
    for row in shown:
        write_image(row, "train", tmp_path, seed)
    packed, facts = Packer("train", PrepareSettings())(
        [Job(row.id, str(tmp_path / row.id), str(row.label), None) for row in shown]
    )
    thumbnails = np.stack([np.frombuffer(line["thumbnail"], np.uint8).reshape(THUMBNAIL, THUMBNAIL) for line in packed])
    table = find_duplicates(facts, thumbnails, PrepareSettings().near_duplicate_similarity).table
    ids = [row.id for row in shown]
    groups = joined_groups(ids, zip(table["ID"], table["other_ID"], strict=True), [None] * len(ids))
    by_page = pd.Series(ids).groupby([row.index for row in shown]).transform("min")
    assert groups.tolist() == by_page.tolist()
    for kind in ("exact", "near"):
        found = {id for line in table[table["kind"] == kind].itertuples() for id in (line.ID, line.other_ID)}
        copies = {row.id for row in planted.values() if row.fault == f"{kind} duplicate"}
        assert copies and copies <= found


def test_a_thousand_copies_make_a_thousand_pairs():
    table = found([("train", f"{n:04d}", "0", "A", PAGES[0]) for n in range(1000)])
    assert len(table) == 999 and set(table["ID"]) == {"0000"} and table["other_ID"].is_unique


def test_blank_copies_are_duplicates_where_their_files_are_equal():
    blank = np.full((60, 60, 3), 255, np.uint8)
    table = found([("train", "a", "0", "A", blank), ("train", "b", "0", "A", blank), ("train", "c", "0", "B", blank)])
    assert named(table) == [("exact", "train", "a", "train", "b", False)]


def test_written_and_read_back(tmp_path):
    table = found(
        [
            ("train", "007", "NA", "A", PAGES[0]),
            ("train", "é,x", "01", "A", PAGES[0]),
            ("test", "t", None, "B", PAGES[0]),
        ]
    )
    write_duplicates(tmp_path / "d.csv", table)
    pd.testing.assert_frame_equal(read_duplicates(tmp_path / "d.csv"), table, check_dtype=False)
    assert read_duplicates(tmp_path / "d.csv")["targets_differ"].tolist() == [True, False]
    assert (tmp_path / "d.csv").read_text(encoding="utf-8").splitlines()[
        1
    ] == 'exact,1.0,train,007,NA,train,"é,x",01,True'


def test_nothing_found(tmp_path):
    table = found([("train", "a", "0", "A", PAGES[0]), ("train", "b", "0", "B", PAGES[1])])
    write_duplicates(tmp_path / "d.csv", table)
    assert (
        len(read_duplicates(tmp_path / "d.csv"))
        == len(of_sets(read_duplicates(tmp_path / "d.csv"), "train", "train"))
        == 0
    )


def test_a_wrong_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"d\.csv: not found; `dvc repro` makes it \(stage prepare\)"):
        read_duplicates(tmp_path / "d.csv")
    (tmp_path / "d.csv").write_text("ID,other\na,b\n")
    with pytest.raises(ValueError, match="expected the columns"):
        read_duplicates(tmp_path / "d.csv")
