"""What the same network gets without augmentation: trained on the clean pages as they are, one view at test time.

    python -m pipelines.sample && dvc repro && python tests/benchmarks/no_augmentation.py

Run from the project's folder, whose stages prepare, split and augment have run; trains fold 0 of member lite0 with the
settings of params.yaml but `augmented: false`. The last line is one JSON object.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from competition.compute.device import keep_memory
from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.members.members import train_finetuned
from competition.members.output_files import print_epoch
from competition.metrics.f1 import macro_f1
from competition.settings.load import load_settings
from competition.training.fold_data import load_fold


def main() -> None:
    keep_memory()
    settings = load_settings().members["lite0"].model_copy(update={"augmented": False})
    targets = tuple(read_classes("folds/classes.csv"))
    data = load_fold(0, read_folds("folds/folds.csv"), targets, "data/augmented.arrow", "data/test_squares.arrow")
    with tempfile.TemporaryDirectory() as folder:
        trained = train_finetuned(settings, data, targets, np.eye(8)[0], Path(folder) / "state.pt", print_epoch)
    test = trained.predictions["test"]
    solution = pd.read_csv("data/solution.csv", dtype=str).set_index("ID").loc[test.ids.tolist()]
    scores = {
        "clean": trained.macro_f1["clean"],
        "test_like": trained.macro_f1["test_like"],
        "test": macro_f1(solution.target.to_numpy(), test.answers, targets),
    }
    private = (solution.usage == "Private").to_numpy()
    scores["private"] = macro_f1(solution.target.to_numpy()[private], test.answers[private], targets)
    print(json.dumps({key: round(value, 4) for key, value in scores.items()}))


if __name__ == "__main__":
    main()
