"""An export: a folder with a trained network as ONNX, whole and in eight bits, and a model card.

Both models are checked and scored as they are written: against torch, and on the images of the network's own fold,
which it never saw. Eight bits are left out where they cost more than LOSS of the metric there.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from competition.common.files import replace_folder, write_json
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.predictions import CONDITIONS
from competition.inference.loader import stack
from competition.inference.tta import orientation_weights
from competition.members.named import member_named
from competition.serving import int8
from competition.serving.export_checks import CHECKED, check, loss_of_metric, torch_per_second
from competition.serving.letterbox_graph import IMAGES
from competition.serving.onnx import (
    LOGITS,
    PROBABILITIES,
    OnnxModel,
    images_per_second,
    package,
    to_onnx,
    torch_logits,
    with_preprocessing,
    with_probabilities,
)
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

LOSS = 0.003  # of the metric, that eight bits may cost
CALIBRATED, SCORED = 200, 2000  # images at the most
MODEL, INT8 = "model.onnx", "model_int8.onnx"


@dataclass(frozen=True)
class Exported:
    """What was made of a network.

    models: file name -> its bytes; the int8 one is left out where it cost too much. facts: model.json's. probabilities:
    file name -> condition -> (V, C), of the fold's images `scored` (V,), both models'. speeds: images/s on `threads`;
    loss: of the metric by eight bits, above 0 where they are worse; calibrated: images that set their ranges.
    """

    models: dict[str, bytes]
    facts: dict
    probabilities: dict[str, dict[str, np.ndarray]]
    scored: np.ndarray
    speeds: dict[str, float]
    threads: int
    loss: float
    calibrated: int


def export(
    name: str,
    fold: int,
    settings: Settings,
    target2class: dict[str, str],
    data: FoldData,
    pages: ImageStore,
    tick: Callable[[int], object] = lambda images: None,
) -> Exported:
    """Return member `name`'s network of `fold` as ONNX models, checked against torch and scored on the fold's images.

    pages: packed test images of any shape, for the check. Raises ModuleNotFoundError without the packages of the extra
    `export`; FileNotFoundError without weights; ValueError where torch and ONNX Runtime differ, see `check`.
    """
    member, fill, several = settings.described(name), settings.augment.fill, settings.task.several
    network, normalise = member_named(name, settings).trained_network(fold, len(target2class), plain=True)
    network.eval().requires_grad_(False)
    plain = to_onnx(network, member.size)
    facts = {"member": name, "fold": fold, "network": member.network}
    facts |= described(member, settings, target2class, data.test_store.optional("orientations") is not None)

    def whole(model) -> bytes:
        made = with_probabilities(with_preprocessing(model, member.size, fill, normalise), several)
        properties = {key: json.dumps(value, ensure_ascii=False) for key, value in facts.items()}
        package("onnx").helper.set_model_props(made, properties)
        return made.SerializeToString()

    def answered(images: np.ndarray) -> np.ndarray:
        return torch_logits(network, normalise, torch.from_numpy(images))

    model = OnnxModel(whole(plain))
    facts["check"] = check(answered, model, member.size, fill, several, data.test_store, pages, f"{name}, fold {fold}")
    inputs = normalise(stack(data.store, calibration_rows(data), member.size)).contiguous().numpy()
    models = {MODEL: whole(plain), INT8: whole(int8.quantised(plain, inputs))}
    sessions = {file: OnnxModel(model) for file, model in models.items()}
    scored = np.sort(generator(0, "export", name).permutation(len(data.valid_ids))[:SCORED])
    probabilities = {file: _of_fold(model, data, scored, tick) for file, model in sessions.items()}
    loss = loss_of_metric(data, scored, *(found["test_like"] for found in probabilities.values()))
    if loss > LOSS:
        del models[INT8]
    squares = stack(data.store, data.valid_rows["test_like"][:CHECKED], member.size)
    speeds = {file: images_per_second(partial(one.batches, squares.numpy()), squares) for file, one in sessions.items()}
    speeds["torch"] = torch_per_second(network, normalise, member, squares)
    return Exported(models, facts, probabilities, scored, speeds, torch.get_num_threads(), loss, len(inputs))


def _of_fold(
    model: OnnxModel, data: FoldData, scored: np.ndarray, tick: Callable[[int], object]
) -> dict[str, np.ndarray]:
    """Return condition -> probabilities (V, C) of the fold's images `scored` (V,)."""
    images = {one: (data.store.image(row) for row in data.valid_rows[one][scored]) for one in CONDITIONS}
    return {condition: model(shown, PROBABILITIES, tick) for condition, shown in images.items()}


def described(
    member: FinetunedSettings, settings: Settings, target2class: dict[str, str], upright: bool = False
) -> dict:
    """Return what has to be known to use the network, beside its images and probabilities.

    upright: whether it was trained on pages that were turned upright.
    """
    weights = np.eye(8)[0] if upright else orientation_weights(settings.tta.passes, settings.tta.seed)
    return {
        "input": {"name": IMAGES, "shape": ["batch", "height", "width", 3], "type": "uint8", "channel_order": "RGB"},
        "outputs": [{"name": name, "shape": ["batch", len(target2class)]} for name in (PROBABILITIES, LOGITS)],
        "several_labels": settings.task.several,
        "size": member.size,
        "fill": settings.augment.fill,
        "upright": upright,
        "classes": [{"target": target, "class_name": class_name} for target, class_name in target2class.items()],
        "views": [
            {"flip": orientation >= 4, "quarter_turns": orientation % 4, "weight": float(weight)}
            for orientation, weight in enumerate(weights)
            if weight or not upright
        ],
        "use_of_views": "optional: the mean of the views' probabilities by weight; a view is the image flipped "
        "left-right if `flip`, then turned counter-clockwise",
    }


def calibration_rows(data: FoldData) -> np.ndarray:
    """Return the rows of CALIBRATED training images' copies at the most, an even share of the images: what the network
    learnt from, and nothing that it is scored on.
    """
    step = max(1, len(data.train_rows) // CALIBRATED)
    return np.array([rows[number % len(rows)] for number, rows in enumerate(data.train_rows[::step])][:CALIBRATED])


def write_export(folder: Path | str, exported: Exported, others: dict[str, bytes]) -> None:
    """Write the models, model.json and `others` (file name -> bytes) as `folder`, in the place of what stood there."""
    with replace_folder(folder) as temporary:
        for name, content in (exported.models | others).items():
            (temporary / name).write_bytes(content)
        write_json(temporary / "model.json", exported.facts)
