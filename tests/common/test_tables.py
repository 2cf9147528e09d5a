"""Tables: what is written is read, whatever stands in the cells; and people's, as other programs save them."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers.names import REFUSED, USABLE

from competition.audit.duplicate_table import COLUMNS, read_duplicates, write_duplicates
from competition.audit.problem_files import read_problem_files, write_problem_files
from competition.common.csv import read_frame, read_table, with_decimal_points, write_frame, write_table
from competition.common.errors import ContractError
from competition.data.classes import read_classes, write_classes
from competition.data.metadata import read_metadata, write_metadata
from competition.folds.split import read_folds, write_folds
from competition.labels.fixes import LabelFix, read_label_fixes, write_label_fixes

MARKS = ('"', '""', "a\nb", "a\r\nb", "a\rb", ",", ";", "\t", "'", "\\", "\u2028", "\x85", "\ufeff", "0,5", "1.0")
HOSTILE = (*USABLE, *MARKS)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
CELLS = st.one_of(st.sampled_from(HOSTILE), TEXT)
NAMES = st.one_of(
    st.sampled_from(USABLE), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
).filter(lambda name: name == name.strip())
COUNT = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("tables") / "table.csv"


@COUNT
@given(st.lists(st.tuples(NAMES, CELLS, CELLS), max_size=6))
def test_a_written_table_is_read_as_it_stands(file, rows):
    header = ("ID", "=x,\n", 'a "b"')
    write_table(file, header, rows)
    frame = read_table(file, strip=False).frame
    assert list(frame.columns) == list(header) and list(frame.itertuples(index=False, name=None)) == rows
    assert read_table(file).frame["ID"].tolist() == [id for id, *_ in rows]


@COUNT
@given(st.lists(st.tuples(NAMES, CELLS, CELLS), min_size=1, max_size=6))
def test_a_written_frame_is_read_as_it_stands(file, rows):
    columns = ["ID", "text", "more"]
    write_frame(file, pd.DataFrame(rows, columns=columns))
    assert list(read_frame(file, columns, "prepare").itertuples(index=False, name=None)) == rows


@COUNT
@given(st.lists(st.tuples(NAMES, NAMES, CELLS), min_size=1, max_size=6, unique_by=lambda row: row[0]))
def test_every_table_of_the_stages(file, rows):
    ids, labels, texts = (list(column) for column in zip(*rows, strict=True))
    folds = pd.DataFrame({"ID": ids, "target": labels, "fold": 0, "group": ids})
    write_folds(file, folds)
    assert read_folds(file).equals(folds)
    pair = ["near", 0.9625, "train", ids[0], labels[0], "test", ids[-1], "", False]
    write_duplicates(file, pd.DataFrame([pair], columns=COLUMNS))
    assert read_duplicates(file).to_numpy().tolist() == [pair]
    problems = pd.DataFrame({"ID": ids, "set": "train", "file": texts, "problem": texts})
    write_problem_files(file, problems.to_dict("records"))
    assert read_problem_files(file)[list(problems)].equals(problems)
    classes = dict(zip(ids, labels, strict=True))
    write_classes(file, [{"target": target, "class_name": name} for target, name in classes.items()])
    assert read_classes(file) == classes
    table = pd.DataFrame({"set": "train", "ID": ids, "note": texts, labels[0] + " ": labels})
    write_metadata(file, table)
    found = read_metadata(file)
    assert found.parts["train"].index.tolist() == ids and {*found.numbers, *found.categories} == {*table.columns[2:]}
    fixes = [LabelFix(id, label, text.strip()) for id, label, text in rows]
    write_label_fixes(file, fixes)
    assert read_label_fixes(file) == fixes


# people's tables


TABLE = [["ID", "target", "note"], ["007", "영수증", 'a "b", c'], ["1e5", "NA", "über; 0,5"], ["~", "no", ""]]


def saved(separator=",", quoting=csv.QUOTE_MINIMAL, newline="\n", rows=TABLE):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=newline).writerows(rows)
    return text.getvalue()


FORMATS = {
    "plain": saved().encode(),
    "byte order mark": saved(newline="\r\n").encode("utf-8-sig"),
    "mark twice": b"\xef\xbb\xbf" + saved().encode("utf-8-sig"),
    "semicolons": saved(";", newline="\r\n").encode("utf-8-sig"),
    "Excel's Unicode text": saved("\t", newline="\r\n").encode("utf-16"),
    "big-endian": b"\xfe\xff" + saved("\t").encode("utf-16-be"),
    "UTF-16 without mark": saved().encode("utf-16-le"),
    "UTF-16 big-endian without mark": saved().encode("utf-16-be"),
    "PowerShell > (UTF-16, CRLF)": saved(newline="\r\n").encode("utf-16"),
    "Export-Csv": b"#TYPE System.Object\r\n" + saved(quoting=csv.QUOTE_ALL, newline="\r\n").encode(),
    "sep=": ("sep=;\r\n" + saved(";", newline="\r\n")).encode("utf-8-sig"),
    "quoted sep=": ('"sep=\t"\n' + saved("\t")).encode(),
    "all quoted": saved(quoting=csv.QUOTE_ALL).encode(),
    "old Mac's lines": saved(newline="\r").encode(),
    "empty rows": (saved() + "\n\n,,\n,,\n").encode(),
    "empty columns": saved(rows=[[*row, "", ""] for row in TABLE]).encode(),
    "empty columns in the rows alone": saved(rows=[TABLE[0], *([*row, "", ""] for row in TABLE[1:])]).encode(),
    "empty columns and rows": saved(";", rows=[*([*row, "", ""] for row in TABLE), [""] * 5, [""] * 5]).encode(),
    "empty lines above": b"\n\r\n" + saved().encode(),
    "empty rows above": b",,\n,,\n" + saved().encode(),
    "blanks around": saved(rows=[[f" {cell}\u3000" for cell in row] for row in TABLE]).encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_tables_as_programs_save_them(tmp_path, name):
    (tmp_path / "a.csv").write_bytes(FORMATS[name])
    frame = read_table(tmp_path / "a.csv").frame
    assert [list(frame.columns), *frame.to_numpy().tolist()] == TABLE


@pytest.mark.parametrize(
    ("page", "text", "shown"),
    [
        ("cp949", "영수증", "영수증 in cp949 (Korean)"),
        ("cp1252", "Überweisung", "Überweisung in cp1252"),
        ("cp932", "領収書", "領収書 in cp932 (Japanese)"),
        ("gb18030", "发票", "发票 in gb18030 (Chinese)"),
        ("latin-1", "año", "año in cp1252"),
        ("cp949", "거래명세서 사본", "거래명세서 in cp949"),
    ],
)
def test_a_code_page_is_never_guessed_but_named_with_its_line(tmp_path, page, text, shown):
    (tmp_path / "a.csv").write_bytes(f"ID,target\n1,a\n2,{text.split()[0]}\n".encode(page))
    with pytest.raises(ContractError, match=r"a\.csv: is not UTF-8 text \(byte 0x\w\w in line 3\); save it") as error:
        read_table(tmp_path / "a.csv")
    assert shown in str(error.value)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04....", "is a spreadsheet or an archive; export the table as CSV"),
        (b"ID,target\n1,a\0\n", "is not text (a NUL in line 2)"),
        ("ID,target\n1,a\n".encode("utf-16") + b"\x00", "is not UTF-16 text"),
        (b"ID,target,\n1,a,b\n\n2,c\n", "1 row has another number of fields than the header's 3: line 4 (2)"),
        (b"sep=;\nID;target\n1;a;b\n", "line 3 (3)"),
        (b"", "is empty"),
        (b",,\n,,\n", "is empty"),
    ],
)
def test_what_is_no_table(tmp_path, content, what):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ContractError) as error:
        read_table(tmp_path / "a.csv")
    assert what in str(error.value)


def test_a_submission_is_read_as_it_stands(tmp_path):
    """What the site may refuse is not put right: empty columns, `sep=`, blanks."""
    (tmp_path / "a.csv").write_text("ID,target,\n 1,a,\n,,\n")
    frame = read_table(tmp_path / "a.csv", strip=False).frame
    assert [list(frame.columns), *frame.to_numpy().tolist()] == [["ID", "target", ""], [" 1", "a", ""], ["", "", ""]]
    (tmp_path / "a.csv").write_text("sep=,\nID,target\n")
    assert list(read_table(tmp_path / "a.csv", strip=False).frame.columns) == ["sep=", ""]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["0,5", "1"], ["0.5", "1"]),
        (["1.234,5", "0,25", ""], ["1234.5", "0.25", ""]),
        (["-0,5", "1,5e3"], ["-0.5", "1.5e3"]),
        (["1,2,3", "0,5"], ["1,2,3", "0,5"]),  # a list, or a thing of commas: no number
        (["a, b", "0,5"], ["a, b", "0,5"]),
        (["0.5", "1.234"], ["0.5", "1.234"]),
    ],
)
def test_decimal_commas(cells, numbers):
    assert with_decimal_points("a.csv", pd.DataFrame({"x": cells}))["x"].tolist() == numbers


def test_decimals_that_may_be_thousands_are_asked_about():
    with pytest.raises(ContractError, match=r"1 column has numbers that may be decimals or thousands: x \(1,234\)"):
        with_decimal_points("a.csv", pd.DataFrame({"x": ["1,234", "7"]}))


def test_control_characters_in_ids_never_reach_a_table():
    from competition.data.image_files import is_plain_name

    assert not any(map(is_plain_name, REFUSED)) and all(is_plain_name(name) for name in USABLE)
