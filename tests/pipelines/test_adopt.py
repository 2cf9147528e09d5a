"""The command `adopt`: what it writes into params.yaml, and that nothing has changed when it fails."""

import shutil
from pathlib import Path

import pytest
from makers.competitions import broken, make

from competition.settings.load import load_settings
from pipelines import adopt, configure

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """Return an empty project's folder, the current one."""
    shutil.copy(PARAMS, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_params_say_what_was_found_and_keep_their_comments(place, capsys):
    download = make("ranzcr-clip-catheter-line-classification", place / "downloads")
    adopt.main(download.path, metric=download.metric)
    settings, out = load_settings(), capsys.readouterr().out
    task = settings.task
    assert (task.labels, task.answer, task.metric, task.decision) == ("multi", "probabilities", "roc_auc", "auto")
    assert settings.competition.id == "StudyInstanceUID" and settings.specialize.base == ()
    assert "params.yaml: specialize.base: []" in out and "params.yaml: task.labels: multi" in out
    assert "labels: multi, since" in out and "groups: PatientID of train.csv, by its name" in out
    assert "skipped: train_annotations.csv: not needed" in out and "python -m pipelines.configure" in out
    text = Path("params.yaml").read_text()
    assert "# what the competition allows" in text and "[]: no review" in text
    changed = set(text.splitlines()) ^ set(PARAMS.read_text().splitlines())
    assert len(changed) <= 12, changed


def test_a_preset_keeps_the_task(place, capsys):
    download = make("ranzcr-clip-catheter-line-classification", place / "downloads")
    adopt.main(download.path, metric=download.metric)
    task, competition = load_settings().task, load_settings().competition
    configure.main("cpu")
    assert load_settings().task == task and load_settings().competition == competition
    assert load_settings().specialize.base == () and "specialize.base: []" in capsys.readouterr().out


def test_what_params_cannot_take_changes_nothing(place):
    text = PARAMS.read_text().replace(
        "    network: tf_efficientnet_lite0\n", "    network: tf_efficientnet_lite0\n    head: arcface\n", 1
    )
    Path("params.yaml").write_text(text)
    download = make("plant-pathology-2021-fgvc8", place / "downloads")
    with pytest.raises(ValueError, match=r"(?s)^params.yaml: 1 wrong:\n.*head: arcface is for"):
        adopt.main(download.path, metric=download.metric)
    assert Path("params.yaml").read_text() == text and not Path("data").exists()
    assert sorted(entry.name for entry in place.iterdir()) == ["downloads", "params.yaml"]


def test_a_member_that_learns_from_metadata_comes_and_goes(place):
    for name, members in (
        ("leaf-classification", ("lite0", "features", "grey", "tabular")),
        ("cassava-leaf-disease-classification", ("lite0", "features", "grey")),
        ("moles", ("lite0", "features", "grey", "tabular")),
    ):
        download = make(name, place / "downloads")
        adopt.main(download.path, metric=download.metric, force=True)
        assert load_settings().train.members == members


def test_a_broken_download_changes_nothing(place):
    download = make("dog-breed-identification", place / "downloads")
    adopt.main(download.path, metric=download.metric)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    source = broken.unlabelled_rows(place / "broken")
    with pytest.raises(ValueError, match="2 rows have no kind"):
        adopt.main(source, metric="accuracy", force=True)
    assert {path: path.read_bytes() for path in before} == before


def test_elsewhere_leaves_params_alone(place, capsys):
    download = make("dog-breed-identification", place / "downloads")
    adopt.main(download.path, metric=download.metric, to=Path("other/raw"))
    assert Path("params.yaml").read_bytes() == PARAMS.read_bytes()
    out = capsys.readouterr().out
    assert "set competition.root to other/raw and competition.id: id, competition.target: breed" in out


def test_adopting_again_needs_force_and_goes_back(place):
    multi = make("plant-pathology-2021-fgvc8", place / "downloads")
    adopt.main(multi.path, metric=multi.metric)
    single = make("cassava-leaf-disease-classification", place / "downloads")
    with pytest.raises(ValueError, match="data/raw: is already there; --force replaces it"):
        adopt.main(single.path, metric=single.metric)
    adopt.main(single.path, metric=single.metric, force=True)
    task = load_settings().task
    assert (task.labels, task.answer, task.metric) == ("single", "label", "accuracy")


def test_class_folders_are_said_to_be_held_out_in_part(place, capsys):
    for n in range(40):
        broken.picture(Path(f"photos/{'ab'[n % 2]}/{n}.png"), n)
        Path(f"photos/a/{n}.txt").touch()
    adopt.main(Path("photos"), solution=Path("data/solution.csv"))
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "data/raw: 36 training images, 4 test images, 2 classes"
    assert out.pop(1).startswith("taken for class folders, 2 folders (a, b): since each holds images, none is called ")
    assert out[1].startswith("train and validation part are both training images (the pipeline makes its own folds);")
    assert out[1].endswith("; the test part is held out")
    assert out[2] == "its labels: data/solution.csv; which file an ID is: data/adopted.csv"
    assert out[3].startswith("note: the test part was drawn image by image; ")
    skipped = [line for line in out if line.startswith("skipped: ")]
    assert len(skipped) == 21 and skipped[-1] == "skipped: 20 more"


def test_a_ratio_that_is_no_numbers(place):
    expected = r"^--ratio 8:one: expected numbers with colons between, such as 8:1:1$"
    with pytest.raises(ValueError, match=expected):
        adopt.main(Path("photos"), ratio="8:one")
