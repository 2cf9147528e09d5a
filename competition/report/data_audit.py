"""What is in the data, what is wrong with it, and how train and test differ: audit.json and the tables beside it."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.audit_summary import TINY
from competition.report.sections import Section, render
from competition.report.tables import Cell, class_label, number, table
from competition.shift import STATISTICS
from competition.tables import examples

MOST = 200  # rows of a table; the files have all
SHIFT_COLUMNS = ("feature", "test", "clean", "clean_auc", "present", "present_auc", "fitted", "fitted_auc")
SHIFT_TITLES = ("feature", "test", "clean", "clean's AUC", "test-like", "test-like's AUC", "fitted", "fitted's AUC")


def shift_section(shift: Mapping | None, fitted: pd.DataFrame | None) -> Section:
    """Return the section of how train and test differ. shift: `train_against_test` of audit.json; fitted: folds/shift.csv."""
    features = () if shift is None else shift["features"]
    rows = [[row["feature"], number(row["auc"]), number(row["train"], ".4g"), number(row["test"], ".4g"), row["test_is"],
             STATISTICS.get(row["feature"], "")] for row in features]  # fmt: skip
    columns = ("feature", "AUC", "train's median", "test's median", "test is", "what it is")
    fit = None
    if fitted is not None and len(fitted):
        cells = [[row["feature"], *(number(row[key], ".4g" if "auc" not in key else ".3f") for key in SHIFT_COLUMNS[1:])]
                 for row in fitted.to_dict("records")]  # fmt: skip
        fit = table("Test images against clean ones, today's test-like views, and those of the fitted policy: medians", SHIFT_TITLES, cells, sortable=True)
    return Section("shift", "Train against test", render(
        "shift", shift=shift, table=table("What can be measured without a label", columns, rows, sortable=True) if shift else None, fit=fit))  # fmt: skip


def audit_section(audit: Mapping, duplicates: pd.DataFrame, problems: pd.DataFrame) -> Section:
    """Return the section of audit.json, duplicates.csv and problem_files.csv, IDs and targets as text."""
    return Section("audit", "Data audit", render(
        "audit", sets=_sets(audit), classes=_classes(audit["classes"]), counts=_counts(audit["duplicates"]), fixes=_fixes(audit.get("label_fixes")),
        duplicates=_pairs(duplicates), problems=_problems(problems), crowded=audit["duplicates"]["images_with_too_many_look_alikes"]))  # fmt: skip


def _first(rows: pd.DataFrame, what: str, file: str) -> tuple[pd.DataFrame, str]:
    return rows.head(MOST), f"{what}: {len(rows)}{f', the first {MOST}; {file} has all' if len(rows) > MOST else ''}"


def _sets(audit: Mapping) -> Markup:
    sets = audit["train"], audit["test"]
    rows: list[Sequence[Cell]] = [["images", *(number(part["images"], "d") for part in sets)],
                                  ["left out: can't be read", *(number(part["unreadable"], "d") for part in sets)],
                                  ["left out: box empty or outside", *(number(part["unusable_boxes"], "d") for part in sets)]]
    for side in ("height", "width"):
        rows.append([f"{side}, pixels: least, median, most", *(", ".join(map(str, part[side] or ())) for part in sets)])
    for fault, name in (("blank", "blank"), ("tiny", f"tiny: a side under {TINY} pixels")):
        rows.append([name, *(number(len(part[fault]), "d") for part in sets)])
    listed = [[f"{name}, {fault}", examples(part[fault], 20)] for name, part in zip(("train", "test"), sets, strict=True)
              for fault in ("blank", "tiny") if part[fault]]  # fmt: skip
    return table("Images as packed", ("", "train", "test"), rows) + (table("Blank and tiny images", ("which", "IDs"), listed) if listed else "")


def _classes(classes: Sequence[Mapping]) -> Markup:
    total = max(1, sum(row["images"] for row in classes))
    rows = [[class_label(row["target"], {row["target"]: row["class_name"]}), number(row["images"], "d"), number(row["images"] / total, ".1%"),
             *(number(row[side][1], "d") if row[side] else "" for side in ("height", "width"))] for row in classes]  # fmt: skip
    return table("Training images by class", ("class", "images", "share", "median height", "median width"), rows, sortable=True)


def _counts(duplicates: Mapping) -> Markup:
    rows = [[scope.replace("_", " "), *(number(duplicates[scope][f"{kind}_{what}"], "d") for kind in ("exact", "near") for what in ("images", "pairs"))]
            for scope in ("within_train", "within_test", "train_and_test")]  # fmt: skip
    return table("Images that stand there more than once", ("where", "exact: images", "exact: pairs", "near: images", "near: pairs"), rows)


def _pairs(duplicates: pd.DataFrame) -> Markup | None:
    if duplicates.empty:
        return None
    shown, caption = _first(duplicates.sort_values("targets_differ", ascending=False, kind="stable"), "Pairs", "folds/duplicates.csv")
    rows = [[row.ID, row.set, row.target, row.other_ID, row.other_set, row.other_target, row.kind, number(row.similarity, ".4f"),
             "differ" if row.targets_differ else ""] for row in shown.itertuples()]  # fmt: skip
    return table(caption, ("ID", "set", "target", "other ID", "its set", "its target", "kind", "similarity", "labels"), rows, sortable=True)


def _problems(problems: pd.DataFrame) -> Markup | None:
    if problems.empty:
        return None
    shown, caption = _first(problems, "Images that were left out", "folds/problem_files.csv")
    return table(caption, tuple(problems.columns), shown.to_numpy().tolist(), sortable=True)


def _fixes(facts: Mapping | None) -> Markup | None:
    if not facts or not facts["decisions"]:
        return None
    rows = [[row["ID"], row["from"], row["to"] or "left out", row["reason"] or ""] for row in facts["decisions"][:MOST]]
    caption = f"Labels decided on: {facts['changed']} changed, {facts['left_out']} left out, {facts['confirmed']} confirmed"
    return table(caption, ("ID", "label was", "is", "reason"), rows, sortable=True)
