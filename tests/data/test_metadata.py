"""Columns beside the image: which they are, of what kind, and their file."""

import numpy as np
import pytest

from competition.data.metadata import metadata_table, read_metadata, write_metadata
from competition.settings.competition import CompetitionSettings

SETTINGS = CompetitionSettings(id="name", target="label", group="patient")
TRAIN = """name,label,patient,fold,age,site,x1,y1,x2,y2,ID,only_train
1,a,p,0,40.5,arm,1,1,2,2,u,1
2,b,q,1,,"leg, left",1,1,2,2,v,2
3,a,q,1,NA,007,1,1,2,2,w,3
"""
TEST = """name,patient,age,site,x1,y1,x2,y2,ID
1,z,12,arm,1,1,2,2,k
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    return tmp_path


def settings_of(folder):
    return SETTINGS.model_copy(update={"root": str(folder)})


def test_columns_of_both_tables_that_are_nothing_else(folder):
    table = metadata_table(settings_of(folder))
    assert table.columns.tolist() == ["set", "ID", "age", "site", "ID"]
    write_metadata(folder / "metadata.csv", table)
    found = read_metadata(folder / "metadata.csv")
    assert found.numbers == ("age",) and found.categories == ("site", "ID")
    train = found.of("train", ["3", "1", "unknown", "2"])
    assert train["age"].iloc[1] == 40.5 and np.isnan(train["age"].iloc[[0, 2, 3]].astype(float)).all()
    assert train["site"].tolist()[:2] == ["007", "arm"] and train["site"].tolist()[3] == "leg, left"
    assert train["site"].isna().tolist() == [False, False, True, False]
    # an ID of both sets is each set's own
    assert found.of("test", ["1"])["ID"].tolist() == ["k"] and found.of("test", ["1"])["age"].tolist() == [12]


def test_a_text_among_numbers_makes_a_category(folder):
    (folder / "test.csv").write_text(TEST.replace("12", "twelve"))
    write_metadata(folder / "metadata.csv", metadata_table(settings_of(folder)))
    assert read_metadata(folder / "metadata.csv").categories[0] == "age"


def test_names_and_none(folder):
    write_metadata(folder / "metadata.csv", metadata_table(settings_of(folder)))
    assert read_metadata(folder / "metadata.csv", ("site",)).categories == ("site",)
    nothing = read_metadata(folder / "metadata.csv", "none")
    assert not nothing.numbers + nothing.categories
    with pytest.raises(ValueError, match=r"task.metadata: no column patient in both .* \(there: age, site, ID\)"):
        read_metadata(folder / "metadata.csv", ("patient", "age"))


def test_a_competition_without_any(folder):
    for text in ("name,patient\n1,z\n", None):
        (folder / "test.csv").unlink()
        if text:
            (folder / "test.csv").write_text(text)
        write_metadata(folder / "metadata.csv", metadata_table(settings_of(folder)))
        assert (folder / "metadata.csv").read_text() == "set,ID\n"
        found = read_metadata(folder / "metadata.csv")
        assert not found.numbers + found.categories and found.of("train", ["1"]).shape == (1, 0)
        (folder / "test.csv").touch()
    (folder / "metadata.csv").unlink()
    with pytest.raises(FileNotFoundError, match="stage prepare"):
        read_metadata(folder / "metadata.csv")
