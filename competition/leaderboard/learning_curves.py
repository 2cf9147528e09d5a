"""Learning curves of a member as a picture: loss, score, learning rate and speed by epoch, one line per fold."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from competition.common import paths
from competition.common.files import replace_file
from competition.common.fonts import drawable, families

# Okabe and Ito's colours, told apart by colour-blind people too (https://jfly.uni-koeln.de/color/)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SUBPLOTS = (
    ("loss", "training loss"),
    ("score", ""),  # titled by the metric
    ("learning_rate", "learning rate"),
    ("images_per_s", "images/s"),
)
SIZE, DPI = (12.0, 7.5), 100  # inches, dots per inch: 1200 x 750 pixels


def draw_member_curves(names: Iterable[str], folds: Iterable[int], label: str) -> None:
    """Draw each of `names` that has histories, to folds/curves/<name>.png. label: the metric's."""
    paths.CURVES.mkdir(parents=True, exist_ok=True)
    for name in names:
        files = {fold: paths.history(name, fold) for fold in folds}
        if there := {fold: file for fold, file in files.items() if file.is_file()}:
            draw_curves(there, paths.CURVES / f"{name}.png", label)


def draw_curves(history_files: dict[int, Path], path: Path | str, label: str) -> None:
    """Draw the histories of a member's folds (fold -> CSV with a row per epoch) to `path`, a PNG of 1200 x 750 pixels.

    Columns that are drawn: epoch, loss, learning_rate, images_per_s, clean and test_like (scores, of the metric called
    `label`); a subplot says so where no fold has them. The epoch that was `kept` has a ring. The title is the file's
    name without its ending. Equal histories give equal bytes.
    """
    title, label = drawable(Path(path).stem), drawable(label)
    histories = {fold: _read(file) for fold, file in sorted(history_files.items())}
    with matplotlib.rc_context():  # whatever a matplotlibrc says, the picture is the same
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": families([title, label]),
                "font.size": 12,
                "axes.spines.top": False,
                "axes.spines.right": False,
            }
        )
        figure = Figure(SIZE, DPI, layout="constrained")
        figure.suptitle(f"{title}: {len(histories)} fold{'' if len(histories) == 1 else 's'}")
        for axes, (column, title) in zip(figure.subplots(2, 2).flat, SUBPLOTS, strict=True):
            _draw_subplot(axes, column, title or f"{label} out of fold", histories)
        if histories:
            handles = [Line2D([], [], label=f"fold {fold}", **_look(number)) for number, fold in enumerate(histories)]
            figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 10), frameon=False)
        with replace_file(path) as temporary:
            FigureCanvasAgg(figure).print_png(
                temporary,
                metadata={"Software": None},  # else matplotlib's version
                pil_kwargs={"optimize": True},
            )


def _read(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _look(number: int) -> dict:
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number // len(COLOURS) % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.8,
    }


def _draw_subplot(axes: Axes, column: str, title: str, histories: dict[int, pd.DataFrame]) -> None:
    lines = 0
    for number, history in enumerate(histories.values()):
        look = _look(number)
        if column == "score":
            lines += _draw(
                axes, history, "clean", look | {"linestyle": ":", "markerfacecolor": "white", "linewidth": 1.4}
            )
            lines += _draw(axes, history, "test_like", look)
            _ring_kept(axes, history, look["color"])
        else:
            if (
                column == "learning_rate" and len(history) > 1
            ):  # mostly equal in all folds: each line leaves a rim of the one beneath
                look |= {"linewidth": max(1.0, 5.5 - number), "marker": ""}
            lines += _draw(axes, history, column, look)
    axes.set_title(title, loc="left")
    if not lines:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "not in this member's history", transform=axes.transAxes, ha="center", color="#555555")
        return
    if column == "score":
        axes.legend(handles=_score_legend(), frameon=False, loc="lower right")
    _lay_out_epochs(axes, max(history["epoch"].max() for history in histories.values() if len(history)))


def _lay_out_epochs(axes: Axes, last: int) -> None:
    axes.set_xlabel("epoch")
    axes.set_xlim(-0.02 * last - 0.3, 1.02 * last + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)


def _draw(axes: Axes, history: pd.DataFrame, column: str, look: dict) -> bool:
    """Draw `column` by epoch, and return whether there was anything to draw."""
    if column not in history or not history[column].notna().any():
        return False
    axes.plot(history["epoch"], history[column], **look)
    return True


def _ring_kept(axes: Axes, history: pd.DataFrame, colour: str) -> None:
    if "test_like" in history:
        kept = history[history["kept"] == 1]
        axes.plot(
            kept["epoch"],
            kept["test_like"],
            "o",
            markersize=12,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1.5,
        )


def _score_legend() -> list[Line2D]:
    grey = {"color": "#444444", "marker": "o", "markersize": 4}
    return [
        Line2D([], [], label="test-like", linewidth=1.8, **grey),
        Line2D([], [], label="clean", linestyle=":", markerfacecolor="white", **grey),
        Line2D(
            [],
            [],
            label="kept epoch",
            linestyle="",
            marker="o",
            markersize=12,
            markerfacecolor="none",
            markeredgecolor="#444444",
        ),
    ]
