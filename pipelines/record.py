"""Write down the score that a competition's site gave a submission, in submissions/public.csv.

python -m pipelines.record final 0.9127
python -m pipelines.record final 0.9127 --private 0.9080 --date 2026-11-21

NAME is submissions/final.csv's or a member's, submissions/members/NAME.csv. Prints the leaderboard with all recorded scores.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from competition.leaderboard import print_leaderboard, read_leaderboard
from competition.public_scores import PublicScore, check_allowed, read_public_scores, record_score, score_text
from competition.settings import load_settings
from competition.tables import examples
from pipelines._main import run

FOLDER = Path("submissions")


def main(
    submission: Annotated[str, typer.Argument(help="its name: final, or as in submissions/members/<name>.csv")],
    score: Annotated[float, typer.Argument(help="the public leaderboard's, 0 to 1")],
    private: Annotated[float | None, typer.Option(help="the private leaderboard's, once it is known")] = None,
    on: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="YYYY-MM-DD (default: today)")] = None,
) -> None:
    """Write down the score that a competition's site gave a submission."""
    name = _known(submission)
    day = on.date() if on else date.today()
    told = PublicScore(name, score_text(score, "public"), "" if private is None else score_text(private, "private"), f"{day}")
    check_allowed(FOLDER / "public.csv", told, load_settings().rules.public_submissions)
    record_score(FOLDER / "public.csv", told)
    print(f"{FOLDER / 'public.csv'}: {name} public {told.public} {f'private {told.private} ' * bool(told.private)}on {day}")
    board = read_leaderboard(FOLDER / "leaderboard.csv") if (FOLDER / "leaderboard.csv").is_file() else None
    expected = _out_of_fold(name, board)
    if expected is None:
        print(f"no out-of-fold score of {name} in {FOLDER}/ to compare it with")
    else:
        print(f"out of fold, test-like: {expected:.4f}; public - out of fold: {score - expected:+.4f}")
    if board is not None:
        print_leaderboard(board, public={row.submission: row.public for row in read_public_scores(FOLDER / "public.csv")})


def _known(submission: str) -> str:
    path = Path(submission)
    name = path.name.removesuffix(".csv")
    files = [*FOLDER.glob("final.csv"), *sorted((FOLDER / "members").glob("*.csv"))]
    named = [file for file in files if file.stem == name]
    if not any(len(path.parts) == 1 or path.parent.resolve() == file.parent.resolve() for file in named):
        there = examples([file.stem for file in files], most=20) or "none"
        raise ValueError(f"{submission}: no such submission under {FOLDER}/ and {FOLDER}/members/; there: {there}")
    return name


def _out_of_fold(name: str, board: pd.DataFrame | None) -> float | None:
    """Return the submission's own test-like macro F1, None when it isn't known."""
    if board is not None and name in board["submission"].tolist():
        return float(board.set_index("submission").at[name, "test_like"])
    facts = FOLDER / f"{name}.json"  # the ensemble's stands beside it
    if facts.is_file():
        return json.loads(facts.read_text(encoding="utf-8")).get("macro_f1", {}).get("test_like", {}).get("value")
    return None


if __name__ == "__main__":
    run(main)
