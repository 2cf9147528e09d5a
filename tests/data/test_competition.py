"""What is read as a competition and as a submission, and how everything wrong with it is said at once."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from competition.audit.scan import packing_jobs
from competition.common.csv import read_table, sort_targets, write_table
from competition.common.errors import ContractError, counted, examples
from competition.data.competition import Competition, read_competition
from competition.data.data_warnings import data_warnings
from competition.data.image_files import ImageFolder
from competition.data.submission import check_submission, read_answers, read_submission, write_submission
from competition.settings.competition import CompetitionSettings

PAGES = Path(__file__).resolve().parents[3] / "shared" / "datasets" / "pages"


def write(
    root, train="ID,target\n01,0\n02,1\n03,0\n", sample="ID,target\n07,0\n08,0\n", meta=None, images=("train", "test")
):
    """Write a competition of CSV texts (str or bytes) with an empty file for each image."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in (("train.csv", train), ("sample_submission.csv", sample), ("meta.csv", meta)):
        if content is not None:
            (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for part, ids in (("train", ("01", "02", "03")), ("test", ("07", "08"))):
        if part in images:
            (root / part).mkdir(exist_ok=True)
            for id in ids:
                (root / part / f"{id}.jpg").touch()
    return CompetitionSettings(root=str(root))


def problems(settings):
    with pytest.raises(ContractError) as caught:
        read_competition(settings)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def test_the_sample_submissions_header_is_what_a_submission_has(tmp_path):
    settings = write(tmp_path, sample="ID,label\n07,0\n08,0\n")
    assert problems(settings) == [
        f"{tmp_path}/sample_submission.csv: columns ID,label; a submission here has ID,target; "
        "set competition.answer: label"
    ]
    competition = read_competition(settings.model_copy(update={"answer": "label"}))
    assert competition.columns == ("ID", "label")
    (tmp_path / "right.csv").write_text("ID,label\n07,0\n08,1\n")
    (tmp_path / "wrong.csv").write_text("ID,target\n07,0\n08,1\n")
    assert check_submission(tmp_path / "right.csv", competition) == []
    assert "columns ID,target; expected ID,label" in check_submission(tmp_path / "wrong.csv", competition)[0]
    for sample in ("ID,0,1\n07,0.5,0.5\n08,0.5,0.5\n", "target,ID\n0,07\n0,08\n"):
        (found,) = problems(write(tmp_path, sample=sample))
        assert f"columns {sample.splitlines()[0]}; a submission here has ID,target; task.answer: label has two" in found
        assert found.endswith(" columns; adopt the competition, which finds the answer's form")
    assert read_competition(write(tmp_path, sample="ID\n07\n08\n")).columns == ("ID", "target")


def test_a_group_column_that_was_named_has_to_be_there(tmp_path):
    settings = write(tmp_path, train="ID,target,patient\n01,0,a\n02,1,a\n03,0,b\n")
    assert "group" not in read_competition(settings).train  # `group` is optional
    (found,) = problems(settings.model_copy(update={"group": "patinet"}))
    assert "train.csv: no column patinet (there: ID, target, patient)" in found and "competition.group" in found


def test_boxes_of_test_images(tmp_path):
    settings = write(tmp_path, train="ID,target,x1,y1,x2,y2\n01,0,1,2,30,40\n02,1,,,,\n03,0,1,2,3,4\n")
    assert read_competition(settings).test_boxes is None
    assert data_warnings(read_competition(settings)) == [
        f"{tmp_path}/train.csv: has boxes, and the test images have none: crops are learnt from, whole images "
        f"answered; give theirs in {tmp_path}/test.csv"
    ]
    (tmp_path / "test.csv").write_text("ID,x1,y1,x2,y2\n08,5,6,7,8\n07,,,,\n")
    assert not data_warnings(read_competition(settings))
    competition = read_competition(settings)
    assert competition.test_boxes.index.tolist() == ["07", "08"] and competition.test_boxes.loc["08"].tolist() == [
        5,
        6,
        7,
        8,
    ]
    assert [job.box for job in packing_jobs(competition)[1]] == [None, (5, 6, 7, 8)]
    whole = write(tmp_path)
    (tmp_path / "test.csv").write_text("image_path,width\n")
    assert read_competition(whole).test_boxes is None  # nobody asks what is in it
    settings = write(tmp_path, train="ID,target,x1,y1,x2,y2\n01,0,1,2,30,40\n02,1,,,,\n03,0,1,2,3,4\n")
    (tmp_path / "test.csv").write_text("ID,x1,y1,x2,y2\n08,5,6,7,8\n08,1,2,3,4\n")
    assert problems(settings) == [f"{tmp_path}/test.csv: 1 ID is repeated: 08; keep one row for each image"]
    (tmp_path / "test.csv").write_text("ID,x1,y1,x2,y2\n08,.5,.6,.7,.8\n07,,,,\n")
    (found,) = problems(settings)
    assert (
        "test.csv: no value of the boxes is above 1, so they are shares of the image; give x1,y1,x2,y2 in its pixels"
        in found
    )


def test_names_composed_otherwise_are_the_same_names(tmp_path):
    """As a Mac writes them into a zip."""
    composed, taken_apart = unicodedata.normalize("NFC", "é1"), unicodedata.normalize("NFD", "é1")
    settings = write(tmp_path, train=f"ID,target\n01,0\n02,1\n{composed},0\n")
    (tmp_path / "train" / f"{taken_apart}.jpg").touch()
    assert read_competition(settings).train_paths[composed].name == f"{taken_apart}.jpg"


def test_reads_a_competition(tmp_path):
    competition = read_competition(write(tmp_path, meta="target,class_name\n1,cat\n0,dog\n"))
    assert list(competition.train.columns) == ["ID", "target"]
    assert competition.train["ID"].tolist() == ["01", "02", "03"]
    assert competition.test_ids == ("07", "08")
    assert competition.targets == ("1", "0") and competition.class_names == ("cat", "dog")
    assert competition.class2index == {"1": 0, "0": 1} and competition.target2class == {"1": "cat", "0": "dog"}
    assert competition.train_paths == {id: tmp_path / "train" / f"{id}.jpg" for id in ("01", "02", "03")}
    assert competition.test_paths["08"] == tmp_path / "test" / "08.jpg"


@pytest.mark.parametrize(
    "train",
    [
        b"\xef\xbb\xbfID,target\n01,0\n02,1\n03,0\n",
        "ID;target\n01;0\n02;1\n03;0\n",
        "ID\ttarget\r\n01\t0\r\n02\t1\r\n03\t0\r\n",
        "ID,target\r01,0\r02,1\r03,0\r",
        '"ID","target"\n"01","0"\n"02","1"\n"03","0"',
        "ID , target\n\n01, 0\n02,1 \n03,0\n\n",
        "ID,target\n01,0\n02,1\n03,0\n".encode("utf-16"),
    ],
    ids=["bom", "semicolons", "tabs_crlf", "cr", "quotes", "spaces_blank_lines", "utf16"],
)
def test_every_way_of_saving_a_csv_reads_the_same(tmp_path, train):
    competition = read_competition(write(tmp_path, train))
    assert competition.train.to_numpy().tolist() == [["01", "0"], ["02", "1"], ["03", "0"]]


def test_targets_are_text_and_sorted_by_number_when_all_are_numbers(tmp_path):
    assert sort_targets(["10", "9", "-1", "9"]) == ("-1", "9", "10")
    assert sort_targets(["10", "9", "b"]) == ("10", "9", "b")
    competition = read_competition(write(tmp_path, train="ID,target\n01,NA\n02,letter\n03,NA\n"))
    assert competition.targets == competition.class_names == ("NA", "letter")


def test_other_column_names_become_the_usual_ones(tmp_path):
    settings = write(
        tmp_path,
        train="label,picture,scan,x1,y1,x2,y2\na,01,s1,0,0,10,20.5\nb,02,,,,,\na,03,s1,1,2,3,4\n",
        sample="picture,label\n07,a\n08,a\n",
        meta="label,name\nb,Bill\na,Form\n",
    )
    names = {"id": "picture", "target": "label", "group": "scan", "class_name": "name"}
    competition = read_competition(settings.model_copy(update=names))
    assert list(competition.train.columns) == ["ID", "target", "group", "x1", "y1", "x2", "y2"]
    assert competition.train["group"].tolist() == ["s1", "02", "s1"]  # an image without a group stands alone
    assert competition.train["y2"].dtype == np.float64 and np.isnan(competition.train["y2"][1])
    assert competition.class_names == ("Bill", "Form") and competition.columns == ("picture", "label")


def test_boxes_that_no_image_can_have_are_read_and_left_to_prepare(tmp_path):
    rows = "01,0,-5,0,10,20.5\n02,1,9,9,3,3\n03,0,,,,\n"
    competition = read_competition(write(tmp_path, train=f"ID,target,x1,y1,x2,y2\n{rows}"))
    boxes = competition.train[["x1", "y1", "x2", "y2"]].to_numpy()
    assert boxes[:2].tolist() == [[-5, 0, 10, 20.5], [9, 9, 3, 3]] and np.isnan(boxes[2]).all()


def test_ids_with_and_without_extension(tmp_path):
    for name in ("a.jpg", "b.PNG", "c.v2.tiff", "d.JPG", "e"):
        (tmp_path / name).touch()
    (tmp_path / "notes.txt").touch()
    images = ImageFolder(tmp_path)
    assert {id: images.candidates(id)[0] for id in ("a", "a.jpg", "b", "b.png", "c.v2", "d.jpg", "e")} == {
        "a": "a.jpg",
        "a.jpg": "a.jpg",
        "b": "b.PNG",
        "b.png": "b.PNG",
        "c.v2": "c.v2.tiff",
        "d.jpg": "d.JPG",
        "e": "e",
    }
    assert [images.candidates(id) for id in ("notes", "a.png", "A", "c", "", "x")] == [[]] * 6


def test_an_id_never_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret.jpg").touch()
    inside = tmp_path / "train"
    inside.mkdir()
    outside = ("../secret", "../secret.jpg", str(tmp_path / "secret.jpg"), "..")
    assert [ImageFolder(inside).candidates(id) for id in outside] == [[]] * 4
    [problem] = problems(write(tmp_path / "c", train="ID,target\n../x,0\n/etc/x,1\na\\b,0\n01,0\n02,1\n"))
    assert "train.csv: 3 IDs are not plain file names: ../x, /etc/x, a\\b" in problem


def test_everything_wrong_is_listed_at_once(tmp_path):
    settings = write(
        tmp_path,
        train="ID,target,x1\n01,0,1\n01,1,1\n,0,1\n../x,5,1\n02,,1\n99,1,1\n",
        sample="ID\n07\n07\n08\n55\n",
        meta="target,class_name\n0,dog\n1,dog\n1,cow\n",
    )
    found = "\n".join(problems(settings))
    for expected in (
        "meta.csv: target stands twice: 1; give each class one row and one name",
        "meta.csv: class_name stands twice: dog",
        "train.csv: 1 row has no ID: rows 3; fill it in",
        "train.csv: 1 ID is not plain file names: ../x; use names on one line, without",
        "train.csv: 1 ID is repeated: 01; keep one row for each image",
        "train.csv: boxes need the columns x1,y1,x2,y2, there is no y1, x2, y2; add or rename them",
        "train.csv: 1 row has no class: rows 5",
        "train.csv: 1 row has a class that is not in meta.csv: 5; the classes are 0, 1",
        "train.csv: 1 ID has no image under",
        "sample_submission.csv: 1 ID is repeated: 07",
        "sample submission: 1 ID has no image under",
    ):
        assert expected in found


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"train": "image,target\n01,0\n"},
            "train.csv: no column ID (there: image, target); rename the file's, or set their names",
        ),
        ({"train": "ID,target\n"}, "train.csv: has a header but no rows"),
        ({"train": ""}, "train.csv: is empty; expected a header line and rows"),
        ({"train": None}, "train.csv: no such file"),
        ({"train": "ID,ID,target\n01,01,0\n"}, "train.csv: columns stand twice: ID; rename or remove one of each"),
        (
            {"train": "ID,target\n01,0\n02,1,5\n03\n"},
            "2 rows have another number of fields than the header's 2: line 3 (3), line 4 (1); quote the cells",
        ),
        ({"train": b"ID,target\n01,0\n02,\xe9\n"}, "is not UTF-8 text (byte 0xe9 in line 3); save it as CSV (UTF-8)"),
        ({"train": 'ID,target\n01,"0\n02,1\n'}, "check the quotes"),
        ({"train": b"PK\x03\x04..."}, "is a spreadsheet or an archive; export the table as CSV (UTF-8)"),
        ({"train": "ID,target\n01,0\n02,0\n03,0\n"}, "only one class"),
        (
            {"train": "ID,target\n01,0.0\n02,1.0\n03,0\n", "meta": "target,class_name\n0,a\n1,b\n"},
            "write whole numbers",
        ),
        (
            {"sample": "ID,target\n"},
            "sample_submission.csv: the test set is empty; expected one row for each test image",
        ),
        ({"sample": None}, "no such file, nor test.csv; one of them has to name the test images"),
        ({"meta": "target,name\n0,a\n1,b\n"}, "meta.csv: no column class_name (there: target, name)"),
        ({"meta": "target,class_name\n0,\n1,b\n"}, "meta.csv: 1 row has no class_name; fill it in or remove the row"),
        ({"images": ("train",)}, "test: no such folder; put the images named by the sample submission there"),
        (
            {"train": "ID,target,x1,y1,x2,y2\n01,0,5,0,5,9\n02,1,0,0,9,z\n03,0,0,0,9,\n"},
            "2 boxes are malformed: row 2 (0,0,9,z), row 3 (0,0,9,); give four numbers, or leave all four empty",
        ),
        (
            {"train": "ID,target,x1,y1,x2,y2\n01,0,0,0,nan,9\n02,1,0,0,inf,9\n03,0,,,,\n"},
            "2 boxes are malformed: row 1 (0,0,nan,9)",
        ),
        ({"train": "ID,target\n01,0\n01.jpg,1\n"}, "1 image under"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path, files, expected):
    assert any(expected in problem for problem in problems(write(tmp_path, **files)))


