"""Competitions as they are downloaded: adopted with nothing said but the metric, then the whole pipeline.

The forms of twelve public ones and six more, tiny. The submission is held against an independent check of the form, and
has to be clearly better than the best constant answer by an independent scorer.
"""

import shutil
from pathlib import Path

import pytest
from makers.competitions import SIX, TWELVE, make, scorers
from makers.dag import run_dag
from makers.pipeline import ROOT

from competition.settings.load import load_settings
from pipelines import adopt, validate

pytestmark = pytest.mark.slow
WITH_NETWORK = ("aptos2019-blindness-detection", "ranzcr-clip-catheter-line-classification")  # grades; several labels
WITH_METADATA = ("leaf-classification", "moles")
CLEARLY = 0.4  # of the way from the best constant answer to a perfect one
PARAMS = """
competition:
  root: data/raw
task:
  metric: f1_macro
rules: {}
prepare: {longest_side: 64}
split: {folds: [0, 1]}
augment: {size: 48, copies: 1, policy: none, test_like: {policy: none}}
train:
  members: [features, grey]
members:
  features: {kind: features, size: 32, copies: 1}
  grey: {kind: grey, size: 12, copies: 1}
  net: {kind: finetuned, network: mobilenetv3_small_050, weights: none, size: 32, epochs: 2, batch_size: 8}
specialize: {base: []}
review: {conditions: [clean]}
upright: {use: off}
adapt: {members: []}
refit: {members: [], seeds: [0]}
distil: {student: []}
tta: {passes: 2}
ensemble: {top: 2, resamples: 100}
report: {formats: [html]}
machine: {workers: 1}
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Return the folder of an empty project, the current one."""
    folder = tmp_path / "project"
    (folder / "folds/review").mkdir(parents=True)
    (folder / "folds/adapted").mkdir()
    shutil.copytree(ROOT / "submissions/external", folder / "submissions/external")
    for name in ("folds/label_fixes.csv", "folds/shift.csv", "submissions/public.csv"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", TWELVE | SIX)
def test_from_download_to_submission(name: str, project: Path, tmp_path: Path):
    if name in WITH_NETWORK:
        Path("params.yaml").write_text(PARAMS.replace("[features, grey]", "[features, net]"))
    download = make(name, tmp_path / "downloads")
    adopt.main(download.path, metric=download.metric)
    run_dag()
    settings = load_settings()
    assert settings.task.metric == download.metric
    assert ("tabular" in settings.train.members) == (name in WITH_METADATA)
    final = project / "submissions/final.csv"
    validate.main([final])
    header, ids = download.header, list(download.solution)
    assert not scorers.problems(final, header, ids, download.rule, download.classes)
    share = scorers.margin(download.score, final, download.solution, download.classes)
    assert (project / "submissions/report/index.html").is_file()
    assert share >= CLEARLY, f"{download.score}: {scorers.score(download.score, final, download.solution)}"
