"""Data audit: sizes, classes, duplicates, images left out, decisions about labels."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.audit.summary import TINY
from competition.common import paths
from competition.common.errors import examples
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label, number, table

MOST = 200  # rows of a table; the files have all
NAMED = 20  # IDs in a cell


@SECTIONS.register
class DataAudit(Section):
    """Audit of the images and their labels."""

    order, title = 130, "Data audit"
    reads = (paths.AUDIT, paths.DUPLICATES, paths.PROBLEM_FILES)

    def body(self, context: ReportContext) -> Markup:
        return audit_tables(context.audit, context.duplicates, context.problem_files)


def audit_tables(audit: Mapping, duplicates: pd.DataFrame, problems: pd.DataFrame) -> Markup:
    """Tables of audit.json, duplicates.csv and problem_files.csv, IDs and targets as text."""
    counts = audit["duplicates"]
    return render(
        "data_audit",
        sets=_sets(audit),
        odd=_odd(audit),
        classes=_classes(audit["classes"], audit["train"]["images"]),
        counts=_counts(counts),
        crowded=counts["images_with_too_many_look_alikes"],
        duplicates=_pairs(duplicates),
        problems=_problems(problems),
        fixes=_fixes(audit.get("label_fixes")),
    )


def _sets(audit: Mapping) -> Markup:
    sets = audit["train"], audit["test"]
    counts = {
        "images": "images",
        "left out: can't be read": "unreadable",
        "left out: box empty or outside": "unusable_boxes",
    }
    rows = [[title, *(number(part[key], "d") for part in sets)] for title, key in counts.items()]
    rows += [
        [f"{side}, pixels: least, median, most", *(", ".join(map(str, part[side] or ())) for part in sets)]
        for side in ("height", "width")
    ]
    rows += [
        [title, *(number(len(part.get(key, ())), "d") for part in sets)]
        for title, key in (
            ("damaged: used in part", "damaged"),
            ("several pages: prepare.page is used", "several_pages"),
            ("blank", "blank"),
            (f"tiny: a side under {TINY} pixels", "tiny"),
        )
    ]
    return table("Images as packed", ("", "train", "test"), rows)


def _odd(audit: Mapping) -> Markup | None:
    rows = [
        [f"{name}, {fault}", examples(audit[name][fault], NAMED)]
        for name in ("train", "test")
        for fault in ("damaged", "several_pages", "blank", "tiny")
        if audit[name].get(fault)
    ]
    return table("Odd images", ("which", "IDs"), rows) if rows else None


def _classes(classes: Sequence[Mapping], images: int) -> Markup:
    total = max(1, images)
    rows = [
        [
            class_label(row["target"], {row["target"]: row["class_name"]}),
            number(row["images"], "d"),
            number(row["images"] / total, ".1%"),
            *(number(row[side][1], "d") if row[side] else "" for side in ("height", "width")),
        ]
        for row in classes
    ]
    return table(
        "Training images by class", ("class", "images", "share", "median height", "median width"), rows, sortable=True
    )


def _counts(duplicates: Mapping) -> Markup:
    columns = ("exact_images", "exact_pairs", "near_images", "near_pairs")
    rows = [
        [
            scope.replace("_", " "),
            *(number(duplicates[scope][column], "d") if duplicates[scope] else "not looked at" for column in columns),
        ]
        for scope in ("within_train", "within_test", "train_and_test")
    ]
    titles = ("where", "exact: images", "exact: pairs", "near: images", "near: pairs")
    return table("Images that stand there more than once", titles, rows)


def _pairs(duplicates: pd.DataFrame) -> Markup | None:
    if duplicates.empty:
        return None
    shown = duplicates.sort_values("targets_differ", ascending=False, kind="stable").head(MOST)
    rows = [
        [
            row.ID,
            row.set,
            row.target,
            row.other_ID,
            row.other_set,
            row.other_target,
            row.kind,
            number(row.similarity, ".4f"),
            "differ" if row.targets_differ else "",
        ]
        for row in shown.itertuples()
    ]
    columns = ("ID", "set", "target", "other ID", "its set", "its target", "kind", "similarity", "labels")
    return table(_caption("Pairs", len(duplicates), paths.DUPLICATES), columns, rows, sortable=True)


def _problems(problems: pd.DataFrame) -> Markup | None:
    if problems.empty:
        return None
    caption = _caption("Images that were left out, or used in part", len(problems), paths.PROBLEM_FILES)
    return table(caption, tuple(problems.columns), problems.head(MOST).to_numpy().tolist(), sortable=True)


def _fixes(facts: Mapping | None) -> Markup | None:
    if not facts or not facts["decisions"]:
        return None
    rows = [
        [row["ID"], row["from"], "left out" if row["to"] is None else row["to"] or "no label", row["reason"]]
        for row in facts["decisions"][:MOST]
    ]
    caption = (
        f"Labels decided on: {facts['changed']} changed, {facts['left_out']} left out, {facts['confirmed']} confirmed"
    )
    return table(caption, ("ID", "label was", "is", "reason"), rows, sortable=True)


def _caption(what: str, count: int, file: str) -> str:
    return f"{what}: {count}" + (f", the first {MOST}; {file} has all" if count > MOST else "")