def test_no_more_than_five_examples(tmp_path):
    assert (counted(1, "IDs of x are"), counted(2, "IDs of x are")) == ("1 ID of x is", "2 IDs of x are")
    assert examples("abcdefg") == "a, b, c, d, e and 2 more"
    rows = "".join(f"z{n},{n % 2}\n" for n in range(1000))
    [problem] = problems(write(tmp_path, train="ID,target\n" + rows))
    assert "1000 IDs have no image" in problem and "z0, z1, z2, z3, z4 and 995 more" in problem


def test_an_id_that_fits_two_images_is_named(tmp_path):
    settings = write(tmp_path)
    (tmp_path / "train" / "01.png").touch()
    assert "1 ID fits several images" in problems(settings)[0] and "01 (01.jpg, 01.png)" in problems(settings)[0]


def test_test_csv_stands_in_for_the_sample_submission(tmp_path):
    settings = write(tmp_path, sample=None)
    (tmp_path / "test.csv").write_text("ID\n08\n07\n")
    assert read_competition(settings).test_ids == ("08", "07")


def test_csv_files_alone_are_enough_without_images(tmp_path):
    settings = write(tmp_path, images=())
    competition = read_competition(settings, images=False)
    assert len(competition.train) == 3 and competition.train_paths == {}


