"""20-pass test-time augmentation as it is commonly written: a float32 pass over a DataLoader of loose files for each
draw.
"""

from time import perf_counter

import timm
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader

from training.loose import LooseImages, evaluation_transform
from training.turns import next_question, read_job, reply


def oriented(inputs: torch.Tensor, element: int) -> torch.Tensor:
    """Return (B, 3, S, S) flipped left-right if element >= 4, then turned element % 4 quarters."""
    return torch.rot90(inputs.flip(3) if element >= 4 else inputs, element % 4, (2, 3))


@torch.no_grad()
def predict(model: nn.Module, loader: DataLoader, drawn: list[int]) -> torch.Tensor:
    """Return probabilities (N, C): the mean of one pass over all images per element drawn."""
    total = torch.zeros(())
    for element in drawn:
        total = total + torch.cat([model(oriented(inputs, element)).softmax(dim=1) for inputs, _ in loader])
    return total / len(drawn)


def make_loader(files: list[str], job: dict) -> DataLoader:
    pages = [{"files": [file], "label": 0} for file in files]
    return DataLoader(
        LooseImages(pages, evaluation_transform(job)), batch_size=32, num_workers=2, persistent_workers=True
    )


def main() -> None:
    job = read_job()
    model = timm.create_model(job["settings"]["network"], num_classes=job["classes"])
    model.load_state_dict(load_file(job["trained"]))
    model.eval()
    predict(model, make_loader(job["sets"]["test_like"]["files"][:32], job), [0])  # the first pass is slower
    reply(threads=torch.get_num_threads())
    while True:
        name, first, last = next_question().split()
        began = perf_counter()
        probabilities = predict(
            model, make_loader(job["sets"][name]["files"][int(first) : int(last)], job), job["drawn"]
        )
        reply(images_per_s=len(probabilities) / (perf_counter() - began), answers=probabilities.argmax(dim=1).tolist())


if __name__ == "__main__":
    main()
