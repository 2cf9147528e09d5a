"""Our own training, from the packed store, and its limit: a bare loop over tensors already in memory, in the same
process.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from competition.compute.device import device, set_up_process, use_bfloat16
from competition.inference.loader import batches
from competition.inference.predictor import predict_proba
from competition.models.freezing import frozen_modules
from competition.models.layers.fusion import for_inference
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import save_weights
from competition.training.fit import fit
from competition.training.fold_data import FoldData
from competition.training.parameter_groups import make_optimizer
from training.project import load
from training.turns import next_question, read_job, reply


class Limit:
    """Forward, loss, backward, step: nothing else, over one epoch's images as normalised tensors in memory."""

    def __init__(self, settings: FinetunedSettings, data: FoldData, n_classes: int):
        self.network, normalise = create_network(settings, n_classes, settings.seed)
        self.network.to(device()).train()
        for module in frozen_modules(self.network, settings, 0):
            module.eval()
        self.bfloat16 = use_bfloat16(settings.precision)
        self.optimizer = make_optimizer(self.network, settings)
        self.criterion = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
        labels, rows = torch.tensor(data.train_labels), np.array([rows[0] for rows in data.train_rows])
        self.batches = [
            (
                normalise(pixels).contiguous(memory_format=torch.channels_last).to(device()),
                labels[positions].to(device()),
            )
            for pixels, positions in batches(data.store, rows, settings.size, settings.batch_size)
        ]
        self.images = len(rows)

    def round(self) -> float:
        """Return the images/s of one lap over the images."""
        began = perf_counter()
        for inputs, labels in self.batches:
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self.bfloat16):
                logits = self.network(inputs)
            self.criterion(logits.float(), labels).backward()
            self.optimizer.step()
        return self.images / (perf_counter() - began)


def main() -> None:
    job = read_job()
    set_up_process()
    settings = FinetunedSettings(**job["settings"])
    data, targets = load(Path(job["folder"]), job["size"], job["images"], job["held_out"], job["fold"])
    limit = Limit(settings, data, len(targets))
    network, normalise = create_network(settings, len(targets), settings.seed)

    def until_asked() -> None:
        while next_question() == "limit":
            reply(images_per_s=limit.round())

    def after_epoch(row: dict) -> None:
        if row["epoch"] == settings.epochs - 1:
            save_weights(job["trained"], network.state_dict(), {})  # the last epoch's: fit ends with the best one's
        reply(images_per_s=row["images_per_s"], loss=row["loss"])
        until_asked()

    reply(torch=torch.__version__, threads=torch.get_num_threads(), bfloat16=limit.bfloat16)
    until_asked()
    fit(network, normalise, data, settings, Path(job["folder"]) / f"state_{settings.size}.pt", after_epoch, targets)
    network.load_state_dict(load_file(job["trained"]))
    fast = for_inference(network, settings.size, limit.bfloat16)
    reply(
        **{
            condition: predict_proba(fast, normalise, data.store, rows, settings.size, settings.precision, np.eye(8)[0])
            .argmax(axis=1)
            .tolist()
            for condition, rows in data.valid_rows.items()
        }
    )


if __name__ == "__main__":
    main()
