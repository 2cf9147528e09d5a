"""Vote of each member, and the leaderboard out of fold: `python -m pipelines.vote` (stage `vote`).

Reads folds/folds.csv, folds/predictions/ and folds/scores/. Makes in submissions/members/ <member>.csv (soft vote over
folds and passes), <member>_hard.csv (hard vote over folds) and <base>_specialist.csv (soft, with the specialist on the
hard classes, where it helps); beside it leaderboard.csv, oof.csv (the same votes out of fold), per_class.csv (each
class's F1), confusion.csv (of the best, for plots) and votes.json (what was decided about the specialist, and why); and
folds/curves/<member>.png, the folds' learning curves.
"""

from time import perf_counter

import pandas as pd

from competition.common import paths
from competition.common.csv import write_frame
from competition.common.errors import examples
from competition.common.locks import Use
from competition.data.competition import read_competition
from competition.data.submission import write_submission
from competition.ensembling.images import Images, images_of
from competition.ensembling.member_votes import MemberVotes, vote_members
from competition.ensembling.specialist_choice import write_choice
from competition.ensembling.specialist_votes import SPECIALIST
from competition.folds.scores import hard_classes_of, read_scores, seconds_of
from competition.folds.split import read_folds
from competition.leaderboard.leaderboard import compare, giveaway_note, write_leaderboard
from competition.leaderboard.learning_curves import draw_member_curves
from competition.leaderboard.oof_answers import write_confusion, write_oof
from competition.leaderboard.per_class import class_scores, worst_classes
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run


def main() -> None:
    settings = load_settings()
    metric = make_metric(settings.task)
    began = perf_counter()
    competition = read_competition(settings.competition, settings.task, images=False)
    folds = read_folds(paths.FOLDS)
    names = [*settings.voters, *([SPECIALIST] if settings.specialize.base_member else [])]
    scores = {name: read_scores(name, settings.split.folds) for name in names}
    hard = hard_classes_of(scores[SPECIALIST]) if SPECIALIST in scores else []
    images = images_of(folds, competition.test_ids, competition.task, metric)
    votes = vote_members(settings, folds, images, hard)
    log_choice(votes)
    for submission in votes.submissions:
        path = paths.MEMBERS / f"{submission.name}.csv"
        write_submission(path, competition, submission.test)
        log("voted", path=path, rows=len(submission.test), vote=submission.vote)
    leaderboard = make_leaderboard(settings, votes, scores, images)
    by_name = {one.name: one for one in votes.submissions}
    ranked = [by_name[name] for name in leaderboard["submission"]]
    per_class = class_scores(ranked, images.y_true, images.task)
    write_leaderboard(paths.LEADERBOARD, leaderboard)
    write_oof(paths.OOF, votes.submissions, images.seen, images.task)
    write_frame(paths.PER_CLASS, per_class)
    write_confusion(paths.CONFUSION, ranked[0], images.seen, images.task, competition.target2class)
    write_choice(paths.VOTES, votes.choice)
    draw_member_curves(names, settings.split.folds, metric.label)
    print_leaderboard(leaderboard, f"{metric.title} out of fold{metric.order_note}")
    note = metric.labels_note(settings.task.several)
    worst = ", ".join(worst_classes(per_class, ranked[0].name))
    log(f"worst classes of {ranked[0].name}, test-like F1{f' {note}' if note else ''}: {worst}")
    log("compared", path=paths.LEADERBOARD, submissions=len(leaderboard), seconds=round(perf_counter() - began, 1))


def log_choice(votes: MemberVotes) -> None:
    if ids := votes.unanswered:
        log("warning: test images without a prediction", images=len(ids), answered="most frequent", ids=examples(ids))
    if choice := votes.choice:
        scores = {key: round(value, 4) for key, value in choice.scores.items()}
        log("specialist", mode=choice.mode, weight=choice.weight, **scores)


def make_leaderboard(
    settings: Settings, votes: MemberVotes, scores: dict[str, list[dict]], images: Images
) -> pd.DataFrame:
    base = settings.specialize.base_member
    specialist = f"{base}_{SPECIALIST}"
    seconds = {
        one.name: seconds_of(scores[one.member] + (scores[SPECIALIST] if one.name == specialist else []))
        for one in votes.submissions
    }
    notes = {one.name: one.decision.note for one in votes.singles}
    if votes.choice is not None:
        name = base if votes.choice.mode == "out" else specialist
        notes[name] = "; ".join(filter(None, [votes.choice.note, notes[name]]))
    leaderboard = compare(
        votes.submissions,
        images.y_true,
        images.folds,
        len(images.targets),
        images.metric,
        settings.ensemble,
        seconds,
        notes,
        images.groups,
    )
    members = {name: settings.described(name) for name in settings.voters}
    grey_sizes = {name: member.guard_size for name, member in members.items() if member.guard_size}
    return giveaway_note(leaderboard, grey_sizes, len(images.targets), images.metric, images.task.several)


if __name__ == "__main__":
    run(main, use=Use.READ)
