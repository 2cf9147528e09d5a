"""Distil the final vote into one network, the student: `python -m pipelines.distil` (stage `distil`).

Reads what `train` reads, and what `ensemble` made of it: the members' weights and predictions, final_vote.json. With
`distil.images` the images of that folder are learnt from too, with `distil.test_images` the test images. Makes
folds/student/: for each fold, for the score alone, and for all images, to be used, what `train` makes of a member;
submissions/student.csv, a leaderboard of the final vote and the student; submissions/student_vote.json, which `predict
--student` reads. With `distil.student: []` there is no such stage. See docs/predict.md.
"""

from pathlib import Path

import numpy as np

from competition.audit.duplicate_table import read_duplicates
from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.ensembling.final_vote import FinalVote, read_final_vote
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.images import Images, images_of
from competition.ensembling.specialist_choice import read_choice
from competition.ensembling.vote_without_fold import fit_candidate, vote_without
from competition.folds.split import read_folds
from competition.leaderboard.leaderboard import write_leaderboard
from competition.leaderboard.tables import print_leaderboard
from competition.members.named import member_named
from competition.members.output_files import print_epoch, write_member
from competition.metrics.make import make_metric
from competition.serving.distillation import Unlabelled, rows_to_ask, taught_data, train_student
from competition.serving.predict import chosen_vote
from competition.serving.student_vote import calibration_of, student_candidate, student_table, write_student_vote
from competition.serving.teacher import ask_teacher
from competition.serving.unlabelled import pack_unlabelled
from competition.settings.distil import ALL, STUDENT
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, bar_copies, load_fold
from pipelines._main import log, run, warn_of_changes, warn_of_undeclared


def main() -> None:
    settings = load_settings()
    if not settings.distil.student:
        raise ValueError("distil.student: [] in params.yaml, so there is no student to train; name a member there")
    set_up_process()
    final, folds, metric = read_final_vote(), read_folds(paths.FOLDS), make_metric(settings.task)
    chosen = chosen_vote(final, None, False, settings, log)
    warn_of_changes(final.changed_since(settings, chosen.parts))
    warn_of_undeclared("distil", read_files(settings))
    images = images_of(folds, load_data(settings, None).test_ids, final.task, metric)
    train_students(settings, final, images)
    student, stacked = student_candidate(settings, folds, images)
    vote, singles = fit_candidate(chosen.name, settings, folds, images, read_choice(paths.VOTES))
    table = student_table(vote, singles, student, images, settings)
    write_leaderboard(paths.STUDENT_TABLE, table)
    write_student_vote(paths.STUDENT_VOTE, student, stacked, settings)
    print_leaderboard(table, f"{metric.title} out of fold{metric.order_note}")
    scores = table.set_index("submission")["test_like"]
    log("distilled", vote=vote.name, vote_test_like=scores[vote.name], test_like=scores[STUDENT])
    log("calibrated", **calibration_of(stacked))


def train_students(settings: Settings, final: FinalVote, images: Images) -> None:
    """Train the students of all folds and the one of all images, and write their files."""
    everything, unlabelled = load_data(settings, None), find_unlabelled(settings)
    votes = fold_votes(settings, final, images) | {ALL: final.vote()}
    parts = list(dict.fromkeys(part for vote in votes.values() for part in vote.parts))
    rows = rows_to_ask(everything, unlabelled)
    log(
        "asking the vote",
        vote=final.chosen,
        members=",".join(parts),
        copies=len(rows),
        without_labels=len(unlabelled.rows),
    )
    teacher = ask_teacher(parts, final, unlabelled.store, unlabelled.files, rows, settings)
    inputs = [*unlabelled.files, paths.FOLDS]
    for network, vote in votes.items():
        fold = None if network == ALL else network
        data = taught_data(load_data(settings, fold), vote, teacher, unlabelled, fold)
        log(
            "distilling",
            student=network,
            vote=vote.name,
            images=len(data.train_labels),
            copies=np.count_nonzero(data.taught.any(axis=1)),
        )
        trained = train_student(settings, network, data, final.targets, inputs, print_epoch)
        write_member(Path(), STUDENT, network, STUDENT, trained, data.metric.name)
        log("trained", student=network, **trained.figures)


def fold_votes(settings: Settings, final: FinalVote, images: Images) -> dict[int, FittedVote]:
    """Return fold -> the final vote, fitted without the fold's labels."""
    folds, choice = read_folds(paths.FOLDS), read_choice(paths.VOTES)
    return {fold: vote_without(fold, final.chosen, settings, folds, images, choice) for fold in settings.split.folds}


def load_data(settings: Settings, fold: int | None) -> FoldData:
    """Return the fold's data; None: all folds' images are learnt from, and none is scored."""
    targets, stores = tuple(read_classes(paths.CLASSES)), (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE)
    metric = make_metric(settings.task)
    data = load_fold(fold, read_folds(paths.FOLDS), targets, *stores, metric, settings.task.several)
    return bar_copies(data, read_duplicates(paths.DUPLICATES))


def find_unlabelled(settings: Settings) -> Unlabelled:
    distil = settings.distil
    test = paths.TEST_RESIZED_STORE if distil.test_images else None
    folder = pack_unlabelled(distil.images, settings, log) if distil.images else []
    return Unlabelled.of(paths.AUGMENTED_STORE, test, folder)


def read_files(settings: Settings) -> list[Path | str]:
    folder = [settings.distil.images] if settings.distil.images else []
    return [*settings.plugin_files, *member_named(STUDENT, settings).weights_files(), *folder]


if __name__ == "__main__":
    run(main, use=Use.TRAIN)
