"""Our 20-pass test-time augmentation: the distinct orientations, each weighted by the passes that drew it, from the
packed store.

The network is trained first: one that knows little makes close calls all the time.
"""

from pathlib import Path
from time import perf_counter

import numpy as np

from competition.compute.device import set_up_process
from competition.inference.predictor import Predictor
from competition.members.output_files import print_epoch
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import save_weights
from competition.training.fit import fit
from training.project import load
from training.turns import next_question, read_job, reply


def main() -> None:
    job = read_job()
    set_up_process()
    settings = FinetunedSettings(**job["settings"])
    data, targets = load(Path(job["folder"]), job["size"])
    stores = {"test_like": data.store, "test": data.test_store}
    network, normalise = create_network(settings, len(targets), settings.seed)
    progress = fit(
        network, normalise, data, settings, Path(job["folder"]) / f"tta_{settings.size}.pt", print_epoch, targets
    )
    save_weights(job["trained"], progress.best_weights, {})
    predictor = Predictor.of(network, normalise, settings.size, settings.precision)

    def predict(name: str, first: int, last: int) -> np.ndarray:
        rows = np.array(job["sets"][name]["rows"][first:last], np.int64)
        return predictor(stores[name], rows, np.array(job["weights"]))

    predict("test_like", 0, 32)  # the first pass through a network of a size is slower
    reply(test_like=progress.best_score)
    while True:
        name, first, last = next_question().split()
        began = perf_counter()
        probabilities = predict(name, int(first), int(last))
        reply(images_per_s=len(probabilities) / (perf_counter() - began), answers=probabilities.argmax(axis=1).tolist())


if __name__ == "__main__":
    main()
