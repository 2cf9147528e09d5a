"""Files of a trained member."""

import numpy as np
import pandas as pd
import torch

from competition.data.predictions import Predictions
from competition.members.output_files import write_member
from competition.members.training import TrainedMember


def test_the_history_says_which_epoch_was_kept(tmp_path):
    answers = Predictions(np.array(["a"]), np.ones((1, 2), np.float32) / 2, ("x", "y"))
    history = [{"epoch": epoch, "test_like": 0.5} for epoch in range(3)]
    for best in (2, 0):
        scores = {"clean": 0.5, "test_like": 0.5}
        trained = TrainedMember({"w": torch.zeros(1)}, history, {"test": answers}, scores, best, 1.0, 1.0)
        write_member(tmp_path, "tiny", 0, "finetuned", trained, "f1_macro")
        rows = pd.read_csv(tmp_path / "folds/history/tiny/0.csv")
        assert rows.loc[rows["kept"] == 1, "epoch"].tolist() == [best] and set(rows["kept"]) == {0, 1}
    without = TrainedMember({"w": torch.zeros(1)}, [], {"test": answers}, scores, 0, 1.0, 1.0)
    write_member(tmp_path, "tiny", 1, "features", without, "f1_macro")
    assert (tmp_path / "folds/history/tiny/1.csv").read_text() == "\n"
