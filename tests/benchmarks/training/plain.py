"""Training as PyTorch's and torchvision's tutorials write it: loose JPEG files, DataLoader, float32, the whole network.

https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html, with AdamW, label smoothing and a one-cycle
schedule for its SGD and steps: the other ways have as much.
"""

from time import perf_counter

import timm
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader

from training.loose import LooseImages, evaluation_transform, training_transform
from training.turns import next_question, read_job, reply


def train_one_epoch(
    model: nn.Module,
    loader: DataLoader,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
) -> dict:
    """Return images/s and the mean loss of one epoch."""
    began, running_loss = perf_counter(), 0.0
    model.train()
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
        running_loss += loss.item() * inputs.size(0)
    images = len(loader.dataset)
    return {"images_per_s": images / (perf_counter() - began), "loss": running_loss / images}


@torch.no_grad()
def answers(model: nn.Module, loader: DataLoader) -> list[int]:
    """Return the class index of each image."""
    model.eval()
    return [answer for inputs, _ in loader for answer in model(inputs).argmax(dim=1).tolist()]


def main() -> None:
    job = read_job()
    settings = job["settings"]
    torch.manual_seed(job["seed"])
    model = timm.create_model(settings["network"], num_classes=job["classes"], drop_rate=settings["drop_rate"])
    model.load_state_dict(load_file(job["start"]))
    images = LooseImages(job["pages"], training_transform(job))
    loader = DataLoader(images, batch_size=settings["batch_size"], shuffle=True, num_workers=2)
    criterion = nn.CrossEntropyLoss(label_smoothing=settings["label_smoothing"])
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings["learning_rate"], epochs=job["epochs"], steps_per_epoch=len(loader)
    )
    reply(torch=torch.__version__, threads=torch.get_num_threads())
    while next_question() == "round":
        reply(**train_one_epoch(model, loader, criterion, optimizer, scheduler))
    reply(
        **{
            condition: answers(
                model, DataLoader(LooseImages(pages, evaluation_transform(job)), batch_size=32, num_workers=2)
            )
            for condition, pages in job["valid"].items()
        }
    )


if __name__ == "__main__":
    main()
