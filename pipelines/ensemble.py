"""Casts every ensemble and makes the one to submit: `python -m pipelines.ensemble` (stage `ensemble`).

Reads folds/folds.csv, folds/predictions/, what `vote` decided (leaderboard.csv, specialist.json) and
submissions/external/. Makes submissions/ensembles/<name>.csv, ensembles.csv (their nested scores), final.csv, the
chosen candidate's answers, checked against the sample submission before it takes its place, final.json: its score, why
it was chosen, its lineage; and metrics.json, its three scores, for `dvc metrics` and `dvc exp`. An unlocked holdout is
scored once; submissions/holdout.csv says when.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.common.errors import ContractError
from competition.common.files import replace_file, replace_folder, write_json
from competition.data.competition import Competition, read_competition
from competition.data.submission import check_submission, read_submission, write_submission
from competition.ensembling.candidates import SINGLE, Candidate
from competition.ensembling.candidates_table import candidates_board, seconds_of_parts
from competition.ensembling.choice import decide
from competition.ensembling.final_facts import final_facts
from competition.ensembling.hard_top import HARD_TOP, cast_hard_top
from competition.ensembling.holdout import score_holdout
from competition.ensembling.lineage import EXTERNAL, lineage, weights_of
from competition.ensembling.members import read_members
from competition.ensembling.nested import cast_ensembles
from competition.ensembling.specialist_choice import read_choice
from competition.ensembling.stacked_predictions import Images
from competition.folds.predictions import most_frequent
from competition.folds.split import HOLDOUT, read_folds
from competition.leaderboard.board import read_leaderboard, write_leaderboard
from competition.leaderboard.tables import print_leaderboard
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run

EXPERIMENTS = ".dvc/tmp/exps"  # where DVC runs what was queued
SCORES = ("clean", "test_like", "expected")  # the last one unless rules.test_statistics forbids it

External = dict[str, np.ndarray]  # name -> (rows,) class indices


def main() -> None:
    settings = load_settings()
    check_ledger_is_kept(settings)
    began = perf_counter()
    competition = read_competition(settings.competition, images=False)
    board = read_leaderboard("submissions/leaderboard.csv")
    folds = read_folds("folds/folds.csv")
    images = images_of(folds, competition, settings)
    external = {name: read_external(name, images, competition) for name in settings.ensemble.external}
    panel, singles = read_members(
        settings.train.members, read_choice("submissions/specialist.json"), settings, folds, images
    )
    candidates = [*singles, cast_top(singles, images, settings, external), *cast_ensembles(panel)]
    seconds = seconds_of_parts(board, singles)
    decision = decide(
        candidates, costs(seconds, settings), images.true, images.folds, len(images.targets), settings.ensemble
    )
    chosen = next(candidate for candidate in candidates if candidate.name == decision.chosen)
    warn(candidates, chosen, external)
    write_ensembles(candidates, images, competition, seconds, settings)
    facts = final_facts(candidates, chosen, decision, panel, competition.class_names, settings, external)
    facts["lineage"] = lineage(settings, chosen.parts)
    facts["holdout"] = score_holdout("submissions/holdout.csv", chosen, images, settings.ensemble, f"{date.today()}")
    write_final("submissions/final.csv", chosen.submission(images.targets).test, competition)
    write_json("submissions/final.json", facts)
    write_json(
        "submissions/metrics.json",
        {name: facts["macro_f1"][name]["value"] for name in SCORES if facts["macro_f1"][name]},
    )
    report(facts, perf_counter() - began)


def check_ledger_is_kept(settings: Settings) -> None:
    """Refuse to unlock a holdout in a queued experiment of DVC's: it runs in a copy, whose ledger nobody would see."""
    if settings.ensemble.unlock_holdout and EXPERIMENTS in Path.cwd().as_posix():
        raise ValueError(
            "ensemble.unlock_holdout: true, in a queued or temporary experiment, where it wouldn't be on record; a "
            "holdout is "
            "scored once: unlock it in the project itself, for the experiment that was chosen"
        )


