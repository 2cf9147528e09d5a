"""The same command again, and what was adopted already: the result is the first one's, whatever columns are called."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from makers.competitions import make
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought, classes, rows
from makers.competitions.layouts import SAMPLE, in_folders, put

from competition.common.errors import ContractError
from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Adopted, Destination
from competition.data.adopt.options import Options
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

Sections = tuple[CompetitionSettings, TaskSettings]
BEFORE = (CompetitionSettings(), TaskSettings())


def adopted(source: Path, place: Path, sections: Sections, metric: str) -> tuple[Adopted, Sections]:
    """Return what came, and the sections of params.yaml after it."""
    to = Destination(place / "raw", place / "solution.csv", force=True)
    came = adopt(source, to, sections[0], options=Options(metric=metric), task=sections[1])
    names = ("competition", "task")
    columns, task = ({keys[1]: value for keys, value in came.changes.items() if keys[0] == name} for name in names)
    return came, (sections[0].model_copy(update=columns), TaskSettings(**(sections[1].model_dump() | task)))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def ours(
    folder: Path,
    label: Callable[[int], str] = lambda n: "ab"[n % 2],
    beside: str = "",
    cell: Callable[[int], str] = lambda n: "",
    shown: str = "a",
) -> Path:
    """Write a competition whose columns are called as params.yaml calls them before anything was adopted.

    beside: further columns, with commas between; cell: their cells; shown: the placeholder.
    """
    comma = "," if beside else ""
    source = sound(folder, lambda n: f"{label(n)}{comma}{cell(n)}", f"ID,target{comma}{beside}")
    lines(source / SAMPLE, "ID,target", *(f"{id},{shown}" for id in TESTS))
    return source


def sets_with_patients(folder: Path) -> Path:
    kinds = ("cat", "dog", "owl", "cat dog", "dog owl", "cat owl")
    source = put(folder, [f"{part}/{id}.png" for part, ids in (("train", IDS), ("test", TESTS)) for id in ids])
    lines(source / "train.csv", "Id,labels,patient", *(f"{id},{kinds[n % 6]},p{n % 6}" for n, id in enumerate(IDS)))
    lines(source / SAMPLE, "Id,labels", *(f"{id},cat" for id in TESTS))
    return source


@pytest.mark.parametrize("name", ["sets", "plant-pathology-2021-fgvc8", "cassava-leaf-disease-classification", "moles"])
def test_the_same_command_again_gives_the_same(tmp_path, name):
    if name == "sets":
        source, metric = sets_with_patients(tmp_path / "download"), "f1_samples"
    else:
        download = make(name, tmp_path / "downloads")
        source, metric = download.path, download.metric
    first, sections = adopted(source, tmp_path / "one", BEFORE, metric)
    again, after = adopted(source, tmp_path / "two", sections, metric)
    assert contents(tmp_path / "two") == contents(tmp_path / "one") and after == sections
    assert (again.notes, again.layout, again.skipped) == (first.notes, first.layout, first.skipped)


def test_what_was_adopted_comes_out_as_it_went_in(tmp_path):
    plain = ours(tmp_path / "plain", beside="group,fold,x1,y1,x2,y2", cell=lambda n: f"g{n // 2},{n % 3},0,0,5,5")
    lines(plain / "test.csv", "ID,x1,y1,x2,y2", *(f"{id},0,0,5,5" for id in TESTS))
    for source in (plain, make("moles", tmp_path).path, in_folders(tmp_path / "photos", "cat", "dog", each=20)):
        place = tmp_path / f"{source.name} adopted"
        _, sections = adopted(source, place / "one", BEFORE, "accuracy")
        shutil.copytree(place / "one/raw", place / "copy")
        _, after = adopted(place / "copy", place / "two", sections, "accuracy")
        assert contents(place / "two/raw") == contents(place / "one/raw") and after == sections
        assert {"train.csv", "meta.csv", SAMPLE} <= {*contents(place / "two/raw")}


def test_columns_called_as_ours_are_looked_into_as_any_others(tmp_path):
    kinds = ("cat", "dog", "owl", "cat dog", "dog owl", "cat owl")
    _, root, task = brought(ours(tmp_path / "sets", lambda n: kinds[n % 6]), "f1_samples")
    assert (task["labels"], task["answer"], classes(root)) == ("multi", "label_list", ["cat", "dog", "owl"])
    named = ours(tmp_path / "named", lambda n: ("cat", "dog")[n % 2], shown="0")
    (named / "map.json").write_text(json.dumps({"cat": "0", "dog": "1"}))
    came, root, _ = brought(named)
    assert classes(root) == ["0", "1"] and "classes are answered by name, as '0' in the sample" in str(came.notes)
    _, root, _ = brought(ours(tmp_path / "who", beside="patient_id", cell=lambda n: f"p{n // 2}"))
    assert rows(root / "train.csv")[:2] == [["ID", "target", "group"], ["a00", "a", "p0"]]
    split = ours(tmp_path / "split", beside="split", cell=lambda n: ("train", "train", "val")[n % 3])
    _, root, _ = brought(split)
    assert sorted(row[2] for row in rows(root / "train.csv")[1:]) == [""] * 8 + ["0"] * 4
    with pytest.raises(ContractError, match="holds 12 different numbers with fractions"):
        brought(ours(tmp_path / "numbers", lambda n: f"{0.37 * n:.2f}"))
    with pytest.raises(ContractError, match="4 rows have no target"):
        brought(ours(tmp_path / "empty", lambda n: ("cat", "dog", "nan")[n % 3]))


def test_groups_that_look_alike_are_warned_of(tmp_path):
    source = ours(tmp_path / "d", beside="patient_id", cell=lambda n: f"{'pP'[n in (3, 5)]}{n // 2}")
    came, root, _ = brought(source)
    [warning] = [note for note in came.notes if "groups are written in several ways" in note]
    assert warning.startswith(f"warning: {root}/train.csv: 2 groups") and "P1" in warning


def test_a_hidden_image_that_a_row_names_is_used(tmp_path):
    source = sound(tmp_path / "d")
    for n, name in enumerate(("train/.own.png", "train/.left.png", ".old/a99.png")):
        picture(source / name, 900 + n)
    with open(source / "train.csv", "a") as table:
        table.write(".own,a\n")
    came, root, _ = brought(source)
    assert came.train == len(IDS) + 1 and (root / "train/.own.png").is_file()
    [warning] = [note for note in came.notes if "hidden" in note]
    assert "2 hidden files were left out: .old/a99.png, train/.left.png; " in warning


def test_without_a_metric_that_of_params_is_taken_where_columns_are_called_so(tmp_path):
    source = ours(tmp_path / "d")
    to = Destination(tmp_path / "raw", tmp_path / "solution.csv")
    task = TaskSettings(metric="accuracy")
    came = adopt(source, to, CompetitionSettings(), task=task)
    assert "metric: accuracy, as params.yaml says, which calls the columns so; --metric decides" in came.notes
    assert ("task", "metric") not in came.changes or came.changes["task", "metric"] == "accuracy"
    others = Destination(tmp_path / "others", tmp_path / "solution.csv")
    with pytest.raises(ContractError, match="name it with --metric"):
        adopt(source, others, CompetitionSettings(target="label"), task=task)