def test_missing_folder():
    with pytest.raises(FileNotFoundError, match="pipelines.adopt"):
        read_competition(CompetitionSettings(root="no/such/folder"))


def test_a_submission_is_written_to_the_byte_and_read_back(tmp_path):
    path = tmp_path / "made" / "s.csv"
    ids = ("007", "a,b", "ü")
    competition = Competition(tmp_path, None, ids, ("0", "1", "x"), ("0", "1", "x"))
    write_submission(path, competition, np.array([0, 1, 2]))
    assert path.read_bytes() == 'ID,target\n007,0\n"a,b",1\nü,x\n'.encode()
    assert read_answers(path, competition).tolist() == [0, 1, 2]
    assert read_submission(path).to_numpy().tolist() == [["007", "0"], ["a,b", "1"], ["ü", "x"]]
    assert [file.name for file in path.parent.iterdir()] == ["s.csv"]
    with pytest.raises(ValueError):
        write_submission(path, competition, np.array([0, 1]))
    write_submission(path, replace(competition, columns=("image", "label")), np.array([0, 1, 2]))
    assert read_submission(path, ("image", "label")).columns.tolist() == ["ID", "target"]
    with pytest.raises(ContractError, match="no column ID, target"):
        read_submission(path)


CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from(',;"\t\n'), max_size=8)


