"""The student as a vote of one: calibrated, with its threshold for `unsure`, scored beside the vote that it learnt."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from competition.common import paths
from competition.common.files import read_json
from competition.ensembling.candidates import Candidate
from competition.ensembling.candidates_table import candidates_table, seconds_of_parts
from competition.ensembling.final_vote import write_final_vote
from competition.ensembling.images import Images
from competition.ensembling.lineage import digests_of_weights
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import StackedPredictions, stack_predictions
from competition.folds.predictions import read_networks
from competition.leaderboard.leaderboard import read_leaderboard
from competition.metrics.calibration import calibration_error, fit_temperatures
from competition.serving.distillation import AS_PACKED
from competition.settings.distil import ALL, STUDENT
from competition.settings.params import Settings

CALIBRATED = "soft"  # the rule that calibrates its members; of one there is nothing else to it


def student_candidate(settings: Settings, folds: pd.DataFrame, images: Images) -> tuple[Candidate, StackedPredictions]:
    """Return the student as a candidate, and its predictions: out of fold by the folds' students, else by the one of
    all images.

    folds: ID, target, fold. Raises FileNotFoundError for one that isn't trained.
    """
    *own, used = read_networks(STUDENT, (*settings.split.folds, ALL), folds, images.targets)
    stacked = stack_predictions({STUDENT: [fold | used for fold in own]}, images)
    return RULES[CALIBRATED].candidate(STUDENT, RuleInputs(stacked, (), settings.ensemble)), stacked


def student_table(
    vote: Candidate, singles: Sequence[Candidate], student: Candidate, images: Images, settings: Settings
) -> pd.DataFrame:
    """Return the leaderboard of `vote`, whose members are among the `singles`, and of the `student`."""
    seconds = seconds_of_parts(read_leaderboard(paths.LEADERBOARD), singles)
    facts = [read_json(paths.scores(STUDENT, fold)) for fold in settings.split.folds]
    seconds[STUDENT] = tuple(sum(one[key] for one in facts) for key in ("train_seconds", "predict_seconds"))
    return candidates_table([vote, student], images, seconds, settings.ensemble)


def calibration_of(stacked: StackedPredictions) -> dict[str, float]:
    """Return the student's temperature, and its calibration error out of fold, test-like, before and after."""
    images, said = stacked.images, stacked.oof["test_like"][0, 0]
    found = calibration_error(said, images.y_true, images.slices, *fit_temperatures(said, images.y_true, images.slices))
    return {key: round(value, 4) for key, value in found.items()}


def write_student_vote(path: Path | str, student: Candidate, stacked: StackedPredictions, settings: Settings) -> None:
    """Write what `predict --student` reads beside the weights: see `serving.predict.read_student_vote`."""
    weights = digests_of_weights([STUDENT], settings)
    write_final_vote(path, student, [student], stacked, AS_PACKED, weights, settings)
