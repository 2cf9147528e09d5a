"""Training and prediction as the commands set them up, a piece at a time: an epoch, or a store's prediction."""

import tempfile
from pathlib import Path
from time import perf_counter

import pipelines  # noqa: F401  first: it sets what torch reads as it is loaded

# isort: split
import numpy as np
import torch
from makers.packed import TARGETS, packed_competition

from competition.compute.device import set_up_process, use_bfloat16
from competition.folds.split import read_folds
from competition.inference.predictor import Predictor
from competition.metrics.scores import METRICS
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.fit import fit
from competition.training.fold_data import load_fold
from training.turns import next_question, read_job, reply

ENDLESS = 1000  # epochs


def main() -> None:
    job = read_job()
    set_up_process()
    settings = FinetunedSettings(
        network="tf_efficientnet_lite0", weights="none", size=job["size"], epochs=ENDLESS, patience=ENDLESS
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed_competition(folder, images=job["images"], tests=6).to_csv(folder / "folds.csv", index=False)
        stores = folder / "augmented.arrow", folder / "test.arrow"
        data = load_fold(0, read_folds(folder / "folds.csv"), TARGETS, *stores, METRICS["f1_macro"]())
        network, normalise = create_network(settings, len(TARGETS), settings.seed)
        predictor = Predictor.of(*create_network(settings, len(TARGETS), 1), settings.size, settings.precision)
        rows = np.concatenate([rows[:1] for rows in data.train_rows])

        def after_epoch(row: dict) -> None:
            reply(images_per_s=row["images_per_s"])
            while next_question() == "predict":
                began = perf_counter()
                predictor(data.store, rows, np.full(8, 1 / 8))
                reply(images_per_s=len(rows) / (perf_counter() - began))

        reply(threads=torch.get_num_threads(), bfloat16=use_bfloat16(settings.precision))
        next_question()
        fit(network, normalise, data, settings, folder / "state.pt", after_epoch, TARGETS)


if __name__ == "__main__":
    main()
