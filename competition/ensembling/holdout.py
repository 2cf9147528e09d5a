"""Ledger of unlocked holdouts, submissions/holdout.csv: in git, append-only, so that none is scored twice.

A holdout tells the truth once. Whoever changes something after having seen its score, and scores it again, chooses by
it.
"""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from competition.common.csv import read_columns, write_table
from competition.common.errors import ContractError
from competition.common.files import digest
from competition.ensembling.candidates import Candidate
from competition.ensembling.final_json import rounded_score
from competition.ensembling.images import Images
from competition.settings.ensemble import EnsembleSettings


@dataclass(frozen=True)
class Unlocking:
    """Scored holdout: day, digest of its IDs, digest of IDs, targets and answers; scores as text."""

    date: str  # YYYY-MM-DD
    holdout: str
    answers: str
    submission: str
    images: str
    clean: str
    clean_low: str
    clean_high: str
    test_like: str
    test_like_low: str
    test_like_high: str


EXPERIMENTS = ".dvc/tmp/exps"  # where DVC runs what was queued
COLUMNS = tuple(field.name for field in fields(Unlocking))


def check_ledger_is_kept(settings: EnsembleSettings, folder: Path) -> None:
    """Raise ValueError where a holdout would be unlocked in a queued experiment of DVC's.

    It runs in a copy of the project, whose ledger nobody would see.
    """
    if settings.unlock_holdout and EXPERIMENTS in folder.as_posix():
        raise ValueError(
            "ensemble.unlock_holdout: true, in a queued or temporary experiment, where it wouldn't be on record; a "
            "holdout is scored once: unlock it in the project itself, for the experiment that was chosen"
        )


def read_unlockings(path: Path | str) -> list[Unlocking]:
    """Every unlocking on record, oldest first; [] without the file. Raises ContractError for another kind of file."""
    if not Path(path).is_file():
        return []
    problems: list[str] = []
    frame = read_columns(Path(path), COLUMNS, problems)
    if frame is None:
        raise ContractError(problems)
    return [Unlocking(*row) for row in frame[list(COLUMNS)].itertuples(index=False)]


def record_unlocking(path: Path | str, new: Unlocking) -> bool:
    """Return whether `new` was added to the ledger; False when these very answers are on record already.

    Raises ValueError when this holdout was unlocked for other answers.
    """
    before = read_unlockings(path)
    same_holdout = [old for old in before if old.holdout == new.holdout]
    if any(old.answers == new.answers for old in same_holdout):
        return False
    if same_holdout:
        old = same_holdout[-1]
        raise ValueError(
            f"{path}: this holdout was unlocked on {old.date}, for other answers or targets ({old.submission}: "
            f"test-like {old.test_like}, clean {old.clean}); a holdout is scored once. Set ensemble.unlock_holdout: "
            "false; a new holdout has to be of images that nothing was trained on since (train.csv's column fold: -1)"
        )
    write_table(path, COLUMNS, [astuple(row) for row in [*before, new]])
    return True


def score_holdout(
    path: Path | str, chosen: Candidate, images: Images, settings: EnsembleSettings, date: str
) -> dict | None:
    """Return the chosen candidate's score on the unlocked holdout, entered in the ledger at `path`; None while locked.

    {"images", "clean", "test_like"}, the latter as {"value", "low", "high"}. Votes from elsewhere have no answers to it
    and take no part. Raises ValueError as `record_unlocking` does.
    """
    if not chosen.holdout:
        return None
    ids, y_true, groups = images.holdout["ID"].tolist(), images.holdout_labels, images.holdout["group"].to_numpy(str)
    scores = {
        condition: rounded_score(y_true, answers, groups, images, settings)
        for condition, answers in chosen.holdout.items()
    }
    indices = {condition: answers.tolist() for condition, answers in chosen.holdout.items()}
    ends = {"": "value", "_low": "low", "_high": "high"}
    figures = {
        f"{condition}{end}": f"{scores[condition][key]:.6f}" for condition in scores for end, key in ends.items()
    }
    answered = digest(ids, y_true.tolist(), indices)
    record_unlocking(path, Unlocking(date, digest(sorted(ids)), answered, chosen.name, str(len(ids)), **figures))
    return {"images": len(ids)} | scores
