"""Files of the report's image sections: packed images, predictions, weights, labels in doubt, a contact sheet."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from makers.packed import row, square
from safetensors.torch import save_file

from competition.common.image_grid import write_grid
from competition.data.image_store import write_rows
from competition.data.label_sets import encode, split_labels
from competition.data.predictions import Predictions, save_predictions
from competition.labels.review_table import write_label_review
from competition.models.networks import network_to_load
from competition.settings.load import load_settings


def write_images(
    folder: Path,
    ids: tuple[str, ...],
    y_true: np.ndarray,
    folds: np.ndarray,
    answers: dict[str, np.ndarray],
    classes: dict[str, str],
    tests: int = 8,
) -> None:
    """Write them into `folder`, where params.yaml is.

    ids, y_true, folds (N,): of the training images, y_true labels as text; answers: member -> (N, ...) labels,
    test-like; clean, it is right. classes: target -> readable name.
    """
    (folder / "data").mkdir()
    generator, targets = np.random.default_rng(0), list(classes)
    several = next(iter(answers.values())).ndim == 2
    label = {target: place % 3 for place, target in enumerate(targets)}
    labelled = list(zip(ids, y_true, strict=True))
    truth = encode(list(y_true), targets, several)

    def look(text: str) -> int:
        return label[(split_labels(text) or targets)[0] if several else text]

    images = {
        condition: [row(id, target, condition, 0, square(look(target), generator)) for id, target in labelled]
        for condition in ("clean", "test_like")
    }
    write_rows(folder / "data/augmented.arrow", [*images["clean"], *images["test_like"]])
    write_rows(folder / "data/train.arrow", [image | {"id": image["source_id"]} for image in images["clean"]])
    write_rows(
        folder / "data/test_squares.arrow",
        [row(f"t{n}", None, "clean", 0, square(n % 3, generator)) for n in range(tests)],
    )
    pd.DataFrame({"ID": ids, "target": y_true, "fold": folds, "group": ids}).to_csv(
        folder / "folds/folds.csv", index=False
    )
    test_answers = np.arange(tests) % len(targets)
    if several:
        test_answers = np.eye(len(targets), dtype=np.uint8)[test_answers]
    for member, found in answers.items():
        for fold in np.unique(folds):
            own = np.flatnonzero(folds == fold)
            parts = {
                "clean": (np.array(ids)[own], truth[own]),
                "test_like": (np.array(ids)[own], found[own]),
                "severe": (np.array(ids)[own], found[own]),
                "test": (np.array([f"t{n}" for n in range(tests)]), test_answers),
            }
            save_predictions(
                folder / f"folds/predictions/{member}/{fold}.npz",
                {condition: sure(*pair, targets, generator) for condition, pair in parts.items()},
            )
    write_weights(folder, len(targets), np.unique(folds).tolist())
    write_grid(folder / "folds/augmented.png", np.full((60, 90, 3), 120, np.uint8))
    review = {
        "ID": ids[0],
        "target": y_true[0],
        "suggestion": targets[1],
        "confidence": 0.9,
        "label_probability": 0.1,
        "agreeing": 0.5,
        "class_name": classes.get(y_true[0], y_true[0]),
        "suggested_name": classes[targets[1]],
    }
    write_label_review(folder / "folds/review/label_review.csv", pd.DataFrame([review]))


def sure(ids: np.ndarray, answers: np.ndarray, targets: list[str], generator: np.random.Generator) -> Predictions:
    """Return predictions whose labels are `answers` (N, ...)."""
    if answers.ndim == 2:
        noise = generator.uniform(0, 0.4, answers.shape)
        return Predictions(ids, np.where(answers == 1, 1 - noise, noise), targets, exclusive=False)
    probabilities = generator.dirichlet(np.ones(len(targets)), len(ids)) * 0.4
    probabilities[np.arange(len(ids)), answers] += 0.6
    return Predictions(ids, probabilities, targets)


def write_weights(folder: Path, n_classes: int, folds: list[int]) -> None:
    """Write random weights of each fold of the member lite0."""
    member = load_settings(folder / "params.yaml").members["lite0"]
    (folder / "folds/weights/lite0").mkdir(parents=True)
    for fold in folds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fold)
            network, _ = network_to_load(member, n_classes)
        tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        save_file(tensors, folder / f"folds/weights/lite0/{fold}.safetensors")
