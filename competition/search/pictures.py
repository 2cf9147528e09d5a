"""A study as a table and as pictures."""

from pathlib import Path

import matplotlib
import optuna
from matplotlib.backends.backend_agg import FigureCanvasAgg
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots

from competition.files import replace_file

PICTURES = {"history": (plots.plot_optimization_history, (10, 6)), "importance": (plots.plot_param_importances, (10, 6)),
            "parallel": (plots.plot_parallel_coordinate, (18, 7))}  # inches
LEAST = 2  # finished trials that a picture takes


def draw_study(study: optuna.Study, folder: Path) -> list[Path]:
    """Draw the study's history, the settings' importance and the trials in parallel coordinates; return the PNGs' paths.

    Nothing is drawn of fewer than two finished trials.
    """
    if len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])) < LEAST:
        return []
    return [_draw(study, plot, size, folder / f"{name}.png") for name, (plot, size) in PICTURES.items()]


def write_trials(study: optuna.Study, path: Path) -> None:
    """Write a row per trial as CSV: number, state, value (macro F1), seconds, and each setting."""
    table = study.trials_dataframe(attrs=("number", "state", "value", "duration", "params"))
    table["duration"] = table["duration"].dt.total_seconds().round(1)
    table = table.rename(columns=lambda column: column.removeprefix("params_")).rename(columns={"duration": "seconds"})
    with replace_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")


def _draw(study: optuna.Study, plot, size: tuple[float, float], path: Path) -> Path:
    with matplotlib.rc_context():  # Optuna sets a style of its own
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"figure.figsize": size, "figure.autolayout": True, "figure.dpi": 80})
        figure = plot(study).get_figure()
        with replace_file(path) as temporary:
            FigureCanvasAgg(figure).print_png(temporary)
        matplotlib.pyplot.close(figure)
    return path
