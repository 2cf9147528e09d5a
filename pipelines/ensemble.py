"""Ensembles, and the one to submit: `python -m pipelines.ensemble` (stage `ensemble`).

Reads folds/folds.csv, folds/predictions/, what `vote` decided (leaderboard.csv, votes.json) and submissions/external/.
Makes submissions/ensembles/<name>.csv, ensembles.csv (their nested scores), ensembles_oof.csv (their answers out of
fold); final.csv, the chosen candidate's answers, checked against the sample submission before it takes its place,
final_vote.json (what was fitted: see competition.ensembling.final_vote), final.json (score, why it was chosen, lineage)
and metrics.json (three scores, for `dvc metrics` and `dvc exp`). An unlocked holdout is scored once;
submissions/holdout.csv says when, and submissions/holdout_seen.csv which images can't be held out any more.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np

from competition.common import paths
from competition.common.errors import ContractError
from competition.common.files import replace_folder, write_json
from competition.common.locks import Use
from competition.data.competition import Competition, read_competition
from competition.data.submission import check_submission, write_submission
from competition.ensembling.candidates import Candidate
from competition.ensembling.candidates_table import candidates_table, seconds_of_parts
from competition.ensembling.choice import decide
from competition.ensembling.decision import PLAIN
from competition.ensembling.ensembles import ensemble_candidates, with_external_votes
from competition.ensembling.external import read_external
from competition.ensembling.final_files import FACTS, FINAL, FINAL_VOTE, METRICS_FILE, replace_final
from competition.ensembling.final_json import final_facts, metrics_of
from competition.ensembling.final_vote import write_final_vote
from competition.ensembling.holdout import check_ledger_is_kept, score_holdout
from competition.ensembling.images import Images, images_of
from competition.ensembling.lineage import digests_of_weights, lineage, weight_bytes
from competition.ensembling.members import read_members
from competition.ensembling.rule import RuleInputs
from competition.ensembling.skill import with_skill
from competition.ensembling.specialist_choice import read_choice
from competition.folds.seen_images import add_seen, check_held_out
from competition.folds.split import read_folds
from competition.inference.tta import orientation_weights
from competition.leaderboard.leaderboard import read_leaderboard, write_leaderboard
from competition.leaderboard.oof_answers import write_oof
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    settings = load_settings()
    check_ledger_is_kept(settings.ensemble, Path.cwd())
    began = perf_counter()
    competition = read_competition(settings.competition, settings.task, images=False)
    leaderboard = read_leaderboard(paths.LEADERBOARD)
    folds = read_folds(paths.FOLDS)
    metric, unlock = make_metric(settings.task), settings.ensemble.unlock_holdout
    if unlock:
        check_held_out(paths.HOLDOUT_SEEN, folds)
    images = images_of(folds, competition.test_ids, competition.task, metric, unlock)
    external = {name: read_external(name, competition) for name in settings.ensemble.external}
    specialist = read_choice(paths.VOTES)
    stacked, singles = read_members(settings.voters, specialist, settings, folds, images)
    voting, voters, guards = with_skill(stacked, singles)
    ensembles, left_out = ensemble_candidates(RuleInputs(voting, voters, settings.ensemble, external))
    candidates = [*singles, *ensembles]
    seconds = seconds_of_parts(leaderboard, singles)
    costs = {part: weight_bytes(part, settings) for part in seconds}
    choice = decide(candidates, costs, images, settings.ensemble)
    chosen = next(candidate for candidate in candidates if candidate.name == choice.chosen)
    warn(candidates, left_out, guards, chosen, external)
    write_ensembles(ensembles, images, competition)
    table = candidates_table(candidates, images, seconds, settings.ensemble)
    write_leaderboard(paths.CANDIDATES, table)
    print_leaderboard(table, f"{metric.title} out of fold{metric.order_note}")
    weights = digests_of_weights(list(seconds), settings)
    facts = final_facts(candidates, chosen, choice, stacked, competition.class_names, settings, external)
    facts["lineage"] = lineage(settings, chosen.parts, weights)
    facts["holdout"] = score_holdout(paths.HOLDOUT, chosen, images, settings.ensemble, f"{date.today()}")
    if paths.HOLDOUT.is_file():
        add_seen(paths.HOLDOUT_SEEN, folds)
    with replace_final() as folder:
        write_final(folder / FINAL, chosen.test, competition)
        orientations = orientation_weights(settings.tta.passes, settings.tta.seed)
        write_final_vote(folder / FINAL_VOTE, chosen, candidates, voting, orientations, weights, settings)
        write_json(folder / METRICS_FILE, metrics_of(facts))
        write_json(folder / FACTS, facts)
    report(facts, perf_counter() - began)


def warn(
    candidates: Sequence[Candidate],
    left_out: Sequence[str],
    guards: Sequence[str],
    chosen: Candidate,
    external: dict[str, np.ndarray],
) -> None:
    for name in guards:
        log(f"{name} votes in no ensemble", reason="hardly better than chance, test-like out of fold")
    for name in left_out:
        log(f"warning: {name} left out", reason="so many images, members and classes would take it minutes")
    if external:
        joined = ",".join(with_external_votes(candidates))
        log("warning: not validated", votes=",".join(external), of=joined, scores="of the other voters alone")
        if not chosen.takes_external:
            log(
                "warning: external votes are not in final.csv",
                chosen=chosen.name,
                to_use_them=f"ensemble.choose: {joined}",
            )


def write_ensembles(ensembles: Sequence[Candidate], images: Images, competition: Competition) -> None:
    """Write submissions/ensembles/<name>.csv, and their answers out of fold, submissions/ensembles_oof.csv."""
    submissions = [candidate.submission() for candidate in ensembles]
    with replace_folder(paths.ENSEMBLES) as folder:
        for one in submissions:
            write_submission(folder / f"{one.name}.csv", competition, one.test)
    write_oof(paths.ENSEMBLES_OOF, submissions, images.seen, images.task)


def write_final(path: Path, answers: np.ndarray, competition: Competition) -> None:
    """Write the submission to its temporary `path`. Raises ContractError for one that isn't valid."""
    write_submission(path, competition, answers)
    if problems := check_submission(path, competition):
        raise ContractError(problem.replace(str(path), str(paths.FINAL)) for problem in problems)


def report(facts: dict, seconds: float) -> None:
    for row in facts["class_shares"]:
        if row["differs"]:
            wanted = round(row["training_share"] * facts["rows"])
            log(
                "warning: class share",
                target=row["target"],
                class_name=row["class_name"],
                answers=row["rows"],
                by_training_share=wanted,
                meaning="missed by the networks, or rarer or commoner in the test set",
            )
    scores = facts["score"]
    nested = scores["nested_choice"] or scores
    expected = (scores["expected"] or {}).get("value")
    if (scores["expected"] or {}).get("alarm"):
        log(
            "warning: expected can't be relied on",
            problem="an estimate of one network's accuracy on the test set is far from the one expected",
            **scores["expected"]["accuracy_estimates"],
        )
    log(
        "voted",
        path=paths.FINAL,
        rows=facts["rows"],
        chosen=facts["chosen"],
        clean=scores["clean"]["value"],
        test_like=scores["test_like"]["value"],
        nested_choice=nested["test_like"]["value"],
        expected=expected,
        seconds=round(seconds, 1),
    )
    log("why", reason=facts["why"])
    if (decision := facts["decision"]) and decision["rule"] != PLAIN:
        log("decision", **{key: decision[key] for key in ("rule", "gain", "standard_error")})


if __name__ == "__main__":
    run(main, use=Use.READ)
