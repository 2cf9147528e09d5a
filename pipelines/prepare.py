"""Reads each image of the competition once and packs it: `python -m pipelines.prepare` (stage `prepare`).

Makes data/train.arrow, data/test.arrow, folds/audit.json, folds/classes.csv and folds/problem_files.csv. A person's decisions about
labels, folds/label_fixes.csv, are applied; folds/audit.json lists them.
"""

import os
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pandas as pd

from competition.audit import Packer, jobs_of, problems_of, summary
from competition.classes import write_classes
from competition.contract import read_competition
from competition.files import code_digest, digest, replace_file, write_json
from competition.label_fixes import apply_label_fixes, check_label_fixes, label_fix_facts, read_label_fixes
from competition.packing import build
from competition.settings import load_settings
from pipelines._main import log, run

FIXES = "folds/label_fixes.csv"


def main() -> None:
    settings = load_settings()
    original = read_competition(settings.competition)
    fixes = read_label_fixes(FIXES)
    check_label_fixes(FIXES, fixes, original)
    competition, fixed = apply_label_fixes(original, fixes), label_fix_facts(FIXES, fixes, original)
    facts = []
    for name, jobs in zip(("train", "test"), jobs_of(competition), strict=True):
        began = perf_counter()
        stamps = [(job.id, job.target, job.group, os.stat(job.path).st_mtime_ns, os.stat(job.path).st_size) for job in jobs]
        state = Path("data/state") / f"prepare-{name}-{digest(settings.prepare.model_dump(), stamps, code_digest())}"
        absolute = [replace(job, path=os.path.abspath(job.path)) for job in jobs]  # workers may stand in another folder
        found = build(f"data/{name}.arrow", absolute, Packer(name, settings.prepare), state,
                      part_size=128, machine=settings.machine, title=f"prepare {name}")
        facts += [fact | {"file": job.path} for fact, job in zip(found, jobs, strict=True)]
        log("packed", path=f"data/{name}.arrow", images=len(jobs), seconds=round(perf_counter() - began, 1))
    problems = problems_of(facts)
    with replace_file("folds/problem_files.csv") as temporary:
        pd.DataFrame(problems, columns=["ID", "set", "file", "problem"]).to_csv(temporary, index=False, lineterminator="\n")
    audit = summary(competition, facts) | {"label_fixes": fixed}
    write_json("folds/audit.json", audit)
    write_classes("folds/classes.csv", audit["classes"])
    if fixes:
        log("label fixes", path=FIXES, **{key: fixed[key] for key in ("changed", "left_out", "confirmed")})
    for problem in problems:
        log("warning: left out", set=problem["set"], file=problem["file"], problem=problem["problem"])
    if len(problems_of([fact for fact in facts if fact["set"] == "train"])) == len(competition.train):
        raise ValueError("train/: not one image can be read; folds/problem_files.csv lists why")


if __name__ == "__main__":
    run(main)
