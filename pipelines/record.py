"""Write down the score that a competition's site gave a submission, in submissions/public.csv.

python -m pipelines.record final 0.9127
python -m pipelines.record final 0.9127 --private 0.9080 --date 2026-11-21
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from competition.public_scores import PublicScore, record_score, score_text
from competition.tables import examples, read_table
from pipelines._main import run

FOLDER = Path("submissions")
TABLES = ("public", "leaderboard", "oof", "confusion")  # CSVs in the folder that are no submissions


def main(
    submission: Annotated[str, typer.Argument(help="its name, as in submissions/<name>.csv")],
    score: Annotated[float, typer.Argument(help="the public leaderboard's, 0 to 1")],
    private: Annotated[float | None, typer.Option(help="the private leaderboard's, once it is known")] = None,
    on: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="YYYY-MM-DD (default: today)")] = None,
) -> None:
    """Write down the score that a competition's site gave a submission."""
    name = _known(submission)
    day = on.date() if on else date.today()
    told = PublicScore(name, score_text(score, "public"), "" if private is None else score_text(private, "private"), f"{day}")
    record_score(FOLDER / "public.csv", told)
    print(f"{FOLDER / 'public.csv'}: {name} public {told.public} {f'private {told.private} ' * bool(told.private)}on {day}")
    expected = _out_of_fold(name)
    if expected is None:
        print(f"no out-of-fold score of {name} in {FOLDER}/ to compare it with")
    else:
        print(f"out of fold, test-like: {expected:.4f}; public - out of fold: {score - expected:+.4f}")


def _known(submission: str) -> str:
    path = Path(submission)
    name = path.name.removesuffix(".csv")
    there = sorted(file.stem for file in FOLDER.glob("*.csv") if file.stem not in TABLES)
    if name not in there or (len(path.parts) > 1 and path.parent.resolve() != FOLDER.resolve()):
        raise ValueError(f"{submission}: no such submission under {FOLDER}/; there: {examples(there, most=20) or 'none'}")
    return name


def _out_of_fold(name: str) -> float | None:
    """Return the submission's own test-like macro F1, None when it isn't known."""
    leaderboard, facts = FOLDER / "leaderboard.csv", FOLDER / f"{name}.json"
    if leaderboard.is_file():
        frame = read_table(leaderboard).frame
        if {"submission", "test_like"} <= set(frame):
            found = [value for row, value in zip(frame["submission"], frame["test_like"], strict=True) if row == name and value]
            if found:
                return float(found[0])
    if facts.is_file():  # the ensemble's stands beside it
        return json.loads(facts.read_text(encoding="utf-8")).get("macro_f1", {}).get("test_like", {}).get("value")
    return None


if __name__ == "__main__":
    run(main)
