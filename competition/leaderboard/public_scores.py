"""Ledger of public scores: submissions/public.csv, a row each time a competition's site was asked for one.

How often it was asked says how much a choice by it is worth, so no row ever takes another's place: a typing mistake is
corrected, and a private score added, only where a person says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from math import inf, isfinite, nan
from pathlib import Path

from competition.common.csv import read_table, write_table
from competition.common.errors import ContractError, examples


@dataclass(frozen=True)
class PublicScore:
    """Public score: what the site answered for a file that was handed in, as written into the ledger."""

    submission: str  # name, without .csv
    sha256: str  # of the file that was handed in
    public: str  # within the metric's bounds
    private: str  # the same; "" while unknown
    recorded: str  # YYYY-MM-DD
    test_like: str = ""  # out-of-fold score at that time, and its interval; "" where there was none
    test_like_low: str = ""
    test_like_high: str = ""
    expected: str = ""  # of the test set, and its interval: of final.csv, and of the candidate that it is
    expected_low: str = ""
    expected_high: str = ""
    expected_images: str = ""  # how many equally weighted out-of-fold images would tell as much


COLUMNS = tuple(field.name for field in fields(PublicScore))
PROMISED = ("test_like", "test_like_low", "test_like_high", "expected", "expected_low", "expected_high")
LATER = ("sha256", *PROMISED, "expected_images")  # an early ledger doesn't have them: ""
SCORES = ("public", "private", *PROMISED)
Bounds = tuple[float, float]  # lowest and highest score, see `Metric.bounds`
SHARE: Bounds = (0.0, 1.0)


def read_public_scores(path: Path | str, bounds: Bounds = SHARE) -> list[PublicScore]:
    """Return the asks in the order of the file; [] without the file. Raises ContractError for another kind of file."""
    if not Path(path).is_file():
        return []
    frame = read_table(path).frame
    problems = []
    if missing := [name for name in COLUMNS if name not in frame and name not in LATER]:
        problems.append(
            f"{path}: no column {examples(missing)} (there: {examples(frame.columns, most=20)}); is it another file?"
        )
    if unknown := [name for name in frame if name not in COLUMNS]:
        problems.append(f"{path}: unknown columns: {examples(unknown)}; keep them in a file of their own")
    if not problems:
        for name in LATER:
            frame[name] = frame.get(name, "")
        asks = [PublicScore(*row) for row in frame[list(COLUMNS)].itertuples(index=False)]
        problems += [
            f"{path}: row {row}: {wrong}" for row, ask in enumerate(asks, start=1) for wrong in _wrong(ask, bounds)
        ]
    if problems:
        raise ContractError(problems)
    return asks


def record_score(path: Path | str, score: PublicScore, most: int | None = None, bounds: Bounds = SHARE) -> PublicScore:
    """Add an ask to the ledger and return it; or the row that its private score completes, and no ask is added.

    That row: of the same submission, file and public score, with no private one yet. Raises ValueError where the ask
    would be one more than the `most` that rules.public_submissions allows.
    """
    asks = read_public_scores(path, bounds)
    known = (score.submission, score.public, "")
    same = [
        place
        for place, ask in enumerate(asks)
        if (ask.submission, ask.public, ask.private) == known and ask.sha256 in ("", score.sha256)
    ]
    if score.private and same:
        score = asks[same[-1]] = replace(asks[same[-1]], private=score.private)
    else:
        check_one_more(
            path,
            asks,
            most,
            f"{score.submission} of {score.recorded} would be one more. --correct mends a score that was mistyped",
        )
        asks.append(score)
    _write(path, asks)
    return score


def check_one_more(path: Path | str, asks: Sequence[PublicScore], most: int | None, what: str) -> None:
    """Raise ValueError, ending in `what`, where `asks` are all that rules.public_submissions allows."""
    if most is not None and len(asks) >= most:
        raise ValueError(
            f"rules.public_submissions: {most} in params.yaml, and {path} holds {len(asks)} scores; {what}"
        )


def complete(path: Path | str, submission: str, private: str, day: str = "", bounds: Bounds = SHARE) -> PublicScore:
    """Add a private score to the submission's newest ask without one (of `day`, if given), and return that ask.

    Raises ValueError without such an ask.
    """
    return _change(
        path, bounds, submission, day, "without a private score", lambda ask: not ask.private, private=private
    )


def correct(
    path: Path | str, submission: str, scores: dict[str, str], day: str = "", bounds: Bounds = SHARE
) -> PublicScore:
    """Replace `scores` (`public`, `private`) of the submission's newest ask (of `day`, if given), and return that ask.

    Raises ValueError without such an ask.
    """
    return _change(path, bounds, submission, day, "", lambda ask: True, **scores)


def submission_files(folder: Path) -> list[Path]:
    """Return the submissions under `folder` (submissions/): final.csv, the members' and the ensembles'."""
    return [*folder.glob("final.csv"), *sorted(folder.glob("members/*.csv")), *sorted(folder.glob("ensembles/*.csv"))]


def score_text(value: float, what: str, bounds: Bounds = SHARE) -> str:
    """Return the score as it is recorded. Raises ValueError outside the metric's `bounds`."""
    if not _is_within(value, bounds):
        hint = f"; write {value / 100:g} for {value:g} %" if bounds == SHARE and 1 < value <= 100 else ""
        raise ValueError(f"{what} score {value:g}: expected a number {range_text(bounds)}{hint}")
    return repr(float(value))


