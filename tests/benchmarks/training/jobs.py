"""What the processes are told: one JSON file per size, with the loose files that the packed images were exported to."""

from pathlib import Path

import numpy as np

from competition.common.files import write_json
from competition.common.seeds import derived_seed
from competition.data.orientations import ORIENTATIONS
from competition.inference.tta import orientation_weights
from competition.models.networks import create_network
from competition.training.checkpoints import save_weights
from training.project import export, load, member, test_labels

SEED = 0


def write_training_job(
    folder: Path, size: int, epochs: int, images: int | None, held_out: int | None, fold: int
) -> Path:
    """Write the job of training on `fold` at `size` pixels, with the weights that all ways start from; return its file.

    images, held_out: how many training and validation images take part; None: all of the fold.
    """
    settings = member(folder, size, epochs)
    data, targets = load(folder, size, images, held_out, fold)
    network, normalise = create_network(settings, len(targets), settings.seed)
    start = folder / f"start_{size}.safetensors"
    save_weights(start, network.state_dict(), {})
    loose = folder / f"loose/{size}"
    job = folder / f"training_{size}.json"
    write_json(
        job,
        {
            "folder": str(folder),
            "size": size,
            "epochs": epochs,
            "images": images,
            "held_out": held_out,
            "fold": fold,
            "settings": settings.model_dump(),
            "classes": len(targets),
            "mean": normalise.mean,
            "std": normalise.std,
            "start": str(start),
            "trained": str(folder / f"trained_{size}.safetensors"),
            "seed": derived_seed(SEED, "benchmark", size) % 2**32,
            "pages": [
                {"label": int(label), "files": export(loose, data.store, rows.tolist())}
                for label, rows in zip(data.train_labels, data.train_rows, strict=True)
            ],
            "valid": {
                condition: [
                    {"label": int(label), "files": [file]}
                    for label, file in zip(data.valid_labels, export(loose, data.store, rows.tolist()), strict=True)
                ]
                for condition, rows in data.valid_rows.items()
            },
        },
    )
    return job


def write_tta_job(folder: Path, size: int, epochs: int, passes: int, images: int) -> Path:
    """Write the job of predicting up to `images` held-out images with a network trained for `epochs`; return its file.

    Those are all test-like validation images, then test images. `weights`: the share of each orientation in the
    `passes`; `drawn`: the orientation of each pass.
    """
    settings = member(folder, size, epochs)
    data, targets = load(folder, size)
    weights = orientation_weights(passes, SEED)
    images_of = {
        "test_like": (data.store, data.valid_rows["test_like"], data.valid_labels.tolist()),
        "test": (data.test_store, np.arange(len(data.test_ids)), test_labels(folder, data, targets)),
    }
    sets = {}
    for name, (store, rows, labels) in images_of.items():
        chosen = rows[:images]
        images -= len(chosen)
        sets[name] = {
            "rows": chosen.tolist(),
            "labels": labels[: len(chosen)],
            "files": export(folder / f"loose/{size}/{name}", store, chosen.tolist()),
        }
    _, normalise = create_network(settings, len(targets))
    job = folder / f"tta_{size}.json"
    drawn = np.repeat(np.arange(ORIENTATIONS), np.rint(weights * passes).astype(int))
    write_json(
        job,
        {
            "folder": str(folder),
            "size": size,
            "settings": settings.model_dump(),
            "classes": len(targets),
            "mean": normalise.mean,
            "std": normalise.std,
            "trained": str(folder / f"tta_{size}.safetensors"),
            "weights": weights.tolist(),
            "drawn": drawn.tolist(),
            "sets": sets,
        },
    )
    return job