def images_of(folds: pd.DataFrame, competition: Competition, settings: Settings) -> Images:
    """Which images are answered: the holdout's only once it is unlocked."""
    seen, holdout = folds[folds["fold"] >= 0].reset_index(drop=True), folds[folds["fold"] == HOLDOUT]
    if settings.ensemble.unlock_holdout and holdout.empty:
        raise ValueError(
            "ensemble.unlock_holdout: true, but folds/folds.csv has no image of fold -1; raise split.holdout"
        )
    unlocked = holdout if settings.ensemble.unlock_holdout else holdout.iloc[:0]
    return Images(
        seen, unlocked, competition.test_ids, competition.targets, most_frequent(seen["target"], competition.targets)
    )


def read_external(name: str, images: Images, competition: Competition) -> np.ndarray:
    """An external submission's answers in the sample submission's order; refused when it isn't valid."""
    path = EXTERNAL / f"{name}.csv"
    if problems := check_submission(path, competition):
        raise ContractError(problems)
    return images.indices(read_submission(path, competition.columns)["target"])


def cast_top(singles: Sequence[Candidate], images: Images, settings: Settings, external: External) -> Candidate:
    return cast_hard_top(singles, images.true, images.folds, len(images.targets), settings.ensemble.top, external)


def costs(parts: Sequence[str], settings: Settings) -> dict[str, float]:
    """Part -> bytes of its weights: as seconds would be, but the same in every run."""
    return {part: sum(path.stat().st_size for path in weights_of(part, settings)) for part in parts}


def warn(candidates: Sequence[Candidate], chosen: Candidate, external: External) -> None:
    if "stacking" not in [candidate.way for candidate in candidates]:
        log("warning: stacking left out", reason="so many images, members and classes would take it minutes")
    if external:
        log("warning: not validated", votes=",".join(external), of=HARD_TOP, scores="of the other voters alone")
        if chosen.name != HARD_TOP:
            log(
                "warning: external votes are not in final.csv",
                chosen=chosen.name,
                to_use_them=f"ensemble.choose: {HARD_TOP}",
            )


def write_ensembles(
    candidates: Sequence[Candidate], images: Images, competition: Competition, seconds: dict, settings: Settings
) -> None:
    """submissions/ensembles/<name>.csv, and submissions/ensembles.csv, in which they are compared with the members."""
    with replace_folder("submissions/ensembles") as folder:
        for candidate in candidates:
            if candidate.way != SINGLE:
                answers = candidate.submission(images.targets).test.tolist()
                write_submission(folder / f"{candidate.name}.csv", competition.test_ids, answers, competition.columns)
    board = candidates_board(candidates, images, seconds, settings.ensemble)
    write_leaderboard("submissions/ensembles.csv", board)
    print_leaderboard(board)


def write_final(path: str, answers: np.ndarray, competition: Competition) -> None:
    """Write the submission, unless it breaks the competition's contract: then whatever stood there stays."""
    with replace_file(path) as temporary:
        write_submission(temporary, competition.test_ids, answers.tolist(), competition.columns)
        if problems := check_submission(temporary, competition):
            raise ContractError(problem.replace(str(temporary), path) for problem in problems)


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
    scores = facts["macro_f1"]
    nested = scores["nested_choice"] or scores
    expected = (scores["expected"] or {}).get("value")
    log(
        "voted",
        path="submissions/final.csv",
        rows=facts["rows"],
        chosen=facts["chosen"],
        clean=scores["clean"]["value"],
        test_like=scores["test_like"]["value"],
        nested_choice=nested["test_like"]["value"],
        expected=expected,
        seconds=round(seconds, 1),
    )
    log("why", reason=facts["why"])


if __name__ == "__main__":
    run(main)
