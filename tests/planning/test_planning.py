"""The forecast of a run: lines, parts of a competition, and what a watched command takes."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from makers.surveys import NETWORK, made_settings, survey_of, votes_of

from competition.data.competition import read_competition
from competition.data.metadata import metadata_table
from competition.data.predictions import Predictions, load_predictions, save_predictions
from competition.ensembling.rules.stacking import Stacking
from competition.ensembling.specialist_votes import asked_rows
from competition.ensembling.voting import soft_vote
from competition.folds.split import read_folds
from competition.planning import measure, subset
from competition.planning.cost_model import forecast
from competition.planning.dummy_predictions import draw_folds, draw_rows, draw_specialist
from competition.planning.forecast import line, memory_line
from competition.planning.process_usage import run_measured
from competition.planning.subset import EPOCHS, Size, part_params, part_sizes, write_part
from competition.planning.survey import stages_before_training, tried_shares
from competition.planning.table import duration
from competition.settings.params import Settings
from competition.settings.review import ReviewSettings
from competition.settings.task import TaskSettings

pytestmark = pytest.mark.slow


def test_a_line_goes_through_both_points_and_never_below_zero():
    through = line((10, 7.0), (30, 11.0))
    assert (through.at(10), through.at(30), through.at(100)) == pytest.approx((7, 11, 25))
    assert line((10, 7.0), (30, 6.0)).at(1000) == pytest.approx(6.0)  # less for more work is chance: it doesn't grow
    steep = line((10, 1.0), (30, 9.0))  # would start below 0
    assert steep.at(0) == 0 and steep.at(60) == pytest.approx(18)
    with pytest.raises(ValueError, match="same work, 5"):
        line((5, 1.0), (5, 2.0))


def test_memory_that_hardly_differs_does_not_grow():
    assert memory_line((10, 1000.0), (30, 1040.0)).at(10_000) == 1040
    assert memory_line((10, 1000.0), (30, 2000.0)).at(110) == pytest.approx(6000)


@pytest.mark.parametrize(
    ("images", "classes", "copies", "expected"),
    [
        (1_000_000, 17, 14, (117, 352)),
        (200, 17, 14, (66, 200)),
        (1_000_000, 17, 60, (34, 95)),
        (12, 2, 1, (6, 12)),
        (1_000_000, 17, 1, (133, 400)),
        (1_000_000, 1000, 1, (2000, 4000)),
    ],
)
def test_parts_are_small_but_have_something_for_every_fold_and_class(images, classes, copies, expected):
    assert part_sizes(images, classes, 3, copies, 400) == expected


def test_too_few_images_are_not_planned_from():
    with pytest.raises(
        ValueError, match=r"30 training images of 17 classes are too few to plan from \(at least 68\): just run them"
    ):
        part_sizes(30, 17, 3, 14, 400)


def test_votes_are_what_they_took_on_as_many_rows_and_beyond_them_a_straight_line():
    settings, pair = made_settings(), (survey_of(40, 80, made_settings()), survey_of(120, 240, made_settings()))
    whole = {stage.stage: stage for stage in forecast(pair, [votes_of(1000, 2000)], settings, Size(1000, 2000))}
    assert (whole["vote"].seconds, whole["ensemble"].memory) == (6, 203_000_000)
    votes = [votes_of(5000, 5000), votes_of(50_000, 50_000)]
    beyond = {stage.stage: stage for stage in forecast(pair, votes, settings, Size(10**6, 10**6))}
    assert beyond["vote"].seconds == pytest.approx(3 + 2000) and beyond["ensemble"].memory == pytest.approx(
        200_000_000 + 2e9
    )


def test_what_grows_in_a_straight_line_is_forecast_exactly():
    settings = made_settings()
    pair = survey_of(40, 80, settings), survey_of(120, 240, settings)
    stages = forecast(pair, [votes_of(1000, 2000)], settings, Size(1000, 2000))
    found = {stage.stage: stage for stage in stages}
    assert list(found) == [
        "prepare",
        "split",
        "augment",
        "train lite0",
        "train grey",
        "specialize",
        "review",
        "vote",
        "ensemble",
    ]
    without = settings.model_copy(update={"review": ReviewSettings(conditions=())})
    names = [stage.stage for stage in forecast(pair, [votes_of(1000, 2000)], without, Size(1000, 2000))]
    assert names == [name for name in found if name != "review"]
    assert found["prepare"].seconds == pytest.approx(2 + 0.003 * 3000)
    assert found["split"].seconds == pytest.approx(1 + 0.001 * 1000)
    assert found["split"].memory == pytest.approx(500_000_000 + 1_000_000 * 1000)
    assert found["augment"].disk == pytest.approx(5000 * 3000) and found["prepare"].disk == 0
    # all 10 epochs, 3 folds
    assert found["train lite0"].seconds == pytest.approx(3 * (5 + 10 * (0.5 + 0.02 * 1000) + 0.005 * 3000))
    assert found["train lite0"].runs == 3 and found["train lite0"].memory == 1_500_000_000
    # later folds find the features
    assert found["train grey"].seconds == pytest.approx(4 + 0.01 * 3000 + 2 * (3 + 0.002 * 3000))
    # on all images, with two seeds: of three folds' images each has seen two
    asked = made_settings(refit={"members": ["lite0"], "seeds": [0, 1]})
    again = next(
        one for one in forecast(pair, [votes_of(1000, 2000)], asked, Size(1000, 2000)) if one.stage == "refit lite0"
    )
    assert again.seconds == pytest.approx(2 * (5 + 10 * 1.5 * (0.5 + 0.02 * 1000) + 0.005 * 3000)) and again.runs == 2


def test_a_part_is_a_competition_with_the_same_shares(competition, tmp_path):
    settings = made_settings()
    assert write_part(tmp_path / "part", competition, settings, 20) == Size(20, 10)
    part = read_competition(settings.competition.model_copy(update={"root": str(tmp_path / "part/data/raw")}))
    assert part.train.target.value_counts().to_dict() == {"letter": 18, 'a, "rare" one': 2}
    assert part.targets == competition.targets and part.test_ids == competition.test_ids[:10]
    whole = competition.train.set_index("ID")
    assert part.train.set_index("ID").equals(whole.loc[part.train.ID])  # targets and groups
    assert all(path.resolve().parent.parent == competition.root.resolve() for path in part.train_paths.values())
    Settings.model_validate(yaml.safe_load((tmp_path / "part/params.yaml").read_text()))


def test_a_part_of_several_labels_has_each_label_twice(competition, tmp_path):
    """One image in ten has a rare label too, and one in ten none; 20 of 60 are drawn."""
    targets = ["letter" if n % 10 else "" for n in range(60)]
    targets[5], targets[15], targets[25], targets[35] = "letter|rare", "rare", "rare|once", "letter"
    task = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")
    names, train = ("letter", "rare", "once"), competition.train.assign(target=targets)
    several = replace(competition, train=train, targets=names, class_names=names)
    settings = made_settings(specialize={"base": []}, task=task.model_dump())
    size = write_part(tmp_path / "part", several, settings, 20)
    root = settings.competition.model_copy(update={"root": str(tmp_path / "part/data/raw")})
    part = read_competition(root, task)
    labels = [label for text in part.train.target for label in text.split("|") if label]
    assert 20 <= size.train <= 23 and len(part.train) == size.train and "" in part.train.target.tolist()
    assert labels.count("rare") >= 2 and labels.count("once") == 1 and labels.count("letter") > 10


def test_a_part_has_the_columns_beside_the_image(competition, tmp_path):
    root, settings = competition.root, made_settings(competition={"root": str(competition.root)})
    for name in ("train", "test"):
        ids = competition.train.ID if name == "train" else competition.test_ids
        table = pd.read_csv(root / "train.csv") if name == "train" else pd.DataFrame({"ID": ids})
        table.assign(age=[f"{n} years" for n in range(len(ids))]).to_csv(root / f"{name}.csv", index=False)
    write_part(tmp_path / "part", read_competition(settings.competition), settings, 20)
    part = settings.competition.model_copy(update={"root": str(tmp_path / "part/data/raw")})
    found, whole = (metadata_table(one).set_index(["set", "ID"]) for one in (part, settings.competition))
    assert list(found) == ["age"] and found.loc["train"].shape == (20, 1) and found.loc["test"].shape == (10, 1)
    assert found.equals(whole.loc[found.index])


def test_ids_with_folders_are_linked_in_their_folders(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True)
        (tmp_path / "raw" / name).write_bytes(name.encode())
    subset._link(tmp_path / "part/train", tmp_path / "raw/train", [*(tmp_path / "raw/train").rglob("*.png")])
    assert (tmp_path / "part/train/b/1.png").read_bytes() == b"train/b/1.png"


def test_drawn_rows_have_the_competitions_answers_and_several_labels(surveyed):
    sample = surveyed / "data/raw/sample_submission.csv"
    sample.write_text("ID,x,y\nt,0,0\nu,1,0\n")
    folds = pd.read_csv(surveyed / "folds/folds.csv", dtype=str)
    folds.assign(target=["x", "x|y", "", "y"] * 3).to_csv(surveyed / "folds/folds.csv", index=False)
    path = surveyed / "folds/predictions/lite0/0.npz"
    known = load_predictions(path)
    save_predictions(path, {part: replace(found, exclusive=False) for part, found in known.items()})
    task = TaskSettings(labels="multi", answer="probabilities", metric="roc_auc")
    settings = made_settings(train={"members": ["lite0"]}, specialize={"base": []}, task=task.model_dump())
    test_ids = draw_rows(surveyed, Size(40, 20), settings)
    root = settings.competition.model_copy(update={"root": str(surveyed / "data/raw")})
    drawn = read_competition(root, task, images=False)
    assert drawn.columns == ("ID", "x", "y") and set(drawn.train.target) == {"x", "x|y", "", "y"}
    draw_folds(surveyed, "lite0", (1,), test_ids)
    found = predictions_of(surveyed, "lite0", 1)["test"]
    assert not found.exclusive and len(found) == 20 and np.ptp(found.probabilities.sum(axis=1)) > 0.1


def test_a_part_trains_few_epochs_and_opens_nothing():
    settings = made_settings(
        split={"folds": [0, 1, 2], "holdout": 0.2},
        ensemble={"unlock_holdout": True, "choose": "lite0"},
        members={"lite0": NETWORK.model_dump() | {"first_size": 32, "tuning": "gradual"}, "grey": {"kind": "grey"}},
    )
    values = part_params(settings)
    assert (values["members"]["lite0"]["epochs"], values["members"]["lite0"]["first_size"]) == (EPOCHS, None)
    assert values["ensemble"]["unlock_holdout"] is False and values["split"]["holdout"] == 0.2
    assert Settings.model_validate(values).members["lite0"].tuning == "full"


def test_a_part_finds_a_file_of_weights_and_asks_no_cluster(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    members = {"lite0": NETWORK.model_dump() | {"weights": "models/own.pth"}, "grey": {"kind": "grey"}}
    values = part_params(made_settings(members=members, machine={"scheduler": "tcp://far:8786", "workers": 3}))
    assert values["members"]["lite0"]["weights"] == str(tmp_path / "models/own.pth")
    assert values["specialize"]["network"]["weights"] == "shipped"
    assert values["machine"] == {"workers": 3, "scheduler": None, "processes": 1}


def test_votes_of_more_images_than_stacking_is_for_are_tried_without_it():
    assert tried_shares(Size(1000, 2000), 3, 17) == [1.0]
    assert tried_shares(Size(10**6, 10**6), 1, 2) == [0.0125, 0.025]  # 4 million: affordable
    smaller, larger = tried_shares(Size(2 * 10**6, 5 * 10**5), 1, 17)
    assert not Stacking.is_affordable(round(smaller * 2e6), 1, 17) and larger == 2 * smaller < 1
    assert tried_shares(Size(200_000, 100_000), 1, 17) == [1.0]  # two parts would be more than all


@pytest.fixture
def surveyed(tmp_path):
    """A part whose fold 0 was trained: twelve images of two classes in three folds, two test images, a member and a
    specialist.
    """
    (tmp_path / "folds").mkdir()
    (tmp_path / "data/raw").mkdir(parents=True)
    ids = list("abcdefghijkl")
    table = pd.DataFrame({"ID": ids, "target": ["x", "x", "x", "y"] * 3, "fold": [0, 1, 2] * 4, "group": ids})
    table.to_csv(tmp_path / "folds/folds.csv", index=False)
    (tmp_path / "data/raw/sample_submission.csv").write_text("name,target\nt,0\nu,0\n")
    own, sure = table.ID[table.fold == 0].tolist(), np.array([[0.9, 0.1], [0.2, 0.8]] * 2, np.float32)
    views = {
        "clean": Predictions(own, sure, ("x", "y")),
        "test_like": Predictions(own, sure, ("x", "y")),
        "test": Predictions(["t", "u"], sure[:2], ("x", "y")),
    }
    for name in ("lite0", "specialist"):
        save_predictions(tmp_path / f"folds/predictions/{name}/0.npz", views)
        for kind, ending in (("scores", "json"), ("history", "csv"), ("weights", "safetensors")):
            (tmp_path / f"folds/{kind}/{name}").mkdir(parents=True)
            (tmp_path / f"folds/{kind}/{name}/0.{ending}").write_text("{}")
    return tmp_path


def predictions_of(folder, name, fold):
    return load_predictions(folder / f"folds/predictions/{name}/{fold}.npz")


def test_other_folds_get_predictions_of_their_own_images(surveyed):
    before = (surveyed / "folds/predictions/lite0/0.npz").read_bytes()
    draw_folds(surveyed, "lite0", (1, 2), ["t", "u"])
    drawn = {view: part.ids.tolist() for view, part in predictions_of(surveyed, "lite0", 2).items()}
    assert drawn == {"clean": list("cfil"), "test_like": list("cfil"), "test": ["t", "u"]}
    assert (surveyed / "folds/predictions/lite0/0.npz").read_bytes() == before
    assert (surveyed / "folds/weights/lite0/1.safetensors").exists()


def test_rows_of_no_image_have_the_classes_shares_and_every_fold_its_predictions(surveyed):
    settings = made_settings(
        split={"folds": [0, 1, 2], "holdout": 0.25}, competition={"id": "name"}, train={"members": ["lite0"]}
    )
    test_ids = draw_rows(surveyed, Size(600, 300), settings)
    folds = read_folds(surveyed / "folds/folds.csv")
    assert (folds.target == "x").mean() == pytest.approx(0.75, abs=0.06) and (folds.fold == -1).mean() == pytest.approx(
        0.25, abs=0.06
    )
    competition = read_competition(
        settings.competition.model_copy(update={"root": str(surveyed / "data/raw")}), images=False
    )
    assert (
        competition.train.ID.tolist() == folds.ID.tolist()
        and list(competition.test_ids) == test_ids
        and len(test_ids) == 300
    )
    draw_folds(surveyed, "lite0", (0, 1, 2), test_ids)
    assert set(predictions_of(surveyed, "lite0", 1)["clean"].ids) == set(folds.ID[folds.fold == 1])


@pytest.mark.parametrize("asks", ["answer", "top2"])
def test_the_specialist_is_given_the_images_that_it_is_asked_about(surveyed, asks):
    settings = made_settings(specialize={"network": NETWORK.model_dump(), "asks": asks})
    draw_folds(surveyed, "lite0", (0, 1, 2), ["t", "u"])
    draw_specialist(surveyed, settings)
    base = [predictions_of(surveyed, "lite0", fold) for fold in (0, 1, 2)]
    tested = soft_vote([fold["test"] for fold in base])
    for fold in (0, 1, 2):
        drawn = predictions_of(surveyed, "specialist", fold)
        for view, of in (("clean", base[fold]["clean"]), ("test_like", base[fold]["test_like"]), ("test", tested)):
            assert drawn[view].ids.tolist() == of.ids[asked_rows(of, ("x", "y"), asks)].tolist()


@pytest.mark.parametrize(
    ("least", "enough", "expected"), [(0, 99, [11, 20]), (99, 0.1, [11, 20]), (99, 99, [11, 20, 30])]
)
def test_parts_grow_until_the_work_shows_beside_the_start(competition, monkeypatch, least, enough, expected):
    tried, settings = [], made_settings()

    def no_stage(folder, name, *arguments):
        raise AssertionError(name)

    def survey(folder, size, *given):
        tried.append(size.train)
        return survey_of(size.train, size.test, settings)

    monkeypatch.setattr(measure, "part_sizes", lambda *given: (10, 20))
    monkeypatch.setattr(measure, "survey", survey)
    monkeypatch.setattr(measure, "survey_votes", lambda *given: [votes_of(60, 30)])
    monkeypatch.setattr(measure, "LEAST", least)
    monkeypatch.setattr(measure, "ENOUGH", enough)
    pair, _ = measure.measure(competition, settings, Size(60, 30), no_stage, print)
    assert tried == expected and [part.size.train for part in pair] == [expected[0], expected[-1]]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of this text and returns what `run_measured` needs to run it."""

    def write(text):
        (tmp_path / "measured.py").write_text(text)
        return [sys.executable, "measured.py"], tmp_path

    return write


