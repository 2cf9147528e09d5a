"""The forecast of a run: lines, parts of a competition, and what a watched command takes."""

import sys

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from competition.contract import read_competition
from competition.planning.forecast import line, memory_line
from competition.planning.model import Size, forecast
from competition.planning.parts import EPOCHS, part_params, part_sizes, write_part
from competition.planning.survey import Survey, Trained, draw_other_folds
from competition.planning.watch import Taken, run_watched
from competition.predictions import Predictions, load_predictions, save_predictions
from competition.settings import FinetunedSettings, Settings
from pipelines.plan import in_words

NETWORK = FinetunedSettings(size=64, epochs=10)


def made_settings(**changes):
    values = {"augment": {"size": 64, "copies": 10}, "split": {"folds": [0, 1, 2]}, "train": {"members": ["lite0", "grey"]},
              "members": {"lite0": NETWORK.model_dump(), "grey": {"kind": "grey"}}, "specialize": {"network": NETWORK.model_dump()}}
    return Settings.model_validate(values | changes)


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


@pytest.mark.parametrize(("images", "classes", "copies", "expected"),
                         [(1_000_000, 17, 14, (100, 300)), (400, 17, 14, (66, 200)), (1_000_000, 17, 60, (32, 96)), (12, 2, 1, (6, 12)),
                          (1_000_000, 1000, 1, (1000, 2000))])
def test_parts_are_small_but_have_something_for_every_fold_and_class(images, classes, copies, expected):
    assert part_sizes(images, classes, 3, copies, 300) == expected


def test_too_few_images_are_not_planned_from():
    with pytest.raises(ValueError, match=r"30 training images of 17 classes are too few to plan from \(at least 34\): just run them"):
        part_sizes(30, 17, 3, 14, 300)


def survey_of(train, test, settings):
    """What stages would take that grow in straight lines with known slopes."""
    def taken(start, each, memory=0.0):
        return Taken(start + each * (train + test), round(1e9 + memory * train))

    steps, predicted = 0.02 * EPOCHS * train, 0.001 * (train + test)
    lite0 = Trained(Taken(5 + 0.004 * EPOCHS * train + steps + predicted, 1_500_000_000), steps, predicted)
    grey, again = Trained(taken(4, 0.01), 0, 0), Trained(taken(3, 0.002), 0, 0)
    stages = {name: taken(2, 0.003) for name in ("prepare", "augment", "vote", "ensemble")}
    stages |= {name: Taken(1 + 0.001 * train, 500_000_000 + 1_000_000 * train) for name in ("split", "review")}
    return Survey((train, test), stages, {"lite0": lite0, "grey": grey, "specialist": lite0}, {"grey": again},
                  {"augment": 5000 * (train + test)})


def test_what_grows_in_a_straight_line_is_forecast_exactly():
    settings = made_settings()
    stages = forecast(survey_of(40, 80, settings), survey_of(120, 240, settings), settings, Size(1000, 2000))
    found = {stage.stage: stage for stage in stages}
    assert list(found) == ["prepare", "split", "augment", "train lite0", "train grey", "specialize", "review", "vote", "ensemble"]
    assert found["prepare"].seconds == pytest.approx(2 + 0.003 * 3000)
    assert found["split"].seconds == pytest.approx(1 + 0.001 * 1000)
    assert found["split"].memory == pytest.approx(500_000_000 + 1_000_000 * 1000)
    assert found["augment"].disk == pytest.approx(5000 * 3000) and found["prepare"].disk == 0
    assert found["train lite0"].seconds == pytest.approx(3 * (5 + (0.004 + 0.02) * 10 * 1000 + 0.001 * 3000))  # all 10 epochs, 3 folds
    assert found["train lite0"].runs == 3 and found["train lite0"].memory == 1_500_000_000
    assert found["train grey"].seconds == pytest.approx(4 + 0.01 * 3000 + 2 * (3 + 0.002 * 3000))  # later folds find the features


@pytest.fixture
def competition(tmp_path):
    root = tmp_path / "data/raw"
    rows = [(f"a{n:03d}", "letter" if n % 10 else "a, \"rare\" one") for n in range(60)]
    for part, names in (("train", [name for name, _ in rows]), ("test", [f"t{n:03d}" for n in range(30)])):
        (root / part).mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(root / part / f"{name}.png"), np.full((8, 8), 200, np.uint8))
    pd.DataFrame(rows, columns=["ID", "target"]).assign(group=["" if n % 2 else f"g{n // 4}" for n in range(60)]).to_csv(
        root / "train.csv", index=False)
    pd.DataFrame({"ID": [f"t{n:03d}" for n in range(30)], "target": "letter"}).to_csv(root / "sample_submission.csv", index=False)
    return read_competition(made_settings(competition={"root": str(root)}).competition)


