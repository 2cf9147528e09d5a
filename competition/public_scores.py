"""Scores that a competition's site gave: submissions/public.csv."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from competition.tables import ContractError, read_columns, write_table


@dataclass(frozen=True)
class PublicScore:
    """What the site said of one submission, as written into the file."""

    submission: str  # name, without .csv
    public: str  # in [0, 1]
    private: str  # in [0, 1], "" while unknown
    recorded: str  # YYYY-MM-DD


COLUMNS = tuple(field.name for field in fields(PublicScore))


def read_public_scores(path: Path | str) -> list[PublicScore]:
    """Return the recorded scores, oldest first; [] without the file. Raises ContractError for another kind of file."""
    if not Path(path).is_file():
        return []
    problems: list[str] = []
    frame = read_columns(Path(path), COLUMNS, problems)
    if frame is None:
        raise ContractError(problems)
    return [PublicScore(*row) for row in frame[list(COLUMNS)].itertuples(index=False)]


def check_allowed(path: Path | str, score: PublicScore, most: int | None) -> None:
    """Raise ValueError where `score` would be recorded beyond the `most` that rules.public_submissions allows; a correction never is."""
    told = {(old.submission, old.recorded) for old in read_public_scores(path)}
    if most is not None and (score.submission, score.recorded) not in told and len(told) >= most:
        raise ValueError(f"rules.public_submissions: {most} in params.yaml, and {path} holds {len(told)} scores; {score.submission} of "
                         f"{score.recorded} would be one more. To correct one, give its --date")


def record_score(path: Path | str, score: PublicScore) -> None:
    """Add a score to the file; one of the same submission and day is corrected."""
    others = [old for old in read_public_scores(path) if (old.submission, old.recorded) != (score.submission, score.recorded)]
    write_table(path, COLUMNS, [astuple(row) for row in [*others, score]])


def score_text(value: float, what: str) -> str:
    """Return the score as it is recorded. Raises ValueError outside 0..1."""
    if not 0 <= value <= 1:
        hint = f"; write {value / 100:g} for {value:g} %" if 1 < value <= 100 else ""
        raise ValueError(f"{what} score {value:g}: expected a number from 0 to 1{hint}")
    return repr(float(value))
