"""Tables and plots of a study."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import optuna
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots

from competition.common.csv import write_frame
from competition.common.files import replace_file
from competition.common.fonts import drawable, families

WIDE, LONG = (10, 6), (18, 7)  # inches
LEAST = 2  # finished trials that a plot takes


def draw_study(study: optuna.Study, folder: Path, label: str) -> list[Path]:
    """Plot the history, the settings' importance and the trials in parallel coordinates; return the PNGs' paths.

    label: the metric's. Fewer than two finished trials have no plots.
    """
    finished = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(finished) < LEAST:
        return []
    label = drawable(label)
    varied = [name for name in finished[0].params if len({trial.params.get(name) for trial in finished}) > 1]
    return [
        _draw(lambda: plots.plot_optimization_history(study, target_name=label), WIDE, folder / "history.png", label),
        _draw(
            lambda: plots.plot_param_importances(study, params=varied, target_name=label),
            WIDE,
            folder / "importance.png",
            label,
        ),
        _draw(
            lambda: plots.plot_parallel_coordinate(study, params=varied, target_name=label),
            LONG,
            folder / "parallel.png",
            label,
        ),
    ]


def write_trials(study: optuna.Study, path: Path) -> None:
    """Write a row per trial as CSV: number, state, value (the score), seconds, and each setting."""
    table = study.trials_dataframe(attrs=("number", "state", "value", "duration", "params"))
    # of no finished trial pandas makes no times
    table["duration"] = pd.to_timedelta(table["duration"]).dt.total_seconds().round(1)
    table = table.rename(columns=lambda column: column.removeprefix("params_")).rename(columns={"duration": "seconds"})
    write_frame(path, table, float_format="%.6g")


def _draw(plot: Callable[[], Axes], size: tuple[float, float], path: Path, label: str) -> Path:
    with matplotlib.rc_context():  # Optuna sets a style of its own
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"font.family": families([label]), "figure.figsize": size, "figure.autolayout": True, "figure.dpi": 80}
        )
        figure = plot().get_figure()
        with replace_file(path) as temporary:
            FigureCanvasAgg(figure).print_png(temporary)
        matplotlib.pyplot.close(figure)
    return path
