"""Table of the public scores, on a terminal or in a log, and what so many asks mean."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from competition.common.errors import counted
from competition.leaderboard.public_comparison import PublicComparison, expected_maximum
from competition.leaderboard.tables import make_console

OUTSIDE = (
    "OUTSIDE: once in a while that is chance; again and again it says that the test-like images are not like the test "
    "set: python -m pipelines.fit_augmentation fits them."
)
LEFT = ("day", "submission", "")
SHOWN = 3  # files, the best by both scores


def print_public(comparison: PublicComparison, console: Console | None = None) -> None:
    """Print every ask beside its out-of-fold score, then how many there were and what that does to a choice."""
    console = console or make_console()
    if comparison.rows:
        table = Table(title="Public scores", title_justify="left")
        for column in ("day", "submission", "public", "private", "test-like", "expected", "difference", "range", ""):
            table.add_column(column, justify="left" if column in LEFT else "right")
        for row in comparison.rows:
            scores = (_number(row[key]) for key in ("public", "private", "test_like", "expected"))
            table.add_row(
                row["recorded"],
                row["submission"],
                *scores,
                _number(row["difference"], "+"),
                _expected(row),
                _verdict(row),
            )
        console.print(table)
    for line in public_lines(comparison):
        console.print(Text(line))


def public_lines(comparison: PublicComparison) -> list[str]:
    """Return how often the public score was asked, and by how much the best is expected to be luck."""
    asks, files = len(comparison.rows), comparison.files
    lines = [OUTSIDE] if any(row["inside"] is False for row in comparison.rows) else []
    lines += [f"The public score was asked {counted(asks, 'times')} on {counted(comparison.days, 'days')}."]
    if files > 1:
        warning = "warning: that often, choosing by it picks luck: " * comparison.too_often
        best, good = ("highest", "high") if comparison.greater_is_better else ("lowest", "low")
        lines.append(
            f"{warning}of {files} files that can't be told apart, the {best} public score is expected "
            f"{_luck(comparison)} too {good} by chance. {_choose_by(comparison)}"
        )
    return lines


def _choose_by(comparison: PublicComparison) -> str:
    found = comparison.combined
    if len(found) < 2:
        return "Choose by test-like."
    sizes = comparison.sizes
    scores = ", ".join(f"{name} {score:.4f}" for name, score in [*found.items()][:SHOWN])
    return (
        f"There are at least as many public images ({counted(sizes.public, 'images')}, {sizes.share:.0%} of the test "
        f"set by submit.public_share) as out of fold ({sizes.out_of_fold}): choose by both scores, each counted by "
        f"its images: {scores}."
    )


def _luck(comparison: PublicComparison) -> str:
    errors = f"{expected_maximum(comparison.files):.2f} standard errors"
    return (
        errors
        if comparison.luck is None
        else f"up to {comparison.luck:.4f} ({errors} of {comparison.standard_error:.4f})"
    )


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.4f}"


def _expected(row: dict) -> str:
    return "" if row["low"] is None else f"{row['low']:.4f}-{row['high']:.4f}"


def _verdict(row: dict) -> str:
    inside = {None: "", True: "inside", False: "OUTSIDE"}[row["inside"]]
    return ", ".join(filter(None, (inside, "an earlier file" if row["same_file"] is False else "")))