def test_a_part_is_a_competition_with_the_same_shares(competition, tmp_path):
    settings = made_settings()
    assert write_part(tmp_path / "part", competition, settings, 20) == (20, 10)
    part = read_competition(settings.competition.model_copy(update={"root": str(tmp_path / "part/data/raw")}))
    assert part.train.target.value_counts().to_dict() == {"letter": 18, 'a, "rare" one': 2}
    assert part.targets == competition.targets and part.test_ids == competition.test_ids[:10]
    whole = competition.train.set_index("ID")
    assert part.train.set_index("ID").equals(whole.loc[part.train.ID])  # targets and groups
    assert all(path.resolve().parent.parent == competition.root.resolve() for path in part.train_paths.values())
    Settings.model_validate(yaml.safe_load((tmp_path / "part/params.yaml").read_text()))


def test_a_part_trains_few_epochs_and_opens_nothing():
    settings = made_settings(split={"folds": [0, 1, 2], "holdout": 0.2}, ensemble={"unlock_holdout": True, "choose": "lite0"},
                             members={"lite0": NETWORK.model_dump() | {"first_size": 32, "tuning": "gradual"}, "grey": {"kind": "grey"}})
    values = part_params(settings)
    assert (values["members"]["lite0"]["epochs"], values["members"]["lite0"]["first_size"]) == (EPOCHS, None)
    assert values["ensemble"]["unlock_holdout"] is False and values["split"]["holdout"] == 0.2
    assert Settings.model_validate(values).members["lite0"].tuning == "full"


def test_other_folds_get_predictions_of_their_own_images(tmp_path):
    (tmp_path / "folds").mkdir()
    table = pd.DataFrame({"ID": list("abcdef"), "target": list("xyxyxy"), "fold": [0, 1, 2, 0, 1, 2], "group": list("abcdef")})
    table.to_csv(tmp_path / "folds/folds.csv", index=False)
    sure = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    views = {"clean": Predictions(["a", "d"], sure, ("x", "y")), "test_like": Predictions(["a", "d"], sure, ("x", "y")),
             "test": Predictions(["t", "u"], sure, ("x", "y"))}
    save_predictions(tmp_path / "folds/predictions/m/0.npz", views)
    for kind, ending in (("scores", "json"), ("history", "csv"), ("weights", "safetensors")):
        (tmp_path / f"folds/{kind}/m").mkdir(parents=True)
        (tmp_path / f"folds/{kind}/m/0.{ending}").write_text("{}")
    draw_other_folds(tmp_path, "m", (0, 1, 2))
    drawn = load_predictions(tmp_path / "folds/predictions/m/2.npz")
    assert {view: part.ids.tolist() for view, part in drawn.items()} == {"clean": ["c", "f"], "test_like": ["c", "f"], "test": ["t", "u"]}
    assert load_predictions(tmp_path / "folds/predictions/m/0.npz")["clean"].probabilities.tolist() == sure.tolist()
    assert (tmp_path / "folds/weights/m/1.safetensors").exists()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of this text and returns what `run_watched` needs to run it."""
    def write(text):
        (tmp_path / "watched_module.py").write_text(text)
        return "watched_module", [], tmp_path

    return write


@pytest.mark.skipif(sys.platform != "linux", reason="what a process shares is known on Linux alone")
def test_memory_counts_a_command_and_its_children_together(module):
    grown = "import subprocess, sys, time; x = bytearray(60_000_000); x[::4096] = x[::4096]; time.sleep(0.5)"
    taken = run_watched(*module(f"import subprocess, sys\nx = bytearray(90_000_000)\nx[::4096] = x[::4096]\n"
                                f"subprocess.run([sys.executable, '-c', {grown!r}])"))
    assert 150_000_000 < taken.memory < 220_000_000 and 0.5 < taken.seconds < 20


def test_a_command_that_fails_is_quoted(module):
    with pytest.raises(ChildProcessError, match=r"watched_module : exit code 3; its last words:\nno such thing"):
        run_watched(*module("import sys; print('no such thing', flush=True); sys.exit(3)"))


def test_times_are_said_as_people_do():
    assert [in_words(seconds) for seconds in (4.4, 65, 3600, 90_061)] == ["4 s", "1 min 05 s", "1 h 00 min", "25 h 01 min"]
