"""The audit where an image may have several labels: images counted per label, duplicates whose sets differ."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
from makers.pages import page

from competition.audit.duplicates import find_duplicates
from competition.audit.summary import summary
from competition.audit.tables import print_audit
from competition.data.competition import Competition
from competition.data.images import thumbnail
from competition.report.sections.data_audit import audit_tables
from competition.settings.task import TaskSettings

TASK = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")
TARGETS = {"a": "7|x", "b": "7|x", "c": "7", "d": "", "e": "", "f": "x"}
SHOWN = {"a": 0, "b": 0, "c": 0, "d": 1, "e": 1, "f": 2}  # the page that each shows


def made_audit():
    pages = [page(n, n) for n in range(3)]
    facts = [
        {
            "ID": id,
            "set": "train",
            "target": target,
            "problem": None,
            "height": 40,
            "width": 30 + number,
            "content": f"page {SHOWN[id]}",
            "contrast": 99,
        }
        for number, (id, target) in enumerate(TARGETS.items())
    ]
    found = find_duplicates(facts, np.stack([thumbnail(pages[place]) for place in SHOWN.values()]), 0.95)
    train = pd.DataFrame({"ID": list(TARGETS), "target": list(TARGETS.values())})
    competition = Competition(Path("raw"), train, ("t",), ("7", "10", "x"), ("seven", "ten", "letter"), settings=TASK)
    return summary(competition, facts, found, compared=False), found.table


def test_an_image_counts_for_each_of_its_labels():
    audit, _ = made_audit()
    assert [(row["target"], row["images"]) for row in audit["classes"]] == [("7", 3), ("10", 0), ("x", 3)]
    assert audit["classes"][2]["width"] == [30, 31, 35] and audit["train"]["images"] == 6
    log = io.StringIO()
    print_audit(audit, log)
    rows = [line.split() for line in log.getvalue().splitlines()]
    assert ["7", "seven", "3", "50.0%"] in [row[:4] for row in rows]  # of all images, not of all labels


def test_copies_with_other_sets_of_labels_are_named():
    audit, table = made_audit()
    differ = {(row.ID, row.other_ID): row.targets_differ for row in table.itertuples()}
    assert differ == {("a", "b"): False, ("a", "c"): True, ("d", "e"): False}
    assert audit["duplicates"]["different_targets"] == [
        {"kind": "exact", "similarity": 1.0, "IDs": ["a", "c"], "targets": ["7|x", "7"]}
    ]
    body = audit_tables(audit, table, pd.DataFrame(columns=["ID"]))
    assert "7|x" in body and "50.0%" in body


def test_decisions_about_labels_say_what_became_of_them():
    audit, table = made_audit()
    decisions = [("a", "7|x", "7"), ("b", "7|x", ""), ("c", "7", None)]
    audit["label_fixes"] = {
        "changed": 2,
        "left_out": 1,
        "confirmed": 0,
        "decisions": [{"ID": id, "from": old, "to": new, "reason": ""} for id, old, new in decisions],
    }
    body = audit_tables(audit, table, pd.DataFrame(columns=["ID"]))
    assert "no label" in body and "left out" in body
