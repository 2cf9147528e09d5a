"""What the same network gets without augmentation: trained on the clean pages as they are, no test-time augmentation.

    python -m pipelines.sample && dvc repro && python tests/benchmarks/no_augmentation.py

Run from the project's folder, whose stages prepare, split and augment have run; trains fold 0 of member lite0 with the
settings of params.yaml but `augmented: false`. The last line is one JSON object.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.members.output_files import print_epoch
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.settings.load import load_settings
from competition.training.fold_data import load_fold

F1 = METRICS["f1_macro"]()


def main() -> None:
    set_up_process()
    settings = load_settings().members["lite0"].model_copy(update={"augmented": False})
    targets = tuple(read_classes("folds/classes.csv"))
    data = load_fold(0, read_folds("folds/folds.csv"), targets, "data/augmented.arrow", "data/test_squares.arrow", F1)
    with tempfile.TemporaryDirectory() as folder:
        trained = train_member(settings, data, targets, np.eye(8)[0], Path(folder) / "state.pt", print_epoch)
    test = trained.predictions["test"]
    solution = pd.read_csv("data/solution.csv", dtype=str).set_index("ID").loc[test.ids.tolist()]
    scores = {
        "clean": trained.scores["clean"],
        "test_like": trained.scores["test_like"],
        "test": F1(solution.target.to_numpy(), test.answers, targets),
    }
    private = (solution.usage == "Private").to_numpy()
    scores["private"] = F1(solution.target.to_numpy()[private], test.answers[private], targets)
    print(json.dumps({key: round(value, 4) for key, value in scores.items()}))


if __name__ == "__main__":
    main()