@pytest.mark.skipif(sys.platform != "linux", reason="what a process shares is known on Linux alone")
def test_memory_counts_a_command_and_its_children_together(module):
    grown = "import subprocess, sys, time; x = bytearray(60_000_000); x[::4096] = x[::4096]; time.sleep(0.5)"
    taken = run_measured(
        *module(
            f"import subprocess, sys\nx = bytearray(90_000_000)\nx[::4096] = x[::4096]\n"
            f"subprocess.run([sys.executable, '-c', {grown!r}])"
        )
    )
    assert 150_000_000 < taken.memory < 220_000_000 and 0.5 < taken.seconds < 20


def test_a_command_that_fails_is_quoted(module):
    with pytest.raises(ChildProcessError, match=r"measured.py: exit code 3; its last lines:\nno such thing"):
        run_measured(*module("import sys; print('no such thing', flush=True); sys.exit(3)"))


def test_times_are_said_as_people_do():
    assert [duration(seconds) for seconds in (4.4, 65, 3600, 90_061)] == [
        "4 s",
        "1 min 05 s",
        "1 h 00 min",
        "25 h 01 min",
    ]


def test_turning_pages_upright_is_planned_only_where_it_is_done():
    assert stages_before_training(Settings()) == ("prepare", "split", "augment")
    settings = Settings(upright={"use": "auto"})
    assert stages_before_training(settings) == ("prepare", "split", "upright", "augment")
