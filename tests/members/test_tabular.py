"""Member of columns beside the image: trained, saved, loaded, and through the stages; a split that train.csv gives."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.project import PARAMS, write_competition
from sklearn.metrics import f1_score

from competition.common import paths
from competition.data.metadata import as_metadata
from competition.data.predictions import load_predictions
from competition.members.kinds.tabular import TabularSettings
from competition.members.make import make_member
from competition.members.training import train_member
from competition.serving.new_images import MemoryImages
from competition.training.checkpoints import save_weights
from competition.training.fold_data import load_fold
from pipelines import augment, prepare, split, train

EIGHT = np.full(8, 1 / 8)


@pytest.fixture
def data(tmp_path):
    folds = packed_competition(tmp_path, images=60)
    rows = [("train", id, str(TARGETS.index(target) + n % 2 / 3)) for n, (id, target, *_) in enumerate(folds.values)]
    rows += [("test", f"t{n}", str(n % 3)) for n in range(5)]  # nothing is known of t5
    metadata = as_metadata(pd.DataFrame(rows, columns=["set", "ID", "number"]))
    stores = tmp_path / "augmented.arrow", tmp_path / "test.arrow"
    return load_fold(0, folds, TARGETS, *stores, F1, metadata=metadata)


def test_it_knows_images_by_their_ids(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained = train_member(TabularSettings(), data, TARGETS, EIGHT, Path("state.pt"))
    assert trained.scores == {"clean": 1.0, "test_like": 1.0} and trained.history[0]["model"]
    test = trained.predictions["test"]
    assert test.indices.tolist()[:5] == [0, 1, 2, 0, 1] and test.ids.tolist() == data.test_ids
    assert (trained.predictions["clean"].probabilities == trained.predictions["test_like"].probabilities).all()
    save_weights(paths.weights("table", 0), trained.weights, {})
    member = make_member(TabularSettings(), "table")
    new = MemoryImages([np.zeros((32, 32, 3), np.uint8)] * 2)
    found = member.load(0, TARGETS).predict_proba(new, np.arange(2), EIGHT)
    assert np.array_equal(found, test.probabilities[[5, 5]])  # as an image of which nothing is known
    assert "table knows images by the columns" in member.note_on_new_images()
    with pytest.raises(ValueError, match="3 classes, expected 2"):
        member.load(0, TARGETS[:2])
    with pytest.raises(FileNotFoundError):
        member.load(1, TARGETS)


def test_without_metadata_it_is_refused(data):
    for nothing in (None, as_metadata(pd.DataFrame(columns=["set", "ID"], dtype=str))):
        with pytest.raises(ValueError, match="kind tabular: train.csv and test.csv have no columns in common"):
            train_member(TabularSettings(), replace(data, metadata=nothing), TARGETS, EIGHT, Path("unused.pt"))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A competition with a column that gives the class away, one of text, and folds of its own."""
    monkeypatch.chdir(tmp_path)
    write_competition(Path("data/raw"))
    params = PARAMS.replace("members: [lite0, features, grey]", "members: [table]").replace("base: [lite0]", "base: []")
    Path("params.yaml").write_text(params.replace("members:\n", "members:\n  table: {kind: tabular}\n", 1))
    rows = list(csv.reader(Path("data/raw/train.csv").open()))[1:]
    lines = [f"{id},{target},{n // 3 % 2},c{TARGETS.index(target)},{n}" for n, (id, target) in enumerate(rows)]
    Path("data/raw/train.csv").write_text("\n".join(["ID,target,fold,camera,noise", *lines]) + "\n")
    Path("data/raw/test.csv").write_text("ID,camera,noise\nt0,c0,1\nt1,c1,2\nt2,c2,3\n")
    return rows


@pytest.mark.slow
def test_the_stages(project, capsys):
    for stage in (prepare, split, augment):
        stage.main()
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    assert folds["fold"].astype(int).tolist() == [n // 3 % 2 for n in range(18)]
    assert "split as train.csv gives it" in capsys.readouterr().out
    assert pd.read_csv("data/metadata.csv", dtype=str).columns.tolist() == ["set", "ID", "camera", "noise"]
    for fold in (0, 1):
        train.main("table", fold)
    found = [load_predictions(paths.predictions("table", fold)) for fold in (0, 1)]
    for fold, parts in enumerate(found):
        own = folds[folds["fold"] == str(fold)]
        assert parts["test_like"].ids.tolist() == own["ID"].tolist()
        score = json.loads(paths.scores("table", fold).read_text())["score"]["test_like"]
        assert score == pytest.approx(f1_score(own["target"], parts["test_like"].answers, average="macro"))
        assert parts["test"].answers[:3].tolist() == list(TARGETS)


def test_what_does_not_fit_together_is_said_before_anything_is_read(project):
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params + "task: {metadata: none}\n")
    with pytest.raises(ValueError, match="train.members: table learns from columns beside the image, but"):
        prepare.main()
    Path("params.yaml").write_text(params + "task: {metadata: [camera, lens]}\n")
    with pytest.raises(ValueError, match="task.metadata: no column lens .* .there: camera, noise"):
        prepare.main()
    Path("params.yaml").write_text(params.replace("folds: [0, 1]", "folds: [0, 1, 2]"))
    prepare.main()
    with pytest.raises(
        ValueError, match=r"column fold has 0, 1, but split makes \[0, 1, 2\]; set split.folds: \[0, 1\]"
    ):
        split.main()
    Path("params.yaml").write_text(params.replace("folds: [0, 1]", "folds: [0, 1], holdout: 0.2"))
    with pytest.raises(ValueError, match="but train.csv gives the folds; write fold -1"):
        split.main()
