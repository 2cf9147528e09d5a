"""A metric in a file of its own, of which less is better, chooses everything that macro F1 chose."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.tasks import made_task
from makers.training import SETTINGS, trained
from makers.votes import PARAMS, write_project

from competition.common.registry import load_plugin
from competition.ensembling.candidates import Candidate
from competition.ensembling.choice import decide
from competition.ensembling.images import Images
from competition.leaderboard.leaderboard import compare, giveaway_note
from competition.leaderboard.submission import Submission
from competition.metrics.metric import Metric
from competition.metrics.paired import paired_differences
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings
from competition.settings.load import load_settings
from competition.settings.task import TaskSettings
from competition.training.evaluation import score_of
from competition.training.fold_data import load_fold
from pipelines import ensemble, leaderboard, score, vote

PLUGIN = Path(__file__).parents[1] / "plugins/dummy_metric.py"


@pytest.fixture
def error_rate():
    load_plugin(PLUGIN)
    yield METRICS["dummy_metric"]()
    del sys.modules["plugin.dummy_metric"], METRICS._things["dummy_metric"]


def test_a_metric_needs_a_label_and_a_score(error_rate):
    y_true, y_pred, weights = [0, 0, 1, 1], [0, 1, 1, 1], np.array([1, 5, 1, 1])
    assert error_rate(y_true, y_pred, 2) == 0.25
    assert error_rate(y_true, y_pred, 2, weights) == 5 / 8
    scores = error_rate.bootstrap(y_true, [y_pred, y_true], 2, 30, np.random.default_rng(0))
    again = np.random.default_rng(0)
    assert scores[:, 0].tolist() == [(again.integers(4, size=4) == 1).mean() for _ in range(30)]
    assert not scores[:, 1].any()
    value, low, high = error_rate.with_interval(y_true, y_pred, 2, 30, 0.9, np.random.default_rng(0))
    assert low <= value == 0.25 <= high


def test_less_is_better(error_rate):
    assert error_rate.sign == -1 and error_rate.better(0.1, 0.2)
    assert not error_rate.better(0.2, 0.1) and not error_rate.better(0.1, 0.1)
    resampled = np.array([[0.3, 0.1], [0.5, 0.2], [0.3, 0.1]])
    worse, best = paired_differences("ab", [0.4, 0.1], resampled, 0.9, error_rate.sign)
    assert (best.difference, best.is_within) == (0, True)
    assert worse.difference == pytest.approx(0.3) and worse.significant and not worse.is_within


def test_it_is_named_in_params_yaml_and_an_unknown_one_is_refused(error_rate, tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text(f"plugins: [{PLUGIN}]\ntask: {{metric: dummy_metric}}\n")
    assert load_settings(params).task.metric == error_rate.name == "dummy_metric"
    params.write_text("task: {metric: error}\n")
    with pytest.raises(ValueError, match=r"task.metric: no metric 'error'; there are .*dummy_metric, f1_macro"):
        load_settings(params)
    assert TaskSettings().metric == F1.name


def test_epochs_are_scored_and_compared_by_it(error_rate, tmp_path):
    folds = packed_competition(tmp_path)
    data = load_fold(0, folds, TARGETS, tmp_path / "augmented.arrow", tmp_path / "test.arrow", error_rate)
    progress = trained(data, SETTINGS, tmp_path / "state.pt")
    errors = [row["test_like"] for row in progress.history]
    assert len(data.valid_labels) == 9 and all((9 * error) == pytest.approx(round(9 * error)) for error in errors)
    assert progress.best_epoch == int(np.argmin(errors)) and progress.best_score == -min(errors)
    assert [score_of(row, data, SETTINGS) for row in progress.history] == [-error for error in errors]


def rare_and_common():
    """Targets of which one is rare, and two predictions: one misses the rare one, the other 4 of the common ones."""
    y_true = np.repeat([0, 1, 2], [48, 48, 4])
    no_rare, four_wrong = y_true.copy(), y_true.copy()
    no_rare[y_true == 2] = np.array([0, 1, 0, 2])
    four_wrong[:4] = 1
    return y_true, no_rare, four_wrong


def test_the_leaderboard_and_the_choice_are_its_own(error_rate):
    y_true, no_rare, four_wrong = rare_and_common()
    task, folds = made_task(("0", "1", "2")), np.arange(100) % 4
    answers = {"no_rare": no_rare, "four_wrong": four_wrong}
    made = [Submission(name, name, "soft", *[one] * 3) for name, one in answers.items()]
    settings, best = EnsembleSettings(resamples=100), {}
    ids = [f"{n:02d}" for n in range(100)]
    seen = pd.DataFrame({"ID": ids, "target": task.decode(y_true), "fold": folds, "group": ids})
    for metric in (F1, error_rate):
        seconds = dict.fromkeys(answers, (1.0, 1.0))
        board = compare(made, y_true, folds, 3, metric, settings, seconds, {})
        assert board["test_like"].tolist() == sorted(board["test_like"], reverse=metric.greater_is_better)
        assert board["significant"][0] == "best" and (metric.sign * board["difference"] <= 0).all()
        candidates = [
            Candidate(name, (name,), {"clean": one, "test_like": one}, one[:5], {}, None)
            for name, one in answers.items()
        ]
        images = Images(seen, seen[:0], [], task, metric)
        choice = decide(candidates, dict.fromkeys(answers, 1.0), images, settings)
        best[metric.name] = (board["submission"][0], choice.best)
    assert best == {"f1_macro": ("four_wrong",) * 2, "dummy_metric": ("no_rare",) * 2}


def test_grey_pixels_that_do_well_are_noted(error_rate):
    board = pd.DataFrame({"member": ["net", "grey"], "test_like": [0.06, 0.1], "note": ""})
    (note,) = [text for text in giveaway_note(board, {"grey": 20}, 2, error_rate)["note"] if text]
    assert note.endswith("20x20 grey pixels alone score 0.100")
    board["test_like"] = [0.04, 0.3]  # less than half of the network's way from 0.5 to 0
    assert not giveaway_note(board, {"grey": 20}, 2, error_rate)["note"].any()


def test_the_stages_choose_and_report_by_it(error_rate, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_project()
    Path("params.yaml").write_text(f"{PARAMS}plugins: [{PLUGIN}]\ntask: {{metric: dummy_metric}}\n")
    vote.main()
    ensemble.main()
    facts, final = json.loads(Path("submissions/final.json").read_text()), "submissions/final.csv"
    oof = pd.concat([pd.read_csv(f"submissions/{name}.csv", dtype=str) for name in ("oof", "ensembles_oof")], axis=1)
    wrong = (oof[f"{facts['chosen']}.test_like"] != oof["target"].iloc[:, 0]).mean()
    assert facts["metric"] == "dummy_metric" and facts["score"]["test_like"]["value"] == pytest.approx(wrong, abs=1e-6)
    table = pd.read_csv("submissions/ensembles.csv")
    assert table["test_like"].is_monotonic_increasing
    scores = {row["submission"]: row["test_like"] for row in facts["candidates"]}
    assert scores[facts["best"]] == min(scores.values()) and facts["chosen"] == facts["best"]
    leaderboard.main()
    assert "Error rate out of fold" in capsys.readouterr().out
    Path("data/solution.csv").write_text(Path(final).read_text())
    score.main(Path(final), Path("data/solution.csv"))
    assert "error rate all 0.0000" in capsys.readouterr().out


def test_a_metric_without_its_parts_is_refused():
    with pytest.raises(TypeError, match="abstract method.* score"):
        type("Nothing", (Metric,), {})()
