"""A name of a table meets the name of a file, or of another table, however either is spelled."""

import pandas as pd
import pytest
from makers.names import LITTER, REFUSED, SPELLINGS, USABLE, nfd

from competition.common.errors import ContractError
from competition.data.adopt.class_folders import read_groups
from competition.data.adopt.image_index import ImageIndex, unsafe_ids
from competition.data.boxes import read_test_boxes
from competition.data.competition import read_competition
from competition.data.image_files import ImageFolder, find_images, is_plain_name
from competition.data.metadata import as_metadata
from competition.data.submission import id_problems
from competition.labels.fixes import LabelFix, spelled_as_train
from competition.leaderboard.score import score_submission
from competition.metrics.scores.accuracy import Accuracy
from competition.serving.new_images import list_files
from competition.settings.competition import CompetitionSettings

EXTENSIONS = (("", ".png"), (".png", ".PNG"), (".PNG", ".png"), (".png", ".png"), (".JPG", ".jpg"), ("", ".JPEG"))


def folder_of(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize(("written", "called"), EXTENSIONS)
@pytest.mark.parametrize("pair", [*SPELLINGS, *((name, name) for name in USABLE)], ids=ascii)
def test_every_id_finds_its_file(tmp_path, pair, written, called):
    id, file = pair[0] + written, pair[1] + called
    folder_of(tmp_path, f"top/{file}", "top/other.png", f"deep/a/{nfd('Ü')}/{file}", "index/other.png", f"index/{file}")
    assert ImageFolder(tmp_path / "top").candidates(id) == [file]
    assert ImageFolder(tmp_path / "deep").candidates(id) == [f"a/{nfd('Ü')}/{file}"]
    assert ImageFolder(tmp_path / "deep").candidates(f"a/Ü/{id}") == [f"a/{nfd('Ü')}/{file}"]
    index = ImageIndex(tmp_path, [f"index/{file}", "index/other.png", f"deep/a/{nfd('Ü')}/{file}"])
    assert index.candidates(f"index/{id}") == [f"index/{file}"]
    assert index.candidates(f"a/Ü/{id}") == [f"deep/a/{nfd('Ü')}/{file}"] and not unsafe_ids("train.csv", [id])


def test_two_files_of_one_look_are_told_apart_by_their_spelling(tmp_path):
    one, other, third = "é\u00a01.png", "é 1.png", nfd("é 1.png")
    folder = ImageFolder(folder_of(tmp_path, one, other, third))
    assert [folder.candidates(name) for name in (one, other, third)] == [[one], [other], [third]]
    problems = []
    assert len(find_images(folder, [nfd(one)], problems, "train.csv")) == 1 and not problems
    find_images(folder, ["é\u20091"], problems, "train.csv")
    assert "1 ID fits several images" in problems[0]


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_control_characters_and_undecodable_bytes(name):
    assert not is_plain_name(name) and unsafe_ids("train.csv", [name])


@pytest.mark.parametrize("pair", SPELLINGS, ids=ascii)
def test_tables_among_themselves(tmp_path, pair):
    id, other = pair
    settings = CompetitionSettings(root=str(tmp_path))
    (tmp_path / "test.csv").write_text(f"ID,x1,y1,x2,y2\n{other},1,2,3,4\nb,5,6,7,8\n", encoding="utf-8")
    problems = []
    boxes = read_test_boxes(tmp_path / "test.csv", ("b", id), settings, problems)
    assert boxes.to_numpy().tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]] and not problems
    table = pd.DataFrame({"set": "test", "ID": [other, "b"], "age": ["3", "4"]})
    rows = as_metadata(table).of("test", ["b", id, "none"])
    assert rows.index.tolist() == ["b", id, "none"] and rows["age"].tolist()[:2] == [4, 3]
    (tmp_path / "train.csv").write_text(f"ID,target\n{id},a\nb,b\n", encoding="utf-8")
    (tmp_path / "sample_submission.csv").write_text("ID,target\nc,a\n")
    competition = read_competition(settings, images=False)
    fixes = [LabelFix("b", "a"), LabelFix(other, "b"), LabelFix("unknown", "b")]
    assert [fix.id for fix in spelled_as_train(fixes, competition)] == ["b", id, "unknown"]


@pytest.mark.parametrize("pair", SPELLINGS, ids=ascii)
def test_a_submission_is_scored_however_its_ids_are_spelled_but_is_not_valid(tmp_path, pair):
    id, other = pair
    (tmp_path / "solution.csv").write_text(f"ID,target\n{id},a\nx,b\n", encoding="utf-8")
    (tmp_path / "submission.csv").write_text(f"ID,target\nx,b\n{other},a\n", encoding="utf-8")
    scored = score_submission(tmp_path / "submission.csv", tmp_path / "solution.csv", Accuracy(), CompetitionSettings())
    assert scored.all == 1
    problems = " ".join(id_problems(tmp_path / "submission.csv", ["x", other], ["x", id], "the sample submission"))
    assert "letters are composed otherwise" in problems or "kinds of blanks or unseen marks differ" in problems


@pytest.mark.parametrize("pair", SPELLINGS, ids=ascii)
def test_groups_of_class_folders(tmp_path, pair):
    written, called = pair
    (tmp_path / "groups.csv").write_text(
        f"file,group\nÜ/{written}.png,g\n{written} 2,h\ndata/Ü/b.JPG,i\n", encoding="utf-8"
    )
    files = [f"{nfd('Ü')}/{called}.PNG", f"{nfd('Ü')}/{called} 2.jpg", f"{nfd('Ü')}/b.jpg"]
    problems = []
    found, notes = read_groups(tmp_path / "groups.csv", None, files, problems)
    assert (list(found), list(found.values()), notes, problems) == (files, ["g", "h", "i"], [], [])


def test_litter_is_no_image(tmp_path):
    folder_of(tmp_path / "train", *LITTER, "page.jpg", "x/page-2.jpg")
    assert ImageFolder(tmp_path / "train").names == ["page.jpg", "x/page-2.jpg"]
    assert list_files(tmp_path / "train") == (["page.jpg", "x/page-2.jpg"], {})
    problems = []
    find_images(tmp_path / "train", ["page", "page-checkpoint", "SYNOPHOTO_THUMB_M"], problems)
    assert "2 IDs have no image" in problems[0]


def test_refused_names_are_listed(tmp_path):
    (tmp_path / "train.csv").write_text('ID,target\n"a\tb",a\nc,b\n')
    (tmp_path / "sample_submission.csv").write_text("ID,target\nc,a\n")
    with pytest.raises(ContractError, match="1 ID is not plain file names"):
        read_competition(CompetitionSettings(root=str(tmp_path)), images=False)
