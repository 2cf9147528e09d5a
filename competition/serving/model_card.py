"""Model card of an export, README.md: YAML front matter as model hubs read it, then what a user has to know.

https://huggingface.co/docs/hub/model-cards
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from competition.common.seeds import generator
from competition.data.label_sets import label_counts
from competition.metrics.calibration import expected_calibration_error, log_loss
from competition.metrics.per_class import confusion_matrix, per_class_f1
from competition.serving.export import LOSS, Exported
from competition.serving.model_card_words import (
    ALL_VIEWS,
    ANSWERS,
    MANY,
    NO_LICENCE,
    ONNXRUNTIME,
    USAGE,
    calibration_words,
    loss_words,
    start_of,
    sure_words,
    version_words,
)
from competition.serving.onnx_models import INT8, MODEL
from competition.settings.distil import ALL
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

CONFUSIONS, WEAK = 10, 0.7  # pairs shown at the most; F1 below which a class is named as weak
RESAMPLES, CONFIDENCE = 1000, 0.95
_TEMPLATES = Environment(
    loader=PackageLoader("competition.serving"), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
)
_TEMPLATES.filters["cell"] = lambda text: " ".join(text.replace("|", "\\|").split())  # of a table in Markdown


@dataclass(frozen=True)
class Origin:
    """Whose a model is: author and licence of its weights, and what its images show; "" where nobody said."""

    author: str = ""
    licence: str = ""
    about: str = ""


def model_card(exported: Exported, folds: pd.DataFrame, settings: Settings, origin: Origin = Origin()) -> str:
    """Return the card of `exported`. folds: ID, target, fold, group of all images."""
    data, facts = exported.data, exported.facts
    whole = facts["fold"] == ALL
    title = facts["member"] if whole else f"{facts['member']}, fold {facts['fold']}"
    groups = folds.set_index("ID")["group"].reindex(np.array(data.valid_ids)[exported.scored]).to_numpy(str)
    rows = _scores(exported, data, data.valid_labels[exported.scored], groups)
    return _TEMPLATES.get_template("model_card.md").render(
        front_matter=_front_matter(title, rows, data, settings, origin),
        title=title,
        facts=facts,
        whole=whole,
        classes=facts["classes"],
        several=data.several,
        upright=facts["upright"],
        images=len(folds),
        scores=rows,
        **_origin(origin),
        **_use(facts, settings, data.several),
        **_models(exported),
        **_training(data, settings, settings.described(facts["member"])),
        **_results(exported),
    )


def _origin(origin: Origin) -> dict[str, str]:
    return {
        "author": origin.author,
        "about": origin.about or "Nobody said what the images show, where they come from, or in which languages.",
        "licence_words": f"{origin.licence}." if origin.licence else NO_LICENCE,
        "version": version_words(),
    }


def _use(facts: dict, settings: Settings, several: bool) -> dict[str, object]:
    usage, many, all_views = (lines.replace("ANSWER", ANSWERS[several]) for lines in (USAGE, MANY, ALL_VIEWS))
    return {
        "onnxruntime": ONNXRUNTIME,
        "usage": usage,
        "many": many,
        "all_views": all_views,
        "views": len(facts["views"]),
        "page": settings.prepare.page,
    }


def _models(exported: Exported) -> dict[str, object]:
    """Return what is said of the files: sizes, speeds, what eight bits cost."""
    megabytes = {file: f"{len(model) / 1e6:.1f}" for file, model in exported.models.items()}
    left_out = None if INT8 in exported.models else INT8
    return {
        "int8": INT8 in exported.models,
        "calibrated": exported.calibrated,
        "size": megabytes[MODEL],
        "size_int8": megabytes.get(INT8),
        "loss": exported.loss,
        "loss_words": loss_words(exported.loss, exported.data.metric.label),
        "allowed": LOSS,
        "threads": exported.threads,
        "speeds": ", ".join(f"{name} {speed:.0f}" for name, speed in exported.speeds.items() if name != left_out),
    }


def _training(data: FoldData, settings: Settings, member: FinetunedSettings) -> dict[str, object]:
    return {
        "folds": len(settings.split.folds),
        "trained_on": len(data.train_labels),
        "competition": f"the competition `{settings.submit.slug}`" if settings.submit.slug else "a competition",
        "augmented": member.augmented,
        "policy": settings.augment.policy,
        "damage": ", ".join(name.replace("_", " ") for name in settings.augment.transforms_for("test_like")),
        "start": start_of(member),
        "best_kept": not member.keeps_last,
    }


def _results(exported: Exported) -> dict[str, object]:
    """Return what is said of the answers to the scored images, test-like, but for the table of scores."""
    data, scored = exported.data, exported.scored
    y_true, plain = data.valid_labels[scored], exported.probabilities[MODEL]["test_like"]
    per_class = _per_class(exported, data, y_true, plain)
    return {
        "metric": data.metric.label,
        "order_note": data.metric.order_note,
        "per_class": per_class,
        "scored": len(scored),
        "of": len(data.valid_ids) if len(scored) < len(data.valid_ids) else 0,
        "temperature": calibration_words(exported.facts["temperature"], plain, y_true),
        "sure": "" if data.several else sure_words(plain, y_true),
        "confusions": [] if data.several else _confusions(y_true, plain, exported.facts["classes"]),
        "weak": ", ".join(row["class_name"] for row in per_class if row["f1"] and float(row["f1"]) < WEAK),
    }


def _scores(exported: Exported, data: FoldData, y_true: np.ndarray, groups: np.ndarray) -> list[dict]:
    metric, rows = data.metric, []
    for file in exported.models:
        for condition, probabilities in exported.probabilities[file].items():
            answers = metric.plain(probabilities, data.several)
            random = generator(0, "model card")  # the same resamples for all
            value, low, high = metric.with_interval(
                y_true, answers, probabilities.shape[1], RESAMPLES, CONFIDENCE, random, groups
            )
            labels = (probabilities >= 0.5).astype(np.uint8) if data.several else probabilities.argmax(axis=1)
            alike = labels == y_true
            rows.append(
                {
                    "model": file,
                    "condition": condition,
                    "value": value,
                    "score": f"{value:.4f} ({low:.4f} to {high:.4f})",
                    "accuracy": f"{np.mean(alike if alike.ndim == 1 else alike.all(axis=1)):.4f}",
                    "log_loss": f"{log_loss(probabilities, y_true):.4f}",
                    "calibration": f"{expected_calibration_error(probabilities, y_true):.4f}",
                }
            )
    return rows


def _per_class(exported: Exported, data: FoldData, y_true: np.ndarray, probabilities: np.ndarray) -> list[dict]:
    classes = exported.facts["classes"]
    labels = (probabilities >= 0.5).astype(np.uint8) if data.several else probabilities.argmax(axis=1)
    found = per_class_f1(y_true, labels, len(classes))
    images = label_counts(data.train_labels, len(classes))
    return [
        one | {"images": int(count), "scored": int(scored), "f1": f"{f1:.3f}" if scored else ""}
        for one, count, scored, f1 in zip(classes, images, label_counts(y_true, len(classes)), found, strict=True)
    ]


def _confusions(y_true: np.ndarray, probabilities: np.ndarray, classes: Sequence[Mapping[str, str]]) -> list[dict]:
    matrix = confusion_matrix(y_true, probabilities.argmax(axis=1), len(classes))
    np.fill_diagonal(matrix, 0)
    pairs = sorted(zip(*np.nonzero(matrix), strict=True), key=lambda pair: -matrix[pair])[:CONFUSIONS]
    names = [one["class_name"] for one in classes]
    return [{"actual": names[a], "predicted": names[p], "images": int(matrix[a, p])} for a, p in pairs]


def _front_matter(title: str, rows: Sequence[dict], data: FoldData, settings: Settings, origin: Origin) -> str:
    name = data.metric.name
    scores = [
        {"type": name.split("_")[0] if name.startswith("f1") else name, "value": round(row["value"], 4)}
        | {"name": f"{data.metric.title}, out of fold, {row['condition']}, {row['model']}"}
        for row in rows
    ]
    task = {"type": "image-classification"}
    result = {"task": task, "dataset": {"type": "custom", "name": settings.submit.slug or "competition"}}
    content = {
        "license": origin.licence or "unknown",
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["onnx", "onnxruntime", "image-classification", "foldvote"],
        "model-index": [{"name": title, "results": [result | {"metrics": scores}]}],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
