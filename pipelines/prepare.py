"""Read and pack each image once, and audit the data: `python -m pipelines.prepare` (stage `prepare`).

Makes data/train.arrow, data/test.arrow, data/metadata.csv, folds/audit.json, folds/classes.csv, folds/duplicates.csv
and folds/problem_files.csv, and prints the audit as tables. A person's decisions about labels, folds/label_fixes.csv,
are applied; folds/audit.json lists them.
"""

import os
from dataclasses import replace
from time import perf_counter

from competition.audit.duplicate_table import write_duplicates
from competition.audit.duplicates import Duplicates, find_duplicates
from competition.audit.metadata import metadata_warnings
from competition.audit.perceptual_hash import MOST
from competition.audit.problem_files import is_packed, write_problem_files
from competition.audit.scan import Job, Packer, packing_jobs, problems_of
from competition.audit.summary import summary
from competition.audit.tables import print_audit
from competition.common import paths
from competition.common.files import digest, write_json
from competition.common.imports import code_digest
from competition.common.locks import Use
from competition.data.classes import write_classes
from competition.data.competition import Competition, read_competition
from competition.data.data_warnings import data_warnings
from competition.data.image_store import ImageStore, StoredThumbnails
from competition.data.label_sets import encode
from competition.data.metadata import metadata_table, read_metadata, write_metadata
from competition.data.packing import build
from competition.labels.fixes import (
    apply_label_fixes,
    check_label_fixes,
    label_fix_facts,
    read_label_fixes,
    spelled_as_train,
)
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run

CODE = "competition.audit.scan"  # whose source names the state
STORES = {"train": paths.TRAIN_STORE, "test": paths.TEST_STORE}


def main() -> None:
    settings = load_settings()
    original = read_competition(settings.competition, settings.task)
    fixes = spelled_as_train(read_label_fixes(paths.LABEL_FIXES), original)
    check_label_fixes(paths.LABEL_FIXES, fixes, original)
    competition, fixed = apply_label_fixes(original, fixes), label_fix_facts(paths.LABEL_FIXES, fixes, original)
    warnings = look_at_metadata(competition, settings)
    facts = []
    for name, jobs in zip(("train", "test"), packing_jobs(competition), strict=True):
        facts += pack(name, jobs, settings)
    problems = problems_of(facts)
    write_problem_files(paths.PROBLEM_FILES, problems)
    if not any(is_packed(fact) for fact in facts if fact["set"] == "train"):
        raise ValueError(f"train/: not one image can be used; {paths.PROBLEM_FILES} lists why")
    duplicates = look_for_duplicates(facts, settings)
    audit = summary(competition, facts, duplicates, settings.rules.test_statistics) | {"label_fixes": fixed}
    write_json(paths.AUDIT, audit)
    write_classes(paths.CLASSES, audit["classes"])
    print_audit(audit)
    if fixes:
        log("label fixes", path=paths.LABEL_FIXES, **{key: fixed[key] for key in ("changed", "left_out", "confirmed")})
    for warning in warnings:
        log("warning: metadata", problem=warning)
    for warning in data_warnings(competition):
        log("warning: data", problem=warning)
    for problem in problems:
        what = "used in part" if is_packed(problem) else "left out"
        log(f"warning: {what}", set=problem["set"], file=problem["file"], problem=problem["problem"])


def look_at_metadata(competition: Competition, settings: Settings) -> list[str]:
    """Write the columns that stand beside the images in train.csv and test.csv; return what is wrong with them.

    Raises ValueError where a member needs some and there are none.
    """
    write_metadata(paths.METADATA, metadata_table(settings.competition))
    metadata = read_metadata(paths.METADATA, settings.task.metadata)
    if not (metadata.numbers or metadata.categories):
        if needing := [name for name in settings.train.members if settings.members[name].needs_metadata]:
            raise ValueError(
                f"train.members: {', '.join(needing)} learns from columns beside the image, but train.csv and test.csv "
                "have none in common beside ID, target, group, box and fold, or task.metadata leaves them out"
            )
        return []
    train, targets = competition.train, competition.targets
    labels = encode(train["target"], targets, settings.task.labels == "multi")
    return metadata_warnings(metadata, train["ID"], labels, len(targets))


def pack(name: str, jobs: list[Job], settings: Settings) -> list[dict]:
    """Pack the set `name`; return a fact per job (see audit.Packer)."""
    began = perf_counter()
    stamps = [(replace(job, path=""), os.stat(job.path).st_mtime_ns, os.stat(job.path).st_size) for job in jobs]
    state = paths.STATE / f"prepare-{name}-{digest(settings.prepare.model_dump(), stamps, code_digest(CODE))}"
    absolute = [replace(job, path=os.path.abspath(job.path)) for job in jobs]  # workers may stand in another folder
    found = build(
        STORES[name],
        absolute,
        Packer(name, settings.prepare),
        state,
        part_size=128,
        machine=settings.machine,
        title=f"prepare {name}",
    )
    log("packed", path=STORES[name], images=len(jobs), seconds=round(perf_counter() - began, 1))
    return [fact | {"file": job.path} for fact, job in zip(found, jobs, strict=True)]


def look_for_duplicates(facts: list[dict], settings: Settings) -> Duplicates:
    """Return the duplicates among the packed images, and write them down."""
    began = perf_counter()
    thumbnails = StoredThumbnails(*map(ImageStore, STORES.values()))
    compared = ("train", "test") if settings.rules.test_statistics else ("train",)
    packed = [fact for fact in facts if is_packed(fact) and fact["set"] in compared]
    threads = settings.machine.workers or os.cpu_count() or 1
    at_least = settings.prepare.near_duplicate_similarity
    duplicates = find_duplicates(packed, thumbnails, at_least, threads, thumbnails.image)
    write_duplicates(paths.DUPLICATES, duplicates.table)
    if duplicates.crowded:
        log(
            "warning: duplicates may be missed",
            problem=f"{duplicates.crowded} images look like more than {MOST} others; "
            "they were compared with the nearest only. Give known groups as a column of train.csv",
        )
    log("duplicates", path=paths.DUPLICATES, pairs=len(duplicates.table), seconds=round(perf_counter() - began, 1))
    return duplicates


if __name__ == "__main__":
    run(main, use=Use.PACK)
