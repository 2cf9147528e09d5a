"""How train and test differ, and how near the test-like views come to the test images."""

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from competition.audit.domain_shift import STATISTICS
from competition.report.sections import Section, render
from competition.report.tables import Cell, number, table

# the columns of folds/shift.csv, and how they are headed
FITTED = {
    "test": "test",
    "clean": "clean",
    "clean_auc": "clean's AUC",
    "present": "test-like",
    "present_auc": "test-like's AUC",
    "fitted": "fitted",
    "fitted_auc": "fitted's AUC",
}


def shift_section(shift: Mapping | None, fitted: pd.DataFrame | None) -> Section:
    """Return the section of how train and test differ.

    shift: `train_against_test` of audit.json; fitted: folds/shift.csv, None or without rows while nobody has fitted a
    policy.
    """
    fit = None if fitted is None or fitted.empty else _fitted(fitted)
    return Section(
        "shift", "Train against test", render("shift", shift=shift, table=_features(shift) if shift else None, fit=fit)
    )


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
        "Test images against clean ones, the test-like views at that time, and those of the fitted policy: medians"
    )
    return table(caption, ("feature", *FITTED.values()), rows, sortable=True)


def _median(value: float) -> Cell:
    return number(value, ".4g")
