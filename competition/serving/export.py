"""An export: a folder with a trained network as ONNX, whole and in eight bits, and a model card.

Both models are checked and scored as they are written: against torch, and on images that the network never saw. These
are its own fold's; for a network of all images each fold's, answered by the network of that fold, which was trained in
the same way and is exported for the score alone. Eight bits are left out where they cost more than LOSS of the metric
there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from competition.common.checksums import refuse_foreign, write_checksums
from competition.common.files import replace_folder, write_json
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.predictions import CONDITIONS
from competition.inference.loader import stack
from competition.inference.tta import orientation_weights
from competition.serving.export_checks import CHECKED, check, loss_of_metric, torch_per_second
from competition.serving.export_trial import Trial
from competition.serving.letterbox_graph import IMAGES
from competition.serving.onnx import LOGITS, PROBABILITIES, OnnxModel, images_per_second, torch_logits
from competition.serving.onnx_models import INT8, Exporter, calibration_rows
from competition.settings.distil import STUDENT
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

FACTS = "model.json"
LOSS = 0.003  # of the metric, that eight bits may cost
SCORED = 2000  # images at the most

Judges = Mapping[int | str, FoldData]  # network -> the data with images that it never saw
Models = dict[str, bytes]


@dataclass(frozen=True)
class Exported:
    """What was made of a network.

    models: file name -> its bytes; the int8 one is left out where it cost too much. facts: model.json's. data: what it
    learnt from, and as validation images all those that judge it. probabilities: file name -> condition -> (V, C), of
    those of them that are `scored` (V,), both models'. speeds: images/s on `threads`; loss: of the metric by eight
    bits, above 0 where they are worse; calibrated: images that set their ranges.
    """

    models: Models
    facts: dict
    data: FoldData
    probabilities: dict[str, dict[str, np.ndarray]]
    scored: np.ndarray
    speeds: dict[str, float]
    threads: int
    loss: float
    calibrated: int


def export(
    name: str,
    which: int | str,
    settings: Settings,
    target2class: dict[str, str],
    data: FoldData,
    pages: ImageStore,
    tick: Callable[[int], object] = lambda images: None,
    judges: Judges | None = None,
    temperature: float = 1.0,
    trial: Trial | None = None,
) -> Exported:
    """Return member `name`'s network `which` as ONNX models, checked against torch and scored.

    which: a fold's, or that of all images. data: what it learnt from; judges: None where its validation images score
    it, of a network of all images every fold's data. pages: packed test images of any shape, for the check.
    temperature: what logits are divided by. trial: of all files together. Raises ModuleNotFoundError without the
    packages of the extra `export`; FileNotFoundError without weights; ValueError where torch and ONNX Runtime differ,
    see `check`.
    """
    member, fill, several = settings.described(name), settings.augment.fill, settings.task.several
    facts = {"member": name, "fold": which, "network": member.network, "temperature": temperature}
    upright = data.test_store.optional("orientations") is not None
    facts |= described(member, settings, target2class, upright, looks_once=upright or name == STUDENT)
    exporter = Exporter(name, settings, facts, temperature)
    network, normalise = exporter.network(which)
    plain = exporter.plain(network)

    def answered(images: np.ndarray) -> np.ndarray:
        return torch_logits(network, normalise, torch.from_numpy(images)) / np.float32(temperature)

    whole, what = exporter.whole(plain, normalise), f"{name}, fold {which}"
    facts["check"] = check(answered, OnnxModel(whole), member.size, fill, several, data.test_store, pages, what)
    if trial:
        ask = partial(_as_probabilities, answered, several)
        facts["end_to_end"] = trial.compare(whole, ask, member.size, settings)
    models, judges = exporter.both(plain, normalise, data), judges or {which: data}
    judged = _judged(data, judges)
    scored = np.sort(generator(0, "export", name).permutation(len(judged.valid_ids))[:SCORED])
    probabilities = _probabilities(exporter, judges, scored, {which: models}, tick)
    loss = loss_of_metric(judged, scored, *(found["test_like"] for found in probabilities.values()))
    squares = stack(judged.store, judged.valid_rows["test_like"][:CHECKED], member.size)
    sessions = {file: OnnxModel(model) for file, model in models.items()}
    speeds = {file: images_per_second(partial(one.batches, squares.numpy()), squares) for file, one in sessions.items()}
    speeds["torch"] = torch_per_second(network, normalise, member, squares)
    if loss > LOSS:
        del models[INT8]
    calibrated = len(calibration_rows(data))
    return Exported(models, facts, judged, probabilities, scored, speeds, torch.get_num_threads(), loss, calibrated)


def _as_probabilities(answered: Callable[[np.ndarray], np.ndarray], several: bool, images: np.ndarray) -> np.ndarray:
    logits = torch.from_numpy(answered(images))
    return (logits.sigmoid() if several else logits.softmax(dim=1)).numpy()


def _judged(data: FoldData, judges: Judges) -> FoldData:
    """Return `data` with the images that all `judges` never saw as its validation images."""
    folds = list(judges.values())
    return replace(
        data,
        valid_ids=[id_ for fold in folds for id_ in fold.valid_ids],
        valid_labels=np.concatenate([fold.valid_labels for fold in folds]),
        valid_rows={one: np.concatenate([fold.valid_rows[one] for fold in folds]) for one in CONDITIONS},
    )


def _probabilities(
    exporter: Exporter,
    judges: Judges,
    scored: np.ndarray,
    made: Mapping[int | str, Models],
    tick: Callable[[int], object],
) -> dict[str, dict[str, np.ndarray]]:
    """Return file name -> condition -> probabilities (V, C) of the images `scored` (V,), ascending, by their judges.

    made: models that are there already.
    """
    parts, start = [], 0
    for judge, data in judges.items():
        own = scored[(scored >= start) & (scored < start + len(data.valid_ids))] - start
        start += len(data.valid_ids)
        if len(own):
            models = made.get(judge) or _models(exporter, judge, data)
            parts.append({file: _of_fold(OnnxModel(model), data, own, tick) for file, model in models.items()})
    return {file: {one: np.concatenate([part[file][one] for part in parts]) for one in CONDITIONS} for file in parts[0]}


def _models(exporter: Exporter, which: int | str, data: FoldData) -> Models:
    network, normalise = exporter.network(which)
    return exporter.both(exporter.plain(network), normalise, data)


def _of_fold(
    model: OnnxModel, data: FoldData, scored: np.ndarray, tick: Callable[[int], object]
) -> dict[str, np.ndarray]:
    """Return condition -> probabilities (V, C) of the fold's images `scored` (V,)."""
    images = {one: (data.store.image(row) for row in data.valid_rows[one][scored]) for one in CONDITIONS}
    return {condition: model(shown, PROBABILITIES, tick) for condition, shown in images.items()}


def described(
    member: FinetunedSettings,
    settings: Settings,
    target2class: dict[str, str],
    upright: bool = False,
    looks_once: bool = False,
) -> dict:
    """Return what has to be known to use the network, beside its images and probabilities.

    upright: whether it was trained on pages that were turned upright; looks_once: at no flips and quarter turns.
    """
    weights = np.eye(8)[0] if looks_once else orientation_weights(settings.tta.passes, settings.tta.seed)
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
            if weight
        ],
        "use_of_views": "optional: the mean of the views' probabilities by weight; a view is the image flipped "
        "left-right if `flip`, then turned counter-clockwise",
    }


def write_export(folder: Path | str, exported: Exported, others: dict[str, bytes]) -> None:
    """Write the models, model.json and `others` (file name -> bytes) as `folder`, in the place of an earlier export.

    Raises ValueError where anything else stands there, or was edited since.
    """
    refuse_foreign(Path(folder), FACTS)
    with replace_folder(folder) as temporary:
        for name, content in (exported.models | others).items():
            (temporary / name).write_bytes(content)
        write_json(temporary / FACTS, exported.facts)
        write_checksums(temporary)
