"""Shift between training and test images, and how near the test-like images come to the test images."""

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from competition.audit.domain_shift import STATISTICS
from competition.common import paths
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import Cell, number, table

# columns of folds/shift.csv -> headings
FITTED = {
    "test": "test",
    "clean": "clean",
    "clean_auc": "clean's AUC",
    "present": "test-like",
    "present_auc": "test-like's AUC",
    "fitted": "fitted",
    "fitted_auc": "fitted's AUC",
}


@SECTIONS.register
class DomainShift(Section):
    """Domain shift as the audit measured it, and the domain gap that fitting the policy left."""

    order, title, reads = 120, "Train against test", (paths.AUDIT, paths.DOMAIN_SHIFT)

    def body(self, context: ReportContext) -> Markup:
        return domain_shift(context.audit["train_against_test"], context.shift)


def domain_shift(shift: Mapping | None, fitted: pd.DataFrame | None) -> Markup:
    """Tables of features that differ between train and test.

    shift: `train_against_test` of audit.json; fitted: folds/shift.csv, None while no policy was fitted.
    """
    features = _features(shift) if shift else None
    return render("domain_shift", shift=shift, table=features, fit=None if fitted is None else _fitted(fitted))


def _features(shift: Mapping) -> Markup:
    rows = [
        [
            row["feature"],
            number(row["auc"]),
            _median(row["train"]),
            _median(row["test"]),
            row["test_is"],
            STATISTICS.get(row["feature"], ""),
        ]
        for row in shift["features"]
    ]
    columns = ("feature", "AUC", "train's median", "test's median", "test is", "what it is")
    return table("What can be measured without a label", columns, rows, sortable=True)


def _fitted(fitted: pd.DataFrame) -> Markup:
    rows = [
        [row["feature"], *(number(row[key]) if key.endswith("_auc") else _median(row[key]) for key in FITTED)]
        for row in fitted.to_dict("records")
    ]
    caption = (
        "Test images against clean ones, the test-like images at that time, and those of the fitted policy: medians"
    )
    return table(caption, ("feature", *FITTED.values()), rows, sortable=True)


def _median(value: float) -> Cell:
    return number(value, ".4g")
