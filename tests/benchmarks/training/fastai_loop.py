"""Training as fastai's tutorial writes it (https://docs.fast.ai/tutorial.vision.html): a data block, a Learner,
fit_one_cycle.

The network is timm's, as everywhere here; its weights come from a file, since the hub may be out of reach. Runs in an
environment of its own, and imports nothing of ours but the taking of turns.
"""

import random
from time import perf_counter

import fastai
import timm
import torch
from fastai.callback.core import Callback
from fastai.callback.schedule import fit_one_cycle  # noqa: F401 - gives Learner the method
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import IndexSplitter, Normalize
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock
from safetensors.torch import load_file

from training.turns import next_question, read_job, reply


class TakesTurns(Callback):
    """Waits before each epoch until it is asked for, and answers behind its validation; only training is timed."""

    def before_train(self) -> None:
        assert next_question() == "round"
        self.images, self.total, self.began = 0, 0.0, perf_counter()

    def after_batch(self) -> None:
        if self.training:
            self.images += len(self.xb[0])
            self.total += self.learn.loss.item() * len(self.xb[0])

    def after_train(self) -> None:
        self.seconds = perf_counter() - self.began

    def after_epoch(self) -> None:
        reply(images_per_s=self.images / self.seconds, loss=self.total / self.images)


def one_of_its_files(page: dict) -> str:
    """Return a file of the page, drawn anew each time."""
    return random.choice(page["files"])


def class_name(page: dict) -> str:
    """Return the label as text that sorts like the number."""
    return f"{page['label']:05d}"


def make_loaders(job: dict) -> DataLoaders:
    """Return loaders of the training pages, flipped and turned by quarters only, as in the other ways, and of the
    validation pages.
    """
    pages, valid = job["pages"], job["valid"]["test_like"]
    names = [class_name({"label": label}) for label in range(job["classes"])]
    flips = aug_transforms(flip_vert=True, max_rotate=0.0, min_zoom=1.0, max_zoom=1.0, max_lighting=0.0, max_warp=0.0)
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=names)),
        get_x=one_of_its_files,
        get_y=class_name,
        splitter=IndexSplitter(range(len(pages), len(pages) + len(valid))),
        item_tfms=Resize(job["size"]),
        batch_tfms=[*flips, Normalize.from_stats(job["mean"], job["std"])],
    )
    return block.dataloaders([*pages, *valid], bs=job["settings"]["batch_size"], num_workers=2)


def main() -> None:
    job = read_job()
    settings = job["settings"]
    set_seed(job["seed"])
    model = timm.create_model(settings["network"], num_classes=job["classes"], drop_rate=settings["drop_rate"])
    model.load_state_dict(load_file(job["start"]))
    learner = Learner(
        make_loaders(job), model, loss_func=CrossEntropyLossFlat(label_smoothing=settings["label_smoothing"])
    )
    reply(torch=torch.__version__, threads=torch.get_num_threads(), fastai=fastai.__version__)
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(job["epochs"], settings["learning_rate"], cbs=TakesTurns())
        next_question()
        predictions = {
            condition: learner.get_preds(dl=learner.dls.test_dl(pages))[0] for condition, pages in job["valid"].items()
        }
    reply(**{condition: probabilities.argmax(dim=1).tolist() for condition, probabilities in predictions.items()})


if __name__ == "__main__":
    main()