def range_text(bounds: Bounds) -> str:
    """Return the scores that there are, in words: "from 0 to 1", "from 0 on"."""
    low, high = bounds
    if low == -inf:
        return "of any size" if high == inf else f"up to {high:g}"
    return f"from {low:g} on" if high == inf else f"from {low:g} to {high:g}"


def _change(
    path: Path | str,
    bounds: Bounds,
    submission: str,
    day: str,
    which: str,
    fits: Callable[[PublicScore], bool],
    **scores: str,
) -> PublicScore:
    asks = read_public_scores(path, bounds)
    places = [
        place
        for place, ask in enumerate(asks)
        if ask.submission == submission and day in ("", ask.recorded) and fits(ask)
    ]
    if not places:
        wanted = " ".join(filter(None, (f"no ask of {submission}", day and f"on {day}", which)))
        there = examples([f"{ask.submission} on {ask.recorded}" for ask in asks], most=20) or "none"
        raise ValueError(f"{path}: {wanted}; recorded: {there}")
    newest = max(places, key=lambda place: (asks[place].recorded, place))
    asks[newest] = replace(asks[newest], **scores)
    _write(path, asks)
    return asks[newest]


def _write(path: Path | str, asks: list[PublicScore]) -> None:
    write_table(path, COLUMNS, [astuple(ask) for ask in asks])


def _wrong(ask: PublicScore, bounds: Bounds) -> list[str]:
    wrong = [
        f"{name} {value!r}; expected a number {range_text(bounds)}"
        for name in SCORES
        if (value := getattr(ask, name)) != "" and not _is_score(value, bounds)
    ]
    if not ask.submission or not ask.public:
        wrong.append("no submission or no public score; fill it in")
    if ask.expected_images and not _is_within(_number(ask.expected_images), (1.0, inf)):
        wrong.append(f"expected_images {ask.expected_images!r}; expected a number from 1 on")
    if not _is_day(ask.recorded):
        wrong.append(f"recorded {ask.recorded!r}; expected a day, YYYY-MM-DD")
    return wrong


def _is_score(text: str, bounds: Bounds) -> bool:
    return _is_within(_number(text), bounds)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def _is_within(value: float, bounds: Bounds) -> bool:
    return isfinite(value) and bounds[0] <= value <= bounds[1]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
