"""Report section on images of none of the classes: its figures are those of the best member's predictions."""

import contextlib

import numpy as np
import pytest
from makers.report import CLASSES, FOLDS, SEVERAL, write_project
from sklearn.metrics import roc_auc_score

from competition.data.predictions import load_predictions
from competition.ensembling.out_of_distribution import Detection
from competition.report.context import ReportContext
from competition.report.sections.left_out_classes import LeftOutClasses, left_out_classes
from competition.settings.load import load_settings


def context_of(folder, **options):
    write_project(folder, **options)
    return ReportContext(load_settings(folder / "params.yaml"))


def test_figures_are_of_the_member_that_never_learnt_from_the_class(tmp_path):
    context, targets = context_of(tmp_path), list(CLASSES)
    with contextlib.chdir(tmp_path):
        assert LeftOutClasses().absent(context) == ""
        body = LeftOutClasses().body(context)
        parts = [load_predictions(f"folds/predictions/features/{fold}.npz")["test_like"] for fold in range(FOLDS)]
    true = dict(zip(context.folds["ID"], context.folds["target"], strict=True))
    labels = np.array([targets.index(true[id_]) for part in parts for id_ in part.ids.tolist()])
    rows = np.concatenate([part.probabilities for part in parts]).astype(float)
    for place in range(len(targets)):
        others = np.delete(rows, place, axis=1)
        others /= others.sum(axis=1, keepdims=True)
        auroc = roc_auc_score(labels == place, 1 - others.max(axis=1))
        assert f">{auroc:.3f}<" in body


def test_the_worst_found_stands_first_and_a_class_without_images_last():
    found = [Detection(0.9, 0.5), Detection(float("nan"), float("nan")), Detection(0.6, 0.25)]
    body = left_out_classes("lite0", found, [4, 0, 2], {"a": "<b>one</b>", "b": "second", "c": "third"}, False)
    assert body.index("third") < body.index("&lt;b&gt;one") < body.index("second") and "<b>one" not in body
    assert "has learnt from the class" in body and "AUROC <strong>0.750</strong>, found 38%" in body


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"settings": SEVERAL, "hard": ()}, "several labels here, or none"),
        ({"classes": {"7": "seven", "x": "letter"}, "hard": ()}, "two classes"),
    ],
)
def test_where_nothing_can_be_said_it_says_why(tmp_path, options, why):
    context = context_of(tmp_path, **options)
    with contextlib.chdir(tmp_path):
        assert why in LeftOutClasses().absent(context)