@hypothesis_settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_whatever_is_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    write_table(path, ("ID", "target"), rows)
    frame = read_table(path, strip=False).frame
    assert [tuple(row) for row in frame.itertuples(index=False)] == rows and list(frame) == ["ID", "target"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("ID,target\n07,0\n", ["1 ID of the sample submission is missing: 08; add a row"]),
        ("ID,target\n07,0\n08,1\n09,1\n", ["1 ID is not in the sample submission: 09"]),
        ("ID,target\n07,0\n08,1\n07,0\n", ["1 ID is repeated: 07"]),
        ("ID,target\n08,0\n07,1\n", ["another order than the sample submission's: row 1 is 08, expected 07"]),
        ("ID,target\n7,0\n8,1\n", ["missing: 07, 08; leading zeros were lost", "not in the sample submission: 7, 8"]),
        ("ID,target\n07.jpg,0\n08.jpg,1\n", ["missing: 07, 08; extensions differ", "not in the sample"]),
        ("ID,target\n07,2\n08,1.0\n", ["2 answers are no class: 2, 1.0; write whole numbers"]),
        ("ID,target\n07,\n08,NaN\n", ["2 answers are empty or NaN: rows 1, 2"]),
        ("ID,label\n07,0\n08,1\n", ["columns ID,label; expected ID,target"]),
        (",ID,target\n0,07,0\n1,08,1\n", ["columns ,ID,target; expected ID,target"]),
        ("target,ID\n0,07\n1,08\n", ["columns target,ID; expected ID,target, in this order"]),
        ("ID, target\n07,0\n08,1\n", ["columns ID, target; expected ID,target"]),
        ("ID;target\n07;0\n08;1\n", ["separated by ';'"]),
        ("ID,target\n07,0\n08,1\n".encode("utf-16"), ["saved as utf-16"]),
        (b"ID,target\n07,0\n08,\xff\n", ["is not UTF-8"]),
        ("ID,target\n07,0\n08, 1\n", ["1 answer is no class:  1"]),
        ("", ["is empty"]),
        ("ID,target\n", ["2 IDs of the sample submission are missing"]),
        ("ID,target\n09,3\n09,\n", ["missing: 07, 08", "not in", "repeated: 09", "empty or NaN", "no class: 3"]),
        ("ID,target\n07,0\n08,1\n", []),
        (b"\xef\xbb\xbfID,target\r\n07,0\r\n08,1\r\n", []),
    ],
)
def test_what_is_wrong_with_a_submission(tmp_path, content, expected):
    competition = read_competition(write(tmp_path / "c"))
    path = tmp_path / "s.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = check_submission(path, competition)
    assert len(found) == len(expected)
    for problem, part in zip(found, expected, strict=True):
        assert problem.startswith(f"{path}: ") and part in problem


def test_a_submission_that_is_not_there_is_a_problem(tmp_path):
    competition = read_competition(write(tmp_path / "c"))
    assert check_submission(tmp_path / "no.csv", competition) == [f"{tmp_path / 'no.csv'}: no such file"]


@pytest.mark.skipif(not PAGES.is_dir(), reason="the real pages are not here")
def test_real_pages():
    competition = read_competition(CompetitionSettings(root=str(PAGES)))
    assert (len(competition.train), len(competition.test_ids), len(competition.targets)) == (1570, 3140, 17)
    assert competition.class_names[0] == "bibliography" and len(competition.test_paths) == 3140
    assert check_submission(PAGES / "sample_submission.csv", competition) == []
